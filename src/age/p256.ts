// Points of P-256, as age writes them: compressed in recipients, uncompressed in files.
import { createECDH, ECDH } from 'node:crypto'
import type { PublicMembers, RecipientMembers } from '../algorithms/public-key.js'
import { fromBase64url } from '../bytes/base64url.js'
import { concat, type Bytes } from '../bytes/bytes.js'

/** A public key on P-256. */
export type P256Key = RecipientMembers['EC'] & { readonly crv: 'P-256' }

export const isP256 = (jwk: PublicMembers): jwk is P256Key =>
  jwk.kty === 'EC' && jwk.crv === 'P-256'

const curve = 'prime256v1'

type Form = 'compressed' | 'uncompressed'

/** A point in another form (SEC 1 §2.3.3); undefined where it is not on the curve. */
export function pointAs(form: Form, point: Uint8Array): Bytes | undefined {
  try {
    return new Uint8Array(ECDH.convertKey(point, curve, undefined, undefined, form) as Buffer)
  } catch {
    return undefined
  }
}

/** The point of a key as `04 ‖ x ‖ y`. */
export const pointOf = ({ x, y }: P256Key): Bytes => concat([4], fromBase64url(x), fromBase64url(y))

/** SubjectPublicKeyInfo of a point `04 ‖ x ‖ y` (RFC 5480 §2), as KMS takes it. */
export const spkiOf = (point: Bytes): Bytes => concat(spkiFront, point)

const spkiFront = Uint8Array.from(
  '3059301306072a8648ce3d020106082a8648ce3d030107034200'.match(/../g) ?? [],
  (byte) => parseInt(byte, 16),
)

/** Agrees with a point by a new key. @returns that key's point, and the x that both compute */
export function agreeWith(point: Bytes): { readonly enc: Bytes; readonly secret: Bytes } {
  const ephemeral = createECDH(curve)
  const enc = new Uint8Array(ephemeral.generateKeys())
  return { enc, secret: new Uint8Array(ephemeral.computeSecret(point)) }
}
