import { createPublicKey, type KeyObject } from 'node:crypto'
import type { Material } from '../crypto/material.js'
import type { Kms } from './kms.js'
import type { Key } from './model.js'

export type KeyState = 'Enabled' | 'Disabled' | 'PendingImport' | 'PendingDeletion' | 'PendingReplicaDeletion'

/** The state that DescribeKey shows. Of several reasons the one that lasts longest comes first. */
export function stateOf(kms: Kms, key: Key): KeyState {
  return key.deletion !== undefined ? 'PendingDeletion'
    : key.waitingDays !== undefined ? 'PendingReplicaDeletion'
    : !hasMaterial(kms, key) ? 'PendingImport'
    : key.enabled ? 'Enabled' : 'Disabled'
}

/** Imported material can expire. */
export const hasMaterial = (kms: Kms, key: Key): boolean => key.materials.length > 0 && (key.validTo ?? Infinity) > kms.now()

/** The material that seals and signs; callers have looked at the state. */
export const currentMaterial = ({ materials }: Key): Material => materials.at(-1)!.material

const publicKeys = new WeakMap<KeyObject, KeyObject>()

export function privateKeyOf(key: Key): KeyObject {
  const material = currentMaterial(key)
  if (material.kind !== 'pair') throw new Error(`a ${key.spec} key has no private key of node:crypto`)
  return material.privateKey
}

export function publicKeyObject(key: Key): KeyObject {
  const privateKey = privateKeyOf(key)
  const known = publicKeys.get(privateKey) ?? createPublicKey(privateKey)
  publicKeys.set(privateKey, known)
  return known
}
