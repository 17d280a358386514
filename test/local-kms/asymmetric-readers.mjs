// Who else reads signatures of secp256k1, Ed25519 and ML-DSA keys: node:crypto, WebCrypto, openssl
// and noble.
import { createHash, generateKeyPairSync, verify, webcrypto } from 'node:crypto'
import { ed25519, ed25519ph } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import { openssl } from './crypto-readers.mjs'

/** @import { KeyObject } from 'node:crypto' */

/**
 * What a reader gets: the raw public key, the same where this Node can read it, and the signature
 * of the message.
 *
 * @typedef {{ raw: Uint8Array; key: KeyObject | undefined; signature: Uint8Array }} Signed
 * @typedef {(signed: Signed) => boolean | Promise<boolean>} Reader
 */
/**
 * Bytes of the SPKI, of its header, and of a signature where all have one length; what each message
 * type signs; the noun of those that have one length; by what those that are not taken are refused.
 *
 * @typedef {object} Row
 * @property {number} spki
 * @property {number} header
 * @property {number} [signature]
 * @property {Record<string, (raw: Uint8Array) => Uint8Array>} messages
 * @property {Record<string, string>} fixed
 * @property {Record<string, string>} refused
 * @property {Record<string, Reader>} readers
 */

export const sha = (bits, ...parts) =>
  createHash(`sha${bits}`).update(Buffer.concat(parts)).digest()
const shake = (...parts) =>
  createHash('shake256', { outputLength: 64 }).update(Buffer.concat(parts)).digest()
export const message = Buffer.from('a message of a few words')

/** Node 20 has no ML-DSA, which the types of Node 20 do not know either. */
export const nativeMlDsa = (() => {
  const generate = /** @type {(type: string) => unknown} */ (generateKeyPairSync)
  try {
    return Boolean(generate('ml-dsa-44'))
  } catch {
    return false
  }
})()

/** mu of a message with an empty context (FIPS 204 §6.2, lines 1 to 6), by Node's SHAKE. */
const mu = (publicKey, bytes) => shake(shake(publicKey), Buffer.of(0, 0), bytes)
/** @returns {Reader} */
const byNode =
  (hash) =>
  ({ key, signature }) =>
    key !== undefined && verify(hash, message, key, signature)
/** @returns {Reader} */
const byOpenssl =
  (args, answer) =>
  ({ key, signature }) => {
    const pem = key?.export({ type: 'spki', format: 'pem' }) ?? ''
    return openssl(args, { key: pem, signature, message }).toString().trim() === answer
  }
/** @returns {Row} */
const mlDsa = (noble, spki, signature) => ({
  spki,
  header: 22,
  signature,
  messages: { RAW: () => message, EXTERNAL_MU: (raw) => mu(raw, message) },
  fixed: { EXTERNAL_MU: 'External Mu' },
  refused: { DIGEST: 'key spec' },
  readers: {
    noble: (signed) => noble.verify(signed.signature, message, signed.raw),
    ...(nativeMlDsa && { node: byNode(null) }),
  },
})
const dgst = ['dgst', '-sha256', '-verify', '@key', '-signature', '@signature', '@message']
const pkeyutl = ['pkeyutl', '-verify', '-pubin', '-inkey', '@key', '-rawin'].concat([
  '-sigfile',
  '@signature',
  '-in',
  '@message',
])
const rfc8032 = { zip215: false }

/** @type {Reader} */
export const ed25519ByNoble = ({ raw, signature }) =>
  ed25519.verify(signature, message, raw, rfc8032)
/** @type {Reader} */
export const ed25519phByNoble = ({ raw, signature }) =>
  ed25519ph.verify(signature, message, raw, rfc8032)
/** @type {Reader} */
export async function ed25519ByWebCrypto({ raw, signature }) {
  const { subtle } = webcrypto
  const key = await subtle.importKey('raw', raw, 'Ed25519', false, ['verify'])
  return subtle.verify('Ed25519', key, signature, message)
}

/**
 * By spec and algorithm.
 *
 * @type {Record<string, Row>}
 */
export const rows = {
  'ECC_SECG_P256K1 ECDSA_SHA_256': {
    spki: 88,
    header: 23,
    messages: { RAW: () => message, DIGEST: () => sha(256, message) },
    fixed: { DIGEST: 'Digest' },
    refused: { EXTERNAL_MU: 'key spec' },
    readers: {
      node: byNode('sha256'),
      noble: ({ raw, signature }) =>
        secp256k1.verify(signature, message, raw, { format: 'der', lowS: false }),
      openssl: byOpenssl(dgst, 'Verified OK'),
    },
  },
  'ECC_NIST_EDWARDS25519 ED25519_SHA_512': {
    spki: 44,
    header: 12,
    signature: 64,
    messages: { RAW: () => message },
    fixed: {},
    refused: { DIGEST: 'algorithm', EXTERNAL_MU: 'algorithm' },
    readers: {
      node: byNode(null),
      noble: ed25519ByNoble,
      webCrypto: ed25519ByWebCrypto,
      openssl: byOpenssl(pkeyutl, 'Signature Verified Successfully'),
    },
  },
  'ECC_NIST_EDWARDS25519 ED25519_PH_SHA_512': {
    spki: 44,
    header: 12,
    signature: 64,
    messages: { DIGEST: () => sha(512, message) },
    fixed: { DIGEST: 'Digest' },
    refused: { RAW: 'algorithm', EXTERNAL_MU: 'algorithm' },
    readers: { noble: ed25519phByNoble },
  },
  'ML_DSA_44 ML_DSA_SHAKE_256': mlDsa(ml_dsa44, 1334, 2420),
  'ML_DSA_65 ML_DSA_SHAKE_256': mlDsa(ml_dsa65, 1974, 3309),
  'ML_DSA_87 ML_DSA_SHAKE_256': mlDsa(ml_dsa87, 2614, 4627),
}
