import { coordinateOf } from '../algorithms/curves.js'
import type { PublicMembers } from '../algorithms/public-key.js'
import {
  isNameOf,
  isSignatureName,
  signatures,
  whyRefused,
  type SignatureName,
} from '../algorithms/signatures.js'
import { unshared, type Bytes } from '../bytes/bytes.js'
import { utf8 } from '../bytes/text.js'
import { providerOf } from '../crypto/provider.js'
import { hashLength, signatureRejected } from '../crypto/verifier.js'
import { ensure, shown } from '../errors/guard.js'
import { ecdsaFromDer } from '../formats/der.js'
import type { CallOptions } from '../io/abort.js'
import { held, type KeySet } from '../keys/key-set.js'
import type { Key } from '../keys/key.js'
import { selectSigner } from '../keys/select-signer.js'
import { checkSigningTime, proof, verifier, type Proof, type SinceWhen } from './verify.js'

/**
 * A signature as kms:Sign answers it, and what it is over: a message, or the digest of one; of
 * ML-DSA, instead of a digest, mu (EXTERNAL_MU, 64 bytes).
 */
export type RawSignature = (
  { readonly message: Uint8Array | string } | { readonly digest: Uint8Array }
) &
  CallOptions &
  SinceWhen & {
    readonly signature: Uint8Array
    /** KMS or JOSE name: `ECDSA_SHA_256` or `ES256`. */
    readonly algorithm: string
    /**
     * Of ECDSA signatures: `der` as KMS answers, the default, or r ‖ s. Never guessed from the
     * bytes.
     */
    readonly encoding?: 'der' | 'ieee-p1363'
    /** ARN or thumbprint; needed where the set has several keys for the algorithm. */
    readonly key?: string
  }

/**
 * Verifies a signature made by kms:Sign in an existing system, over a message or over its digest.
 * WebCrypto hashes by itself, so that a digest needs a provider in the key set: `digests()` of
 * `sealdrop/digests`, of ML-DSA `mlDsa()`. Ed25519 signs messages only.
 *
 * @throws SealdropError `rejected`, `malformed` for bad DER, `expired` for a key that was taken
 *   back, `key_not_found`, `unsupported_algorithm`, `unsupported_runtime` where a provider is
 *   needed, `invalid_argument`, and what loading the set throws
 * @see FIPS 186-5 §6.4 and §7.7, RFC 8017 §8, RFC 3279 §2.2.3, FIPS 204 §5.3
 */
export async function verifySignature(keys: KeySet, o: RawSignature): Promise<Proof> {
  const name = String(o?.algorithm)
  ensure(
    (Object.keys(signatures) as SignatureName[]).some((alg) => isNameOf(alg, name)),
    'unsupported_algorithm',
    `algorithm ${shown(name)}: ${whyRefused(name)}`,
  )
  const { signature: given, encoding = 'der', key: named } = o
  ensure(given instanceof Uint8Array, 'invalid_argument', 'signature: expected bytes')
  ensure(
    /^(der|ieee-p1363)$/.test(encoding),
    'invalid_argument',
    "encoding: expected 'der' or 'ieee-p1363'",
  )
  ensure('message' in o !== 'digest' in o, 'invalid_argument', 'expected a message or a digest')
  const which =
    named === undefined ? 'that is the only one; name it with `key`' : `that is ${shown(named)}`
  const key = await selectSigner(
    held(keys),
    ({ info: { alg, arn, thumbprint } }) =>
      isSignatureName(alg) && isNameOf(alg, name) && [undefined, arn, thumbprint].includes(named),
    `for ${name} ${which}`,
    o.signal,
  )
  const signature = signatureOf(key.jwk, given, encoding)
  const over =
    'digest' in o
      ? await overDigest(keys, key, o.digest)
      : { verifies: await verifier(keys, key), bytes: bytesOf(o.message) }
  if (!(await over.verifies(signature, over.bytes))) throw signatureRejected()
  // it has no time: of a key that was taken back only what was held before
  checkSigningTime(key, undefined, o)
  return proof(keys, key)
}

/** The signature as its algorithm has it: ECDSA as r ‖ s. */
function signatureOf(jwk: PublicMembers, given: Uint8Array, encoding: string): Bytes {
  if (jwk.kty !== 'EC') return unshared(given)
  const coordinate = coordinateOf(jwk.crv)
  if (encoding === 'der') return ecdsaFromDer(given, coordinate)
  ensure(
    given.length === 2 * coordinate,
    'malformed',
    `signature: expected ${2 * coordinate} bytes of r and s, found ${given.length}`,
  )
  return unshared(given)
}

function bytesOf(message: Uint8Array | string): Bytes {
  ensure(
    typeof message === 'string' || message instanceof Uint8Array,
    'invalid_argument',
    'message: expected bytes or text',
  )
  return typeof message === 'string' ? utf8(message) : unshared(message)
}

async function overDigest(
  keys: KeySet,
  { jwk, info }: Key,
  digest: Uint8Array,
): Promise<{
  readonly verifies: (signature: Bytes, digest: Bytes) => Promise<boolean>
  readonly bytes: Bytes
}> {
  const alg = info.alg as SignatureName
  ensure(
    jwk.kty !== 'OKP',
    'unsupported_algorithm',
    `digest: ${alg} signs messages only: pass the message`,
  )
  const length = hashLength(alg) || 64
  ensure(
    digest instanceof Uint8Array && digest.length === length,
    'invalid_argument',
    `digest: expected the ${length} bytes that ${alg} signs`,
  )
  const provider = providerOf(held(keys).options.providers, alg, 'verifyDigest')
  const door = jwk.kty === 'AKP' ? 'mlDsa()] of sealdrop/ml-dsa' : 'digests()] of sealdrop/digests'
  ensure(
    provider,
    'unsupported_runtime',
    `digest: WebCrypto takes messages only: pass the message, or providers: [${door}`,
  )
  return {
    verifies: (signature, bytes) => provider.verifyDigest(alg, jwk, signature, bytes),
    bytes: unshared(digest),
  }
}
