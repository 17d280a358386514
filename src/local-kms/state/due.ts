import { generateMaterial } from '../crypto/material.js'
import type { Keyring } from './keyring.js'
import type { Kms } from './kms.js'
import type { Key } from './model.js'
import { newMaterial } from './materials.js'

const day = 86_400_000

/** A change that time makes. */
export type Due = () => Promise<void>

/** What is to happen to a key because its time has come; undefined when nothing is. */
export function afterItsTime(kms: Kms, ring: Keyring, key: Key): Due | undefined {
  const now = kms.now()
  const { deletion, rotation } = key
  if (deletion !== undefined && deletion <= now) return kms.replicas(key, ring.region).length > 0 && key.primaryRegion === ring.region ? undefined : () => ring.removeKey(key.id)
  if (rotation === undefined || rotation.next > now || !key.enabled || deletion !== undefined) return undefined
  return async () => {
    const next = rotation.next + rotation.days * day * Math.ceil((now - rotation.next + 1) / (rotation.days * day))
    const materials = [...key.materials, newMaterial(await generateMaterial(key.spec, kms.randomFor()), now, 'AUTOMATIC')]
    for (const [other, replica] of [[ring, key] as const, ...kms.replicas(key, ring.region)]) await other.saveKey({ ...replica, materials, ...(replica === key && { rotation: { ...rotation, next } }) })
  }
}
