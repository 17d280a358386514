// Refused by what the key can do and by what a call brings (kms-facts.md, rows marked [R]):
// operation, input and message, grouped by error.
import { generateKeyPairSync } from 'node:crypto'
import { base64, noMessage, row } from './helpers.mjs'
import * as say from './messages.mjs'
import { refusedAs } from './messages.mjs'

/** @import { FaultRow, Refusal } from './types.d.ts' */

const missing = '12345678-1234-1234-1234-123456789012'
const text = base64('message')
const bytes = (length) => base64(Buffer.alloc(length, 1))
const peer = base64(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
    type: 'spki',
    format: 'der',
  }),
)
const length = (name, bound, limit) =>
  say.mustHave(name, `length ${bound} than or equal to ${limit}`)
/** A good call of each operation on the right key, of which a row changes some members. */
function goodCalls(arn) {
  return {
    sign: (more = {}) => ({
      KeyId: arn.ec,
      Message: text,
      SigningAlgorithm: 'ECDSA_SHA_256',
      ...more,
    }),
    verify: (more = {}) => ({
      KeyId: arn.ec,
      Message: text,
      Signature: bytes(70),
      SigningAlgorithm: 'ECDSA_SHA_256',
      ...more,
    }),
    encrypt: (more = {}) => ({
      KeyId: arn.enc,
      Plaintext: text,
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      ...more,
    }),
    decrypt: (more = {}) => ({
      KeyId: arn.enc,
      CiphertextBlob: bytes(256),
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      ...more,
    }),
    derive: (more = {}) => ({
      KeyId: arn.ecdh,
      KeyAgreementAlgorithm: 'ECDH',
      PublicKey: peer,
      ...more,
    }),
  }
}

/** Usage, then state, then algorithm. */
function usageAndState(arn, { sign, verify, encrypt, decrypt, derive }) {
  const usage = (name, actual, operation) =>
    `${arn[name]} key usage is ${actual} which is not valid for ${operation}.`
  const gone = say.pendingDeletion(arn.gone)
  const on = (name) => ({ KeyId: arn[name] })
  const leaving = ['GetPublicKey', 'EnableKey', 'DisableKey', 'ScheduleKeyDeletion']
  return [
    ...refusedAs('InvalidKeyUsageException', [
      ['Encrypt', encrypt(on('rsa')), usage('rsa', 'SIGN_VERIFY', 'Encrypt')],
      ['Decrypt', decrypt(on('rsa')), usage('rsa', 'SIGN_VERIFY', 'Decrypt')],
      ['Sign', sign(on('enc')), usage('enc', 'ENCRYPT_DECRYPT', 'Sign')],
      ['Verify', verify(on('ecdh')), usage('ecdh', 'KEY_AGREEMENT', 'Verify')],
      ['DeriveSharedSecret', derive(on('ec')), usage('ec', 'SIGN_VERIFY', 'DeriveSharedSecret')],
      ['Sign', sign(on('offEnc')), usage('offEnc', 'ENCRYPT_DECRYPT', 'Sign')],
    ]),
    ...refusedAs('DisabledException', [
      ['Encrypt', encrypt(on('offEnc')), say.disabled(arn.offEnc)],
      ['Decrypt', decrypt(on('offEnc')), say.disabled(arn.offEnc)],
      ['Sign', sign({ ...on('off'), SigningAlgorithm: 'ECDSA_SHA_384' }), say.disabled(arn.off)],
      ['Verify', verify(on('off')), say.disabled(arn.off)],
      ['DeriveSharedSecret', derive(on('offEcdh')), say.disabled(arn.offEcdh)],
      ['GetPublicKey', on('off'), say.disabled(arn.off)],
    ]),
    ...refusedAs('KMSInvalidStateException', [
      ['Encrypt', encrypt(on('goneEnc')), say.pendingDeletion(arn.goneEnc)],
      ['Decrypt', decrypt(on('goneEnc')), say.pendingDeletion(arn.goneEnc)],
      ['Sign', sign(on('gone')), gone],
      ['Verify', verify(on('gone')), gone],
      ['DeriveSharedSecret', derive(on('goneEcdh')), say.pendingDeletion(arn.goneEcdh)],
      ...leaving.map((operation) => row(operation, on('gone'), gone)),
      ['CreateAlias', { AliasName: 'alias/new', TargetKeyId: arn.gone }, gone],
      ['UpdateAlias', { AliasName: 'alias/taken', TargetKeyId: arn.gone }, gone],
      ['CancelKeyDeletion', on('off'), `${arn.off} is not pending deletion.`],
    ]),
  ]
}

