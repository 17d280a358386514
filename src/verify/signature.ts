import { algOf } from '../algorithms/alg-of.js'
import { coordinateOf } from '../algorithms/curves.js'
import type { PublicMembers } from '../algorithms/public-key.js'
import {
  isNameOf,
  isSignatureName,
  signatures,
  whyRefused,
  type SignatureName,
} from '../algorithms/signatures.js'
import { bytesOf, type Bytes } from '../bytes/bytes.js'
import { isWellFormed, utf8 } from '../bytes/text.js'
import { providerOf } from '../crypto/provider.js'
import { hashLength, signatureRejected } from '../crypto/verifier.js'
import { ensure, shown } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { ecdsaFromDer } from '../formats/der.js'
import type { CallOptions } from '../io/abort.js'
import { ringOf, type KeySet } from '../keys/key-set.js'
import type { Key } from '../keys/key.js'
import { selectSigner } from '../keys/select-signer.js'
import { checkSigningTime, proof, verifier, type Proof, type SinceWhen } from './verify.js'

/**
 * A signature as kms:Sign answers it, and what it is over: a message, or the digest of one.
 *
 * - of ML-DSA the digest is mu (EXTERNAL_MU, 64 bytes)
 */
export type RawSignature = (
  | { readonly message: Uint8Array | ArrayBuffer | string }
  | { readonly digest: Uint8Array | ArrayBuffer }
) &
  (
    | {
        /** Name in KMS or in JOSE: `ECDSA_SHA_256` or `ES256`. */
        readonly alg: string
      }
    | {
        /** Another name of `alg`. Where both are given, they must be the same. */
        readonly algorithm: string
      }
  ) &
  CallOptions &
  SinceWhen & {
    /** The signature. */
    readonly signature: Uint8Array | ArrayBuffer
    /**
     * Form of an ECDSA signature: `der` as KMS answers it, or `ieee-p1363`, which is r ‖ s.
     *
     * Default: `der`. It is never guessed from the bytes.
     */
    readonly encoding?: 'der' | 'ieee-p1363'
    /** ARN or thumbprint of the key. Needed where the set has several keys for the algorithm. */
    readonly key?: string
  }

/**
 * Verifies a signature that kms:Sign made in an existing system, over a message or over its digest.
 *
 * - WebCrypto hashes by itself, so that a digest needs a provider in the key set: `digests()` of
 *   `sealdrop/digests`, of ML-DSA `mlDsa()` of `sealdrop/ml-dsa`
 * - Ed25519 signs messages only
 * - such a signature has no time: of a key that was taken back, only what you held before counts
 *
 * @returns the key that verified
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: an option is missing or wrong, or the digest has the wrong length
 *   - `unsupported_algorithm`: KMS does not sign so, or the algorithm signs messages only
 * @throws SealdropError while fetching keys:
 *   - what `keys.ready()` throws, see `fetchKeySet`
 *   - `key_not_found`: the set has no such signing key, or several; name it with `key`
 * @throws SealdropError while reading:
 *   - `malformed`: the signature is not DER, or has the wrong length
 *   - `unsupported_runtime`: a provider is needed
 *   - `rejected`: the signature does not verify
 *   - `expired`: the key was taken back, and you do not say that you held this before
 *   - `key_unusable`: the key was compromised, see `heldSince`
 * @example
 *   ```js
 *   import { fetchKeySet, overHttps, verifySignature } from 'sealdrop'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const message = await fetch('https://files.example.com/order-7.json')
 *   const signature = await fetch('https://files.example.com/order-7.sig')
 *   const { key, trust } = await verifySignature(keys, {
 *     message: await message.text(),
 *     signature: new Uint8Array(await signature.arrayBuffer()),
 *     alg: 'ECDSA_SHA_256',
 *   })
 *   console.log(key.alg, trust) // ES256 https
 *   ```
 * @see FIPS 186-5 §6.4 and §7.7, RFC 8017 §8, RFC 3279 §2.2.3, FIPS 204 §5.3
 */
