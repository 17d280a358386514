import type { Material } from '../crypto/material.js'
import type { Keyring } from '../state/keyring.js'
import type { Kms } from '../state/kms.js'
import { newMaterial, versionsOf } from '../state/materials.js'
import type { Key, KeyMaterial } from '../state/key-model.js'
import { stateOf } from '../state/states.js'
import { KmsFault } from '../wire/fault.js'

/** What an import says of the material that it brings. */
export interface ImportFacts {
  readonly ImportType: string | undefined
  readonly KeyMaterialId: string | undefined
  readonly KeyMaterialDescription: string | undefined
  readonly validTo: number | undefined
  readonly material: Material
  readonly now: number
}

export interface Imported {
  readonly version: KeyMaterial
  readonly materials: readonly KeyMaterial[]
  readonly enabled: boolean
}

/**
 * The key with the material of an import.
 *
 * - Only symmetric encryption keys take new material after the first. It waits for
 *   RotateKeyOnDemand.
 * - A replica takes the material that its primary has.
 *
 * @throws KmsFault IncorrectKeyMaterialException, KMSInvalidStateException, ValidationException,
 *   UnsupportedOperationException
 */
export function withImported(kms: Kms, ring: Keyring, key: Key, facts: ImportFacts): Imported {
  const { validTo, KeyMaterialDescription, KeyMaterialId, material, now } = facts
  const fresh = newMaterial(key.id, material, { created: now })
  const isReplica = (key.primaryRegion ?? ring.region) !== ring.region
  const type = checkType(ring, key, facts, isReplica)
  if (KeyMaterialId !== undefined && KeyMaterialId !== fresh.id)
    throw incorrect(`The key material is not ${KeyMaterialId} but ${fresh.id}.`)
  const known = key.materials.find(({ id }) => id === fresh.id)
  if (type === 'EXISTING_KEY_MATERIAL' && !known) {
    const why = isReplica ? ', which takes what its primary key has' : ''
    throw incorrect(`The key material is not one of ${ring.keyArn(key)}${why}.`)
  }
  const { validTo: _validTo, description: before, ...old } = known ?? fresh
  const description = KeyMaterialDescription ?? before
  const version = {
    ...old,
    material,
    ...(validTo !== undefined && { validTo }),
    ...(description !== undefined && { description }),
  }
  const enabled = key.enabled || stateOf(kms, key) === 'PendingImport'
  if (known) {
    const materials = key.materials.map((other) => (other === known ? version : other))
    return { version, enabled, materials }
  }
  return addNew(ring, key, version, enabled)
}

function addNew(ring: Keyring, key: Key, version: KeyMaterial, enabled: boolean): Imported {
  if (versionsOf(key).length === 0) return { version, enabled, materials: [version] }
  const waiting = key.materials.find(({ pending }) => pending)
  if (waiting)
    throw new KmsFault(
      'KMSInvalidStateException',
      `New key material (id: ${version.id}) cannot be imported into KMS key ${ring.keyArn(key)}, because another key material (id: ${waiting.id}) is pending rotation.`,
    )
  const next: KeyMaterial = { ...version, pending: true }
  return { version: next, enabled, materials: [...key.materials, next] }
}

/** The type of an import. Where none is named, it is new material only for a key without any. */
function checkType(
  ring: Keyring,
  key: Key,
  { ImportType, KeyMaterialId, KeyMaterialDescription }: ImportFacts,
  isReplica: boolean,
): string {
  const symmetric = key.spec === 'SYMMETRIC_DEFAULT'
  const first = versionsOf(key).length === 0
  const members = Object.entries({ ImportType, KeyMaterialId, KeyMaterialDescription })
  const given = members.find(([, value]) => value !== undefined)?.[0]
  if (!symmetric && given !== undefined)
    throw new KmsFault(
      'ValidationException',
      `${given} is only for symmetric encryption keys, not for a ${key.spec} key.`,
    )
  if (isReplica && ImportType === 'NEW_KEY_MATERIAL')
    throw new KmsFault(
      'UnsupportedOperationException',
      `${ring.keyArn(key)} is not a multi-region primary key.`,
    )
  if (KeyMaterialId !== undefined && ImportType === 'NEW_KEY_MATERIAL')
    throw new KmsFault(
      'ValidationException',
      'A KeyMaterialId cannot be specified with ImportType NEW_KEY_MATERIAL.',
    )
  return ImportType ?? (first && !isReplica ? 'NEW_KEY_MATERIAL' : 'EXISTING_KEY_MATERIAL')
}

const incorrect = (text: string): KmsFault => new KmsFault('IncorrectKeyMaterialException', text)