const signingAlgorithms =
  'RSASSA_PSS_SHA_256, RSASSA_PSS_SHA_384, RSASSA_PSS_SHA_512, RSASSA_PKCS1_V1_5_SHA_256, ' +
  'RSASSA_PKCS1_V1_5_SHA_384, RSASSA_PKCS1_V1_5_SHA_512, ECDSA_SHA_256, ECDSA_SHA_384, ' +
  'ECDSA_SHA_512, ED25519_SHA_512, ED25519_PH_SHA_512, SM2DSA, ML_DSA_SHAKE_256'
const encryptionAlgorithms = 'RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE, SYMMETRIC_DEFAULT'

/** Key, algorithm, bytes of a digest that is not of it. */
const digests = [
  row('ec', 'ECDSA_SHA_256', 20),
  row('ec', 'ECDSA_SHA_256', 48),
  row('rsa', 'RSASSA_PSS_SHA_256', 20),
  row('rsa', 'RSASSA_PSS_SHA_384', 32),
  row('rsa', 'RSASSA_PKCS1_V1_5_SHA_384', 64),
  row('rsa', 'RSASSA_PKCS1_V1_5_SHA_512', 65),
]

function algorithms(arn, { sign, verify, encrypt, derive }) {
  const signBy = (SigningAlgorithm, more = {}) => sign({ SigningAlgorithm, ...more })
  const encryptBy = (EncryptionAlgorithm) => encrypt({ EncryptionAlgorithm })
  const badLength = (algorithm) => `Digest is invalid length for algorithm ${algorithm}.`
  const digest = (name, SigningAlgorithm, size) => ({
    KeyId: arn[name],
    Message: bytes(size),
    MessageType: 'DIGEST',
    SigningAlgorithm,
  })
  return [
    ...refusedAs('InvalidKeyUsageException', [
      ['Sign', signBy('ECDSA_SHA_384'), say.noAlgorithm('ECDSA_SHA_384', 'ECC_NIST_P256')],
      [
        'Sign',
        signBy('ECDSA_SHA_384', { MessageType: 'DIGEST' }),
        say.noAlgorithm('ECDSA_SHA_384', 'ECC_NIST_P256'),
      ],
      [
        'Sign',
        signBy('ED25519_PH_SHA_512'),
        say.noAlgorithm('ED25519_PH_SHA_512', 'ECC_NIST_P256'),
      ],
      ['Verify', verify({ KeyId: arn.rsa }), say.noAlgorithm('ECDSA_SHA_256', 'RSA_2048')],
      ['Encrypt', encryptBy(undefined), say.noAlgorithm('SYMMETRIC_DEFAULT', 'RSA_2048')],
      ['Encrypt', encryptBy('SM2PKE'), say.noAlgorithm('SM2PKE', 'RSA_2048')],
    ]),
    ...refusedAs('ValidationException', [
      [
        'Sign',
        { KeyId: missing, Message: text, SigningAlgorithm: 'FOO' },
        say.enumerated('signingAlgorithm', 'FOO', signingAlgorithms),
      ],
      [
        'Sign',
        sign({ MessageType: 'FOO' }),
        say.enumerated('messageType', 'FOO', 'RAW, DIGEST, EXTERNAL_MU'),
      ],
      [
        'Sign',
        sign({ MessageType: 'EXTERNAL_MU' }),
        'Message type EXTERNAL_MU is incompatible with key spec ECC_NIST_P256.',
      ],
      [
        'Encrypt',
        encryptBy('FOO'),
        say.enumerated('encryptionAlgorithm', 'FOO', encryptionAlgorithms),
      ],
      [
        'DeriveSharedSecret',
        derive({ KeyAgreementAlgorithm: 'INVALID' }),
        say.enumerated('keyAgreementAlgorithm', 'INVALID', 'ECDH'),
      ],
      ...digests.flatMap(([name, algorithm, size]) => [
        row('Sign', digest(name, algorithm, size), badLength(algorithm)),
        row(
          'Verify',
          { ...digest(name, algorithm, size), Signature: bytes(64) },
          badLength(algorithm),
        ),
      ]),
    ]),
  ]
}

