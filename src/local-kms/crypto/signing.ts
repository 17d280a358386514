import {
  constants,
  createPublicKey,
  sign as nodeSign,
  verify as nodeVerify,
  type SignKeyObjectInput,
} from 'node:crypto'
import { isHashing, signatures, type HashingRow } from '../../algorithms/signatures.js'
import type { EcdsaCurve } from '../key-specs.js'
import { KmsFault } from '../wire/fault.js'
import { requireAlgorithm, rowOf } from './checks.js'
import { signDigest, verifyDigest } from './ecdsa.js'
import { signPrehashed, verifyPrehashed } from './ed25519ph.js'
import { latticeSign, latticeSignMu, latticeVerify, latticeVerifyMu } from './lattice.js'
import { pairOf, pointOf, scalarOf, seedOf, type Material } from './material.js'
import type { MlDsaSpec } from './post-quantum.js'
import { signRsaDigest, verifyRsaDigest, type RsaRow } from './rsa-digest.js'

export type MessageType = 'RAW' | 'DIGEST' | 'EXTERNAL_MU'

/** One way from a message to a signature and back. */
interface Way {
  /** How many bytes a message has that is the hash of one. */
  readonly length?: number
  sign(spec: string, material: Material, message: Uint8Array): Uint8Array
  verify(spec: string, material: Material, message: Uint8Array, signature: Uint8Array): boolean
}

interface Scheme {
  /** With what other message types are incompatible, in the words of the service. */
  readonly refusal: (algorithm: string, spec: string) => string
  readonly ways: Readonly<Partial<Record<MessageType, Way>>>
}

const byAlgorithm: Scheme['refusal'] = (algorithm) => `algorithm ${algorithm}`
const byKeySpec: Scheme['refusal'] = (_algorithm, spec) => `key spec ${spec}`

/** What Node needs to sign as KMS does: a PSS salt as long as the hash, and ECDSA in DER. */
const nodeOptions: Readonly<Record<HashingRow['webCrypto'], Omit<SignKeyObjectInput, 'key'>>> = {
  'RSA-PSS': {
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  },
  'RSASSA-PKCS1-v1_5': { padding: constants.RSA_PKCS1_PADDING },
  ECDSA: { dsaEncoding: 'der' },
}

/** A way of its own for digests, since Node hashes and signs in one step. */
const raw = ({ hash, webCrypto }: HashingRow): Way => ({
  sign: (_spec, material, message) =>
    new Uint8Array(nodeSign(hash, message, { key: pairOf(material), ...nodeOptions[webCrypto] })),
  verify: (_spec, material, message, signature) => {
    const key = createPublicKey(pairOf(material))
    return nodeVerify(hash, message, { key, ...nodeOptions[webCrypto] }, signature)
  },
})

const hashLength = ({ hash }: HashingRow): number => Number(hash.slice(-3)) / 8

const ecdsaDigest = (row: HashingRow): Way => ({
  length: hashLength(row),
  sign: (spec, material, digest) => signDigest(curveOf(spec), digest, scalarOf(pairOf(material))),
  verify: (spec, material, digest, signature) =>
    verifyDigest(curveOf(spec), signature, digest, pointOf(pairOf(material))),
})

function curveOf(spec: string): EcdsaCurve {
  const { ecdsaCurve } = rowOf(spec)
  if (!ecdsaCurve) throw new RangeError(`expected a KeySpec with a curve, found ${spec}`)
  return ecdsaCurve
}

const rsaDigest = (row: RsaRow): Way => ({
  length: hashLength(row),
  sign: (spec, material, digest) => {
    const privateKey = { key: pairOf(material), size: rowOf(spec).size }
    return signRsaDigest(row, privateKey, digest)
  },
  verify: (spec, material, digest, signature) => {
    const publicKey = { key: createPublicKey(pairOf(material)), size: rowOf(spec).size }
    return verifyRsaDigest(row, publicKey, digest, signature)
  },
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

const mlDsa: Way = {
  sign: (spec, material, message) => latticeSign(spec as MlDsaSpec, seedOf(material), message),
  verify: (spec, material, message, signature) =>
    latticeVerify(spec as MlDsaSpec, seedOf(material), message, signature),
}

const mlDsaMu: Way = {
  length: 64,
  sign: (spec, material, mu) => latticeSignMu(spec as MlDsaSpec, seedOf(material), mu),
  verify: (spec, material, mu, signature) =>
    latticeVerifyMu(spec as MlDsaSpec, seedOf(material), mu, signature),
}

function hashingScheme(row: HashingRow): Scheme {
  const digest = row.webCrypto === 'ECDSA' ? ecdsaDigest(row) : rsaDigest(row as RsaRow)
  return { refusal: byKeySpec, ways: { RAW: raw(row), DIGEST: digest } }
}

const schemes: ReadonlyMap<string, Scheme> = new Map<string, Scheme>([
  ...Object.values(signatures)
    .filter(isHashing)
    .map((row) => [row.kms, hashingScheme(row)] as const),
  ['ED25519_SHA_512', { refusal: byAlgorithm, ways: { RAW: ed25519 } }],
  ['ED25519_PH_SHA_512', { refusal: byAlgorithm, ways: { DIGEST: ed25519Digest } }],
  ['ML_DSA_SHAKE_256', { refusal: byKeySpec, ways: { RAW: mlDsa, EXTERNAL_MU: mlDsaMu } }],
])

/** What a caller asks to be signed, or says was signed. */
export interface ToSign {
  readonly algorithm: string
  readonly messageType: MessageType
  readonly message: Uint8Array
}

/**
 * Signs as KMS Sign does.
 *
 * - RSA PSS, ECDSA and ML-DSA are randomised.
 * - Signatures of ECDSA are DER, with a low or a high S.
 *
 * @throws KmsFault InvalidKeyUsageException for an algorithm that the key does not have,
 *   ValidationException for a message type that the algorithm does not take or a hash of the wrong
 *   length
 */
export function sign(spec: string, material: Material, toSign: ToSign): Uint8Array {
  return wayOf(spec, toSign).sign(spec, material, toSign.message)
}

/**
 * Whether a signature is that of this key over this message; false for anything malformed.
 *
 * @throws KmsFault as {@link sign} does
 */
export function verify(
  spec: string,
  material: Material,
  signed: ToSign,
  signature: Uint8Array,
): boolean {
  const way = wayOf(spec, signed)
  try {
    return way.verify(spec, material, signed.message, signature)
  } catch {
    return false
  }
}

/** Checks in the order of the service: algorithm and key, message type, length. */
function wayOf(spec: string, { algorithm, messageType, message }: ToSign): Way {
  requireAlgorithm(spec, 'SIGN_VERIFY', algorithm)
  const { ways, refusal } = schemeOf(algorithm)
  const way = ways[messageType]
  if (!way)
    throw new KmsFault(
      'ValidationException',
      `Message type ${messageType} is incompatible with ${refusal(algorithm, spec)}.`,
    )
  if (way.length !== undefined && message.length !== way.length) {
    const hashed = messageType === 'EXTERNAL_MU' ? 'External Mu' : 'Digest'
    throw new KmsFault(
      'ValidationException',
      `${hashed} is invalid length for algorithm ${algorithm}.`,
    )
  }
  return way
}

function schemeOf(algorithm: string): Scheme {
  const scheme = schemes.get(algorithm)
  if (!scheme) throw new RangeError(`expected a SigningAlgorithm, found ${algorithm}`)
  return scheme
}
