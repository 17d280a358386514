// Signs with the test keys without the library under test. It uses WebCrypto, and for ML-DSA
// @noble/post-quantum, which also works in hosts that have none.
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import { keyPairs } from '../vectors/keys.js'
import { signatureKeys } from './host.js'

const mlDsa = { 'ML-DSA-44': ml_dsa44, 'ML-DSA-65': ml_dsa65, 'ML-DSA-87': ml_dsa87 }
const kmsPrefixes = { P: 'RSASSA_PSS_SHA_', R: 'RSASSA_PKCS1_V1_5_SHA_', E: 'ECDSA_SHA_' }
const kmsNameOf = (alg) => {
  if (alg === 'Ed25519') return 'ED25519_SHA_512'
  if (alg.startsWith('ML')) return 'ML_DSA_SHAKE_256'
  return `${kmsPrefixes[alg[0]]}${alg.slice(2)}`
}
const families = { P: 'RSA-PSS', R: 'RSASSA-PKCS1-v1_5', E: 'ECDSA' }
const bytesOf = (base64url) =>
  Uint8Array.from(atob(base64url.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
export const text = new TextEncoder()

/** KMS SigningAlgorithm of each JOSE name. */
export const kmsNames = Object.fromEntries(
  Object.keys(signatureKeys).map((alg) => [alg, kmsNameOf(alg)]),
)

/** @type {Map<string, Promise<CryptoKey>>} */
const imported = new Map()

/** The private key for an algorithm, imported once: an RSA key takes longer to import than to sign. */
function signingKey(alg, jwk, algorithm) {
  const name = `${alg} ${JSON.stringify(jwk)}`
  const key = imported.get(name) ?? crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign'])
  imported.set(name, key)
  return key
}

/** The signature over a message in the form of JOSE: ECDSA as r ‖ s. */
export async function rawSign(alg, message, jwk = keyPairs[signatureKeys[alg]]) {
  if (mlDsa[alg])
    return new Uint8Array(mlDsa[alg].sign(message, mlDsa[alg].keygen(bytesOf(jwk.priv)).secretKey))
  const [name, hash] = alg === 'Ed25519' ? ['Ed25519'] : [families[alg[0]], `SHA-${alg.slice(2)}`]
  const key = await signingKey(alg, jwk, { name, hash, namedCurve: jwk.crv })
  return new Uint8Array(
    await crypto.subtle.sign({ name, hash, saltLength: Number(alg.slice(2)) / 8 }, key, message),
  )
}

/** A signature of ML-DSA over mu, as kms:Sign makes it with EXTERNAL_MU. */
export function signMu(alg, mu, jwk = keyPairs[signatureKeys[alg]]) {
  return new Uint8Array(
    mlDsa[alg].internal.sign(mu, mlDsa[alg].keygen(bytesOf(jwk.priv)).secretKey, {
      externalMu: true,
    }),
  )
}

/** Another public key of ML-DSA than those of the test keys, as a JWK. */
export const otherMlDsa = (alg) => ({
  kty: 'AKP',
  alg,
  pub: base64url(mlDsa[alg].keygen(new Uint8Array(32).fill(9)).publicKey),
})

const base64url = (bytes) => {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
}

/** A compact JWS with its header as given. */
export async function signJws(alg, header, payload, jwk) {
  const bytes = typeof payload === 'string' ? text.encode(payload) : payload
  const input = `${base64url(text.encode(JSON.stringify(header)))}.${base64url(bytes)}`
  return `${input}.${base64url(await rawSign(alg, text.encode(input), jwk))}`
}

/** r ‖ s as DER. It is written here so that the reader under test is not its own witness. */
export function toDer(raw) {
  const integer = (bytes) => {
    let start = 0
    while (start < bytes.length - 1 && bytes[start] === 0) start++
    const body = bytes[start] & 0x80 ? [0, ...bytes.subarray(start)] : [...bytes.subarray(start)]
    return [2, body.length, ...body]
  }
  const half = raw.length / 2
  const body = [...integer(raw.subarray(0, half)), ...integer(raw.subarray(half))]
  return new Uint8Array([0x30, ...(body.length > 127 ? [0x81] : []), body.length, ...body])
}
