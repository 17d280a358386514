import { createHash, randomBytes } from 'node:crypto'
import { materialToText, type Material } from '../crypto/material.js'
import type { Key, KeyMaterial } from './key-model.js'

/**
 * The id of material in a key.
 *
 * Equal material of a key has equal ids, also in its replicas, which share the id of the key.
 */
export function materialId(keyId: string, material: Material): string {
  return createHash('sha256')
    .update(`key material of ${keyId}\n`)
    .update(materialToText(material))
    .digest('hex')
}

/** Material with the id by which KMS names it. */
export function newMaterial(
  keyId: string,
  material: Material,
  facts: Omit<KeyMaterial, 'id' | 'material'>,
): KeyMaterial {
  return { id: materialId(keyId, material), material, ...facts }
}

/**
 * The versions that belong to a key for good, the current one last.
 *
 * One that waits for its rotation is not among them.
 */
export const versionsOf = ({ materials }: Key): readonly KeyMaterial[] =>
  materials.filter(({ pending }) => !pending)

/** What is left of a version when its material is deleted or expires. */
export function withoutMaterial(version: KeyMaterial): KeyMaterial {
  const { material: _material, validTo: _validTo, ...rest } = version
  return rest
}

export const isExpired = ({ validTo = Infinity }: KeyMaterial, now: number): boolean =>
  validTo <= now

export const hexToken = (bytes: number): string => randomBytes(bytes).toString('hex')
