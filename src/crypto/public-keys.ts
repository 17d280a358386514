import type { PublicMembers } from '../algorithms/public-key.js'
import { fitsSignature, signatures, type SignatureName } from '../algorithms/signatures.js'
import { ensure } from '../errors/guard.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import type { Bytes } from '../bytes/bytes.js'
import { subtle, type CryptoKey } from './subtle.js'

/** A recipient's key: RSA-OAEP with SHA-256 for hash and MGF1 (RFC 7518 §4.3), or ECDH on its curve (§4.6). */
export function importRecipient(jwk: PublicMembers): Promise<CryptoKey> {
  return jwk.kty === 'RSA' ? imported(jwk, { name: 'RSA-OAEP', hash: 'SHA-256' }, ['encrypt']) : imported(jwk, { name: 'ECDH', namedCurve: jwk.crv }, [])
}

/** A signer's key. @throws SealdropError `unsupported_algorithm` when the algorithm is not one of this type of key */
export async function importVerifier(jwk: PublicMembers, alg: SignatureName): Promise<CryptoKey> {
  ensure(fitsSignature(jwk, alg), 'unsupported_algorithm', `${alg} is not a signature algorithm of this type of key`)
  const { webCrypto: name, hash } = signatures[alg]
  return imported(jwk, jwk.kty === 'RSA' ? { name, hash } : { name, namedCurve: jwk.crv }, ['verify'])
}

/** The SPKI form of a point on a curve, which is how KMS takes a sender's ephemeral key. Off the curve: `malformed`. */
export async function pointToSpki(jwk: PublicMembers & { kty: 'EC' }): Promise<Bytes> {
  const key = await imported(jwk, { name: 'ECDH', namedCurve: jwk.crv }, [], 'malformed')
  return new Uint8Array(await subtle().exportKey('spki', key))
}

/** Hosts check at import that a point lies on its curve, Deno when it is exported, WebKitGTK when it is imported as SPKI; the suites prove it host by host. */
async function imported(jwk: PublicMembers, algorithm: RsaHashedImportParams | EcKeyImportParams, usages: KeyUsage[], code: 'keys_malformed' | 'malformed' = 'keys_malformed'): Promise<CryptoKey> {
  const api = subtle()
  try {
    const key = await api.importKey('jwk', { ...jwk, ext: true }, algorithm, true, usages)
    return await api.importKey('spki', await api.exportKey('spki', key), algorithm, true, usages)
  } catch (cause) {
    throw new SealdropError(code, jwk.kty === 'EC' ? `the point is not on ${jwk.crv}` : 'the RSA key does not import', { cause })
  }
}
