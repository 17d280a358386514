import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { blob, date, hex64 } from './match.mjs'
import { external, publicKey } from './metadata.mjs'
import { facts, floci, localstack, row } from './sources.mjs'
import { answered, call, key, local, oaep, refused, rsaAesKeyWrap, text, zeros } from './steps.mjs'

const forever = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
const pkcs8 = (kind, options) => generateKeyPairSync(kind, { ...options, privateKeyEncoding: { format: 'der', type: 'pkcs8' }, publicKeyEncoding: { format: 'der', type: 'spki' } })
const symmetric = (state, more) => external('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', state, more)
const message = text('test content 123 !#')

/** Parameters, a wrapped material and its import, kept under names of their own so that a row can do it again. */
const importing = (name, material, { WrappingAlgorithm = 'RSAES_OAEP_SHA_256', WrappingKeySpec = 'RSA_2048', more = {}, expect } = {}) => [
  call('GetParametersForImport', { KeyId: '${key}', WrappingAlgorithm, WrappingKeySpec }, { as: `${name}For` }),
  local(`${name}Material`, material),
  local(`${name}Wrapped`, (kept) => {
    const { PublicKey } = kept[`${name}For`]
    const hash = WrappingAlgorithm.endsWith('SHA_1') ? 'sha1' : 'sha256'
    return WrappingAlgorithm.startsWith('RSA_AES') ? rsaAesKeyWrap(PublicKey, hash, kept[`${name}Material`]) : oaep(PublicKey, hash, kept[`${name}Material`])
  }),
  { call: 'ImportKeyMaterial', input: { KeyId: '${key}', ImportToken: `\${${name}For.ImportToken}`, EncryptedKeyMaterial: `\${${name}Wrapped}`, ...forever, ...more }, as: name, ...(expect && { expect }) },
]
const random = (n) => () => randomBytes(n)
const imported = { KeyId: '${key.arn}', KeyMaterialId: hex64 }
const sealed = { CiphertextBlob: blob(), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', KeyId: '${key.arn}' }
const pendingImport = ['KMSInvalidStateException', '${key.arn} is pending import.']
const wrongOrigin = ['UnsupportedOperationException', '${key.arn} origin is AWS_KMS which is not valid for this operation.']

const curves = [
  ['ECC_NIST_P256', 'P-256', 'ECDSA_SHA_256', 'RSA_2048', 'RSAES_OAEP_SHA_1'], ['ECC_NIST_P384', 'P-384', 'ECDSA_SHA_384', 'RSA_2048', 'RSAES_OAEP_SHA_1'],
  ['ECC_NIST_P521', 'P-521', 'ECDSA_SHA_512', 'RSA_4096', 'RSAES_OAEP_SHA_256'], ['ECC_SECG_P256K1', 'secp256k1', 'ECDSA_SHA_256', 'RSA_2048', 'RSAES_OAEP_SHA_1'],
]
const macs = [['HMAC_224', 28], ['HMAC_256', 32], ['HMAC_384', 48], ['HMAC_512', 64]]
const described = (spec, usage, state, more) => answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: external(spec, usage, state, more) })
const parameters = { ImportToken: blob(), KeyId: '${key.arn}', ParametersValidTo: date, PublicKey: blob(294) }
const wrapping = { KeyId: '${key}', WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }

