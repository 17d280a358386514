// Error names and messages as the real service answers them (kms-facts.md, rows marked [R]), on the
// wire and through the client.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, test } from 'node:test'
import { startLocalKms } from 'sealdrop/local-kms'
import { base64, clientOf, failure, forClient, raw } from './helpers.mjs'

const elsewhere =
  'the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access' // whether another account has such a key is not told
const prefix = 'arn:aws:kms:us-east-1:111122223333:'
const missing = '12345678-1234-1234-1234-123456789012'
const text = base64('message')
const bytes = (length) => base64(Buffer.alloc(length, 1))
const peer = base64(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
    type: 'spki',
    format: 'der',
  }),
)
const one = (rule) => `1 validation error detected: ${rule}`
const isNull = (name) =>
  one(`Value null at '${name}' failed to satisfy constraint: Member must not be null`)
const length = (name, bound, limit) =>
  one(
    `Value at '${name}' failed to satisfy constraint: Member must have length ${bound} than or equal to ${limit}`,
  )

let local, kms
const arn = {}
before(async () => {
  local = await startLocalKms()
  kms = clientOf(local)
  const specs = {
    enc: ['RSA_2048', 'ENCRYPT_DECRYPT'],
    rsa: ['RSA_2048', 'SIGN_VERIFY'],
    ec: ['ECC_NIST_P256', 'SIGN_VERIFY'],
    ec2: ['ECC_NIST_P256', 'SIGN_VERIFY'],
    ecdh: ['ECC_NIST_P256', 'KEY_AGREEMENT'],
    full: ['ECC_NIST_P256', 'SIGN_VERIFY'],
    offEnc: ['RSA_2048', 'ENCRYPT_DECRYPT'],
    off: ['ECC_NIST_P256', 'SIGN_VERIFY'],
    offEcdh: ['ECC_NIST_P256', 'KEY_AGREEMENT'],
    goneEnc: ['RSA_2048', 'ENCRYPT_DECRYPT'],
    gone: ['ECC_NIST_P256', 'SIGN_VERIFY'],
    goneEcdh: ['ECC_NIST_P256', 'KEY_AGREEMENT'],
  }
  for (const [name, [KeySpec, KeyUsage]] of Object.entries(specs))
    arn[name] = (await kms('CreateKey', { KeySpec, KeyUsage })).KeyMetadata.Arn
  for (const name of ['offEnc', 'off', 'offEcdh']) await kms('DisableKey', { KeyId: arn[name] })
  for (const name of ['goneEnc', 'gone', 'goneEcdh'])
    await kms('ScheduleKeyDeletion', { KeyId: arn[name] })
  await kms('CreateAlias', { AliasName: 'alias/taken', TargetKeyId: arn.ec })
  for (let i = 0; i < 50; i++)
    await kms('CreateAlias', { AliasName: `alias/full-${i}`, TargetKeyId: arn.full })
})
after(() => local.close())

const sign = (more) => () => ({
  KeyId: arn.ec,
  Message: text,
  SigningAlgorithm: 'ECDSA_SHA_256',
  ...more(),
})
const verify = (more) => () => ({
  KeyId: arn.ec,
  Message: text,
  Signature: bytes(70),
  SigningAlgorithm: 'ECDSA_SHA_256',
  ...more(),
})
const encrypt = (more) => () => ({
  KeyId: arn.enc,
  Plaintext: text,
  EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  ...more(),
})
const decrypt = (more) => () => ({
  KeyId: arn.enc,
  CiphertextBlob: bytes(256),
  EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  ...more(),
})
const derive = (more) => () => ({
  KeyId: arn.ecdh,
  KeyAgreementAlgorithm: 'ECDH',
  PublicKey: peer,
  ...more(),
})
const keyId = (name) => () => ({ KeyId: arn[name] })
const usage = (name, actual, operation) => () =>
  `${arn[name]} key usage is ${actual} which is not valid for ${operation}.`
