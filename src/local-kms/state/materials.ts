import { createHash, randomBytes } from 'node:crypto'
import { materialToText, type Material } from '../crypto/material.js'
import type { KeyMaterial } from './model.js'

/** Material with the id by which KMS names it: equal material has equal ids, also in another Region. */
export function newMaterial(material: Material, created: number, rotation?: KeyMaterial['rotation']): KeyMaterial {
  return { id: createHash('sha256').update('key material id').update(materialToText(material)).digest('hex'), material, created, ...(rotation && { rotation }) }
}

export const hexToken = (bytes: number): string => randomBytes(bytes).toString('hex')