/** Bytes: absent, empty, too long, or not what they should be. */
function blobs(arn, { sign, verify, encrypt, decrypt, derive }) {
  const EncryptionContext = { a: 'b' }
  const nothing =
    "3 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member " +
    "must not be null; Value at 'message' failed to satisfy constraint: Member must not be null; " +
    "Value null at 'signingAlgorithm' failed to satisfy constraint: Member must not be null"
  const noMessageThere = say.broken(
    "Value at 'message' failed to satisfy constraint: Member must not be null",
  )
  const keyless =
    'KeyId is required with EncryptionAlgorithm RSAES_OAEP_SHA_256: an asymmetric ciphertext ' +
    'does not name its key.'
  const tooMuch = say.tooLong('RSAES_OAEP_SHA_256', 'RSA_2048', 190)
  const rsaBlob = { CiphertextBlob: bytes(256) }
  return [
    ...refusedAs('ValidationException', [
      ['Sign', sign({ Message: '' }), length('message', 'greater', 1)],
      ['Sign', sign({ Message: bytes(4097) }), length('message', 'less', 4096)],
      ['Sign', { KeyId: arn.ec, SigningAlgorithm: 'ECDSA_SHA_256' }, noMessageThere],
      ['Sign', { KeyId: arn.ec, Message: text }, say.isNull('signingAlgorithm')],
      ['Sign', {}, nothing],
      ['Verify', verify({ Signature: undefined }), say.isNull('signature')],
      ['Verify', verify({ Signature: '' }), length('signature', 'greater', 1)],
      ['Verify', verify({ Signature: bytes(6145) }), length('signature', 'less', 6144)],
      ['Encrypt', encrypt({ Plaintext: '' }), length('plaintext', 'greater', 1)],
      ['Encrypt', encrypt({ Plaintext: bytes(4097) }), length('plaintext', 'less', 4096)],
      ['Encrypt', encrypt({ Plaintext: bytes(191) }), tooMuch],
      ['Encrypt', encrypt({ EncryptionContext }), say.noContext],
      ['Decrypt', {}, say.isNull('ciphertextBlob')],
      ['Decrypt', decrypt({ CiphertextBlob: '' }), length('ciphertextBlob', 'greater', 1)],
      ['Decrypt', decrypt({ CiphertextBlob: bytes(6145) }), length('ciphertextBlob', 'less', 6144)],
      ['Decrypt', decrypt({ EncryptionContext }), say.noContext],
      ['Decrypt', { ...rsaBlob, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }, keyless],
      ['DeriveSharedSecret', derive({ PublicKey: base64('InvalidPublicKey') }), ''],
      ['DeriveSharedSecret', derive({ PublicKey: undefined }), say.isNull('publicKey')],
    ]),
    ...refusedAs('KMSInvalidSignatureException', [['Verify', verify(), noMessage]]),
    ...refusedAs('InvalidCiphertextException', [
      ['Decrypt', decrypt(), noMessage],
      ['Decrypt', decrypt({ CiphertextBlob: bytes(10) }), noMessage],
      ['Decrypt', decrypt({ EncryptionAlgorithm: undefined }), noMessage],
      ['Decrypt', rsaBlob, noMessage],
    ]),
  ]
}

/** What is not here is said, never half done. */
function notHere({ sign, verify, encrypt, decrypt, derive }) {
  const run = { DryRun: true }
  const Recipient = { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }
  const noRecipient = say.notImplemented('The parameter Recipient')
  const noOperation = (name) => say.notImplemented(`The operation ${name}`)
  const stores = ['Connect', 'Create', 'Delete', 'Disconnect', 'Update'].map(
    (verb) => `${verb}CustomKeyStore`,
  )
  return [
    ...refusedAs('DryRunOperationException', [
      ['Sign', sign(run), say.dryRun],
      ['Verify', verify(run), say.dryRun],
      ['Encrypt', encrypt(run), say.dryRun],
      ['Decrypt', decrypt({ ...run, DryRunModifiers: ['IGNORE_CIPHERTEXT'] }), say.dryRun],
      ['DeriveSharedSecret', derive(run), say.dryRun],
    ]),
    // a dry run needs a ciphertext that opens
    ...refusedAs('InvalidCiphertextException', [['Decrypt', decrypt(run), noMessage]]),
    ...refusedAs('UnsupportedOperationException', [
      ['Decrypt', decrypt({ Recipient }), noRecipient],
      ['DeriveSharedSecret', derive({ Recipient }), noRecipient],
      ...stores.map((operation) =>
        row(operation, { CustomKeyStoreId: 'cks-1' }, noOperation(operation)),
      ),
      ['DescribeCustomKeyStores', {}, noOperation('DescribeCustomKeyStores')],
    ]),
  ]
}

/**
 * @param {Record<string, string>} arn ARNs of keys by name
 * @returns {FaultRow[]}
 */
export function callRows(arn) {
  const good = goodCalls(arn)
  return [
    ...usageAndState(arn, good),
    ...algorithms(arn, good),
    ...blobs(arn, good),
    ...notHere(good),
  ]
}
