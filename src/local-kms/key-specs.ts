import { curveNames, curves, type CurveName } from '../algorithms/curves.js'
import { ecKeySpecs, rsaKeySpecs } from '../algorithms/key-specs.js'
import { signatures, type SignatureRow } from '../algorithms/signatures.js'
import type { OaepRow } from './crypto/oaep.js'

export type KeyUsage = 'ENCRYPT_DECRYPT' | 'SIGN_VERIFY' | 'KEY_AGREEMENT' | 'GENERATE_VERIFY_MAC'

/** A KeySpec whose keys are made and used here. */
export interface KeySpecRow {
  readonly kty: 'RSA' | 'EC' | 'oct'
  /** Bytes of the modulus or of a coordinate. */
  readonly size: number
  readonly curve?: CurveName
  /** What each KeyUsage that the spec allows offers. */
  readonly algorithms: Readonly<Partial<Record<KeyUsage, readonly string[]>>>
}

export const encryptions: Readonly<Record<string, OaepRow>> = {
  RSAES_OAEP_SHA_1: { hash: 'sha1', overhead: 42 },
  RSAES_OAEP_SHA_256: { hash: 'sha256', overhead: 66 },
}

const signing = (fits: (row: SignatureRow) => boolean): readonly string[] => Object.values(signatures).filter(fits).map((row) => row.kms).sort()

const rsaAlgorithms = { ENCRYPT_DECRYPT: Object.keys(encryptions), SIGN_VERIFY: signing((row) => row.kty === 'RSA') }

export const keySpecs: ReadonlyMap<string, KeySpecRow> = new Map<string, KeySpecRow>([
  ...Object.entries(rsaKeySpecs).map(([bytes, spec]): [string, KeySpecRow] => [spec, { kty: 'RSA', size: Number(bytes), algorithms: rsaAlgorithms }]),
  ...curveNames.map((curve): [string, KeySpecRow] => [
    ecKeySpecs[curve],
    { kty: 'EC', size: curves[curve].coordinate, curve, algorithms: { SIGN_VERIFY: signing((row) => row.crv === curve), KEY_AGREEMENT: ['ECDH'] } },
  ]),
  ['SYMMETRIC_DEFAULT', { kty: 'oct', size: 32, algorithms: { ENCRYPT_DECRYPT: ['SYMMETRIC_DEFAULT'] } }],
  ...[224, 256, 384, 512].map((bits): [string, KeySpecRow] => [`HMAC_${bits}`, { kty: 'oct', size: bits / 8, algorithms: { GENERATE_VERIFY_MAC: [`HMAC_SHA_${bits}`] } }]),
])

/** The member of KeyMetadata and GetPublicKey that lists a key's algorithms, by usage. */
export const algorithmLists: Readonly<Record<KeyUsage, string>> = {
  ENCRYPT_DECRYPT: 'EncryptionAlgorithms',
  SIGN_VERIFY: 'SigningAlgorithms',
  KEY_AGREEMENT: 'KeyAgreementAlgorithms',
  GENERATE_VERIFY_MAC: 'MacAlgorithms',
}

/** Enumerations of the service, in the order in which its validation messages list them. */
export const enums = {
  keySpec: [
    'RSA_2048', 'RSA_3072', 'RSA_4096', 'ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521', 'ECC_SECG_P256K1', 'ECC_NIST_EDWARDS25519',
    'SYMMETRIC_DEFAULT', 'HMAC_224', 'HMAC_256', 'HMAC_384', 'HMAC_512', 'SM2', 'ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87',
    'ML_KEM_512', 'ML_KEM_768', 'ML_KEM_1024',
  ],
  keyUsage: ['SIGN_VERIFY', 'ENCRYPT_DECRYPT', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT', 'ENCAPSULATE_DECAPSULATE'],
  encryptionAlgorithm: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'SM2PKE', 'SYMMETRIC_DEFAULT'],
  signingAlgorithm: [
    'RSASSA_PSS_SHA_256', 'RSASSA_PSS_SHA_384', 'RSASSA_PSS_SHA_512',
    'RSASSA_PKCS1_V1_5_SHA_256', 'RSASSA_PKCS1_V1_5_SHA_384', 'RSASSA_PKCS1_V1_5_SHA_512',
    'ECDSA_SHA_256', 'ECDSA_SHA_384', 'ECDSA_SHA_512', 'ED25519_SHA_512', 'ED25519_PH_SHA_512', 'SM2DSA', 'ML_DSA_SHAKE_256',
  ],
  messageType: ['RAW', 'DIGEST', 'EXTERNAL_MU'],
  keyAgreementAlgorithm: ['ECDH'],
  macAlgorithm: ['HMAC_SHA_384', 'HMAC_SHA_256', 'HMAC_SHA_224', 'HMAC_SHA_512'],
  dataKeySpec: ['AES_256', 'AES_128'],
  dataKeyPairSpec: ['RSA_2048', 'RSA_3072', 'RSA_4096', 'ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521', 'ECC_SECG_P256K1', 'SM2', 'ECC_NIST_EDWARDS25519'],
} as const
