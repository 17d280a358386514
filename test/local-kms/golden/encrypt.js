import { blob, hex64, newer } from './match.mjs'
import { facts, floci, flociIssue, localstack, row } from './sources.mjs'
import { answered, call, filled, key, local, oaep, refused, text, zeros } from './steps.mjs'

const message = text(text('test message 123 !%$@ 1234567890').toString('base64'))
const maxima = [['RSA_2048', 214, 190], ['RSA_3072', 342, 318], ['RSA_4096', 470, 446]]
const rsa = (as, KeySpec = 'RSA_2048', KeyUsage = 'ENCRYPT_DECRYPT') => key(as, { KeySpec, KeyUsage })
const oaep256 = { EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }
const incorrect = ['IncorrectKeyException', 'The key ID in the request does not identify a CMK that can perform this operation.']
const invalid = ['InvalidCiphertextException', undefined]
const sealed = (algorithm) => ({ CiphertextBlob: blob(), EncryptionAlgorithm: algorithm, KeyId: '${key.arn}' })
const context = { 'context-key': 'context-value' }

const others = [['RSA_2048', 'ENCRYPT_DECRYPT', 'AWS_KMS'], ['RSA_2048', 'SIGN_VERIFY', 'AWS_KMS'], ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', 'EXTERNAL']]
/** The state comes before the algorithm: operation, spec, what it takes. */
const disabled = [
  ['Encrypt', 'SYMMETRIC_DEFAULT', { Plaintext: text('message') }], ['Encrypt', 'RSA_2048', { Plaintext: text('message'), ...oaep256 }], ['Decrypt', 'RSA_2048', { CiphertextBlob: zeros(64), ...oaep256 }],
]

export const rows = [
  ...['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_256'].map((EncryptionAlgorithm) => row(`What ${EncryptionAlgorithm} seals it opens`, localstack('test_encrypt_decrypt'), [
    key('key', { KeyUsage: 'ENCRYPT_DECRYPT', KeySpec: EncryptionAlgorithm.startsWith('RSA') ? 'RSA_2048' : EncryptionAlgorithm }),
    answered('Encrypt', { KeyId: '${key}', Plaintext: message, EncryptionAlgorithm }, sealed(EncryptionAlgorithm), { as: 'sealed' }),
    answered('Decrypt', { KeyId: '${key}', CiphertextBlob: '${sealed.CiphertextBlob}', EncryptionAlgorithm }, {
      KeyId: '${key.arn}', EncryptionAlgorithm, Plaintext: message, ...(EncryptionAlgorithm === 'SYMMETRIC_DEFAULT' && { KeyMaterialId: hex64 }),
    }),
  ])),
  row('A context has to be named again, and a cut ciphertext is none', localstack('test_encrypt_decrypt_encryption_context'), [
    key('key'),
    answered('Encrypt', { KeyId: '${key}', Plaintext: message, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', EncryptionContext: context }, sealed('SYMMETRIC_DEFAULT'), { as: 'sealed' }),
    answered('Decrypt', { KeyId: '${key}', CiphertextBlob: '${sealed.CiphertextBlob}', EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', EncryptionContext: context }, {
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', KeyId: '${key.arn}', KeyMaterialId: '${key.KeyMetadata.CurrentKeyMaterialId}', Plaintext: message,
    }),
    refused('Decrypt', { KeyId: '${key}', CiphertextBlob: '${sealed.CiphertextBlob}', EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' }, ...invalid),
    local('cut', (kept) => kept.sealed.CiphertextBlob.subarray(60)),
    refused('Decrypt', { KeyId: '${key}', CiphertextBlob: '${cut}', EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', EncryptionContext: context }, ...invalid),
  ]),
  row('Another context does not open either', floci('decryptRejectsAnInvalidCiphertextWithoutAMessage'), [
    key('key'),
    call('Encrypt', { KeyId: '${key}', Plaintext: text('hello'), EncryptionContext: { a: 'b' } }, { as: 'sealed' }),
    refused('Decrypt', { CiphertextBlob: '${sealed.CiphertextBlob}', EncryptionContext: { a: 'c' } }, ...invalid),
  ]),
  row('Three bytes are no ciphertext', floci('decryptRejectsAnInvalidCiphertextWithoutAMessage'), [refused('Decrypt', { CiphertextBlob: zeros(3) }, ...invalid)]),
  ...[256, 10].map((n) => row(`${n} bytes that RSA did not seal`, floci('decryptRejectsAnInvalidCiphertextWithoutAMessage'), [
    rsa('key'), refused('Decrypt', { KeyId: '${key}', CiphertextBlob: filled(n, 1), ...oaep256 }, ...invalid),
  ])),
  ...maxima.map(([spec, sha1, sha256]) => row(`${spec} takes at most ${sha1} and ${sha256} bytes`, localstack('test_encrypt_validate_plaintext_size_per_key_type'), [
    rsa('key', spec),
    ...Object.entries({ RSAES_OAEP_SHA_1: sha1, RSAES_OAEP_SHA_256: sha256 }).flatMap(([EncryptionAlgorithm, n]) => [
      refused('Encrypt', { KeyId: '${key}', Plaintext: zeros(n + 1), EncryptionAlgorithm }, 'ValidationException', `Algorithm ${EncryptionAlgorithm} and key spec ${spec} cannot encrypt data larger than ${n} bytes.`),
      answered('Encrypt', { KeyId: '${key}', Plaintext: zeros(n), EncryptionAlgorithm }, { ...sealed(EncryptionAlgorithm), CiphertextBlob: blob(Number(spec.slice(4)) / 8) }),
    ]),
  ])),
  row('A plaintext over 4,096 bytes shows no value', localstack('test_plaintext_size_for_encrypt'), [
    key('key'), refused('Encrypt', { KeyId: '${key}', Plaintext: zeros(4300) }, 'ValidationException', "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096"),
  ]),
  row('KMS opens what was sealed without it', flociIssue('3024'), [
    rsa('key'),
    answered('Encrypt', { KeyId: '${key}', Plaintext: text('secret payload'), ...oaep256 }, { ...sealed('RSAES_OAEP_SHA_256'), CiphertextBlob: blob(256) }),
    call('GetPublicKey', { KeyId: '${key}' }, { as: 'public' }),
    local('sealed', (kept) => oaep(kept.public.PublicKey, 'sha256', text('secret payload'))),
    answered('Decrypt', { KeyId: '${key}', CiphertextBlob: '${sealed}', ...oaep256 }, { KeyId: '${key.arn}', EncryptionAlgorithm: 'RSAES_OAEP_SHA_256', Plaintext: text('secret payload') }),
  ]),
  row('An RSA key needs the algorithm: Encrypt', floci('rsaEncryptWithDefaultAlgorithmReturnsInvalidKeyUsage'), [
    rsa('key'), refused('Encrypt', { KeyId: '${key}', Plaintext: text('secret payload') }, 'InvalidKeyUsageException', 'Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.'),
  ]),
  row('An RSA key needs the algorithm: Decrypt looks at the ciphertext first', floci('rsaDecryptWithDefaultAlgorithmReturnsInvalidCiphertext'), [
    rsa('key'),
    call('Encrypt', { KeyId: '${key}', Plaintext: text('secret payload'), ...oaep256 }, { as: 'sealed' }),
    refused('Decrypt', { KeyId: '${key}', CiphertextBlob: '${sealed.CiphertextBlob}' }, 'InvalidCiphertextException', undefined),
  ]),
  row('An RSA key takes no context', floci('KmsService: rejectEncryptionContextForAsymmetricKey'), [
    rsa('key'), refused('Encrypt', { KeyId: '${key}', Plaintext: text('x'), EncryptionContext: context, ...oaep256 }, 'ValidationException', 'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.'),
  ]),
  ...others.map(([KeySpec, KeyUsage, Origin]) => row(`Decrypt with a key that did not seal: ${KeySpec} ${KeyUsage} ${Origin}`, floci('decryptRejectsAKeyIdThatDidNotEncryptTheCiphertext'), [
    key('source'), key('other', { KeySpec, KeyUsage, Origin }),
    call('Encrypt', { KeyId: '${source}', Plaintext: text('hello') }, { as: 'sealed' }),
    refused('Decrypt', { KeyId: '${other}', CiphertextBlob: '${sealed.CiphertextBlob}' }, ...incorrect),
  ])),
  ...disabled.map(([operation, KeySpec, input]) => row(`${operation} with a disabled key of ${KeySpec}`, floci('cryptoOperationsRejectADisabledKey'), [
    key('key', { KeySpec, KeyUsage: 'ENCRYPT_DECRYPT' }), call('DisableKey', { KeyId: '${key}' }), refused(operation, { KeyId: '${key}', ...input }, 'DisabledException', '${key.arn} is disabled.'),
  ])),
  row('The usage comes before the state: Encrypt with a disabled key for signatures', floci('keyUsageIsCheckedBeforeTheKeyState'), [
    rsa('key', 'RSA_2048', 'SIGN_VERIFY'), call('DisableKey', { KeyId: '${key}' }),
    refused('Encrypt', { KeyId: '${key}', Plaintext: text('message'), ...oaep256 }, 'InvalidKeyUsageException', '${key.arn} key usage is SIGN_VERIFY which is not valid for Encrypt.'),
  ]),
  row('Encrypt with a key pending deletion', floci('cryptoOperationsRejectAKeyPendingDeletion'), [
    key('key'), call('ScheduleKeyDeletion', { KeyId: '${key}' }), refused('Encrypt', { KeyId: '${key}', Plaintext: text('message') }, 'KMSInvalidStateException', '${key.arn} is pending deletion.'),
  ]),
  ...[['SYMMETRIC_DEFAULT', 'SYMMETRIC_DEFAULT'], ['RSA_2048', 'RSAES_OAEP_SHA_256']].map(([KeySpec, algorithm]) => row(`ReEncrypt from ${KeySpec} to ${KeySpec}`, localstack(`test_re_encrypt[${KeySpec}-${algorithm}]`), [
    key('source', { KeyUsage: 'ENCRYPT_DECRYPT', KeySpec }), key('key', { KeyUsage: 'ENCRYPT_DECRYPT', KeySpec }),
    call('Encrypt', { KeyId: '${source}', Plaintext: message, EncryptionAlgorithm: algorithm }, { as: 'sealed' }),
    answered('ReEncrypt', { SourceKeyId: '${source}', DestinationKeyId: '${key}', CiphertextBlob: '${sealed.CiphertextBlob}', SourceEncryptionAlgorithm: algorithm, DestinationEncryptionAlgorithm: algorithm }, {
      CiphertextBlob: blob(), DestinationEncryptionAlgorithm: algorithm, KeyId: '${key.arn}', SourceEncryptionAlgorithm: algorithm, SourceKeyId: '${source.arn}',
      ...(KeySpec === 'SYMMETRIC_DEFAULT' && { SourceKeyMaterialId: newer(hex64), DestinationKeyMaterialId: newer(hex64) }),
    }, { as: 'again' }),
    call('Decrypt', { KeyId: '${source}', CiphertextBlob: '${sealed.CiphertextBlob}', EncryptionAlgorithm: algorithm }, { as: 'first' }),
    answered('Decrypt', { KeyId: '${key}', CiphertextBlob: '${again.CiphertextBlob}', EncryptionAlgorithm: algorithm }, {
      KeyId: '${key.arn}', EncryptionAlgorithm: algorithm, Plaintext: '${first.Plaintext}', ...(KeySpec === 'SYMMETRIC_DEFAULT' && { KeyMaterialId: hex64 }),
    }),
  ])),
  row('ReEncrypt from a key that did not seal', localstack('test_re_encrypt_incorrect_source_key'), [
    key('source'), key('hmac', { KeySpec: 'HMAC_224', KeyUsage: 'GENERATE_VERIFY_MAC' }),
    call('Encrypt', { KeyId: '${source}', Plaintext: message }, { as: 'sealed' }),
    refused('ReEncrypt', { SourceKeyId: '${hmac}', DestinationKeyId: '${hmac}', CiphertextBlob: '${sealed.CiphertextBlob}', SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT', DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT' }, ...incorrect),
  ]),
  row('ReEncrypt to a key for signatures', localstack('test_re_encrypt_invalid_destination_key'), [
    key('source'), key('signs', { KeyUsage: 'SIGN_VERIFY', KeySpec: 'ECC_NIST_P256' }),
    call('Encrypt', { KeyId: '${source}', Plaintext: message }, { as: 'sealed' }),
    refused('ReEncrypt', { SourceKeyId: '${source}', DestinationKeyId: '${signs}', CiphertextBlob: '${sealed.CiphertextBlob}' }, 'InvalidKeyUsageException', /^arn:\S+ key usage is SIGN_VERIFY which is not valid for ReEncrypt/),
  ]),
  row('ReEncrypt from a symmetric key to RSA names both algorithms', floci('reEncryptFromSymmetricToRsaEchoesBothAlgorithms'), [
    key('source'), rsa('key'),
    call('Encrypt', { KeyId: '${source}', Plaintext: text('secret payload') }, { as: 'sealed' }),
    answered('ReEncrypt', { SourceKeyId: '${source}', DestinationKeyId: '${key}', CiphertextBlob: '${sealed.CiphertextBlob}', DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }, {
      CiphertextBlob: blob(256), KeyId: '${key.arn}', SourceKeyId: '${source.arn}', SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT', DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256', SourceKeyMaterialId: newer(hex64),
    }, { as: 'again' }),
    answered('Decrypt', { KeyId: '${key}', CiphertextBlob: '${again.CiphertextBlob}', ...oaep256 }, { KeyId: '${key.arn}', EncryptionAlgorithm: 'RSAES_OAEP_SHA_256', Plaintext: text('secret payload') }),
  ]),
  row('ReEncrypt to a key without material', floci('reEncryptRejectsADestinationKeyPendingImport'), [
    key('source'), key('empty', { Origin: 'EXTERNAL' }),
    call('Encrypt', { KeyId: '${source}', Plaintext: text('hello') }, { as: 'sealed' }),
    refused('ReEncrypt', { CiphertextBlob: '${sealed.CiphertextBlob}', DestinationKeyId: '${empty}' }, 'KMSInvalidStateException', '${empty.arn} is pending import.'),
  ]),
  row('Both OAEP hashes open what they sealed, and not what the other sealed', facts('Key specs'), [
    rsa('key'),
    call('Encrypt', { KeyId: '${key}', Plaintext: message, EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' }, { as: 'sealed' }),
    answered('Decrypt', { KeyId: '${key}', CiphertextBlob: '${sealed.CiphertextBlob}', EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' }, { KeyId: '${key.arn}', EncryptionAlgorithm: 'RSAES_OAEP_SHA_1', Plaintext: message }),
    refused('Decrypt', { KeyId: '${key}', CiphertextBlob: '${sealed.CiphertextBlob}', ...oaep256 }, ...invalid),
  ]),
]
