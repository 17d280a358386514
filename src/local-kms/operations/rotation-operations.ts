import { generateMaterial } from '../crypto/material.js'
import type { JsonObject } from '../../formats/json.js'
import { newMaterial, versionsOf } from '../state/materials.js'
import type { Key, KeyMaterial } from '../state/key-model.js'
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
  /** Turns rotation on. A period that stays as it was does not move the next date. */
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

  /** Turns rotation off. Of a key that never rotates by itself it changes nothing, and succeeds. */
  DisableKeyRotation: changing(keyItself, async (call, { KeyId }) => {
    const key = primary(call, ofOurs(call, findKeyItself(call, KeyId)))
    await call.kms.saveRelated(call.ring, key, withoutRotation)
    return undefined
  }),

  /** Tells of rotation, also for keys that never rotate. None is on while deletion is pending. */
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
   * Rotates at once, where AWS takes a moment. Automatic rotation keeps its dates.
   *
   * An imported key goes on to the material that waits for it.
   */
  RotateKeyOnDemand: changing(keyItself, async (call, { KeyId }) => {
    const key = primary(call, symmetric(enabledKey(call, findKeyItself(call, KeyId))))
    const arn = call.ring.keyArn(key)
    const before = key.materials.filter(({ rotation }) => rotation === 'ON_DEMAND').length
    if (before >= rotationsOnDemand) {
      throw new KmsFault(
        'LimitExceededException',
        `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${arn}`,
      )
    }
    if (key.origin === 'EXTERNAL') await rotateImported(call, key)
    else await rotateOurs(call, key)
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
      const all = key.materials.map(
        (version, index) => [String(index).padStart(6, '0'), entry(call, key, version)] as const,
      )
      const rotations = all.filter(([, row]) => 'RotationType' in row)
      const rows = IncludeKeyMaterial === 'ALL_KEY_MATERIAL' ? all : rotations
      return page(rows, { list: 'Rotations', limit: Limit, marker: Marker })
    },
  ),
}

/** Refuses a key that is not symmetric. The service says no more than the name of the fault. */
function symmetric(key: Key): Key {
  if (key.spec !== 'SYMMETRIC_DEFAULT') throw new KmsFault('UnsupportedOperationException')
  return key
}

/** A key that can rotate by itself. The service checks origin, state and kind in this order. */
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

/** Refuses a replica: what all Regions share is changed in the Region of the primary. */
function primary({ ring }: Call, key: Key): Key {
  if ((key.primaryRegion ?? ring.region) !== ring.region)
    throw new KmsFault(
      'UnsupportedOperationException',
      `${ring.keyArn(key)} is not a multi-region primary key.`,
    )
  return key
}

function withoutRotation(key: Key): Key {
  const { rotation: _rotation, ...rest } = key
  return rest
}

async function rotateOurs(call: Call, key: Key): Promise<void> {
  const random = call.kms.randomFor(`${key.id} rotation ${key.materials.length}`)
  const material = await generateMaterial(key.spec, random)
  const fresh = newMaterial(key.id, material, { created: call.now(), rotation: 'ON_DEMAND' })
  const materials = [...key.materials, fresh]
  await call.kms.saveRelated(call.ring, key, (there) => ({ ...there, materials }))
}

/** Goes on to imported material, which must be in every Region before one of them may use it. */
async function rotateImported(call: Call, key: Key): Promise<void> {
  const isReady = call.kms.related(call.ring, key).every(([, there]) => {
    const last = there.materials.at(-1)
    return last?.pending && last.material
  })
  if (!isReady)
    throw new KmsFault(
      'KMSInvalidStateException',
      `No available key material pending rotation for the key: ${call.ring.keyArn(key)}.`,
    )
  const created = call.now()
  await call.kms.saveRelated(call.ring, key, (there) => ({
    ...there,
    materials: there.materials.map((version) => rotatedTo(version, created)),
  }))
}

/** The versions with the one that waited as the current one. The others stay as they are. */
function rotatedTo(version: KeyMaterial, created: number): KeyMaterial {
  if (!version.pending) return version
  const { pending: _pending, ...rest } = version
  return { ...rest, created, rotation: 'ON_DEMAND' }
}

function entry(call: Call, key: Key, version: KeyMaterial): JsonObject {
  const { id, created, rotation } = version
  return {
    KeyId: key.id,
    KeyMaterialId: id,
    KeyMaterialState: materialState(call, key, version),
    ...(key.origin === 'EXTERNAL' && importedEntry(version)),
    ...(rotation && { RotationDate: timestamp(created), RotationType: rotation }),
  }
}

function materialState({ kms, ring }: Call, key: Key, version: KeyMaterial): string {
  if (!version.pending) return versionsOf(key).at(-1) === version ? 'CURRENT' : 'NON_CURRENT'
  const isEverywhere = kms
    .related(ring, key)
    .every(([, there]) => there.materials.find(({ id }) => id === version.id)?.material)
  return isEverywhere ? 'PENDING_ROTATION' : 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION'
}

function importedEntry({ material, validTo, description }: KeyMaterial): JsonObject {
  const model = validTo === undefined ? 'KEY_MATERIAL_DOES_NOT_EXPIRE' : 'KEY_MATERIAL_EXPIRES'
  return {
    ImportState: material ? 'IMPORTED' : 'PENDING_IMPORT',
    ...(description !== undefined && { KeyMaterialDescription: description }),
    ...(material && { ExpirationModel: model }),
    ...(validTo !== undefined && { ValidTo: timestamp(validTo) }),
  }
}
