import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { eddsa } from '@noble/curves/abstract/edwards.js'
import { ed25519 } from '@noble/curves/ed25519.js'

// Node has Ed25519 but not its prehash variant. rollup inlines the library into this module.

/** dom2 with phflag 1 and an empty context (RFC 8032 §2, §5.1). */
const dom2 = Buffer.from('SigEd25519 no Ed25519 collisions\x01\x00', 'latin1')

/** Ed25519ph of a message that was hashed before, so that the library must not hash it again. */
const overDigest = eddsa(
  ed25519.Point,
  (message: Uint8Array) => new Uint8Array(createHash('sha512').update(message).digest()),
  {
    domain(data: Uint8Array) {
      const joined = new Uint8Array(dom2.length + data.length)
      joined.set(dom2)
      joined.set(data, dom2.length)
      return joined
    },
    prehash: (digest: Uint8Array) => own(digest),
    adjustScalarBytes(bytes: Uint8Array) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      view.setUint8(0, view.getUint8(0) & 0xf8)
      view.setUint8(31, (view.getUint8(31) & 0x7f) | 0x40)
      return bytes
    },
    zip215: false,
  },
)

/** The same bytes as the library takes them, which knows no Buffer of another realm, as in jsdom. */
const own = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)

/** Ed25519ph of a SHA-512 digest by the 32-byte secret key (RFC 8032 §5.1.6). */
export function signPrehashed(digest: Uint8Array, secretKey: Uint8Array): Uint8Array {
  return overDigest.sign(own(digest), own(secretKey))
}

/**
 * Whether a signature over a SHA-512 digest is that of a public key (RFC 8032 §5.1.7).
 *
 * It is false for anything malformed.
 */
export function verifyPrehashed(
  signature: Uint8Array,
  digest: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  try {
    return overDigest.verify(own(signature), own(digest), own(publicKey))
  } catch {
    return false
  }
}
