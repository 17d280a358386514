// What every client is asked to do, in order. Inputs are JSON: blobs are base64, `${step.Member}`
// is what an earlier step answered.
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'

/** Members of inputs that are bytes. */
export const blobs = new Set([
  'Message',
  'Plaintext',
  'CiphertextBlob',
  'Signature',
  'PublicKey',
  'Mac',
  'ImportToken',
  'EncryptedKeyMaterial',
  'SharedSecretCiphertextBlob',
])

const base64 = (value) => Buffer.from(value).toString('base64')
const message = base64('what every client says')
const digest = (hash) => createHash(hash).update('what every client says').digest('base64')
const missing = '00000000-0000-0000-0000-000000000000'
const root = 'arn:aws:iam::111122223333:root'
const step = (name, call, input = {}) => ({ name, call, input })
const idOf = (name) => `\${${name}.KeyMetadata.KeyId}`

/** Name, key spec, usage; the first of each usage is used further down. */
const kinds = [
  ['symmetric', 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT'],
  ['rsa', 'RSA_2048', 'ENCRYPT_DECRYPT'],
  ['rsa4', 'RSA_4096', 'ENCRYPT_DECRYPT'],
  ['rsaSign', 'RSA_2048', 'SIGN_VERIFY'],
  ['rsaSign3', 'RSA_3072', 'SIGN_VERIFY'],
  ['p256', 'ECC_NIST_P256', 'SIGN_VERIFY'],
  ['p384', 'ECC_NIST_P384', 'SIGN_VERIFY'],
  ['p521', 'ECC_NIST_P521', 'SIGN_VERIFY'],
  ['secp', 'ECC_SECG_P256K1', 'SIGN_VERIFY'],
  ['ed25519', 'ECC_NIST_EDWARDS25519', 'SIGN_VERIFY'],
  ['agree256', 'ECC_NIST_P256', 'KEY_AGREEMENT'],
  ['agree384', 'ECC_NIST_P384', 'KEY_AGREEMENT'],
  ['agree521', 'ECC_NIST_P521', 'KEY_AGREEMENT'],
  ['mlDsa44', 'ML_DSA_44', 'SIGN_VERIFY'],
  ['mlDsa65', 'ML_DSA_65', 'SIGN_VERIFY'],
  ['mlDsa87', 'ML_DSA_87', 'SIGN_VERIFY'],
  ['mlKem512', 'ML_KEM_512', 'ENCAPSULATE_DECAPSULATE'],
  ['mlKem768', 'ML_KEM_768', 'ENCAPSULATE_DECAPSULATE'],
  ['mlKem1024', 'ML_KEM_1024', 'ENCAPSULATE_DECAPSULATE'],
  ['hmac224', 'HMAC_224', 'GENERATE_VERIFY_MAC'],
  ['hmac256', 'HMAC_256', 'GENERATE_VERIFY_MAC'],
  ['hmac384', 'HMAC_384', 'GENERATE_VERIFY_MAC'],
  ['hmac512', 'HMAC_512', 'GENERATE_VERIFY_MAC'],
]
const hasPublicKey = (spec) => !/^(SYMMETRIC|HMAC)/.test(spec)

/** Key, algorithm, and whether it takes RAW, DIGEST or both. */
export const signers = [
  ['rsaSign', 'RSASSA_PSS_SHA_256', 'RAW'],
  ['rsaSign', 'RSASSA_PSS_SHA_512', 'DIGEST'],
  ['rsaSign', 'RSASSA_PKCS1_V1_5_SHA_256', 'RAW'],
  ['rsaSign3', 'RSASSA_PKCS1_V1_5_SHA_384', 'DIGEST'],
  ['p256', 'ECDSA_SHA_256', 'RAW'],
  ['p256', 'ECDSA_SHA_256', 'DIGEST'],
  ['p384', 'ECDSA_SHA_384', 'RAW'],
  ['p521', 'ECDSA_SHA_512', 'DIGEST'],
  ['secp', 'ECDSA_SHA_256', 'RAW'],
  ['ed25519', 'ED25519_SHA_512', 'RAW'],
  ['ed25519', 'ED25519_PH_SHA_512', 'DIGEST'],
  ['mlDsa44', 'ML_DSA_SHAKE_256', 'RAW'],
  ['mlDsa87', 'ML_DSA_SHAKE_256', 'RAW'],
].map(([key, algorithm, kind]) => ({
  key,
  algorithm,
  kind,
  name: `sign-${key}-${algorithm}-${kind}`,
  message: kind === 'DIGEST' ? digest(`sha${algorithm.slice(-3)}`) : message,
  said: message,
}))

const signing = ({ key, algorithm, kind, name, message: Message }) => [
  step(name, 'Sign', { KeyId: idOf(key), Message, MessageType: kind, SigningAlgorithm: algorithm }),
  step(`verify-${name}`, 'Verify', {
    KeyId: idOf(key),
    Message,
    MessageType: kind,
    SigningAlgorithm: algorithm,
    Signature: `\${${name}.Signature}`,
  }),
]

const agreeing = [
  ['agree256', 'P-256'],
  ['agree384', 'P-384'],
  ['agree521', 'P-521'],
].map(([key, namedCurve]) => {
  const spki = createPublicKey(generateKeyPairSync('ec', { namedCurve }).privateKey).export({
    format: 'der',
    type: 'spki',
  })
  return step(`derive-${key}`, 'DeriveSharedSecret', {
    KeyId: idOf(key),
    KeyAgreementAlgorithm: 'ECDH',
    PublicKey: base64(spki),
  })
})

const encapsulating = ['mlKem512', 'mlKem768', 'mlKem1024'].flatMap((key) => [
  step(`encapsulate-${key}`, 'Encapsulate', { KeyId: idOf(key), EncapsulationAlgorithm: 'ML_KEM' }),
  step(`decapsulate-${key}`, 'Decapsulate', {
    KeyId: idOf(key),
    EncapsulationAlgorithm: 'ML_KEM',
    SharedSecretCiphertextBlob: `\${encapsulate-${key}.SharedSecretCiphertextBlob}`,
  }),
])

const macs = ['224', '256', '384', '512'].flatMap((bits) => [
  step(`mac-${bits}`, 'GenerateMac', {
    KeyId: idOf(`hmac${bits}`),
    Message: message,
    MacAlgorithm: `HMAC_SHA_${bits}`,
  }),
  step(`verify-mac-${bits}`, 'VerifyMac', {
    KeyId: idOf(`hmac${bits}`),
    Message: message,
    MacAlgorithm: `HMAC_SHA_${bits}`,
    Mac: `\${mac-${bits}.Mac}`,
  }),
])

const context = { department: 'orders', Ключ: 'значение' }
const encrypting = [
  step('encrypt', 'Encrypt', {
    KeyId: idOf('symmetric'),
    Plaintext: message,
    EncryptionContext: context,
  }),
  step('decrypt', 'Decrypt', {
    CiphertextBlob: '${encrypt.CiphertextBlob}',
    EncryptionContext: context,
  }),
  step('encrypt-rsa', 'Encrypt', {
    KeyId: idOf('rsa'),
    Plaintext: message,
    EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  }),
  step('decrypt-rsa', 'Decrypt', {
    KeyId: idOf('rsa'),
    CiphertextBlob: '${encrypt-rsa.CiphertextBlob}',
    EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  }),
  step('encrypt-rsa4', 'Encrypt', {
    KeyId: idOf('rsa4'),
    Plaintext: message,
    EncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
  }),
  step('decrypt-rsa4', 'Decrypt', {
    KeyId: idOf('rsa4'),
    CiphertextBlob: '${encrypt-rsa4.CiphertextBlob}',
    EncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
  }),
  step('re-encrypt', 'ReEncrypt', {
    CiphertextBlob: '${encrypt.CiphertextBlob}',
    SourceEncryptionContext: context,
    DestinationKeyId: idOf('rsa'),
    DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  }),
  step('data-key', 'GenerateDataKey', { KeyId: idOf('symmetric'), KeySpec: 'AES_256' }),
  step('data-key-sealed', 'GenerateDataKeyWithoutPlaintext', {
    KeyId: idOf('symmetric'),
    NumberOfBytes: 24,
  }),
  step('decrypt-data-key', 'Decrypt', { CiphertextBlob: '${data-key.CiphertextBlob}' }),
  step('pair', 'GenerateDataKeyPair', { KeyId: idOf('symmetric'), KeyPairSpec: 'ECC_NIST_P256' }),
  step('pair-sealed', 'GenerateDataKeyPairWithoutPlaintext', {
    KeyId: idOf('symmetric'),
    KeyPairSpec: 'RSA_2048',
  }),
  step('random', 'GenerateRandom', { NumberOfBytes: 33 }),
  step('dry-run', 'Encrypt', { KeyId: idOf('symmetric'), Plaintext: message, DryRun: true }),
]

const policy = JSON.stringify({
  Version: '2012-10-17',
  Id: 'given',
  Statement: [
    { Sid: 'all', Effect: 'Allow', Principal: { AWS: root }, Action: 'kms:*', Resource: '*' },
  ],
})
const managing = [
  step('alias', 'CreateAlias', { AliasName: 'alias/clients/one', TargetKeyId: idOf('p256') }),
  step('alias-two', 'CreateAlias', { AliasName: 'alias/clients/two', TargetKeyId: idOf('p256') }),
  step('alias-moves', 'UpdateAlias', { AliasName: 'alias/clients/two', TargetKeyId: idOf('p384') }),
  step('aliases', 'ListAliases'),
  step('aliases-of', 'ListAliases', { KeyId: idOf('p384') }),
  step('by-alias', 'DescribeKey', { KeyId: 'alias/clients/one' }),
  step('alias-goes', 'DeleteAlias', { AliasName: 'alias/clients/two' }),
  step('describe-with', 'UpdateKeyDescription', { KeyId: idOf('p256'), Description: 'größer' }),
  step('described', 'DescribeKey', { KeyId: idOf('p256') }),
  step('tag', 'TagResource', {
    KeyId: idOf('p256'),
    Tags: [
      { TagKey: 'team', TagValue: 'orders' },
      { TagKey: 'empty', TagValue: '' },
    ],
  }),
  step('untag', 'UntagResource', { KeyId: idOf('p256'), TagKeys: ['team'] }),
  step('tags', 'ListResourceTags', { KeyId: idOf('p256') }),
  step('grant', 'CreateGrant', {
    KeyId: idOf('symmetric'),
    GranteePrincipal: root,
    RetiringPrincipal: root,
    Operations: ['Decrypt', 'Encrypt'],
    Name: 'clients',
    Constraints: { EncryptionContextSubset: { department: 'orders' } },
  }),
  step('grants', 'ListGrants', { KeyId: idOf('symmetric') }),
  step('retirable', 'ListRetirableGrants', { RetiringPrincipal: root }),
  step('revoke', 'RevokeGrant', { KeyId: idOf('symmetric'), GrantId: '${grant.GrantId}' }),
  step('grant-two', 'CreateGrant', {
    KeyId: idOf('symmetric'),
    GranteePrincipal: root,
    Operations: ['Decrypt'],
  }),
  step('retire', 'RetireGrant', { GrantToken: '${grant-two.GrantToken}' }),
  step('no-grants', 'ListGrants', { KeyId: idOf('symmetric') }),
  step('policy-names', 'ListKeyPolicies', { KeyId: idOf('symmetric') }),
  step('default-policy', 'GetKeyPolicy', { KeyId: idOf('symmetric'), PolicyName: 'default' }),
  step('put-policy', 'PutKeyPolicy', {
    KeyId: idOf('symmetric'),
    PolicyName: 'default',
    Policy: policy,
  }),
  step('policy', 'GetKeyPolicy', { KeyId: idOf('symmetric') }),
  step('rotation-on', 'EnableKeyRotation', { KeyId: idOf('symmetric'), RotationPeriodInDays: 90 }),
  step('rotation', 'GetKeyRotationStatus', { KeyId: idOf('symmetric') }),
  step('rotate', 'RotateKeyOnDemand', { KeyId: idOf('symmetric') }),
  step('rotations', 'ListKeyRotations', { KeyId: idOf('symmetric') }),
  step('rotation-off', 'DisableKeyRotation', { KeyId: idOf('symmetric') }),
  step('decrypt-after-rotation', 'Decrypt', {
    CiphertextBlob: '${encrypt.CiphertextBlob}',
    EncryptionContext: context,
  }),
  step('last-usage', 'GetKeyLastUsage', { KeyId: idOf('symmetric') }),
  step('external', 'CreateKey', {
    Origin: 'EXTERNAL',
    Tags: [{ TagKey: 'from', TagValue: 'outside' }],
  }),
  step('import-parameters', 'GetParametersForImport', {
    KeyId: idOf('external'),
    WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
    WrappingKeySpec: 'RSA_2048',
  }),
  step('multi-region', 'CreateKey', { MultiRegion: true, Description: 'multi' }),
  step('disable', 'DisableKey', { KeyId: idOf('p384') }),
  step('enable', 'EnableKey', { KeyId: idOf('p384') }),
  step('schedule', 'ScheduleKeyDeletion', { KeyId: idOf('p521'), PendingWindowInDays: 7 }),
  step('pending', 'DescribeKey', { KeyId: idOf('p521') }),
  step('cancel', 'CancelKeyDeletion', { KeyId: idOf('p521') }),
  step('enable-cancelled', 'EnableKey', { KeyId: idOf('p521') }),
  step('keys-one', 'ListKeys', { Limit: 3 }),
  step('keys-two', 'ListKeys', { Limit: 3, Marker: '${keys-one.NextMarker}' }),
  step('keys', 'ListKeys', { Limit: 1000 }),
]

const refused = [
  step('no-key', 'DescribeKey', { KeyId: missing }),
  step('no-id', 'DescribeKey', { KeyId: 'nobody' }),
  step('no-alias', 'Encrypt', { KeyId: 'alias/nobody', Plaintext: message }),
  step('alias-taken', 'CreateAlias', { AliasName: 'alias/clients/one', TargetKeyId: idOf('p256') }),
  step('alias-bad', 'CreateAlias', { AliasName: 'clients/one', TargetKeyId: idOf('p256') }),
  step('wrong-usage', 'Encrypt', {
    KeyId: idOf('rsaSign'),
    Plaintext: message,
    EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  }),
  step('wrong-algorithm', 'Sign', {
    KeyId: idOf('p256'),
    Message: message,
    SigningAlgorithm: 'ECDSA_SHA_384',
  }),
  step('wrong-digest', 'Sign', {
    KeyId: idOf('p256'),
    Message: message,
    MessageType: 'DIGEST',
    SigningAlgorithm: 'ECDSA_SHA_256',
  }),
  step('wrong-signature', 'Verify', {
    KeyId: idOf('p256'),
    Message: message,
    SigningAlgorithm: 'ECDSA_SHA_256',
    Signature: base64('no signature'),
  }),
  step('wrong-mac', 'VerifyMac', {
    KeyId: idOf('hmac256'),
    Message: message,
    MacAlgorithm: 'HMAC_SHA_256',
    Mac: base64('no mac'),
  }),
  step('wrong-ciphertext', 'Decrypt', { CiphertextBlob: base64('no ciphertext') }),
  step('wrong-context', 'Decrypt', {
    CiphertextBlob: '${encrypt.CiphertextBlob}',
    EncryptionContext: { department: 'other' },
  }),
  step('wrong-pair', 'CreateKey', { KeySpec: 'RSA_2048', KeyUsage: 'KEY_AGREEMENT' }),
  step('wrong-enum', 'CreateKey', { KeySpec: 'RSA_1024', KeyUsage: 'SIGN_VERIFY' }),
  step('wrong-peer', 'DeriveSharedSecret', {
    KeyId: idOf('agree256'),
    KeyAgreementAlgorithm: 'ECDH',
    PublicKey: base64('no public key'),
  }),
  step('wrong-marker', 'ListKeys', { Marker: 'nowhere' }),
  step('wrong-limit', 'ListKeys', { Limit: 1001 }),
  step('wrong-tag', 'TagResource', {
    KeyId: idOf('p256'),
    Tags: [{ TagKey: 'aws:no', TagValue: 'x' }],
  }),
  step('wrong-token', 'ImportKeyMaterial', {
    KeyId: idOf('external'),
    ImportToken: base64('no token'),
    EncryptedKeyMaterial: base64('no material'),
    ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
  }),
  step('no-rotation', 'RotateKeyOnDemand', { KeyId: idOf('rsa') }),
  step('disable-it', 'DisableKey', { KeyId: idOf('p256') }),
  step('disabled', 'Sign', {
    KeyId: idOf('p256'),
    Message: message,
    SigningAlgorithm: 'ECDSA_SHA_256',
  }),
  step('enable-it', 'EnableKey', { KeyId: idOf('p256') }),
]

export const scenario = [
  ...kinds.flatMap(([name, KeySpec, KeyUsage]) => [
    step(name, 'CreateKey', { KeySpec, KeyUsage, Description: name }),
    ...(hasPublicKey(KeySpec)
      ? [step(`public-${name}`, 'GetPublicKey', { KeyId: idOf(name) })]
      : [step(`described-${name}`, 'DescribeKey', { KeyId: idOf(name) })]),
  ]),
  ...encrypting,
  ...signers.flatMap(signing),
  ...agreeing,
  ...encapsulating,
  ...macs,
  ...managing,
  ...refused,
]
/** Steps that have to be refused; every other one has to be answered. */
export const refusals = new Set([
  'dry-run',
  ...refused.map(({ name }) => name).filter((name) => !name.endsWith('able-it')),
])