const disabled = (name) => () => `${arn[name]} is disabled.`
const pending = (name) => () => `${arn[name]} is pending deletion.`
const unimplemented = (what) => `${what} is not implemented by Sealdrop's local KMS.`
const aliasRule =
  'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html'
const noMessage = Symbol('no message member')

/** Operation, input, error name, message. */
const rows = [
  // which key
  [
    'DescribeKey',
    () => ({ KeyId: missing }),
    'NotFoundException',
    `Key '${prefix}key/${missing}' does not exist`,
  ],
  [
    'DescribeKey',
    () => ({ KeyId: `${prefix}key/${missing}` }),
    'NotFoundException',
    `Key '${prefix}key/${missing}' does not exist`,
  ],
  [
    'DescribeKey',
    () => ({ KeyId: 'mrk-1234567812341234123412345678901a' }),
    'NotFoundException',
    `Key '${prefix}key/mrk-1234567812341234123412345678901a' does not exist`,
  ],
  [
    'DescribeKey',
    () => ({ KeyId: 'fake-key-id' }),
    'NotFoundException',
    "Invalid keyId 'fake-key-id'",
  ],
  [
    'DescribeKey',
    () => ({ KeyId: '134f2428cec14b25a1ae9048164dba47' }),
    'NotFoundException',
    "Invalid keyId '134f2428cec14b25a1ae9048164dba47'",
  ],
  [
    'DescribeKey',
    () => ({ KeyId: 'mrk-fake-key-id' }),
    'NotFoundException',
    "Invalid keyId 'mrk-fake-key-id'",
  ],
  ['DescribeKey', () => ({ KeyId: '__proto__' }), 'NotFoundException', "Invalid keyId '__proto__'"],
  ['DescribeKey', () => ({ KeyId: `${prefix}key/foo` }), 'NotFoundException', 'Invalid keyId foo'],
  [
    'DescribeKey',
    () => ({ KeyId: arn.ec.replace('us-east-1', 'eu-west-1') }),
    'NotFoundException',
    'Invalid arn eu-west-1',
  ],
  [
    'DescribeKey',
    () => ({ KeyId: 'arn:aws:s3:::bucket' }),
    'InvalidArnException',
    'Invalid arn arn:aws:s3:::bucket',
  ],
  [
    'DescribeKey',
    () => ({ KeyId: arn.ec.replace('arn:aws:', 'arn:aws-cn:') }),
    'InvalidArnException',
    () => `Invalid arn ${arn.ec.replace('arn:aws:', 'arn:aws-cn:')}`,
  ],
  [
    'DescribeKey',
    () => ({ KeyId: arn.ec.replace('111122223333', '444455556666') }),
    'AccessDeniedException',
    `User: arn:aws:iam::111122223333:root is not authorized to perform: kms:DescribeKey on this resource because ${elsewhere}`,
  ],
  [
    'Encrypt',
    encrypt(() => ({ KeyId: 'arn:aws:kms:us-east-1:444455556666:alias/missing' })),
    'AccessDeniedException',
    `User: arn:aws:iam::111122223333:root is not authorized to perform: kms:Encrypt on this resource because ${elsewhere}`,
  ],
  [
    'DescribeKey',
    () => ({ KeyId: 'alias/missing' }),
    'NotFoundException',
    `Alias ${prefix}alias/missing is not found.`,
  ],
  [
    'Encrypt',
    encrypt(() => ({ KeyId: `${prefix}alias/missing` })),
    'NotFoundException',
    `Alias ${prefix}alias/missing is not found.`,
  ],
  ['DescribeKey', () => ({}), 'ValidationException', isNull('keyId')],
  [
    'GetPublicKey',
    () => ({ KeyId: '' }),
    'ValidationException',
    "2 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'keyId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^\\p{ASCII}+$",
  ],
  [
    'DescribeKey',
    () => ({ KeyId: 'キー' }),
    'ValidationException',
    one(
      "Value 'キー' at 'keyId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^\\p{ASCII}+$",
    ),
  ],
  ...['EnableKey', 'DisableKey', 'ScheduleKeyDeletion', 'CancelKeyDeletion', 'ListAliases'].flatMap(
    (operation) =>
      ['alias/taken', `${prefix}alias/taken`].map((KeyId) => [
        operation,
        () => ({ KeyId }),
        'InvalidArnException',
        'Key Aliases are not supported for this operation.',
      ]),
  ),
  // usage, then state, then algorithm
  [
    'Encrypt',
    encrypt(() => ({ KeyId: arn.rsa })),
    'InvalidKeyUsageException',
    usage('rsa', 'SIGN_VERIFY', 'Encrypt'),
  ],
  [
    'Decrypt',
    decrypt(() => ({ KeyId: arn.rsa })),
    'InvalidKeyUsageException',
    usage('rsa', 'SIGN_VERIFY', 'Decrypt'),
  ],
  [
    'Sign',
    sign(() => ({ KeyId: arn.enc })),
    'InvalidKeyUsageException',
    usage('enc', 'ENCRYPT_DECRYPT', 'Sign'),
  ],
  [
    'Verify',
    verify(() => ({ KeyId: arn.ecdh })),
    'InvalidKeyUsageException',
    usage('ecdh', 'KEY_AGREEMENT', 'Verify'),
  ],
  [
    'DeriveSharedSecret',
    derive(() => ({ KeyId: arn.ec })),
    'InvalidKeyUsageException',
    usage('ec', 'SIGN_VERIFY', 'DeriveSharedSecret'),
  ],
  [
    'Sign',
    sign(() => ({ KeyId: arn.offEnc })),
    'InvalidKeyUsageException',
    usage('offEnc', 'ENCRYPT_DECRYPT', 'Sign'),
  ],
  ['Encrypt', encrypt(() => ({ KeyId: arn.offEnc })), 'DisabledException', disabled('offEnc')],
  ['Decrypt', decrypt(() => ({ KeyId: arn.offEnc })), 'DisabledException', disabled('offEnc')],
  [
    'Sign',
    sign(() => ({ KeyId: arn.off, SigningAlgorithm: 'ECDSA_SHA_384' })),
    'DisabledException',
    disabled('off'),
  ],
  ['Verify', verify(() => ({ KeyId: arn.off })), 'DisabledException', disabled('off')],
  [
    'DeriveSharedSecret',
    derive(() => ({ KeyId: arn.offEcdh })),
    'DisabledException',
    disabled('offEcdh'),
  ],
  ['GetPublicKey', keyId('off'), 'DisabledException', disabled('off')],
  [
    'Encrypt',
    encrypt(() => ({ KeyId: arn.goneEnc })),
    'KMSInvalidStateException',
    pending('goneEnc'),
  ],
  [
    'Decrypt',
    decrypt(() => ({ KeyId: arn.goneEnc })),
    'KMSInvalidStateException',
    pending('goneEnc'),
  ],
  ['Sign', sign(() => ({ KeyId: arn.gone })), 'KMSInvalidStateException', pending('gone')],
  ['Verify', verify(() => ({ KeyId: arn.gone })), 'KMSInvalidStateException', pending('gone')],
  [
    'DeriveSharedSecret',
    derive(() => ({ KeyId: arn.goneEcdh })),
    'KMSInvalidStateException',
    pending('goneEcdh'),
  ],
  ...['GetPublicKey', 'EnableKey', 'DisableKey', 'ScheduleKeyDeletion'].map((operation) => [
    operation,
    keyId('gone'),
    'KMSInvalidStateException',
    pending('gone'),
  ]),
  [
    'CreateAlias',
    () => ({ AliasName: 'alias/new', TargetKeyId: arn.gone }),
    'KMSInvalidStateException',
    pending('gone'),
  ],
  [
    'UpdateAlias',
    () => ({ AliasName: 'alias/taken', TargetKeyId: arn.gone }),
    'KMSInvalidStateException',
    pending('gone'),
  ],
  [
    'CancelKeyDeletion',
    keyId('off'),
    'KMSInvalidStateException',
    () => `${arn.off} is not pending deletion.`,
  ],
  // algorithms
  [
    'Sign',
    sign(() => ({ SigningAlgorithm: 'ECDSA_SHA_384' })),
    'InvalidKeyUsageException',
    'Algorithm ECDSA_SHA_384 is incompatible with key spec ECC_NIST_P256.',
  ],
  [
    'Sign',
    sign(() => ({ SigningAlgorithm: 'ECDSA_SHA_384', MessageType: 'DIGEST' })),
    'InvalidKeyUsageException',
    'Algorithm ECDSA_SHA_384 is incompatible with key spec ECC_NIST_P256.',
  ],
  [
    'Sign',
    sign(() => ({ SigningAlgorithm: 'ED25519_PH_SHA_512' })),
    'InvalidKeyUsageException',
    'Algorithm ED25519_PH_SHA_512 is incompatible with key spec ECC_NIST_P256.',
  ],
  [
    'Verify',
    verify(() => ({ KeyId: arn.rsa })),
    'InvalidKeyUsageException',
    'Algorithm ECDSA_SHA_256 is incompatible with key spec RSA_2048.',
  ],
  [
    'Encrypt',
    encrypt(() => ({ EncryptionAlgorithm: undefined })),
    'InvalidKeyUsageException',
    'Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.',
  ],
  [
    'Encrypt',
    encrypt(() => ({ EncryptionAlgorithm: 'SM2PKE' })),
    'InvalidKeyUsageException',
    'Algorithm SM2PKE is incompatible with key spec RSA_2048.',
  ],
  [
    'Sign',
    () => ({ KeyId: missing, Message: text, SigningAlgorithm: 'FOO' }),
    'ValidationException',
    one(
      "Value 'FOO' at 'signingAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [RSASSA_PSS_SHA_256, RSASSA_PSS_SHA_384, RSASSA_PSS_SHA_512, RSASSA_PKCS1_V1_5_SHA_256, RSASSA_PKCS1_V1_5_SHA_384, RSASSA_PKCS1_V1_5_SHA_512, ECDSA_SHA_256, ECDSA_SHA_384, ECDSA_SHA_512, ED25519_SHA_512, ED25519_PH_SHA_512, SM2DSA, ML_DSA_SHAKE_256]",
    ),
  ],
  [
    'Sign',
    sign(() => ({ MessageType: 'FOO' })),
    'ValidationException',
    one(
      "Value 'FOO' at 'messageType' failed to satisfy constraint: Member must satisfy enum value set: [RAW, DIGEST, EXTERNAL_MU]",
    ),
  ],
  [
    'Sign',
    sign(() => ({ MessageType: 'EXTERNAL_MU' })),
    'ValidationException',
    'Message type EXTERNAL_MU is incompatible with key spec ECC_NIST_P256.',
  ],
  [
    'Encrypt',
    encrypt(() => ({ EncryptionAlgorithm: 'FOO' })),
    'ValidationException',
    one(
      "Value 'FOO' at 'encryptionAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE, SYMMETRIC_DEFAULT]",
    ),
  ],
  [
    'DeriveSharedSecret',
    derive(() => ({ KeyAgreementAlgorithm: 'INVALID' })),
    'ValidationException',
    one(
      "Value 'INVALID' at 'keyAgreementAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [ECDH]",
    ),
  ],
  ...['Sign', 'Verify'].flatMap((operation) =>
    [
      ['ec', 'ECDSA_SHA_256', 20],
      ['ec', 'ECDSA_SHA_256', 48],
      ['rsa', 'RSASSA_PSS_SHA_256', 20],
      ['rsa', 'RSASSA_PSS_SHA_384', 32],
      ['rsa', 'RSASSA_PKCS1_V1_5_SHA_384', 64],
      ['rsa', 'RSASSA_PKCS1_V1_5_SHA_512', 65],
    ].map(([name, SigningAlgorithm, digest]) => [
      operation,
      () => ({
        KeyId: arn[name],
        Message: bytes(digest),
        MessageType: 'DIGEST',
        SigningAlgorithm,
        ...(operation === 'Verify' ? { Signature: bytes(64) } : {}),
      }),
      'ValidationException',
      `Digest is invalid length for algorithm ${SigningAlgorithm}.`,
    ]),
  ),
  // blobs
  ['Sign', sign(() => ({ Message: '' })), 'ValidationException', length('message', 'greater', 1)],
  [
    'Sign',
    sign(() => ({ Message: bytes(4097) })),
    'ValidationException',
    length('message', 'less', 4096),
  ],
  [
    'Sign',
    () => ({ KeyId: arn.ec, SigningAlgorithm: 'ECDSA_SHA_256' }),
    'ValidationException',
    one("Value at 'message' failed to satisfy constraint: Member must not be null"),
  ],
  [
    'Sign',
    () => ({ KeyId: arn.ec, Message: text }),
    'ValidationException',
    isNull('signingAlgorithm'),
  ],
  [
    'Sign',
    () => ({}),
    'ValidationException',
    "3 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null; Value at 'message' failed to satisfy constraint: Member must not be null; Value null at 'signingAlgorithm' failed to satisfy constraint: Member must not be null",
  ],
  [
    'Verify',
    () => ({ KeyId: arn.ec, Message: text, SigningAlgorithm: 'ECDSA_SHA_256' }),
    'ValidationException',
    isNull('signature'),
  ],
  [
    'Verify',
    verify(() => ({ Signature: '' })),
    'ValidationException',
    length('signature', 'greater', 1),
  ],
  [
    'Verify',
    verify(() => ({ Signature: bytes(6145) })),
    'ValidationException',
    length('signature', 'less', 6144),
  ],
  ['Verify', verify(() => ({})), 'KMSInvalidSignatureException', noMessage],
  [
    'Encrypt',
    encrypt(() => ({ Plaintext: '' })),
    'ValidationException',
    length('plaintext', 'greater', 1),
  ],
  [
    'Encrypt',
    encrypt(() => ({ Plaintext: bytes(4097) })),
    'ValidationException',
    length('plaintext', 'less', 4096),
  ],
  [
    'Encrypt',
    encrypt(() => ({ Plaintext: bytes(191) })),
    'ValidationException',
    'Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes.',
  ],
  [
    'Encrypt',
    encrypt(() => ({ EncryptionContext: { a: 'b' } })),
    'ValidationException',
    'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.',
  ],
  ['Decrypt', () => ({}), 'ValidationException', isNull('ciphertextBlob')],
  [
    'Decrypt',
    decrypt(() => ({ CiphertextBlob: '' })),
    'ValidationException',
    length('ciphertextBlob', 'greater', 1),
  ],
  [
    'Decrypt',
    decrypt(() => ({ CiphertextBlob: bytes(6145) })),
    'ValidationException',
    length('ciphertextBlob', 'less', 6144),
  ],
  [
    'Decrypt',
    decrypt(() => ({ EncryptionContext: { a: 'b' } })),
    'ValidationException',
    'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.',
  ],
  ['Decrypt', decrypt(() => ({})), 'InvalidCiphertextException', noMessage],
  [
    'Decrypt',
    decrypt(() => ({ CiphertextBlob: bytes(10) })),
    'InvalidCiphertextException',
    noMessage,
  ],
  [
    'Decrypt',
    decrypt(() => ({ EncryptionAlgorithm: undefined })),
    'InvalidCiphertextException',
    noMessage,
  ],
  ['Decrypt', () => ({ CiphertextBlob: bytes(256) }), 'InvalidCiphertextException', noMessage],
  [
    'Decrypt',
    () => ({ CiphertextBlob: bytes(256), EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
    'ValidationException',
    'KeyId is required with EncryptionAlgorithm RSAES_OAEP_SHA_256: an asymmetric ciphertext does not name its key.',
  ],
  [
    'DeriveSharedSecret',
    derive(() => ({ PublicKey: base64('InvalidPublicKey') })),
    'ValidationException',
    '',
  ],
  [
    'DeriveSharedSecret',
    derive(() => ({ PublicKey: undefined })),
    'ValidationException',
    isNull('publicKey'),
  ],
  // making keys
  [
    'CreateKey',
    () => ({ KeySpec: 'RSA_2048' }),
    'ValidationException',
    'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
  ],
  [
    'CreateKey',
    () => ({ KeySpec: 'RSA_2048', KeyUsage: 'KEY_AGREEMENT' }),
    'ValidationException',
    'KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048',
  ],
  [
    'CreateKey',
    () => ({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'ENCRYPT_DECRYPT' }),
    'ValidationException',
    'KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec ECC_NIST_P256',
  ],
  [
    'CreateKey',
    () => ({ KeySpec: 'RSA_2048', KeyUsage: 'GENERATE_VERIFY_MAC' }),
    'ValidationException',
    'KeyUsage GENERATE_VERIFY_MAC is not compatible with KeySpec RSA_2048',
  ],
  [
    'CreateKey',
    () => ({ KeySpec: 'RSA_1024', KeyUsage: 'SIGN_VERIFY' }),
    'ValidationException',
    one(
      "Value 'RSA_1024' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: [RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, ECC_SECG_P256K1, ECC_NIST_EDWARDS25519, SYMMETRIC_DEFAULT, HMAC_224, HMAC_256, HMAC_384, HMAC_512, SM2, ML_DSA_44, ML_DSA_65, ML_DSA_87, ML_KEM_512, ML_KEM_768, ML_KEM_1024]",
    ),
  ],
  [
    'CreateKey',
    () => ({ KeySpec: 'RSA_2048', KeyUsage: 'RANDOM' }),
    'ValidationException',
    one(
      "Value 'RANDOM' at 'keyUsage' failed to satisfy constraint: Member must satisfy enum value set: [SIGN_VERIFY, ENCRYPT_DECRYPT, GENERATE_VERIFY_MAC, KEY_AGREEMENT, ENCAPSULATE_DECAPSULATE]",
    ),
  ],
  [
    'CreateKey',
    () => ({ KeySpec: 'RSA_2048', CustomerMasterKeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }),
    'ValidationException',
    'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
  ],
  [
    'CreateKey',
    () => ({ KeySpec: 'SM2', KeyUsage: 'SIGN_VERIFY' }),
    'UnsupportedOperationException',
    'KeySpec SM2 is not supported in this Region',
  ],
  ...[
    ['CustomKeyStoreId', 'cks-1', 'The parameter CustomKeyStoreId'],
    ['XksKeyId', 'x', 'The parameter XksKeyId'],
    ['Origin', 'AWS_CLOUDHSM', 'Origin AWS_CLOUDHSM'],
    ['Origin', 'EXTERNAL_KEY_STORE', 'Origin EXTERNAL_KEY_STORE'],
  ].map(([name, value, what]) => [
    'CreateKey',
    () => ({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', [name]: value }),
    'UnsupportedOperationException',
    unimplemented(what),
  ]),
  [
    'CreateKey',
    () => ({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', Origin: 'MINE' }),
    'ValidationException',
    one(
      "Value 'MINE' at 'origin' failed to satisfy constraint: Member must satisfy enum value set: [AWS_KMS, EXTERNAL, AWS_CLOUDHSM, EXTERNAL_KEY_STORE]",
    ),
  ],
  [
    'ScheduleKeyDeletion',
    () => ({ KeyId: arn.ec, PendingWindowInDays: 6 }),
    'ValidationException',
    one(
      "Value '6' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value greater than or equal to 7",
    ),
  ],
  [
    'ScheduleKeyDeletion',
    () => ({ KeyId: arn.ec, PendingWindowInDays: 31 }),
    'ValidationException',
    one(
      "Value '31' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value less than or equal to 30",
    ),
  ],
  // aliases
  [
    'CreateAlias',
    () => ({ AliasName: 'invalid-alias', TargetKeyId: arn.ec }),
    'ValidationException',
    aliasRule,
  ],
  [
    'CreateAlias',
    () => ({ AliasName: 'alias/', TargetKeyId: arn.ec }),
    'ValidationException',
    aliasRule,
  ],
  [
    'CreateAlias',
    () => ({ AliasName: `${prefix}alias/x`, TargetKeyId: arn.ec }),
    'ValidationException',
    aliasRule,
  ],
  [
    'CreateAlias',
    () => ({ AliasName: 'alias/a:b', TargetKeyId: arn.ec }),
    'ValidationException',
    'alias/a:b contains invalid characters for an alias',
  ],
  [
    'CreateAlias',
    () => ({ AliasName: 'alias/a b', TargetKeyId: arn.ec }),
    'ValidationException',
    one(
      "Value 'alias/a b' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$",
    ),
  ],
  [
    'CreateAlias',
    () => ({ AliasName: `alias/${'a'.repeat(251)}`, TargetKeyId: arn.ec }),
    'ValidationException',
    one(
      `Value 'alias/${'a'.repeat(251)}' at 'aliasName' failed to satisfy constraint: Member must have length less than or equal to 256`,
    ),
  ],
  [
    'CreateAlias',
    () => ({ AliasName: 'alias/taken', TargetKeyId: arn.ec }),
    'AlreadyExistsException',
    `An alias with the name ${prefix}alias/taken already exists`,
  ],
  [
    'CreateAlias',
    () => ({ AliasName: 'alias/one-more', TargetKeyId: arn.full }),
    'LimitExceededException',
    () => `${arn.full} has 50 aliases, which is the most a key can have`,
  ],
  [
    'UpdateAlias',
    () => ({ AliasName: 'alias/taken', TargetKeyId: arn.full }),
    'LimitExceededException',
    () => `${arn.full} has 50 aliases, which is the most a key can have`,
  ],
  ['CreateAlias', () => ({ AliasName: 'alias/x' }), 'ValidationException', isNull('targetKeyId')],
  [
    'CreateAlias',
    () => ({ AliasName: 'alias/x', TargetKeyId: 'alias/taken' }),
    'ValidationException',
    'Aliases must refer to keys. Not aliases',
  ],
  ...[
    ['CreateAlias', { TargetKeyId: missing }],
    ['UpdateAlias', { TargetKeyId: missing }],
    ['DeleteAlias', {}],
  ].map(([operation, more]) => [
    operation,
    () => ({ AliasName: 'alias/aws/s3', ...more }),
    'NotAuthorizedException',
    noMessage,
  ]),
  [
    'UpdateAlias',
    () => ({ AliasName: 'alias/missing', TargetKeyId: arn.ec }),
    'NotFoundException',
    `Alias ${prefix}alias/missing is not found.`,
  ],
  [
    'DeleteAlias',
    () => ({ AliasName: 'alias/missing' }),
    'NotFoundException',
    `Alias ${prefix}alias/missing is not found.`,
  ],
  [
    'UpdateAlias',
    () => ({ AliasName: 'alias/taken', TargetKeyId: arn.ecdh }),
    'ValidationException',
    () =>
      `KeyUsage KEY_AGREEMENT of ${arn.ecdh} differs from KeyUsage SIGN_VERIFY of the current key of the alias`,
  ],
  // lists
  ...['ListKeys', 'ListAliases'].flatMap((operation) => [
    [
      operation,
      () => ({ Limit: 0 }),
      'ValidationException',
      one(
        "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
      ),
    ],
    ...['nonsense', '!', base64('Keys:'), base64('Other:x')].map((Marker) => [
      operation,
      () => ({ Marker }),
      'InvalidMarkerException',
      'The marker is not valid.',
    ]),
  ]),
  [
    'ListKeys',
    () => ({ Limit: 1001 }),
    'ValidationException',
    one(
      "Value '1001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 1000",
    ),
  ],
  [
    'ListAliases',
    () => ({ Limit: 101 }),
    'ValidationException',
    one(
      "Value '101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100",
    ),
  ],
  [
    'ListAliases',
    () => ({ KeyId: missing }),
    'NotFoundException',
    `Key '${prefix}key/${missing}' does not exist`,
  ],
  // what is not here is said, never half done
  ...[
    ['Sign', sign],
    ['Verify', verify],
    ['Encrypt', encrypt],
    ['Decrypt', (more) => decrypt(() => ({ ...more(), DryRunModifiers: ['IGNORE_CIPHERTEXT'] }))],
    ['DeriveSharedSecret', derive],
  ].map(([operation, input]) => [
    operation,
    input(() => ({ DryRun: true })),
    'DryRunOperationException',
    'The request would have succeeded, but the DryRun option is set.',
  ]),
  ['Decrypt', decrypt(() => ({ DryRun: true })), 'InvalidCiphertextException', noMessage], // a dry run needs a ciphertext that opens
  [
    'Decrypt',
    decrypt(() => ({ Recipient: { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' } })),
    'UnsupportedOperationException',
    unimplemented('The parameter Recipient'),
  ],
  [
    'DeriveSharedSecret',
    derive(() => ({ Recipient: { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' } })),
    'UnsupportedOperationException',
    unimplemented('The parameter Recipient'),
  ],
  ...['Connect', 'Create', 'Delete', 'Disconnect', 'Update'].map((verb) => [
    `${verb}CustomKeyStore`,
    () => ({ CustomKeyStoreId: 'cks-1' }),
    'UnsupportedOperationException',
    unimplemented(`The operation ${verb}CustomKeyStore`),
  ]),
  [
    'DescribeCustomKeyStores',
    () => ({}),
    'UnsupportedOperationException',
    unimplemented('The operation DescribeCustomKeyStores'),
  ],
]

test('the table has its rows', () => assert.ok(rows.length > 120, `${rows.length}`))

test('every row answers HTTP 400 with exactly this __type and message on the wire', async () => {
  for (const [operation, input, name, message] of rows) {
    const body = input()
    const { status, text: answer, json } = await raw(local, { operation, body })
    const expected = typeof message === 'function' ? message() : message
    assert.deepEqual(
      [status, json()],
      [400, expected === noMessage ? { __type: name } : { __type: name, message: expected }],
      `${operation} ${JSON.stringify(body).slice(0, 200)} -> ${answer}`,
    )
  }
})

test('every row surfaces in the AWS client by its name, without a retry', async () => {
  for (const [operation, input, name] of rows) {
    const e = await failure(kms(operation, forClient(input())))
    assert.equal(e.name, name, operation)
    assert.deepEqual(
      [e.$metadata.httpStatusCode, e.$metadata.attempts],
      [400, name === 'LimitExceededException' ? 3 : 1],
      operation,
    )
    assert.match(e.$metadata.requestId, /^[0-9a-f-]{36}$/)
  }
})

test('what the rows refused changed nothing', async () => {
  const { Aliases, Truncated } = await kms('ListAliases', { Limit: 100 })
  assert.deepEqual(
    [
      Aliases.length,
      Truncated,
      Aliases.find(({ AliasName }) => AliasName === 'alias/taken').TargetKeyId,
    ],
    [51, false, arn.ec.split('/')[1]],
  )
  assert.equal((await kms('ListKeys')).Keys.length, 12)
})

test('every operation of the AWS client is either answered or said to be missing', async () => {
  const aws = await import('@aws-sdk/client-kms')
  const names = Object.keys(aws)
    .filter((name) => /^[A-Z]\w+Command$/.test(name))
    .map((name) => name.slice(0, -7))
  assert.ok(names.length > 50)
  const missingHere = []
  for (const operation of names) {
    const { json } = await raw(local, {
      operation,
      body: {
        Limit: 'x',
        KeyId: 5,
        AliasName: 5,
        Description: 5,
        NumberOfBytes: 'x',
        DestinationKeyId: 5,
      },
    })
    if (json().__type === 'UnsupportedOperationException') missingHere.push(operation)
    else assert.equal(json().__type, 'SerializationException', operation)
  }
  assert.equal(names.length - missingHere.length, 50)
})
