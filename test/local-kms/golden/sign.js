import { createHash, createPublicKey, constants, verify } from 'node:crypto'
import { assert } from 'chai'
import { blob } from './match.mjs'
import { publicKey } from './metadata.mjs'
import { facts, floci, flociIssue, localstack, row } from './sources.mjs'
import { answered, call, filled, key, local, refused, text, zeros } from './steps.mjs'

const message = text('test message !%$@ 1234567890')
const digest = (algorithm, data = message) => createHash(`sha${algorithm.slice(-3)}`).update(data).digest()
const pair = (as, KeySpec) => key(as, { KeySpec, KeyUsage: 'SIGN_VERIFY' })
const usage = (operation, found) => ['InvalidKeyUsageException', `\${key.arn} key usage is ${found} which is not valid for ${operation}.`]

const recorded = [
  ['RSA_2048', 'RSASSA_PSS_SHA_256', 256], ['RSA_2048', 'RSASSA_PSS_SHA_384', 256], ['RSA_2048', 'RSASSA_PSS_SHA_512', 256], ['RSA_4096', 'RSASSA_PKCS1_V1_5_SHA_256', 512],
  ['RSA_4096', 'RSASSA_PKCS1_V1_5_SHA_512', 512], ['ECC_NIST_P256', 'ECDSA_SHA_256'], ['ECC_NIST_P384', 'ECDSA_SHA_384'], ['ECC_SECG_P256K1', 'ECDSA_SHA_256'],
]

