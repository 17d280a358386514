import { curveRow } from '../algorithms/curves.js'
import { signatureName } from '../algorithms/signatures.js'
import { unshared, type Bytes } from '../bytes/bytes.js'
import { utf8 } from '../bytes/text.js'
import { signatureRejected, verifies } from '../crypto/verify.js'
import { ensure, shown } from '../errors/guard.js'
import { ecdsaFromDer } from '../formats/der.js'
import type { CallOptions } from '../io/abort.js'
import { held, type KeySet } from '../keys/key-set.js'
import { selectSigner } from '../keys/select-signer.js'
import { proof, verifier, type Proof } from './verify.js'

/** A signature as kms:Sign answers it, and what it is over. */
export type RawSignature = ({ readonly message: Uint8Array | string } | { readonly digest: Uint8Array }) & CallOptions & {
  readonly signature: Uint8Array
  /** KMS or JOSE name: `ECDSA_SHA_256` or `ES256`. */
  readonly algorithm: string
  /** Of ECDSA signatures: `der` as KMS answers, the default, or r ‖ s. Never guessed from the bytes. */
  readonly encoding?: 'der' | 'ieee-p1363'
  /** ARN or thumbprint; needed where the set has several keys for the algorithm. */
  readonly key?: string
}

/**
 * Verifies a signature made by kms:Sign in an existing system, over a message. A digest alone is `unsupported_algorithm`: WebCrypto hashes by itself.
 *
 * @throws SealdropError `rejected`, `malformed` for bad DER, `key_not_found`, `unsupported_algorithm`, `invalid_argument`, and what loading the set throws
 * @see FIPS 186-5 §6.4, RFC 8017 §8, RFC 3279 §2.2.3
 */
export async function verifySignature(keys: KeySet, o: RawSignature): Promise<Proof> {
  const alg = signatureName(String(o?.algorithm))
  ensure(alg, 'unsupported_algorithm', `algorithm ${shown(String(o?.algorithm))}: expected a name such as ES256 or ECDSA_SHA_256`)
  ensure(o.signature instanceof Uint8Array, 'invalid_argument', 'signature: expected bytes')
  const key = await selectSigner(
    held(keys), ({ info }) => info.alg === alg && (o.key === undefined || o.key === info.arn || o.key === info.thumbprint),
    `for ${alg}${o.key === undefined ? ' that is the only one; name it with `key`' : ` that is ${shown(o.key)}`}`, o.signal,
  )
  ensure('message' in o, 'unsupported_algorithm', 'digest: WebCrypto verifies messages only: pass the message')
  const row = key.jwk.kty === 'EC' ? curveRow(key.jwk.crv) : undefined
  const signature = row && (o.encoding ?? 'der') === 'der' ? ecdsaFromDer(o.signature, row.coordinate) : unshared(o.signature)
  ensure(!row || signature.length === 2 * row.coordinate, 'malformed', `signature: expected ${2 * (row?.coordinate ?? 0)} bytes of r and s, found ${signature.length}`)
  if (!await verifies(await verifier(key), alg, signature, bytesOf(o.message))) throw signatureRejected()
  return proof(keys, key)
}

function bytesOf(message: Uint8Array | string): Bytes {
  ensure(typeof message === 'string' || message instanceof Uint8Array, 'invalid_argument', 'message: expected bytes or text')
  return typeof message === 'string' ? utf8(message) : unshared(message)
}
