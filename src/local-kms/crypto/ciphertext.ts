import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { concat, sized, u32, type Bytes } from '../../bytes/bytes.js'
import { fromUtf8, utf8 } from '../../bytes/text.js'
import type { Random } from './seeded-random.js'

// What SYMMETRIC_DEFAULT encrypts to. The format is this server's own. Like that of AWS it tells
// callers nothing. It has four bytes of mark and version, key id and key-material id behind a
// length each, nonce, AES-256-GCM ciphertext and tag.

export type EncryptionContext = Readonly<Record<string, string>>

export interface SealOptions {
  readonly keyId: string
  /** The id of the material: a rotated key keeps its former materials for opening. */
  readonly materialId: string
  /** The material, 32 bytes. */
  readonly secret: Uint8Array
  readonly context?: EncryptionContext
  readonly random?: Random
}

export interface ParsedBlob {
  readonly keyId: string
  readonly materialId: string
  /**
   * The plaintext; undefined unless secret, context and every byte of the blob are those that were
   * sealed.
   */
  open(secret: Uint8Array, context?: EncryptionContext): Uint8Array | undefined
}

const mark = concat('SDK', [1])
const [nonceLength, tagLength] = [12, 16]

/**
 * Encrypts at most 4,096 bytes of plaintext, as KMS does.
 *
 * They make at most 6,144 bytes of ciphertext, which is what KMS gives.
 */
export function sealBlob(
  { keyId, materialId, secret, context = {}, random = randomBytes }: SealOptions,
  plaintext: Uint8Array,
): Uint8Array {
  const head = concat(mark, sized(1, utf8(keyId), utf8(materialId)))
  const bound = associatedData(head, context)
  const { cipherKey, nonceKey } = keysOf(secret)
  // With a seed the random bytes are the same after every start. What is sealed is mixed in, so
  // that no nonce meets two plaintexts.
  const nonce = createHmac('sha256', nonceKey)
    .update(random(32))
    .update(sized(4, bound))
    .update(plaintext)
    .digest()
    .subarray(0, nonceLength)
  const cipher = createCipheriv('aes-256-gcm', cipherKey, nonce, { authTagLength: tagLength })
  cipher.setAAD(bound)
  return concat(head, nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
}

/**
 * What a blob says of its key; undefined for what no server of this kind has sealed.
 *
 * It is proven only when the blob opens.
 */
export function parseBlob(bytes: Uint8Array): ParsedBlob | undefined {
  const keyIdAt = mark.length + 1
  const materialIdAt = keyIdAt + (bytes[mark.length] ?? 0) + 1
  const nonceAt = materialIdAt + (bytes[materialIdAt - 1] ?? 0)
  const ciphertextAt = nonceAt + nonceLength
  if (
    bytes.length < ciphertextAt + tagLength ||
    !mark.every((byte, index) => bytes[index] === byte)
  )
    return undefined
  const keyId = fromUtf8(bytes.subarray(keyIdAt, materialIdAt - 1))
  const materialId = fromUtf8(bytes.subarray(materialIdAt, nonceAt))
  if (keyId === undefined || materialId === undefined) return undefined
  const head = bytes.subarray(0, nonceAt)
  const nonce = bytes.subarray(nonceAt, ciphertextAt)
  const ciphertext = bytes.subarray(ciphertextAt, -tagLength)
  const tag = bytes.subarray(-tagLength)
  return {
    keyId,
    materialId,
    open(secret, context = {}) {
      const { cipherKey } = keysOf(secret)
      const options = { authTagLength: tagLength }
      const decipher = createDecipheriv('aes-256-gcm', cipherKey, nonce, options)
      decipher.setAAD(associatedData(head, context))
      decipher.setAuthTag(tag)
      try {
        return concat(decipher.update(ciphertext), decipher.final())
      } catch {
        return undefined
      }
    },
  }
}

/**
 * Names and values as bytes, in the order of the names, each behind its length.
 *
 * They are in UTF-16, in which no two strings of JSON have the same bytes.
 */
function associatedData(head: Uint8Array, context: EncryptionContext): Bytes {
  const names = Object.keys(context).sort()
  const texts = names
    .flatMap((name) => [name, context[name] ?? ''])
    .map((text) => new Uint8Array(Buffer.from(text, 'utf16le')))
  return concat(u32(head.length), head, sized(4, ...texts))
}

function keysOf(secret: Uint8Array): {
  readonly cipherKey: Uint8Array
  readonly nonceKey: Uint8Array
} {
  const both = new Uint8Array(
    hkdfSync('sha256', secret, '', 'sealdrop local KMS SYMMETRIC_DEFAULT', 64),
  )
  return { cipherKey: both.subarray(0, 32), nonceKey: both.subarray(32) }
}
