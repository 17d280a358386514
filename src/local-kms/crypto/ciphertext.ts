import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { compare, concat, sized, u32, type Bytes } from '../../bytes/bytes.js'
import { utf8 } from '../../bytes/text.js'

/**
 * What a symmetric key seals, in a form of our own; AWS's is opaque too. It names its key and the version of its material:
 * `SKC1` ‖ u8 length ‖ key id ‖ 32 bytes of material id ‖ 12 bytes of IV ‖ AES-256-GCM of the plaintext ‖ 16 bytes of tag.
 * Everything before the IV and the encryption context are authenticated with it.
 */
const magic = utf8('SKC1')
const ivLength = 12
const tagLength = 16

export interface SealedFor {
  readonly keyId: string
  /** 64 hexadecimal digits. */
  readonly materialId: string
}

export type EncryptionContext = Readonly<Record<string, string>>

export function sealBlob({ keyId, materialId }: SealedFor, secret: Uint8Array, context: EncryptionContext, plaintext: Uint8Array): Bytes {
  const head = concat(magic, [keyId.length], keyId, Buffer.from(materialId, 'hex'))
  const iv = randomBytes(ivLength)
  const cipher = createCipheriv('aes-256-gcm', secret, iv).setAAD(concat(head, serialized(context)))
  return concat(head, iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
}

/** The names in a ciphertext, and how it opens: undefined where it is none, or does not open under this secret and context. */
export function parseBlob(blob: Uint8Array): (SealedFor & { open(secret: Uint8Array, context: EncryptionContext): Bytes | undefined }) | undefined {
  const idEnd = magic.length + 1 + (blob[magic.length] ?? 0)
  const headEnd = idEnd + 32
  if (blob.length < headEnd + ivLength + tagLength || !magic.every((byte, i) => blob[i] === byte)) return undefined
  const keyId = Buffer.from(blob.subarray(magic.length + 1, idEnd)).toString('latin1')
  return {
    keyId,
    materialId: Buffer.from(blob.subarray(idEnd, headEnd)).toString('hex'),
    open(secret, context) {
      const decipher = createDecipheriv('aes-256-gcm', secret, blob.subarray(headEnd, headEnd + ivLength))
      decipher.setAAD(concat(blob.subarray(0, headEnd), serialized(context))).setAuthTag(blob.subarray(-tagLength))
      try {
        return concat(decipher.update(blob.subarray(headEnd + ivLength, -tagLength)), decipher.final())
      } catch {
        return undefined
      }
    },
  }
}

/** In whatever order the pairs came, one form: sorted by the bytes of their names, each text behind its length. */
function serialized(context: EncryptionContext): Bytes {
  const pairs = Object.entries(context).map((pair) => pair.map(utf8)).sort(([a], [b]) => compare(a!, b!))
  return concat(u32(pairs.length), sized(4, ...pairs.flat()))
}
