import { constants, createHash, privateEncrypt, publicDecrypt, randomBytes, type KeyObject } from 'node:crypto'
import { concat, equal, u32, type Bytes } from '../../bytes/bytes.js'
import type { SignatureRow } from '../../algorithms/signatures.js'

type Hash = SignatureRow['hash']

/** DigestInfo up to the digest (RFC 8017 §9.2, note 1). */
const digestInfo: Readonly<Record<Hash, string>> = {
  'SHA-256': '3031300d060960864801650304020105000420',
  'SHA-384': '3041300d060960864801650304020205000430',
  'SHA-512': '3051300d060960864801650304020305000440',
}

export const digestOf = (hash: Hash, ...parts: readonly Uint8Array[]): Bytes => new Uint8Array(createHash(hash).update(concat(...parts)).digest())

/** Encodings of a digest to the length of the modulus, and the check that a signature opened to one. */
interface Padding {
  encode(hash: Hash, digest: Uint8Array, length: number): Bytes
  fits(hash: Hash, digest: Uint8Array, encoded: Uint8Array): boolean
}

/** EMSA-PKCS1-v1_5 (RFC 8017 §9.2); a check by comparing whole encodings (§8.2.2), which forgeries by loose parsing cannot pass. */
const pkcs1: Padding = {
  encode(hash, digest, length) {
    const info = concat(Buffer.from(digestInfo[hash], 'hex'), digest)
    return concat(Uint8Array.of(0, 1), new Uint8Array(length - info.length - 3).fill(0xff), Uint8Array.of(0), info)
  },
  fits: (hash, digest, encoded) => equal(encoded, pkcs1.encode(hash, digest, encoded.length)),
}

/** EMSA-PSS (RFC 8017 §9.1) with MGF1 on the same hash and a salt of its length. Moduli are whole bytes, so one bit is cleared. */
const pss: Padding = {
  encode(hash, digest, length) {
    const salt = randomBytes(digest.length)
    const h = digestOf(hash, new Uint8Array(8), digest, salt)
    const db = concat(new Uint8Array(length - 2 * digest.length - 2), Uint8Array.of(1), salt)
    return concat(masked(db, hash, h), h, Uint8Array.of(0xbc))
  },
  fits(hash, digest, encoded) {
    const dbLength = encoded.length - digest.length - 1
    const h = encoded.subarray(dbLength, -1)
    if (encoded[0]! >= 0x80 || encoded.at(-1) !== 0xbc) return false
    const db = masked(encoded.subarray(0, dbLength), hash, h)
    const salt = db.subarray(-digest.length)
    const zeros = db.subarray(0, -digest.length - 1)
    return zeros.every((byte) => byte === 0) && db[zeros.length] === 1 && equal(h, digestOf(hash, new Uint8Array(8), digest, salt))
  },
}

export const paddings: Readonly<Record<'RSA-PSS' | 'RSASSA-PKCS1-v1_5', Padding>> = { 'RSA-PSS': pss, 'RSASSA-PKCS1-v1_5': pkcs1 }

/** The raw private operation (RFC 8017 §5.2.1): Node has no other way to sign a digest that is already there. */
export function rawSign(privateKey: KeyObject, encoded: Uint8Array): Uint8Array {
  return privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, encoded)
}

/** The raw public operation (RFC 8017 §5.2.2); undefined for a number that is not below the modulus, or of another length. */
export function rawOpen(publicKey: KeyObject, signature: Uint8Array, length: number): Uint8Array | undefined {
  if (signature.length !== length) return undefined
  try {
    return publicDecrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, signature)
  } catch {
    return undefined
  }
}

/** XOR with MGF1 of the seed (RFC 8017 B.2.1); the leftmost bit is cleared on the way in and out (§9.1.1, step 11). */
function masked(db: Uint8Array, hash: Hash, seed: Uint8Array): Bytes {
  const blocks = Array.from({ length: Math.ceil(db.length / seed.length) }, (_, counter) => digestOf(hash, seed, u32(counter)))
  const mask = concat(...blocks)
  const result = Uint8Array.from(db, (byte, index) => byte ^ mask[index]!)
  result[0]! &= 0x7f
  return result
}
