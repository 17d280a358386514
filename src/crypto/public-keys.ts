import type { PublicMembers, RecipientMembers } from '../algorithms/public-key.js'
import { signatures, type SignatureName } from '../algorithms/signatures.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import type { Bytes } from '../bytes/bytes.js'
import { subtle, type CryptoKey } from './subtle.js'

/** A signer's key; undefined where the host has no such algorithm. */
export function importVerifier(
  jwk: PublicMembers,
  alg: SignatureName,
): Promise<CryptoKey | undefined> {
  const { webCrypto: name, hash, crv } = signatures[alg]
  return importPublic(jwk, { name, hash, namedCurve: crv } as EcKeyImportParams, ['verify']).catch(
    (error: SealdropError) => {
      if ((error.cause as Error | undefined)?.name !== 'NotSupportedError') throw error
      return undefined
    },
  )
}

/**
 * A public key that a caller made, as a JWK.
 *
 * @throws SealdropError `invalid_argument`: it cannot be exported
 */
export async function exportPublic(key: CryptoKey): Promise<object> {
  try {
    return await subtle().exportKey('jwk', key)
  } catch (cause) {
    const why = 'key set: the CryptoKey cannot be exported as a JWK: import it as extractable'
    throw new SealdropError('invalid_argument', why, { cause })
  }
}

/**
 * The SPKI form of a point on a curve, which is how KMS takes a sender's ephemeral key.
 *
 * A point off its curve is `malformed`.
 */
export async function pointToSpki(jwk: RecipientMembers['EC']): Promise<Bytes> {
  const key = await importPublic(jwk, { name: 'ECDH', namedCurve: jwk.crv }, [], 'malformed')
  return new Uint8Array(await subtle().exportKey('spki', key))
}

/**
 * Imports a public key twice, since hosts check at different times that a point lies on its curve.
 *
 * - most check at import, Deno at export, WebKitGTK at import as SPKI
 * - the suites prove it host by host
 */
export async function importPublic(
  jwk: PublicMembers,
  algorithm: RsaHashedImportParams | EcKeyImportParams,
  usages: KeyUsage[],
  code: 'keys_malformed' | 'malformed' = 'keys_malformed',
): Promise<CryptoKey> {
  const api = subtle()
  try {
    const key = await api.importKey('jwk', { ...jwk, ext: true }, algorithm, true, usages)
    return await api.importKey('spki', await api.exportKey('spki', key), algorithm, true, usages)
  } catch (cause) {
    throw new SealdropError(code, `the ${jwk.kty} key is invalid: off its curve?`, { cause })
  }
}
