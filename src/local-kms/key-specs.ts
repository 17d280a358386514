import { curveNames, coordinateOf } from '../algorithms/curves.js'
import type { CurveName } from '../algorithms/public-key.js'
import { ecKeySpecs, rsaKeySpecs } from '../algorithms/kms-key-specs.js'
import { signatures, type SignatureRow } from '../algorithms/signatures.js'

export type KeyUsage =
  | 'ENCRYPT_DECRYPT'
  | 'SIGN_VERIFY'
  | 'KEY_AGREEMENT'
  | 'GENERATE_VERIFY_MAC'
  | 'ENCAPSULATE_DECAPSULATE'

/**
 * The families of keys.
 *
 * The first three are pairs with a JWK `kty`. The next two are pairs that grow from a seed. The
 * last two are secrets.
 */
export type KeyType = 'RSA' | 'EC' | 'OKP' | 'ML-DSA' | 'ML-KEM' | 'symmetric' | 'HMAC'

/** Curves of ECDSA by their JWK names (RFC 7518 §6.2.1.1, RFC 8812 §3.1). */
export type EcdsaCurve = CurveName | 'secp256k1'

/** A KeySpec whose keys are made and used here. */
export interface KeySpecRow {
  readonly kty: KeyType
  /** Bytes of the modulus, of a coordinate, of the seed or of the secret. */
  readonly size: number
  /** Whether it is a NIST curve, whose keys also agree on secrets. */
  readonly curve?: CurveName
  readonly ecdsaCurve?: EcdsaCurve
  /** The algorithms of each KeyUsage that the spec allows. */
  readonly algorithms: Readonly<Partial<Record<KeyUsage, readonly string[]>>>
  /** The usage of a key that is made without one. Specs that have none here must name theirs. */
  readonly defaultUsage?: KeyUsage
}

/** OAEP with hash = MGF1 hash and an empty label; `overhead` is 2 hLen + 2 (RFC 8017 §7.1.1). */
export const encryptions: Readonly<
  Record<string, { readonly hash: 'sha1' | 'sha256'; readonly overhead: number }>
> = {
  RSAES_OAEP_SHA_1: { hash: 'sha1', overhead: 42 },
  RSAES_OAEP_SHA_256: { hash: 'sha256', overhead: 66 },
}

const signing = (fits: (row: SignatureRow) => boolean): readonly string[] =>
  Object.values(signatures)
    .filter(fits)
    .map((row) => row.kms)
    .sort()

const rsaAlgorithms = {
  ENCRYPT_DECRYPT: Object.keys(encryptions),
  SIGN_VERIFY: signing((row) => row.kty === 'RSA'),
}
const each = (
  names: readonly string[],
  row: (name: string) => KeySpecRow,
): [string, KeySpecRow][] => names.map((name) => [name, row(name)])

