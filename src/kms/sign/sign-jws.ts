import { createHash } from 'node:crypto'
import { coordinateOf } from '../../algorithms/curves.js'
import type { PublicMembers } from '../../algorithms/public-key.js'
import { signatures, type SignatureName } from '../../algorithms/signatures.js'
import { fromBase64url, toBase64url } from '../../bytes/base64url.js'
import { concat, type Bytes } from '../../bytes/bytes.js'
import { utf8 } from '../../bytes/text.js'
import { digest } from '../../crypto/digest.js'
import { ensure } from '../../errors/guard.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { ecdsaFromDer } from '../../formats/der.js'
import type { OpenerKey } from '../../open/opener-key.js'
import { longestRaw } from '../port/message-types.js'
import type { KmsPort, ToSign } from '../port/port.js'

/** What a JWS is made of, beside the members that its key gives. */
export interface JwsParts {
  readonly header: object
  readonly payload: Uint8Array
}

/**
 * Makes a compact JWS with a KMS key (RFC 7515 §5.1).
 *
 * It hashes here what the algorithm hashes, so that content of any size costs one small call.
 */
export async function signJws(
  port: KmsPort,
  key: OpenerKey,
  parts: JwsParts,
  signal?: AbortSignal,
): Promise<string> {
  const { arn, jwk, info } = key
  const alg = info.alg as SignatureName
  const header = JSON.stringify({ alg, kid: info.thumbprint, ...parts.header })
  const input = `${toBase64url(utf8(header))}.${toBase64url(parts.payload)}`
  const signature = await port.sign(arn, await toSign(alg, jwk, utf8(input)), signal)
  return `${input}.${toBase64url(asJose(alg, jwk, signature))}`
}

/**
 * The length in bytes of signatures that have one length (kms-facts.md, "Key specs").
 *
 * Those of RSA are as long as the modulus.
 */
const lengths: Readonly<Partial<Record<SignatureName, number>>> = {
  Ed25519: 64,
  'ML-DSA-44': 2_420,
  'ML-DSA-65': 3_309,
  'ML-DSA-87': 4_627,
}

/**
 * Writes a signature of KMS as JOSE has it.
 *
 * @throws SealdropError `kms_unexpected` for what cannot be a signature of that algorithm
 */
function asJose(alg: SignatureName, jwk: PublicMembers, signature: Bytes): Bytes {
  try {
    if (jwk.kty === 'EC') return ecdsaFromDer(signature, coordinateOf(jwk.crv))
  } catch (cause) {
    throw new SealdropError('kms_unexpected', 'kms:Sign answered a signature that is no DER', {
      cause,
    })
  }
  const length = jwk.kty === 'RSA' ? memberOf(jwk.n).length : lengths[alg]
  ensure(
    signature.length === length,
    'kms_unexpected',
    `kms:Sign answered a signature of ${signature.length} bytes, ${alg} has ${length}`,
  )
  return signature
}

/**
 * What kms:Sign is asked to sign.
 *
 * @throws SealdropError `too_large` where the algorithm needs the whole message
 */
async function toSign(alg: SignatureName, jwk: PublicMembers, message: Bytes): Promise<ToSign> {
  const { hash, kms: algorithm } = signatures[alg]
  if (hash) return { algorithm, type: 'DIGEST', message: await digest(hash, message) }
  if (message.length <= longestRaw) return { algorithm, type: 'RAW', message }
  ensure(
    jwk.kty === 'AKP',
    'too_large',
    `${alg} signs at most ${longestRaw} bytes of header and payload in base64url, found ${message.length}: use another kind of key, or sign a digest of the content`,
  )
  const mu = messageRepresentative(memberOf(jwk.pub), message)
  return { algorithm, type: 'EXTERNAL_MU', message: mu }
}

/** The bytes of a member of the public JWK, which was made from the answer of KMS. */
function memberOf(text: string): Bytes {
  const bytes = fromBase64url(text)
  ensure(bytes, 'malformed', 'JWK: expected base64url')
  return bytes
}

/**
 * The message representative mu of ML-DSA with an empty context (FIPS 204, algorithms 2 and 7).
 *
 * It stands for both the key and the message.
 */
function messageRepresentative(publicKey: Bytes, message: Bytes): Bytes {
  const shake = (...parts: readonly Bytes[]): Bytes =>
    new Uint8Array(
      createHash('shake256', { outputLength: 64 })
        .update(concat(...parts))
        .digest(),
    )
  return shake(shake(publicKey), new Uint8Array(2), message)
}