export const rows = [
  row('A symmetric key gets its material, is used, loses it, and keeps the id of it', localstack('test_import_key_symmetric'), [
    answered('CreateKey', { Origin: 'EXTERNAL' }, { KeyMetadata: symmetric('empty') }, { as: 'key' }),
    refused('Encrypt', { KeyId: '${key}', Plaintext: message }, ...pendingImport),
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: '${key.KeyMetadata}' }),
    ...importing('late', random(32), { more: { ExpirationModel: undefined }, expect: { error: 'ValidationException', message: 'A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES' } }),
    ...importing('first', random(32), { expect: { answer: imported } }),
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: symmetric('imported', { CurrentKeyMaterialId: '${first.KeyMaterialId}' }) }),
    answered('Encrypt', { KeyId: '${key}', Plaintext: message }, sealed, { as: 'sealed' }),
    answered('Decrypt', { KeyId: '${key}', CiphertextBlob: '${sealed.CiphertextBlob}' }, { KeyId: '${key.arn}', EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', KeyMaterialId: '${first.KeyMaterialId}', Plaintext: message }),
    answered('DeleteImportedKeyMaterial', { KeyId: '${key}' }, { KeyId: '${key.arn}', KeyMaterialId: '${first.KeyMaterialId}' }),
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: symmetric('deleted', { CurrentKeyMaterialId: '${first.KeyMaterialId}' }) }),
    refused('Encrypt', { KeyId: '${key}', Plaintext: message }, ...pendingImport),
  ]),
  row('A P-256 key gets its private key, and has the public key of it', localstack('test_import_key_asymmetric'), [
    answered('CreateKey', { Origin: 'EXTERNAL', KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }, { KeyMetadata: external('ECC_NIST_P256', 'SIGN_VERIFY', 'empty') }, { as: 'key' }),
    local('pair', () => pkcs8('ec', { namedCurve: 'P-256' })),
    ...importing('first', ({ pair }) => pair.privateKey),
    described('ECC_NIST_P256', 'SIGN_VERIFY', 'imported'),
    answered('GetPublicKey', { KeyId: '${key}' }, { ...publicKey('key', 'ECC_NIST_P256', 'SIGN_VERIFY'), PublicKey: '${pair.publicKey}' }),
    call('DeleteImportedKeyMaterial', { KeyId: '${key}' }),
    described('ECC_NIST_P256', 'SIGN_VERIFY', 'deleted'),
  ]),
  ...curves.map(([spec, namedCurve, SigningAlgorithm, WrappingKeySpec, WrappingAlgorithm]) => row(`A key of ${spec} gets its private key under ${WrappingAlgorithm}, and signs`, localstack(`test_import_key_ecc_keys[${spec}]`), [
    key('key', { Origin: 'EXTERNAL', KeySpec: spec, KeyUsage: 'SIGN_VERIFY', Description: 'test ecc key import' }),
    described(spec, 'SIGN_VERIFY', 'empty', { Description: 'test ecc key import' }),
    local('pair', () => pkcs8('ec', { namedCurve })),
    ...importing('first', ({ pair }) => pair.privateKey, { WrappingKeySpec, WrappingAlgorithm }),
    described(spec, 'SIGN_VERIFY', 'imported', { Description: 'test ecc key import' }),
    answered('GetPublicKey', { KeyId: '${key}' }, { ...publicKey('key', spec, 'SIGN_VERIFY'), PublicKey: '${pair.publicKey}' }),
    answered('Sign', { KeyId: '${key}', Message: message, MessageType: 'RAW', SigningAlgorithm }, { KeyId: '${key.arn}', Signature: blob(), SigningAlgorithm }, { as: 'signed' }),
    answered('Verify', { KeyId: '${key}', Message: message, MessageType: 'RAW', SigningAlgorithm, Signature: '${signed.Signature}' }, { KeyId: '${key.arn}', SignatureValid: true, SigningAlgorithm }),
    call('DeleteImportedKeyMaterial', { KeyId: '${key}' }),
    described(spec, 'SIGN_VERIFY', 'deleted', { Description: 'test ecc key import' }),
  ])),
  ...macs.map(([spec, n]) => row(`A key of ${spec} gets ${n} bytes, and the MACs are those of these bytes`, localstack(`test_import_key_hmac_keys[${spec}]`), [
    key('key', { Origin: 'EXTERNAL', KeySpec: spec, KeyUsage: 'GENERATE_VERIFY_MAC', Description: 'test import hmac key' }),
    described(spec, 'GENERATE_VERIFY_MAC', 'empty', { Description: 'test import hmac key' }),
    ...importing('first', random(n), { WrappingKeySpec: 'RSA_4096' }),
    described(spec, 'GENERATE_VERIFY_MAC', 'imported', { Description: 'test import hmac key' }),
    answered('GenerateMac', { KeyId: '${key}', Message: message, MacAlgorithm: spec.replace('HMAC', 'HMAC_SHA') }, { KeyId: '${key.arn}', Mac: blob(n), MacAlgorithm: spec.replace('HMAC', 'HMAC_SHA') }, { as: 'made' }),
    answered('VerifyMac', { KeyId: '${key}', Message: message, MacAlgorithm: spec.replace('HMAC', 'HMAC_SHA'), Mac: '${made.Mac}' }, { KeyId: '${key.arn}', MacValid: true, MacAlgorithm: spec.replace('HMAC', 'HMAC_SHA') }),
    call('DeleteImportedKeyMaterial', { KeyId: '${key}' }),
    described(spec, 'GENERATE_VERIFY_MAC', 'deleted', { Description: 'test import hmac key' }),
  ])),
  row('An RSA_4096 key gets its private key under RSA_AES_KEY_WRAP_SHA_256', localstack('test_import_key_rsa_aes_wrap_sha256'), [
    key('key', { Origin: 'EXTERNAL', KeySpec: 'RSA_4096', KeyUsage: 'ENCRYPT_DECRYPT', Description: 'test-key' }),
    described('RSA_4096', 'ENCRYPT_DECRYPT', 'empty', { Description: 'test-key' }),
    local('pair', () => pkcs8('rsa', { modulusLength: 4096 })),
    ...importing('first', ({ pair }) => pair.privateKey, { WrappingAlgorithm: 'RSA_AES_KEY_WRAP_SHA_256', WrappingKeySpec: 'RSA_4096' }),
    described('RSA_4096', 'ENCRYPT_DECRYPT', 'imported', { Description: 'test-key' }),
    answered('GetPublicKey', { KeyId: '${key}' }, { ...publicKey('key', 'RSA_4096', 'ENCRYPT_DECRYPT'), PublicKey: '${pair.publicKey}' }),
    call('DeleteImportedKeyMaterial', { KeyId: '${key}' }),
    described('RSA_4096', 'ENCRYPT_DECRYPT', 'deleted', { Description: 'test-key' }),
  ]),
  row('Parameters are for keys of origin EXTERNAL', localstack('test_get_parameters_for_import'), [
    key('key', { KeyUsage: 'SIGN_VERIFY', KeySpec: 'ECC_NIST_P256', Origin: 'EXTERNAL' }),
    answered('GetParametersForImport', { ...wrapping, WrappingKeySpec: 'RSA_4096' }, { ...parameters, PublicKey: blob(550) }),
    key('key'),
    refused('GetParametersForImport', { ...wrapping, WrappingKeySpec: 'RSA_4096' }, ...wrongOrigin),
  ]),
  row('Parameters of a key with material of KMS', localstack('test_get_parameters_for_import_raises_for_non_external_kms_keys'), [key('key'), refused('GetParametersForImport', wrapping, ...wrongOrigin)]),
  row('New material waits for a rotation', localstack('test_rotate_key_on_demand_updates_current_key_material_for_external_keys'), [
    answered('CreateKey', { Origin: 'EXTERNAL', KeyUsage: 'ENCRYPT_DECRYPT', Description: 'test-key' }, { KeyMetadata: symmetric('empty', { Description: 'test-key' }) }, { as: 'key' }),
    answered('GetParametersForImport', wrapping, parameters),
    ...importing('first', random(32), { expect: { answer: imported } }),
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: symmetric('imported', { Description: 'test-key', CurrentKeyMaterialId: '${first.KeyMaterialId}' }) }),
    answered('Encrypt', { KeyId: '${key}', Plaintext: message }, sealed, { as: 'sealed' }),
    ...importing('second', random(32), { more: { ImportType: 'NEW_KEY_MATERIAL' }, expect: { answer: imported } }),
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: symmetric('imported', { Description: 'test-key', CurrentKeyMaterialId: '${first.KeyMaterialId}' }) }),
    answered('RotateKeyOnDemand', { KeyId: '${key}' }, { KeyId: '${key.arn}' }),
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: symmetric('imported', { Description: 'test-key', CurrentKeyMaterialId: '${second.KeyMaterialId}' }) }),
    answered('Encrypt', { KeyId: '${key}', Plaintext: message }, sealed, { as: 'again' }),
    answered('Decrypt', { KeyId: '${key}', CiphertextBlob: '${again.CiphertextBlob}' }, { KeyId: '${key.arn}', EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', KeyMaterialId: '${second.KeyMaterialId}', Plaintext: message }),
    answered('Decrypt', { KeyId: '${key}', CiphertextBlob: '${sealed.CiphertextBlob}' }, { KeyId: '${key.arn}', EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', KeyMaterialId: '${first.KeyMaterialId}', Plaintext: message }),
  ]),
  row('A second material that waits is refused, and both are named', localstack('test_import_key_material_raises_if_there_is_already_key_material_pending'), [
    key('key', { Origin: 'EXTERNAL', KeyUsage: 'ENCRYPT_DECRYPT', Description: 'test-key' }),
    ...importing('first', random(32), { expect: { answer: imported } }),
    ...importing('second', random(32), { more: { ImportType: 'NEW_KEY_MATERIAL' }, expect: { answer: imported } }),
    ...importing('third', random(32), { more: { ImportType: 'NEW_KEY_MATERIAL' }, expect: { error: 'KMSInvalidStateException', message: /^New key material \(id: [0-9a-f]{64}\) cannot be imported into KMS key arn:aws:kms:us-east-1:111122223333:key\/[0-9a-f-]{36}, because another key material \(id: [0-9a-f]{64}\) is pending rotation\.$/ } }),
  ]),
  ...[['GetParametersForImport', wrapping], ['ImportKeyMaterial', { KeyId: '${key}', ImportToken: zeros(3), EncryptedKeyMaterial: zeros(3), ...forever }]].map(([operation, input]) => row(`${operation} for a key pending deletion`, floci('keyManagementRejectsAKeyPendingDeletion'), [
    key('key', { Origin: 'EXTERNAL' }), call('ScheduleKeyDeletion', { KeyId: '${key}' }), refused(operation, input, 'KMSInvalidStateException', '${key.arn} is pending deletion.'),
  ])),
  ...[['ImportKeyMaterial', { KeyId: '${key}', ImportToken: zeros(3), EncryptedKeyMaterial: zeros(3), ...forever }], ['DeleteImportedKeyMaterial', { KeyId: '${key}' }]].map(([operation, input]) => row(`${operation} for a key with material of KMS`, floci('operationsRejectAKeyWithTheWrongOrigin'), [
    key('key'), refused(operation, input, ...wrongOrigin),
  ])),
  ...[['Decrypt', (KeyId) => ({ KeyId })], ['Decrypt', () => ({})], ['ReEncrypt', () => ({ DestinationKeyId: '${other}' })]].map(([operation, more], index) => row(`${operation} of what was sealed under material that is gone (${index})`, floci('ciphertextOfDeletedKeyMaterialReportsPendingImport'), [
    key('key', { Origin: 'EXTERNAL' }), key('other'),
    ...importing('first', random(32)),
    call('Encrypt', { KeyId: '${key}', Plaintext: message }, { as: 'sealed' }),
    call('DeleteImportedKeyMaterial', { KeyId: '${key}' }),
    refused(operation, { CiphertextBlob: '${sealed.CiphertextBlob}', ...more('${key}') }, ...pendingImport),
  ])),
  row('A key without material is not used', facts('States'), [
    key('key', { Origin: 'EXTERNAL', KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
    refused('Sign', { KeyId: '${key}', Message: createHash('sha256').digest(), MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' }, ...pendingImport),
  ]),
]