export const keySpecs: ReadonlyMap<string, KeySpecRow> = new Map<string, KeySpecRow>([
  ...Object.entries(rsaKeySpecs).map(([bytes, spec]): [string, KeySpecRow] => [
    spec,
    { kty: 'RSA', size: Number(bytes), algorithms: rsaAlgorithms },
  ]),
  ...curveNames.map((curve): [string, KeySpecRow] => [
    ecKeySpecs[curve],
    {
      kty: 'EC',
      size: coordinateOf(curve),
      curve,
      ecdsaCurve: curve,
      algorithms: { SIGN_VERIFY: signing((row) => row.crv === curve), KEY_AGREEMENT: ['ECDH'] },
    },
  ]),
  [
    'ECC_SECG_P256K1',
    {
      kty: 'EC',
      size: 32,
      ecdsaCurve: 'secp256k1',
      algorithms: { SIGN_VERIFY: ['ECDSA_SHA_256'] },
    },
  ],
  [
    'ECC_NIST_EDWARDS25519',
    {
      kty: 'OKP',
      size: 32,
      algorithms: { SIGN_VERIFY: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'] },
    },
  ],
  ...each(['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87'], () => ({
    kty: 'ML-DSA',
    size: 32,
    algorithms: { SIGN_VERIFY: ['ML_DSA_SHAKE_256'] },
  })),
  ...each(['ML_KEM_512', 'ML_KEM_768', 'ML_KEM_1024'], () => ({
    kty: 'ML-KEM',
    size: 64,
    algorithms: { ENCAPSULATE_DECAPSULATE: ['ML_KEM'] },
  })),
  [
    'SYMMETRIC_DEFAULT',
    {
      kty: 'symmetric',
      size: 32,
      algorithms: { ENCRYPT_DECRYPT: ['SYMMETRIC_DEFAULT'] },
      defaultUsage: 'ENCRYPT_DECRYPT',
    },
  ],
  ...each(['HMAC_224', 'HMAC_256', 'HMAC_384', 'HMAC_512'], (spec) => ({
    kty: 'HMAC',
    size: Number(spec.slice(5)) / 8,
    algorithms: { GENERATE_VERIFY_MAC: [`HMAC_SHA_${spec.slice(5)}`] },
  })),
])

/** The member of KeyMetadata and GetPublicKey that lists a key's algorithms, by usage. */
export const algorithmLists: Readonly<Record<KeyUsage, string>> = {
  ENCRYPT_DECRYPT: 'EncryptionAlgorithms',
  SIGN_VERIFY: 'SigningAlgorithms',
  KEY_AGREEMENT: 'KeyAgreementAlgorithms',
  GENERATE_VERIFY_MAC: 'MacAlgorithms',
  ENCAPSULATE_DECAPSULATE: 'EncapsulationAlgorithms',
}

/** Bytes of what GenerateDataKey makes, by its KeySpec. */
export const dataKeySizes: Readonly<Record<string, number>> = { AES_128: 16, AES_256: 32 }

/** Enumerations of the service, in the order in which its validation messages list them. */
export const enums = {
  keySpec: [
    'RSA_2048',
    'RSA_3072',
    'RSA_4096',
    'ECC_NIST_P256',
    'ECC_NIST_P384',
    'ECC_NIST_P521',
    'ECC_SECG_P256K1',
    'ECC_NIST_EDWARDS25519',
    'SYMMETRIC_DEFAULT',
    'HMAC_224',
    'HMAC_256',
    'HMAC_384',
    'HMAC_512',
    'SM2',
    'ML_DSA_44',
    'ML_DSA_65',
    'ML_DSA_87',
    'ML_KEM_512',
    'ML_KEM_768',
    'ML_KEM_1024',
  ],
  keyUsage: [
    'SIGN_VERIFY',
    'ENCRYPT_DECRYPT',
    'GENERATE_VERIFY_MAC',
    'KEY_AGREEMENT',
    'ENCAPSULATE_DECAPSULATE',
  ],
  encryptionAlgorithm: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'SM2PKE', 'SYMMETRIC_DEFAULT'],
  signingAlgorithm: [
    'RSASSA_PSS_SHA_256',
    'RSASSA_PSS_SHA_384',
    'RSASSA_PSS_SHA_512',
    'RSASSA_PKCS1_V1_5_SHA_256',
    'RSASSA_PKCS1_V1_5_SHA_384',
    'RSASSA_PKCS1_V1_5_SHA_512',
    'ECDSA_SHA_256',
    'ECDSA_SHA_384',
    'ECDSA_SHA_512',
    'ED25519_SHA_512',
    'ED25519_PH_SHA_512',
    'SM2DSA',
    'ML_DSA_SHAKE_256',
  ],
  messageType: ['RAW', 'DIGEST', 'EXTERNAL_MU'],
  keyAgreementAlgorithm: ['ECDH'],
  macAlgorithm: ['HMAC_SHA_384', 'HMAC_SHA_256', 'HMAC_SHA_224', 'HMAC_SHA_512'],
  encapsulationAlgorithm: ['ML_KEM'],
  dataKeySpec: ['AES_256', 'AES_128'],
  dataKeyPairSpec: [
    'RSA_2048',
    'RSA_3072',
    'RSA_4096',
    'ECC_NIST_P256',
    'ECC_NIST_P384',
    'ECC_NIST_P521',
    'ECC_SECG_P256K1',
    'SM2',
    'ECC_NIST_EDWARDS25519',
    'ML_KEM_512',
    'ML_KEM_768',
    'ML_KEM_1024',
  ],
  wrappingAlgorithm: [
    'RSAES_PKCS1_V1_5',
    'RSAES_OAEP_SHA_1',
    'RSAES_OAEP_SHA_256',
    'RSA_AES_KEY_WRAP_SHA_1',
    'RSA_AES_KEY_WRAP_SHA_256',
    'SM2PKE',
  ],
  wrappingKeySpec: ['RSA_2048', 'RSA_3072', 'RSA_4096', 'SM2'],
} as const
