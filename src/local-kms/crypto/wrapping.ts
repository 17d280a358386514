import { Buffer } from 'node:buffer'
import { createDecipheriv } from 'node:crypto'
import { KmsFault } from '../wire/fault.js'
import { rowOf } from './checks.js'
import type { Material } from './material.js'
import { decryptOaep } from './oaep.js'

interface WrappingRow {
  /** The algorithm by which the RSA wrapping key opens what was encrypted to it. */
  readonly oaep: string
  /** Whether an AES-256 key is inside, under which the material follows (RFC 5649). */
  readonly isTwoSteps: boolean
}

const wrappings: ReadonlyMap<string, WrappingRow> = new Map([
  ['RSAES_OAEP_SHA_1', { oaep: 'RSAES_OAEP_SHA_1', isTwoSteps: false }],
  ['RSAES_OAEP_SHA_256', { oaep: 'RSAES_OAEP_SHA_256', isTwoSteps: false }],
  ['RSA_AES_KEY_WRAP_SHA_1', { oaep: 'RSAES_OAEP_SHA_1', isTwoSteps: true }],
  ['RSA_AES_KEY_WRAP_SHA_256', { oaep: 'RSAES_OAEP_SHA_256', isTwoSteps: true }],
])

/**
 * Whether KMS takes material of a KeySpec in this wrapping.
 *
 * Private keys come in two steps. What is short enough comes in one, which RSA never is.
 */
export function canWrap(spec: string, algorithm: string): boolean {
  const row = wrappings.get(algorithm)
  if (!row) return false
  const { kty } = rowOf(spec)
  return row.isTwoSteps ? kty !== 'symmetric' && kty !== 'HMAC' : kty !== 'RSA'
}

/**
 * Takes material out of the wrapping in which ImportKeyMaterial carries it.
 *
 * @param wrappingSpec - RSA_2048, RSA_3072 or RSA_4096
 * @param wrappingKey - material of that spec, whose public key the caller encrypted to
 * @throws KmsFault InvalidCiphertextException, without a message, for everything that does not
 *   unwrap
 */
export function unwrap(
  wrappingSpec: string,
  wrappingKey: Material,
  algorithm: string,
  encrypted: Uint8Array,
): Uint8Array {
  const row = wrappings.get(algorithm)
  if (!row) throw new KmsFault('InvalidCiphertextException')
  if (!row.isTwoSteps) return decryptOaep(wrappingSpec, wrappingKey, row.oaep, encrypted)
  const { size } = rowOf(wrappingSpec)
  const aesKey = decryptOaep(wrappingSpec, wrappingKey, row.oaep, encrypted.subarray(0, size))
  return unwrapPadded(aesKey, encrypted.subarray(size))
}

/**
 * AES-256 key unwrap with padding (RFC 5649 §4.2).
 *
 * Node gets the fixed half of the alternative initial value (§3).
 */
function unwrapPadded(aesKey: Uint8Array, wrapped: Uint8Array): Uint8Array {
  // of no bytes Node would make no bytes, without an error
  if (wrapped.length < 16) throw new KmsFault('InvalidCiphertextException')
  try {
    const decipher = createDecipheriv('id-aes256-wrap-pad', aesKey, Buffer.from('a65959a6', 'hex'))
    return new Uint8Array(Buffer.concat([decipher.update(wrapped), decipher.final()]))
  } catch {
    throw new KmsFault('InvalidCiphertextException')
  }
}
