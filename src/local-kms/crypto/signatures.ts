import {
  constants,
  createPublicKey,
  sign as nodeSign,
  verify as nodeVerify,
  type SignKeyObjectInput,
} from 'node:crypto'
import { isHashing, signatures, type HashingRow } from '../../algorithms/signatures.js'
import { KmsFault } from '../wire/fault.js'
import { requireAlgorithm, rowOf } from './checks.js'
import { signDigest, verifyDigest } from './ecdsa.js'
import { signPrehashed, verifyPrehashed } from './ed25519ph.js'
import { latticeSign, latticeVerify } from './lattice.js'
import { pairOf, pointOf, scalarOf, seedOf, type Material } from './material.js'
import type { MlDsaSpec } from './post-quantum.js'
import { signRsaDigest, verifyRsaDigest, type RsaRow } from './rsa-digest.js'

export type MessageType = 'RAW' | 'DIGEST' | 'EXTERNAL_MU'

/** One way from a message to a signature and back. */
interface Way {
  /** Bytes of a message that is no message but a hash of one. */
  readonly length?: number
  sign(spec: string, material: Material, message: Uint8Array): Uint8Array
  verify(spec: string, material: Material, message: Uint8Array, signature: Uint8Array): boolean
}

interface Scheme {
  /** What a message type that has no way here is incompatible with, in the words of the service. */
  readonly refusal: (algorithm: string, spec: string) => string
  readonly ways: Readonly<Partial<Record<MessageType, Way>>>
}

const byAlgorithm: Scheme['refusal'] = (algorithm) => `algorithm ${algorithm}`
const byKeySpec: Scheme['refusal'] = (_algorithm, spec) => `key spec ${spec}`

/** What Node is told to sign as KMS does: a PSS salt as long as the hash, ECDSA in DER. */
const nodeOptions: Readonly<Record<HashingRow['webCrypto'], Omit<SignKeyObjectInput, 'key'>>> = {
  'RSA-PSS': {
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  },
  'RSASSA-PKCS1-v1_5': { padding: constants.RSA_PKCS1_PADDING },
  ECDSA: { dsaEncoding: 'der' },
}

/** Node hashes and signs in one; for a digest that is there already it has nothing. */
const raw = ({ hash, webCrypto }: HashingRow): Way => ({
  sign: (_spec, material, message) =>
    new Uint8Array(nodeSign(hash, message, { key: pairOf(material), ...nodeOptions[webCrypto] })),
  verify: (_spec, material, message, signature) =>
    nodeVerify(
      hash,
      message,
      { key: createPublicKey(pairOf(material)), ...nodeOptions[webCrypto] },
      signature,
    ),
})

const hashLength = ({ hash }: HashingRow): number => Number(hash.slice(-3)) / 8

const ecdsaDigest = (row: HashingRow): Way => ({
  length: hashLength(row),
  sign: (spec, material, digest) =>
    signDigest(rowOf(spec).ecdsaCurve!, digest, scalarOf(pairOf(material))),
  verify: (spec, material, digest, signature) =>
    verifyDigest(rowOf(spec).ecdsaCurve!, signature, digest, pointOf(pairOf(material))),
})

const rsaDigest = (row: RsaRow): Way => ({
  length: hashLength(row),
  sign: (spec, material, digest) => signRsaDigest(row, pairOf(material), digest, rowOf(spec).size),
  verify: (spec, material, digest, signature) =>
    verifyRsaDigest(row, createPublicKey(pairOf(material)), digest, signature, rowOf(spec).size),
})

const ed25519: Way = {
  sign: (_spec, material, message) => new Uint8Array(nodeSign(null, message, pairOf(material))),
  verify: (_spec, material, message, signature) =>
    nodeVerify(null, message, createPublicKey(pairOf(material)), signature),
}

const ed25519Digest: Way = {
  length: 64,
  sign: (_spec, material, digest) => signPrehashed(digest, scalarOf(pairOf(material))),
  verify: (_spec, material, digest, signature) =>
    verifyPrehashed(signature, digest, pointOf(pairOf(material))),
}

const mlDsa = (isMu: boolean): Way => ({
  ...(isMu && { length: 64 }),
  sign: (spec, material, message) =>
    latticeSign(spec as MlDsaSpec, seedOf(material), message, isMu),
  verify: (spec, material, message, signature) =>
    latticeVerify(spec as MlDsaSpec, seedOf(material), message, isMu, signature),
})

const schemes: Readonly<Record<string, Scheme>> = {
  ...Object.fromEntries(
    Object.values(signatures)
      .filter(isHashing)
      .map((row): [string, Scheme] => [
        row.kms,
        {
          refusal: byKeySpec,
          ways: {
            RAW: raw(row),
            DIGEST: row.webCrypto === 'ECDSA' ? ecdsaDigest(row) : rsaDigest(row as RsaRow),
          },
        },
      ]),
  ),
  ED25519_SHA_512: { refusal: byAlgorithm, ways: { RAW: ed25519 } },
  ED25519_PH_SHA_512: { refusal: byAlgorithm, ways: { DIGEST: ed25519Digest } },
  ML_DSA_SHAKE_256: { refusal: byKeySpec, ways: { RAW: mlDsa(false), EXTERNAL_MU: mlDsa(true) } },
}

/**
 * Signs as KMS Sign does. RSA PSS, ECDSA and ML-DSA are randomised; ECDSA signatures are DER, with
 * either S.
 *
 * @throws KmsFault InvalidKeyUsageException for an algorithm that the key does not have,
 *   ValidationException for a message type that the algorithm does not take or a hash of the wrong
 *   length
 */
export function sign(
  spec: string,
  material: Material,
  algorithm: string,
  messageType: MessageType,
  message: Uint8Array,
): Uint8Array {
  return way(spec, algorithm, messageType, message).sign(spec, material, message)
}

/**
 * Whether a signature is that of this key over this message; false for anything malformed. @throws
 * KmsFault as {@link sign} does
 */
export function verify(
  spec: string,
  material: Material,
  algorithm: string,
  messageType: MessageType,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { verify: check } = way(spec, algorithm, messageType, message)
  try {
    return check(spec, material, message, signature)
  } catch {
    return false
  }
}

/** Checks in the order of the service: algorithm and key, message type, length. */
function way(spec: string, algorithm: string, messageType: MessageType, message: Uint8Array): Way {
  requireAlgorithm(spec, 'SIGN_VERIFY', algorithm)
  const { ways, refusal } = schemes[algorithm]!
  const found = ways[messageType]
  if (!found)
    throw new KmsFault(
      'ValidationException',
      `Message type ${messageType} is incompatible with ${refusal(algorithm, spec)}.`,
    )
  if (found.length !== undefined && message.length !== found.length) {
    throw new KmsFault(
      'ValidationException',
      `${messageType === 'EXTERNAL_MU' ? 'External Mu' : 'Digest'} is invalid length for algorithm ${algorithm}.`,
    )
  }
  return found
}