/** Whether a foreign implementation accepts the signature: PSS with a salt as long as the hash, ECDSA in DER. */
function accepted(algorithm, spkiBytes, signature) {
  const spki = createPublicKey({ key: Buffer.from(spkiBytes), format: 'der', type: 'spki' })
  const pss = algorithm.includes('PSS') && { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  assert.ok(verify(`sha${algorithm.slice(-3)}`, message, { key: spki, ...pss, dsaEncoding: 'der' }, signature), `${algorithm}: openssl refuses the signature`)
}

const both = (algorithm, kind, input) => [
  call('Sign', { KeyId: '${key}', SigningAlgorithm: algorithm, MessageType: kind, Message: input }, { as: kind }),
  answered('Verify', { KeyId: '${key}', SigningAlgorithm: algorithm, MessageType: kind, Message: input, Signature: `\${${kind}.Signature}` }, { KeyId: '${key.arn}', SignatureValid: true, SigningAlgorithm: algorithm }),
]

/** A DIGEST of another length: spec, algorithm, bytes, operation. */
const lengths = [
  ['ECC_NIST_P256', 'ECDSA_SHA_256', 20, 'Sign'], ['ECC_NIST_P256', 'ECDSA_SHA_256', 48, 'Sign'], ['ECC_NIST_P256', 'ECDSA_SHA_256', 20, 'Verify'], ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256', 20, 'Sign'],
  ['RSA_2048', 'RSASSA_PSS_SHA_256', 20, 'Sign'], ['RSA_2048', 'RSASSA_PSS_SHA_384', 32, 'Sign'], ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_384', 64, 'Sign'], ['RSA_2048', 'RSASSA_PSS_SHA_256', 20, 'Verify'],
  ['ECC_NIST_EDWARDS25519', 'ED25519_PH_SHA_512', 20, 'Sign'], ['ECC_NIST_EDWARDS25519', 'ED25519_PH_SHA_512', 20, 'Verify'],
]
const strangers = [
  ['RSA_2048', 'ECDSA_SHA_256', 'Sign'], ['RSA_2048', 'ECDSA_SHA_256', 'Verify'], ['RSA_2048', 'SYMMETRIC_DEFAULT', 'Sign'], ['ECC_NIST_P256', 'ECDSA_SHA_384', 'Sign'], ['ECC_NIST_P256', 'ECDSA_SHA_384', 'Verify'],
  ['ECC_NIST_P256', 'RSASSA_PSS_SHA_256', 'Sign'], ['ECC_NIST_P256', 'ED25519_PH_SHA_512', 'Sign'], ['ECC_NIST_EDWARDS25519', 'ECDSA_SHA_512', 'Sign'],
]
const usages = [['HMAC_256', 'GENERATE_VERIFY_MAC'], ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT'], ['RSA_2048', 'ENCRYPT_DECRYPT'], ['ECC_NIST_P256', 'KEY_AGREEMENT']]
/** Signatures of another form: spec, algorithm, message type, length, byte. */
const malformed = [
  ['RSA_2048', 'RSASSA_PSS_SHA_256', 'RAW', 1, 1], ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256', 'RAW', 6144, 97], ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256', 'DIGEST', 6144, 97], ['ECC_NIST_P256', 'ECDSA_SHA_256', 'RAW', 1, 1],
  ['ECC_SECG_P256K1', 'ECDSA_SHA_256', 'RAW', 1, 1], ['ECC_SECG_P256K1', 'ECDSA_SHA_256', 'RAW', 6144, 97], ['ECC_NIST_EDWARDS25519', 'ED25519_SHA_512', 'RAW', 1, 1], ['ML_DSA_44', 'ML_DSA_SHAKE_256', 'RAW', 6144, 97],
]
const wrongTypes = [
  ['ECC_NIST_EDWARDS25519', 'ED25519_SHA_512', 'DIGEST', 'Message type DIGEST is incompatible with algorithm ED25519_SHA_512.', floci('ed25519RejectsTheCombinationsRealKmsRejects')],
  ['ECC_NIST_EDWARDS25519', 'ED25519_PH_SHA_512', 'RAW', 'Message type RAW is incompatible with algorithm ED25519_PH_SHA_512.', floci('ed25519RejectsTheCombinationsRealKmsRejects')],
  ['ML_DSA_44', 'ML_DSA_SHAKE_256', 'DIGEST', 'Message type DIGEST is incompatible with key spec ML_DSA_44.', flociIssue('3025')],
]
const states = [
  ['DisableKey', 'RSA_2048', 'Sign', 'RSASSA_PSS_SHA_256', 'DisabledException', 'is disabled.'], ['DisableKey', 'RSA_2048', 'Verify', 'RSASSA_PSS_SHA_256', 'DisabledException', 'is disabled.'],
  ['DisableKey', 'RSA_2048', 'Sign', 'ECDSA_SHA_256', 'DisabledException', 'is disabled.'], ['ScheduleKeyDeletion', 'ECC_NIST_P256', 'Sign', 'ECDSA_SHA_256', 'KMSInvalidStateException', 'is pending deletion.'],
  ['ScheduleKeyDeletion', 'ECC_NIST_P256', 'Verify', 'ECDSA_SHA_256', 'KMSInvalidStateException', 'is pending deletion.'], ['ScheduleKeyDeletion', 'ECC_NIST_P256', 'Sign', 'ECDSA_SHA_384', 'KMSInvalidStateException', 'is pending deletion.'],
]
const input = (operation, algorithm, more = {}) => ({ KeyId: '${key}', Message: text('message'), SigningAlgorithm: algorithm, ...(operation === 'Verify' && { Signature: zeros(64) }), ...more })

export const rows = [
  ...recorded.map(([spec, algorithm, n]) => row(`${algorithm} with ${spec}: what it signs verifies, and what is wrong is refused`, localstack(`test_sign_verify[${spec}-${algorithm}]`), [
    pair('key', spec),
    call('Sign', { KeyId: '${key}', SigningAlgorithm: algorithm, MessageType: 'RAW', Message: text('bad') }, { as: 'bad' }),
    answered('Sign', { KeyId: '${key}', SigningAlgorithm: algorithm, MessageType: 'RAW', Message: message }, { KeyId: '${key.arn}', Signature: blob(n), SigningAlgorithm: algorithm }),
    ...both(algorithm, 'RAW', message),
    ...both(algorithm, 'DIGEST', digest(algorithm)),
    refused('Sign', { KeyId: '${key}', SigningAlgorithm: algorithm, MessageType: 'DIGEST', Message: message }, 'ValidationException', `Digest is invalid length for algorithm ${algorithm}.`),
    refused('Verify', { KeyId: '${key}', SigningAlgorithm: algorithm, MessageType: 'RAW', Message: message, Signature: '${bad.Signature}' }, 'KMSInvalidSignatureException', undefined),
    refused('Verify', { KeyId: '${key}', SigningAlgorithm: algorithm, MessageType: 'RAW', Message: text('bad message 321'), Signature: '${DIGEST.Signature}' }, 'KMSInvalidSignatureException', undefined),
    refused('Verify', { KeyId: '${key}', SigningAlgorithm: algorithm, MessageType: 'DIGEST', Message: text('bad message 321'), Signature: '${DIGEST.Signature}' }, 'ValidationException', `Digest is invalid length for algorithm ${algorithm}.`),
  ])),
  ...recorded.map(([spec, algorithm, n]) => row(`${algorithm} with ${spec}: a foreign implementation accepts RAW and DIGEST`, localstack(`test_verify_salt_length[${spec}-${algorithm}]`), [
    pair('key', spec),
    call('GetPublicKey', { KeyId: '${key}' }, { as: 'public' }),
    answered('Sign', { KeyId: '${key}', SigningAlgorithm: algorithm, MessageType: 'RAW', Message: message }, { KeyId: '${key.arn}', Signature: blob(n), SigningAlgorithm: algorithm }, { as: 'RAW' }),
    answered('Sign', { KeyId: '${key}', SigningAlgorithm: algorithm, MessageType: 'DIGEST', Message: digest(algorithm) }, { KeyId: '${key.arn}', Signature: blob(n), SigningAlgorithm: algorithm }, { as: 'DIGEST' }),
    local('accepted', (kept) => ['RAW', 'DIGEST'].forEach((kind) => accepted(algorithm, kept.public.PublicKey, kept[kind].Signature))),
  ])),
  row('A key for encryption does not sign, and one for signatures does not encrypt', localstack('test_invalid_key_usage'), [
    key('key', { KeyUsage: 'ENCRYPT_DECRYPT', KeySpec: 'RSA_4096' }),
    refused('Sign', { KeyId: '${key}', MessageType: 'RAW', Message: text('hello'), SigningAlgorithm: 'RSASSA_PSS_SHA_256' }, ...usage('Sign', 'ENCRYPT_DECRYPT')),
    pair('key', 'RSA_4096'),
    refused('Encrypt', { KeyId: '${key}', Plaintext: text('hello'), EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }, ...usage('Encrypt', 'SIGN_VERIFY')),
  ]),
  row('Usage is looked at before algorithms: five operations with a key of another usage', localstack('test_error_messaging_for_invalid_keys'), [
    key('hmac', { KeySpec: 'HMAC_224', KeyUsage: 'GENERATE_VERIFY_MAC' }),
    key('symmetric'),
    pair('rsa', 'RSA_2048'),
    refused('GenerateMac', { KeyId: '${symmetric}', Message: message, MacAlgorithm: 'HMAC_SHA_224' }, 'InvalidKeyUsageException', '${symmetric.arn} key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac.'),
    refused('Sign', { KeyId: '${hmac}', MessageType: 'RAW', Message: message, SigningAlgorithm: 'RSASSA_PSS_SHA_256' }, 'InvalidKeyUsageException', '${hmac.arn} key usage is GENERATE_VERIFY_MAC which is not valid for Sign.'),
    refused('Verify', { KeyId: '${symmetric}', MessageType: 'RAW', Signature: text('random text'), Message: message, SigningAlgorithm: 'ECDSA_SHA_256' }, 'InvalidKeyUsageException', '${symmetric.arn} key usage is ENCRYPT_DECRYPT which is not valid for Verify.'),
    refused('Encrypt', { KeyId: '${rsa}', Plaintext: message }, 'InvalidKeyUsageException', '${rsa.arn} key usage is SIGN_VERIFY which is not valid for Encrypt.'),
    call('Encrypt', { KeyId: '${symmetric}', Plaintext: message }, { as: 'sealed' }),
    refused('Decrypt', { KeyId: '${hmac}', CiphertextBlob: '${sealed.CiphertextBlob}' }, 'IncorrectKeyException', 'The key ID in the request does not identify a CMK that can perform this operation.'),
  ]),
  ...usages.flatMap(([spec, found]) => ['Sign', 'Verify'].map((operation) => row(`${operation} with a key of ${spec} for ${found}`, floci('signAndVerifyRejectKeysWhoseUsageIsNotSignVerify'), [
    key('key', { KeySpec: spec, KeyUsage: found }), refused(operation, input(operation, 'ECDSA_SHA_256', { MessageType: 'RAW' }), ...usage(operation, found)),
  ]))),
  ...strangers.map(([spec, algorithm, operation]) => row(`${operation}: ${algorithm} does not go with ${spec}`, floci('signAndVerifyRejectAnAlgorithmTheKeySpecDoesNotSupport'), [
    pair('key', spec), refused(operation, input(operation, algorithm), 'InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${spec}.`),
  ])),
  ...lengths.map(([spec, algorithm, n, operation]) => row(`${operation}: a digest of ${n} bytes for ${algorithm} with ${spec}`, floci('signAndVerifyRejectADigestOfTheWrongLength'), [
    pair('key', spec), refused(operation, input(operation, algorithm, { Message: zeros(n), MessageType: 'DIGEST' }), 'ValidationException', `Digest is invalid length for algorithm ${algorithm}.`),
  ])),
  row('The key spec is looked at before the length of the digest', floci('signChecksTheKeySpecBeforeTheDigestLength'), [
    pair('key', 'ECC_NIST_P256'), refused('Sign', input('Sign', 'ECDSA_SHA_384', { Message: zeros(20), MessageType: 'DIGEST' }), 'InvalidKeyUsageException', 'Algorithm ECDSA_SHA_384 is incompatible with key spec ECC_NIST_P256.'),
  ]),
  ...wrongTypes.map(([spec, algorithm, kind, says, from]) => row(`${algorithm} takes no ${kind} message`, from, [pair('key', spec), refused('Sign', input('Sign', algorithm, { MessageType: kind }), 'ValidationException', says)])),
  ...states.map(([change, spec, operation, algorithm, error, says]) => row(`The state comes before the algorithm: ${operation} ${algorithm} with ${spec} after ${change}`, floci('cryptoOperationsRejectADisabledKey, …PendingDeletion'), [
    pair('key', spec), call(change, { KeyId: '${key}' }), refused(operation, input(operation, algorithm), error, `\${key.arn} ${says}`),
  ])),
  ...['DisableKey', 'ScheduleKeyDeletion'].map((change) => row(`The usage comes before the state: Sign with an HMAC key after ${change}`, floci('keyUsageIsCheckedBeforeTheKeyState'), [
    key('key', { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }), call(change, { KeyId: '${key}' }), refused('Sign', input('Sign', 'RSASSA_PSS_SHA_256'), ...usage('Sign', 'GENERATE_VERIFY_MAC')),
  ])),
  ...malformed.map(([spec, algorithm, kind, n, byte]) => row(`A signature of ${n} bytes ${byte} is not one by ${algorithm} with ${spec}, ${kind}`, floci('verifyRejectsAMalformedSignature'), [
    pair('key', spec), refused('Verify', input('Verify', algorithm, { Message: kind === 'DIGEST' ? zeros(32) : text('message'), MessageType: kind, Signature: filled(n, byte) }), 'KMSInvalidSignatureException', undefined),
  ])),
  ...[['ED25519_SHA_512', 'RAW', text('message')], ['ED25519_PH_SHA_512', 'DIGEST', createHash('sha512').update('message').digest()]].map(([algorithm, kind, data]) => row(`${algorithm} signs in 64 bytes under a public key of 44`, flociIssue('2924'), [
    pair('key', 'ECC_NIST_EDWARDS25519'),
    answered('GetPublicKey', { KeyId: '${key}' }, publicKey('key', 'ECC_NIST_EDWARDS25519', 'SIGN_VERIFY', 44)),
    answered('Sign', { KeyId: '${key}', SigningAlgorithm: algorithm, MessageType: kind, Message: data }, { KeyId: '${key.arn}', Signature: blob(64), SigningAlgorithm: algorithm }),
    ...both(algorithm, kind, data),
  ])),
  ...[['ML_DSA_44', 1334, 2420], ['ML_DSA_65', 1974, 3309], ['ML_DSA_87', 2614, 4627]].map(([spec, spki, n]) => row(`${spec} signs in ${n} bytes under a public key of ${spki}`, flociIssue('3025'), [
    pair('key', spec),
    answered('GetPublicKey', { KeyId: '${key}' }, publicKey('key', spec, 'SIGN_VERIFY', spki)),
    answered('Sign', { KeyId: '${key}', SigningAlgorithm: 'ML_DSA_SHAKE_256', Message: text('message') }, { KeyId: '${key.arn}', Signature: blob(n), SigningAlgorithm: 'ML_DSA_SHAKE_256' }),
    ...both('ML_DSA_SHAKE_256', 'RAW', text('message')),
  ])),
  row('The type of a message is RAW unless told', facts('Key specs'), [
    pair('key', 'ECC_NIST_P256'),
    call('Sign', { KeyId: '${key}', SigningAlgorithm: 'ECDSA_SHA_256', Message: message }, { as: 'one' }),
    answered('Verify', { KeyId: '${key}', SigningAlgorithm: 'ECDSA_SHA_256', Message: message, MessageType: 'RAW', Signature: '${one.Signature}' }, { KeyId: '${key.arn}', SignatureValid: true, SigningAlgorithm: 'ECDSA_SHA_256' }),
  ]),
]
