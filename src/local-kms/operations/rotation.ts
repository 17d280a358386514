import { generateMaterial } from '../crypto/material.js'
import type { JsonObject } from '../../formats/json.js'
import { newMaterial } from '../state/materials.js'
import type { Key, KeyMaterial } from '../state/model.js'
import { stateOf } from '../state/states.js'
import { KmsFault } from '../wire/fault.js'
import { keyId, limit, marker } from '../wire/members.js'
import { page } from '../wire/pages.js'
import type { Call } from './call.js'
import { changing, operation, type Operation, timestamp } from './operation.js'
import { enabledKey, findKeyItself } from './resolve.js'

const day = 86_400_000
const keyItself = { KeyId: keyId } as const
const defaultPeriod = 365
const rotationsOnDemand = 25

export const rotationOperations: Readonly<Record<string, Operation>> = {
  /** A period that stays as it was does not move the next date. */
  EnableKeyRotation: changing(
    { KeyId: keyId, RotationPeriodInDays: { type: 'integer', min: 90, max: 2560 } },
    async (call, { KeyId, RotationPeriodInDays: days = defaultPeriod }) => {
      const key = automatic(call, KeyId)
      const rotation =
        key.rotation?.days === days ? key.rotation : { days, next: call.now() + days * day }
      await call.kms.saveRelated(call.ring, key, (there) => ({ ...there, rotation }))
      return undefined
    },
  ),

  /** Of a key that never rotates by itself it changes nothing, and succeeds. */
  DisableKeyRotation: changing(keyItself, async (call, { KeyId }) => {
    const key = primary(call, ofOurs(call, findKeyItself(call, KeyId)))
    await call.kms.saveRelated(call.ring, key, ({ rotation: _, ...there }) => there)
    return undefined
  }),

  /** Keys that are never rotated by themselves answer too. While deletion is pending, none is. */
  GetKeyRotationStatus: operation(keyItself, (call, { KeyId }) => {
    const key = findKeyItself(call, KeyId)
    const on = ['PendingDeletion', 'PendingReplicaDeletion'].includes(stateOf(call.kms, key))
      ? undefined
      : key.rotation
    return {
      KeyId: call.ring.keyArn(key),
      KeyRotationEnabled: on !== undefined,
      ...(on && { RotationPeriodInDays: on.days, NextRotationDate: timestamp(on.next) }),
    }
  }),

  /**
   * Done at once, where AWS takes a moment; automatic rotation keeps its dates. Imported keys go on
   * to the material that waits for it.
   */
  RotateKeyOnDemand: changing(keyItself, async (call, { KeyId }) => {
    const key = primary(call, symmetric(enabledKey(call, findKeyItself(call, KeyId))))
    const arn = call.ring.keyArn(key)
    if (
      key.materials.filter(({ rotation }) => rotation === 'ON_DEMAND').length >= rotationsOnDemand
    ) {
      throw new KmsFault(
        'LimitExceededException',
        `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${arn}`,
      )
    }
    if (key.origin === 'EXTERNAL') await rotateImported(call, key)
    else {
      const material = await generateMaterial(
        key.spec,
        call.kms.randomFor(`${key.id} rotation ${key.materials.length}`),
      )
      const materials = [
        ...key.materials,
        newMaterial(key.id, material, { created: call.now(), rotation: 'ON_DEMAND' }),
      ]
      await call.kms.saveRelated(call.ring, key, (there) => ({ ...there, materials }))
    }
    return { KeyId: arn }
  }),

  ListKeyRotations: operation(
    {
      KeyId: keyId,
      IncludeKeyMaterial: { type: 'string', values: ['ALL_KEY_MATERIAL', 'ROTATIONS_ONLY'] },
      Limit: limit(1000),
      Marker: marker,
    },
    (call, { KeyId, IncludeKeyMaterial, Limit = 100, Marker }) => {
      const key = symmetric(findKeyItself(call, KeyId))
      const rows = key.materials.map(
        (version, index) => [String(index).padStart(6, '0'), entry(call, key, version)] as const,
      )
      return page(
        IncludeKeyMaterial === 'ALL_KEY_MATERIAL'
          ? rows
          : rows.filter(([, row]) => 'RotationType' in row),
        { list: 'Rotations', limit: Limit, marker: Marker },
      )
    },
  ),
}

/** The service says no more than the name of the error. */
function symmetric(key: Key): Key {
  if (key.spec !== 'SYMMETRIC_DEFAULT') throw new KmsFault('UnsupportedOperationException')
  return key
}

/** Origin first, then state, then kind: the order in which the service looks. */
const automatic = (call: Call, KeyId: string): Key =>
  primary(call, symmetric(ofOurs(call, findKeyItself(call, KeyId))))

function ofOurs(call: Call, key: Key): Key {
  if (key.origin !== 'AWS_KMS')
    throw new KmsFault(
      'UnsupportedOperationException',
      `${call.ring.keyArn(key)} origin is ${key.origin} which is not valid for this operation.`,
    )
  return enabledKey(call, key)
}

/** What the Regions of a multi-Region key share is changed in that of its primary. */
function primary({ ring }: Call, key: Key): Key {
  if ((key.primaryRegion ?? ring.region) !== ring.region)
    throw new KmsFault(
      'UnsupportedOperationException',
      `${ring.keyArn(key)} is not a multi-region primary key.`,
    )
  return key
}

/** New material has to be in every Region before it can be used in one. */
async function rotateImported(call: Call, key: Key): Promise<void> {
  const ready = call.kms
    .related(call.ring, key)
    .every(([, there]) => there.materials.at(-1)?.pending && there.materials.at(-1)?.material)
  if (!ready)
    throw new KmsFault(
      'KMSInvalidStateException',
      `No available key material pending rotation for the key: ${call.ring.keyArn(key)}.`,
    )
  const created = call.now()
  await call.kms.saveRelated(call.ring, key, (there) => {
    const { pending: _, ...version } = there.materials.at(-1)!
    return {
      ...there,
      materials: [...there.materials.slice(0, -1), { ...version, created, rotation: 'ON_DEMAND' }],
    }
  })
}

function entry(call: Call, key: Key, version: KeyMaterial): JsonObject {
  const { id, material, created, rotation, pending, validTo, description } = version
  const everywhere = call.kms
    .related(call.ring, key)
    .every(([, there]) => there.materials.find((other) => other.id === id)?.material)
  const current = key.materials.filter((other) => !other.pending).at(-1) === version
  return {
    KeyId: key.id,
    KeyMaterialId: id,
    KeyMaterialState: pending
      ? everywhere
        ? 'PENDING_ROTATION'
        : 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION'
      : current
        ? 'CURRENT'
        : 'NON_CURRENT',
    ...(key.origin === 'EXTERNAL' && {
      ImportState: material ? 'IMPORTED' : 'PENDING_IMPORT',
      ...(description !== undefined && { KeyMaterialDescription: description }),
      ...(material && {
        ExpirationModel:
          validTo === undefined ? 'KEY_MATERIAL_DOES_NOT_EXPIRE' : 'KEY_MATERIAL_EXPIRES',
      }),
      ...(validTo !== undefined && { ValidTo: timestamp(validTo) }),
    }),
    ...(rotation && { RotationDate: timestamp(created), RotationType: rotation }),
  }
}