export async function verifySignature(keys: KeySet, o: RawSignature): Promise<Proof> {
  checkOptions(o, 'signal heldSince message digest alg algorithm signature encoding key')
  const name = String(o && algOf(o))
  ensure(
    (Object.keys(signatures) as SignatureName[]).some((alg) => isNameOf(alg, name)),
    'unsupported_algorithm',
    `alg ${shown(name)}: ${whyRefused(name)}`,
  )
  const { signature: given, encoding = 'der', key: named } = o
  const bytes = bytesOf(given)
  ensure(bytes, 'invalid_argument', 'signature: expected bytes')
  ensure(
    /^(der|ieee-p1363)$/.test(encoding),
    'invalid_argument',
    "encoding: expected 'der' or 'ieee-p1363'",
  )
  ensure('message' in o !== 'digest' in o, 'invalid_argument', 'expected a message or a digest')
  const which =
    named === undefined ? 'that is the only one; name it with `key`' : `that is ${shown(named)}`
  const fits = ({ info: { alg, arn, thumbprint } }: Key): boolean =>
    isSignatureName(alg) && isNameOf(alg, name) && [undefined, arn, thumbprint].includes(named)
  const key = await selectSigner(
    ringOf(keys),
    { fits, isFor: fits, named: `for ${name} ${which}` },
    o.signal,
  )
  const signature = signatureOf(key.jwk, bytes, encoding)
  const over =
    'digest' in o
      ? await overDigest(keys, key, o.digest)
      : { verifies: await verifier(keys, key), bytes: messageOf(o.message) }
  if (!(await over.verifies(signature, over.bytes))) throw signatureRejected()
  // such a signature has no time: of a key that was taken back, only what was held before counts
  checkSigningTime(key, undefined, o)
  return proof(keys, key)
}

/** The signature as its algorithm has it: ECDSA as r ‖ s. */
function signatureOf(jwk: PublicMembers, given: Bytes, encoding: string): Bytes {
  if (jwk.kty !== 'EC') return given
  const coordinate = coordinateOf(jwk.crv)
  const isRaw = given.length === 2 * coordinate
  if (encoding === 'der')
    try {
      return ecdsaFromDer(given, coordinate)
    } catch (error) {
      ensure(!isRaw, 'malformed', `signature: these are r and s: pass encoding: 'ieee-p1363'`)
      throw error
    }
  ensure(
    isRaw,
    'malformed',
    `signature: expected ${2 * coordinate} bytes of r and s, found ${given.length}: DER goes without encoding`,
  )
  return given
}

function messageOf(message: Uint8Array | ArrayBuffer | string): Bytes {
  if (typeof message === 'string') {
    // it would verify as another text does, which has U+FFFD there
    ensure(isWellFormed(message), 'invalid_argument', 'message: a lone surrogate')
    return utf8(message)
  }
  const bytes = bytesOf(message)
  ensure(bytes, 'invalid_argument', 'message: expected bytes or text')
  return bytes
}

async function overDigest(
  keys: KeySet,
  { jwk, info }: Key,
  digest: Uint8Array | ArrayBuffer,
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
  const bytes = bytesOf(digest)
  ensure(
    bytes?.length === length,
    'invalid_argument',
    `digest: expected the ${length} bytes that ${alg} signs`,
  )
  const provider = providerOf(ringOf(keys).options.providers, alg, 'verifyDigest')
  const door = jwk.kty === 'AKP' ? 'mlDsa()] of sealdrop/ml-dsa' : 'digests()] of sealdrop/digests'
  ensure(
    provider,
    'unsupported_runtime',
    `digest: WebCrypto takes messages only: pass the message, or providers: [${door}`,
  )
  return {
    verifies: async (signature, hash) =>
      (async () => provider.verifyDigest(alg, jwk, signature, hash))().catch(() => false),
    bytes,
  }
}
