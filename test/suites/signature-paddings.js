import { keyPairs } from '../vectors/keys.js'
import { fails } from '../support/host.js'
import { concat, utf8 } from '../support/message-format.js'
import { signers } from '../support/signature-keys.js'

const { n, d } = keyPairs['RSA-2048-sig']
const message = utf8('a document')
const length = 256
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
const filled = (count, byte) => new Uint8Array(count).fill(byte)

/** DigestInfo of SHA-256 (RFC 8017 §9.2, note 1), with the NULL of its parameters or without. */
const digestInfo = [
  0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20,
]
const withoutNull = [0x30, 0x2f, 0x30, 0x0b, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 4, 0x20]

/** Encodings of PKCS#1 v1.5 that a loose reader takes; the first one is right. */
async function pkcs1Encodings() {
  const info = concat(Uint8Array.from(digestInfo), await sha256(message))
  const short = concat(Uint8Array.from(withoutNull), await sha256(message))
  const padded = (type, byte, rest) =>
    concat(Uint8Array.of(0, type), filled(length - 3 - rest.length, byte), Uint8Array.of(0), rest)
  return {
    'as the standard says': padded(1, 0xff, info),
    'padded with zeros': padded(1, 0, info),
    'of block type 2': padded(2, 0xff, info),
    'without DigestInfo': padded(1, 0xff, await sha256(message)),
    'without the NULL of the parameters': padded(1, 0xff, short),
    'with little padding, and something behind the digest': concat(
      Uint8Array.of(0, 1),
      filled(8, 0xff),
      Uint8Array.of(0),
      info,
      filled(length - 11 - info.length, 0x5a),
    ),
  }
}

/** MGF1 with SHA-256 (RFC 8017 B.2.1). */
async function maskOf(seed, size) {
  const blocks = Array.from({ length: Math.ceil(size / 32) }, (_, i) =>
    sha256(concat(seed, Uint8Array.of(0, 0, 0, i))),
  )
  return concat(...(await Promise.all(blocks))).subarray(0, size)
}

/**
 * EMSA-PSS (RFC 8017 §9.1.1), with what a caller wants to be wrong.
 *
 * @param {{ salt?: number, one?: number, pad?: number, top?: number, trailer?: number,
 *   saltByte?: number }} [o]
 */
async function pssEncoding({
  salt = 32,
  one = 1,
  pad = 0,
  top = 0,
  trailer = 0xbc,
  saltByte = 0x33,
} = {}) {
  const salted = filled(salt, saltByte)
  const hash = await sha256(concat(filled(8, 0), await sha256(message), salted))
  const db = concat(filled(length - salt - 34, 0), Uint8Array.of(one), salted)
  db[db.length - salt - 5] = pad
  const mask = await maskOf(hash, db.length)
  const masked = db.map((byte, i) => byte ^ mask[i])
  masked[0] = (masked[0] & 0x7f) | top
  return concat(masked, hash, Uint8Array.of(trailer))
}

/** Of a salt that leaves it below the modulus, which begins with 0xc3. */
async function withHighestBit() {
  for (let saltByte = 0; ; saltByte++) {
    const encoded = await pssEncoding({ top: 0x80, saltByte })
    if (encoded[0] < 0xc0) return encoded
  }
}

/** The same for PSS; the first one is right. */
const pssEncodings = async () => ({
  'as the standard says': await pssEncoding(),
  'with another trailer': await pssEncoding({ trailer: 0xbd }),
  'with its highest bit set': await withHighestBit(),
  'with a byte in its zeros': await pssEncoding({ pad: 7 }),
  'with 2 before the salt': await pssEncoding({ one: 2 }),
  'with a shorter salt': await pssEncoding({ salt: 31 }),
  'with a longer salt': await pssEncoding({ salt: 33 }),
})

const numberOf = (bytes) => bytes.reduce((number, byte) => number * 256n + BigInt(byte), 0n)

/** The signature that opens to an encoding: `encoded ^ d mod n`. */
function signatureOf(encoded, decode) {
  const modulus = numberOf(decode(n))
  assertBelow(numberOf(encoded), modulus)
  let result = 1n
  let base = numberOf(encoded)
  for (let exponent = numberOf(decode(d)); exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % modulus
    base = (base * base) % modulus
  }
  return Uint8Array.from({ length }, (_, i) =>
    Number((result >> BigInt(8 * (length - 1 - i))) & 255n),
  )
}

function assertBelow(number, modulus) {
  if (number >= modulus) throw new Error('this encoding is no number below the modulus')
}

/**
 * RSA signatures whose encoding is wrong though they open to the right digest: forgeries for loose
 * readers.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function signaturePaddingsSuite(host) {
  const { test, assert, door, jose } = host
  const { keysOf } = signers(host)
  const encodings = { RS256: pkcs1Encodings, PS256: pssEncodings }

  for (const [algorithm, make] of Object.entries(encodings))
    test(`${algorithm}: an encoding that is not the standard's does not verify, by digest or by message`, async () => {
      const keys = keysOf(algorithm)
      const digest = await sha256(message)
      const [[, right], ...wrong] = Object.entries(await make())
      const genuine = signatureOf(right, jose.base64url.decode)
      for (const over of [{ digest }, { message }])
        await door.verifySignature(keys, { ...over, signature: genuine, algorithm })
      assert.isAtLeast(wrong.length, 5)
      for (const [what, encoded] of wrong) {
        const signature = signatureOf(encoded, jose.base64url.decode)
        for (const over of [{ digest }, { message }]) {
          const verified = door.verifySignature(keys, { ...over, signature, algorithm })
          await fails(assert, verified, 'rejected').catch((error) => {
            throw new Error(`${what}, ${Object.keys(over).join()}: ${error.message}`)
          })
        }
      }
    })
}
