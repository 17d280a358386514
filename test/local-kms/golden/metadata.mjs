// The members of KeyMetadata as they were recorded, by kind of key and by state.
import { blob, date, hex64, like, newer } from './match.mjs'

const signing = {
  rsa: ['RSASSA_PKCS1_V1_5_SHA_256', 'RSASSA_PKCS1_V1_5_SHA_384', 'RSASSA_PKCS1_V1_5_SHA_512', 'RSASSA_PSS_SHA_256', 'RSASSA_PSS_SHA_384', 'RSASSA_PSS_SHA_512'],
  ECC_NIST_P256: ['ECDSA_SHA_256'],
  ECC_NIST_P384: ['ECDSA_SHA_384'],
  ECC_NIST_P521: ['ECDSA_SHA_512'],
  ECC_SECG_P256K1: ['ECDSA_SHA_256'],
  ECC_NIST_EDWARDS25519: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'],
}
const lists = {
  ENCRYPT_DECRYPT: (spec) => ({ EncryptionAlgorithms: spec === 'SYMMETRIC_DEFAULT' ? ['SYMMETRIC_DEFAULT'] : ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] }),
  SIGN_VERIFY: (spec) => ({ SigningAlgorithms: spec.startsWith('RSA') ? signing.rsa : spec.startsWith('ML_DSA') ? ['ML_DSA_SHAKE_256'] : signing[spec] }),
  GENERATE_VERIFY_MAC: (spec) => ({ MacAlgorithms: [`HMAC_SHA_${spec.slice(5)}`] }),
  KEY_AGREEMENT: () => ({ KeyAgreementAlgorithms: ['ECDH'] }),
}

export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Exactly the members of such a key; `more` adds to them or replaces them. */
export function metadata(spec, usage, more = {}) {
  return {
    AWSAccountId: '111122223333',
    Arn: like(/^arn:aws:kms:us-east-1:111122223333:key\/[0-9a-f-]{36}$/),
    CreationDate: date,
    CustomerMasterKeySpec: spec,
    Description: '',
    Enabled: true,
    KeyId: like(uuid),
    KeyManager: 'CUSTOMER',
    KeySpec: spec,
    KeyState: 'Enabled',
    KeyUsage: usage,
    MultiRegion: false,
    Origin: 'AWS_KMS',
    ...lists[usage](spec),
    ...(spec === 'SYMMETRIC_DEFAULT' && { CurrentKeyMaterialId: hex64 }),
    ...more,
  }
}

/** Such a key of origin EXTERNAL: before its first import, with material, and after the material was deleted. */
export function external(spec, usage, state, more = {}) {
  const { CurrentKeyMaterialId, ...without } = metadata(spec, usage, { Origin: 'EXTERNAL', ...more })
  return {
    ...without,
    ...(CurrentKeyMaterialId && state !== 'empty' && { CurrentKeyMaterialId }),
    ...(state === 'imported' ? { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' } : { KeyState: 'PendingImport', Enabled: false }),
  }
}

/** The answer of GetPublicKey for the key kept under a name; `n` is the length of the SPKI where that was recorded. */
export const publicKey = (name, spec, usage, n) => ({
  KeyId: `\${${name}.arn}`, KeySpec: spec, CustomerMasterKeySpec: newer(like(new RegExp(`^${spec}$`))), KeyUsage: usage, PublicKey: blob(n), ...lists[usage](spec),
})
