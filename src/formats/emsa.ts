import { concat, equal, u32, type Bytes } from '../bytes/bytes.js'

/** A hash function, over all its parts in order. */
export type HashOf = (...parts: readonly Uint8Array[]) => Bytes

/** Encodes a digest to the length of an RSA modulus, and checks that a signature opened to that. */
export interface Padding {
  /** @param salt - of PSS, as long as the hash */
  encode(hash: EmsaHash, digest: Uint8Array, length: number, salt: Uint8Array): Bytes
  fits(hash: EmsaHash, digest: Uint8Array, encoded: Uint8Array): boolean
}

export interface EmsaHash {
  readonly name: 'SHA-256' | 'SHA-384' | 'SHA-512'
  readonly of: HashOf
}

/**
 * DigestInfo up to the digest (RFC 8017 §9.2, note 1).
 *
 * Lengths, and the last octet of the hash's object identifier.
 */
const digestInfo: Readonly<Record<EmsaHash['name'], readonly [number, number, number]>> = {
  'SHA-256': [0x31, 1, 0x20],
  'SHA-384': [0x41, 2, 0x30],
  'SHA-512': [0x51, 3, 0x40],
}

/**
 * EMSA-PKCS1-v1_5 (RFC 8017 §9.2).
 *
 * The check compares whole encodings (§8.2.2), which forgeries by loose parsing cannot pass.
 */
const pkcs1: Padding = {
  encode({ name }, digest, length) {
    const [total, oid, octets] = digestInfo[name]
    const info = concat(
      [0x30, total, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, oid, 5, 0, 4, octets],
      digest,
    )
    return concat([0, 1], new Uint8Array(length - info.length - 3).fill(0xff), [0], info)
  },
  fits: (hash, digest, encoded) =>
    equal(encoded, pkcs1.encode(hash, digest, encoded.length, digest)),
}

/**
 * EMSA-PSS (RFC 8017 §9.1) with MGF1 on the same hash, and a salt of its length.
 *
 * Moduli are whole bytes, so that one bit is cleared.
 */
const pss: Padding = {
  encode({ of }, digest, length, salt) {
    const h = of(new Uint8Array(8), digest, salt)
    const db = concat(new Uint8Array(length - 2 * digest.length - 2), [1], salt)
    return concat(masked(db, of, h), h, [0xbc])
  },
  fits({ of }, digest, encoded) {
    const dbLength = encoded.length - digest.length - 1
    const h = encoded.subarray(dbLength, -1)
    const [first = 0xff] = encoded
    if (first >= 0x80 || encoded.at(-1) !== 0xbc) return false
    const db = masked(encoded.subarray(0, dbLength), of, h)
    const salt = db.subarray(-digest.length)
    const zeros = db.subarray(0, -digest.length - 1)
    return (
      zeros.every((byte) => byte === 0) &&
      db[zeros.length] === 1 &&
      equal(h, of(new Uint8Array(8), digest, salt))
    )
  },
}

export const paddings: Readonly<Record<'RSA-PSS' | 'RSASSA-PKCS1-v1_5', Padding>> = {
  'RSA-PSS': pss,
  'RSASSA-PKCS1-v1_5': pkcs1,
}

/**
 * XOR with MGF1 of the seed (RFC 8017 B.2.1).
 *
 * The leftmost bit is cleared on the way in and on the way out (§9.1.1, step 11).
 */
function masked(db: Uint8Array, hash: HashOf, seed: Uint8Array): Bytes {
  const mask = concat(
    ...Array.from({ length: Math.ceil(db.length / seed.length) }, (_, counter) =>
      hash(seed, u32(counter)),
    ),
  )
  const cleared = (index: number): number => (index === 0 ? 0x7f : 0xff)
  // oxlint-disable-next-line typescript/no-non-null-assertion -- the mask is as long as db
  return Uint8Array.from(db, (byte, index) => (byte ^ mask[index]!) & cleared(index))
}
