// HPKE in base mode (RFC 9180): DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305. The
// agreement itself is done by others, such as KMS: only its result comes here.
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { concat, u16, type Bytes } from '../bytes/bytes.js'
import { wipe } from './file-key.js'

const kemId = 0x0010
const kdfId = 0x0001
const aeadId = 0x0003
const kemSuite = concat('KEM', u16(kemId))
const suite = concat('HPKE', u16(kemId), u16(kdfId), u16(aeadId))
const none: Bytes = new Uint8Array()
const tagLength = 16
const cipher = 'chacha20-poly1305'

/** HKDF-Extract with SHA-256 (RFC 5869 §2.2). */
export const extract = (salt: Uint8Array | string, ikm: Uint8Array): Bytes =>
  new Uint8Array(createHmac('sha256', salt).update(ikm).digest())

const labeledExtract = (of: Bytes, salt: Bytes, label: string, ikm: Bytes): Bytes =>
  extract(salt, concat('HPKE-v1', of, label, ikm))

/** HKDF-Expand with a label, of at most 32 bytes, which is one round of it (RFC 5869 §2.3). */
function labeledExpand(
  of: Bytes,
  prk: Bytes,
  ...[label, info, length]: [label: string, info: Bytes, length: number]
): Bytes {
  const labeled = concat(u16(length), 'HPKE-v1', of, label, info)
  return extract(prk, concat(labeled, [1])).slice(0, length)
}

/** What both sides know once they agreed. */
export interface Agreed {
  /** The x coordinate that both computed. */
  readonly secret: Bytes
  /** The sender's point, uncompressed. */
  readonly enc: Bytes
  /** The recipient's point, uncompressed. */
  readonly recipient: Bytes
}

/** The key schedule (RFC 9180 §4.1 and §5.1), down to the key and the nonce of the first message. */
function schedule(
  { secret, enc, recipient }: Agreed,
  info: string,
): { readonly key: Bytes; readonly nonce: Bytes } {
  const prk = labeledExtract(kemSuite, none, 'eae_prk', secret)
  const shared = labeledExpand(kemSuite, prk, 'shared_secret', concat(enc, recipient), 32)
  const context = concat(
    [0],
    labeledExtract(suite, none, 'psk_id_hash', none),
    labeledExtract(suite, none, 'info_hash', concat(info)),
  )
  const root = labeledExtract(suite, shared, 'secret', none)
  const key = labeledExpand(suite, root, 'key', context, 32)
  const nonce = labeledExpand(suite, root, 'base_nonce', context, 12)
  wipe(prk, shared, root)
  return { key, nonce }
}

/** SealBase without additional data. */
export function hpkeSeal(agreed: Agreed, info: string, plaintext: Bytes): Bytes {
  const { key, nonce } = schedule(agreed, info)
  const sealing = createCipheriv(cipher, key, nonce, { authTagLength: tagLength })
  const sealed = sealing.update(plaintext)
  sealing.final()
  wipe(key)
  return concat(sealed, sealing.getAuthTag())
}

/** OpenBase without additional data; undefined where it does not open. */
export function hpkeOpen(agreed: Agreed, info: string, sealed: Bytes): Bytes | undefined {
  const { key, nonce } = schedule(agreed, info)
  const decipher = createDecipheriv(cipher, key, nonce, { authTagLength: tagLength })
  wipe(key)
  decipher.setAuthTag(sealed.subarray(-tagLength))
  const plaintext = decipher.update(sealed.subarray(0, -tagLength))
  try {
    decipher.final()
    return new Uint8Array(plaintext)
  } catch {
    return undefined
  } finally {
    wipe(plaintext)
  }
}
