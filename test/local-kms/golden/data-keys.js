import { createPrivateKey, createPublicKey } from 'node:crypto'
import { assert } from 'chai'
import { blob, hex64, newer } from './match.mjs'
import { floci, localstack, localstackKeys, row } from './sources.mjs'
import { answered, call, key, local, refused } from './steps.mjs'

const material = { KeyMaterialId: newer(hex64) } // members of 2025, the recordings are of 2023
const dataKey = { KeyId: '${key.arn}', CiphertextBlob: blob(), ...material }
const pair = { KeyId: '${key.arn}', KeyPairSpec: 'RSA_2048', PrivateKeyCiphertextBlob: blob(), PublicKey: blob(294), ...material }
const opened = (plaintext) => ({ KeyId: '${key.arn}', EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', Plaintext: plaintext, KeyMaterialId: hex64 })
const dryRun = ['DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.']
const EncryptionContext = { 'context-key': 'context-value' }

const withContext = [
  ['GenerateDataKey', { KeySpec: 'AES_256' }, 'CiphertextBlob'], ['GenerateDataKeyWithoutPlaintext', { KeySpec: 'AES_256' }, 'CiphertextBlob'],
  ['GenerateDataKeyPair', { KeyPairSpec: 'RSA_2048' }, 'PrivateKeyCiphertextBlob'], ['GenerateDataKeyPairWithoutPlaintext', { KeyPairSpec: 'RSA_2048' }, 'PrivateKeyCiphertextBlob'],
]
const snake = (name) => name.replace(/[A-Z]/g, (letter, at) => `${at ? '_' : ''}${letter.toLowerCase()}`)
const specs = 'RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, ECC_SECG_P256K1, ECC_NIST_EDWARDS25519, SYMMETRIC_DEFAULT, HMAC_224, HMAC_256, HMAC_384, HMAC_512, SM2, ML_DSA_44, ML_DSA_65, ML_DSA_87'
/** The list was measured before ML_KEM, which has to come after it. */
const outside = (value) => new RegExp(`^1 validation error detected: Value '${value}' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: \\[${specs}[^\\]]*\\]$`)
const bytes = (value, limit) => `1 validation error detected: Value '${value}' at 'numberOfBytes' failed to satisfy constraint: Member must have value ${limit}`
const missing = '00000000-0000-0000-0000-000000000000'
const shapes = [
  ['GenerateDataKey', { KeySpec: 'FOO' }, outside('FOO')], ['GenerateDataKey', { KeySpec: 'RSA_2048' }, outside('RSA_2048')], ['GenerateDataKeyWithoutPlaintext', { KeySpec: 'FOO' }, outside('FOO')],
  ['GenerateDataKey', { NumberOfBytes: 0 }, bytes(0, 'greater than or equal to 1')], ['GenerateDataKey', { NumberOfBytes: 1025 }, bytes(1025, 'less than or equal to 1024')],
]
const either = [
  ['GenerateDataKey', 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', {}], ['GenerateDataKey', 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', { KeySpec: 'AES_256', NumberOfBytes: 32 }],
  ['GenerateDataKeyWithoutPlaintext', 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', {}], ['GenerateDataKey', 'RSA_2048', 'SIGN_VERIFY', {}], ['GenerateDataKey', 'HMAC_256', 'GENERATE_VERIFY_MAC', {}],
]
const operations = ['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext']

export const rows = [
  row('A data key comes in the clear and sealed', localstackKeys('test_generate_data_key'), [
    key('key'),
    answered('GenerateDataKey', { KeyId: '${key}', KeySpec: 'AES_256' }, { ...dataKey, Plaintext: blob(32) }, { as: 'data' }),
    answered('Decrypt', { KeyId: '${key}', CiphertextBlob: '${data.CiphertextBlob}' }, opened('${data.Plaintext}')),
  ]),
  row('A data key comes sealed only', localstackKeys('test_generate_data_key_without_plaintext'), [
    key('key'),
    answered('GenerateDataKeyWithoutPlaintext', { KeyId: '${key}', KeySpec: 'AES_256' }, dataKey, { as: 'data' }),
    answered('Decrypt', { KeyId: '${key}', CiphertextBlob: '${data.CiphertextBlob}' }, opened(blob(32))),
  ]),
  row('A key pair comes in the clear and sealed', localstackKeys('test_generate_data_key_pair'), [
    key('key'),
    answered('GenerateDataKeyPair', { KeyId: '${key}', KeyPairSpec: 'RSA_2048' }, { ...pair, PrivateKeyPlaintext: blob() }, { as: 'data' }),
    answered('Decrypt', { KeyId: '${key}', CiphertextBlob: '${data.PrivateKeyCiphertextBlob}' }, opened('${data.PrivateKeyPlaintext}')),
    local('onePair', ({ data }) => assert.deepEqual(
      createPublicKey(createPrivateKey({ key: Buffer.from(data.PrivateKeyPlaintext), format: 'der', type: 'pkcs8' })).export({ format: 'der', type: 'spki' }), Buffer.from(data.PublicKey),
    )),
  ]),
  row('A key pair comes sealed only', localstackKeys('test_generate_data_key_pair_without_plaintext'), [
    key('key'), answered('GenerateDataKeyPairWithoutPlaintext', { KeyId: '${key}', KeyPairSpec: 'RSA_2048' }, pair),
  ]),
  ...withContext.map(([operation, input, member]) => row(`What ${operation} sealed under a context needs it again`, localstackKeys(`test_encryption_context_${snake(operation)}`), [
    key('key'), call(operation, { KeyId: '${key}', ...input, EncryptionContext }, { as: 'data' }),
    refused('Decrypt', { KeyId: '${key}', CiphertextBlob: `\${data.${member}}` }, 'InvalidCiphertextException', undefined),
    call('Decrypt', { KeyId: '${key}', CiphertextBlob: `\${data.${member}}`, EncryptionContext }),
  ])),
  ...['GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext'].map((operation) => row(`A dry run of ${operation}`, localstackKeys(`test_${snake(operation)}_dry_run`), [
    key('key'), refused(operation, { KeyId: '${key}', KeyPairSpec: 'RSA_2048', DryRun: true }, ...dryRun),
  ])),
  ...shapes.map(([operation, input, says], index) => row(`${operation} looks at what it is asked for before it looks for the key (${index})`, floci('generateDataKeyValidatesItsInputBeforeLookingUpTheKey'), [
    refused(operation, { KeyId: missing, ...input }, 'ValidationException', says),
  ])),
  ...[[{ KeySpec: 'AES_128' }, 16], [{ KeySpec: 'AES_256' }, 32], [{ NumberOfBytes: 7 }, 7]].map(([input, n]) => row(`A data key of ${Object.entries(input)} has ${n} bytes`, floci('generateDataKeyReturnsAPlaintextOfTheRequestedLength'), [
    key('key'), answered('GenerateDataKey', { KeyId: '${key}', ...input }, { ...dataKey, Plaintext: blob(n) }),
  ])),
  ...either.map(([operation, KeySpec, KeyUsage, input], index) => row(`${operation} takes a spec or a number, whatever the key and its state (${index})`, floci('generateDataKeyNeedsEitherKeySpecOrNumberOfBytes'), [
    key('key', { KeySpec, KeyUsage }), call('DisableKey', { KeyId: '${key}' }), refused(operation, { KeyId: '${key}', ...input }, 'ValidationException', 'Please specify either number of bytes or key spec.'),
  ])),
  ...operations.map((operation) => row(`${operation} under an RSA key`, floci('generateDataKeyRejectsAnAsymmetricKey'), [
    key('key', { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }), refused(operation, { KeyId: '${key}', KeySpec: 'AES_256' }, 'InvalidKeyUsageException', 'You cannot generate a data key with an asymmetric CMK'),
  ])),
  ...operations.map((operation) => row(`${operation} under a key for signatures`, floci('generateDataKeyNamesItsOperationInTheKeyUsageError'), [
    key('key', { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }), refused(operation, { KeyId: '${key}', KeySpec: 'AES_256' }, 'InvalidKeyUsageException', `\${key.arn} key usage is SIGN_VERIFY which is not valid for ${operation}.`),
  ])),
  row('GenerateDataKey looks at the state before the key spec', floci('generateDataKeyChecksTheKeyStateBeforeTheKeySpec'), [
    key('key', { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }), call('DisableKey', { KeyId: '${key}' }), refused('GenerateDataKey', { KeyId: '${key}', KeySpec: 'AES_256' }, 'DisabledException', '${key.arn} is disabled.'),
  ]),
  ...operations.map((operation) => row(`${operation} under a key without material`, floci('operationsRejectAKeyPendingImport'), [
    key('key', { Origin: 'EXTERNAL' }), refused(operation, { KeyId: '${key}', KeySpec: 'AES_256' }, 'KMSInvalidStateException', '${key.arn} is pending import.'),
  ])),
  ...[12, 44, 91, 1, 1024].map((NumberOfBytes) => row(`${NumberOfBytes} random bytes`, localstack(`test_generate_random[${NumberOfBytes}]`), [answered('GenerateRandom', { NumberOfBytes }, { Plaintext: blob(NumberOfBytes) })])),
  row('A number of random bytes is needed, from 1 to 1,024', localstack('test_generate_random_invalid_number_of_bytes'), [
    refused('GenerateRandom', {}, 'ValidationException', 'NumberOfBytes is required.'),
    refused('GenerateRandom', { NumberOfBytes: 0 }, 'ValidationException', bytes(0, 'greater than or equal to 1')),
    refused('GenerateRandom', { NumberOfBytes: 1025 }, 'ValidationException', bytes(1025, 'less than or equal to 1024')),
  ]),
]
