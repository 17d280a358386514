import type { Material } from '../crypto/material.js'
import { keySpecs } from '../key-specs.js'
import type { Kms } from './kms.js'
import { isExpired, versionsOf } from './materials.js'
import type { Key } from './key-model.js'

export type KeyState =
  'Enabled' | 'Disabled' | 'PendingImport' | 'PendingDeletion' | 'PendingReplicaDeletion'

/** The state that DescribeKey shows. Of several reasons, the one that lasts longest counts. */
export function stateOf(kms: Kms, key: Key): KeyState {
  if (key.deletion !== undefined) return 'PendingDeletion'
  if (key.waitingDays !== undefined) return 'PendingReplicaDeletion'
  if (!hasMaterial(kms, key)) return 'PendingImport'
  return key.enabled ? 'Enabled' : 'Disabled'
}

/** Whether keys of a spec are one secret, without a public key. */
export const isSecret = (spec: string): boolean =>
  ['symmetric', 'HMAC'].includes(keySpecs.get(spec)?.kty ?? '')

/** Whether every version has its material: what was imported can be deleted, and expires. */
export function hasMaterial(kms: Kms, key: Key): boolean {
  const versions = versionsOf(key)
  return (
    versions.length > 0 &&
    versions.every((version) => version.material !== undefined && !isExpired(version, kms.now()))
  )
}

/** The version that seals and signs. Callers have checked the state. */
export function currentVersion(key: Key): {
  readonly id: string
  readonly material: Material
} {
  const { id, material } = versionsOf(key).at(-1) ?? {}
  if (id === undefined || !material) throw new Error('a key without material was to be used')
  return { id, material }
}

export const currentMaterial = (key: Key): Material => currentVersion(key).material

/**
 * The version that a ciphertext of a symmetric key names, if it can open.
 *
 * It is the current one or an earlier one, and has its material.
 */
export function materialWithId(key: Key, id: string): Material | undefined {
  return versionsOf(key).find((version) => version.id === id)?.material
}
