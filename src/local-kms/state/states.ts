import type { Material } from '../crypto/material.js'
import { keySpecs } from '../key-specs.js'
import type { Kms } from './kms.js'
import { isExpired, versionsOf } from './materials.js'
import type { Key } from './model.js'

export type KeyState =
  'Enabled' | 'Disabled' | 'PendingImport' | 'PendingDeletion' | 'PendingReplicaDeletion'

/** The state that DescribeKey shows. Of several reasons the one that lasts longest comes first. */
export function stateOf(kms: Kms, key: Key): KeyState {
  return key.deletion !== undefined
    ? 'PendingDeletion'
    : key.waitingDays !== undefined
      ? 'PendingReplicaDeletion'
      : !hasMaterial(kms, key)
        ? 'PendingImport'
        : key.enabled
          ? 'Enabled'
          : 'Disabled'
}

/** Whether keys of a spec are one secret, without a public key. */
export const isSecret = (spec: string): boolean =>
  ['symmetric', 'HMAC'].includes(keySpecs.get(spec)?.kty ?? '')

/** Whether every version is there: imported material can be deleted, and expires. */
export function hasMaterial(kms: Kms, key: Key): boolean {
  const versions = versionsOf(key)
  return (
    versions.length > 0 &&
    versions.every((version) => version.material !== undefined && !isExpired(version, kms.now()))
  )
}

/** The material that seals and signs; callers have looked at the state. */
export function currentMaterial(key: Key): Material {
  const material = versionsOf(key).at(-1)?.material
  if (!material) throw new Error('a key without material was to be used')
  return material
}

/**
 * The version that a ciphertext of a symmetric key names, if it opens: current or earlier, and
 * there.
 */
export function materialWithId(key: Key, id: string): Material | undefined {
  return versionsOf(key).find((version) => version.id === id)?.material
}
