// Refused by the key that is named, made or listed (kms-facts.md, rows marked [R]): operation,
// input and message, grouped by error.
import { base64, noMessage, row } from './helpers.mjs'
import * as say from './messages.mjs'
import { refusedAs } from './messages.mjs'

/** @import { FaultRow, Refusal } from './types.d.ts' */

const account = 'arn:aws:kms:us-east-1:111122223333'
const missing = '12345678-1234-1234-1234-123456789012'
const hexOnly = '134f2428cec14b25a1ae9048164dba47'
const mrk = 'mrk-1234567812341234123412345678901a'
/** Whether another account has such a key is not told. */
const notMine = (operation) =>
  `User: arn:aws:iam::111122223333:root is not authorized to perform: kms:${operation} on this ` +
  'resource because the resource does not exist in this Region, no resource-based policies allow ' +
  'access, or a resource-based policy explicitly denies access'
const noAlias = (name) => `Alias ${account}:${name} is not found.`
const notEmptyAscii =
  "2 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: Member must " +
  "have length greater than or equal to 1; Value '' at 'keyId' failed to satisfy constraint: " +
  'Member must satisfy regular expression pattern: ^\\p{ASCII}+$'

/** Which key. */
function whichKey(arn) {
  const encrypt = { Plaintext: base64('message'), EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }
  const chinese = arn.ec.replace('arn:aws:', 'arn:aws-cn:')
  const others = arn.ec.replace('111122223333', '444455556666')
  /** @returns {Refusal} */
  const describe = (KeyId, message) => ['DescribeKey', { KeyId }, message]
  const aliasless = [
    'EnableKey',
    'DisableKey',
    'ScheduleKeyDeletion',
    'CancelKeyDeletion',
    'ListAliases',
  ]
  return [
    ...refusedAs('NotFoundException', [
      describe(missing, say.noKey(`${account}:key/${missing}`)),
      describe(`${account}:key/${missing}`, say.noKey(`${account}:key/${missing}`)),
      describe(mrk, say.noKey(`${account}:key/${mrk}`)),
      describe('fake-key-id', "Invalid keyId 'fake-key-id'"),
      describe(hexOnly, `Invalid keyId '${hexOnly}'`),
      describe('mrk-fake-key-id', "Invalid keyId 'mrk-fake-key-id'"),
      describe('__proto__', "Invalid keyId '__proto__'"),
      describe(`${account}:key/foo`, 'Invalid keyId foo'),
      describe(arn.ec.replace('us-east-1', 'eu-west-1'), 'Invalid arn eu-west-1'),
      describe('alias/missing', noAlias('alias/missing')),
      ['Encrypt', { ...encrypt, KeyId: `${account}:alias/missing` }, noAlias('alias/missing')],
      ['ListAliases', { KeyId: missing }, say.noKey(`${account}:key/${missing}`)],
    ]),
    ...refusedAs('InvalidArnException', [
      describe('arn:aws:s3:::bucket', 'Invalid arn arn:aws:s3:::bucket'),
      describe(chinese, `Invalid arn ${chinese}`),
      ...aliasless.flatMap((operation) => [
        row(operation, { KeyId: 'alias/taken' }, say.noAliases),
        row(operation, { KeyId: `${account}:alias/taken` }, say.noAliases),
      ]),
    ]),
    ...refusedAs('AccessDeniedException', [
      describe(others, notMine('DescribeKey')),
      [
        'Encrypt',
        { ...encrypt, KeyId: 'arn:aws:kms:us-east-1:444455556666:alias/missing' },
        notMine('Encrypt'),
      ],
    ]),
    ...refusedAs('ValidationException', [
      ['DescribeKey', {}, say.isNull('keyId')],
      ['GetPublicKey', { KeyId: '' }, notEmptyAscii],
      describe('キー', say.patterned('keyId', 'キー', '^\\p{ASCII}+$')),
    ]),
  ]
}

const keySpecs =
  'RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, ECC_SECG_P256K1, ' +
  'ECC_NIST_EDWARDS25519, SYMMETRIC_DEFAULT, HMAC_224, HMAC_256, HMAC_384, HMAC_512, SM2, ' +
  'ML_DSA_44, ML_DSA_65, ML_DSA_87, ML_KEM_512, ML_KEM_768, ML_KEM_1024'
const keyUsages =
  'SIGN_VERIFY, ENCRYPT_DECRYPT, GENERATE_VERIFY_MAC, KEY_AGREEMENT, ENCAPSULATE_DECAPSULATE'
const origins = 'AWS_KMS, EXTERNAL, AWS_CLOUDHSM, EXTERNAL_KEY_STORE'

function makingKeys(arn) {
  const create = (KeySpec, KeyUsage, more = {}) => ({ KeySpec, KeyUsage, ...more })
  const signing = (more) => create('ECC_NIST_P256', 'SIGN_VERIFY', more)
  /** @returns {Refusal} */
  const unfit = (KeySpec, KeyUsage) => [
    'CreateKey',
    create(KeySpec, KeyUsage),
    `KeyUsage ${KeyUsage} is not compatible with KeySpec ${KeySpec}`,
  ]
  /** @returns {Refusal} */
  const days = (PendingWindowInDays, rule) => [
    'ScheduleKeyDeletion',
    { KeyId: arn.ec, PendingWindowInDays },
    say.must('pendingWindowInDays', PendingWindowInDays, `have value ${rule}`),
  ]
  return [
    ...refusedAs('ValidationException', [
      [
        'CreateKey',
        { KeySpec: 'RSA_2048' },
        'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
      ],
      unfit('RSA_2048', 'KEY_AGREEMENT'),
      unfit('ECC_NIST_P256', 'ENCRYPT_DECRYPT'),
      unfit('RSA_2048', 'GENERATE_VERIFY_MAC'),
      [
        'CreateKey',
        create('RSA_1024', 'SIGN_VERIFY'),
        say.enumerated('keySpec', 'RSA_1024', keySpecs),
      ],
      ['CreateKey', create('RSA_2048', 'RANDOM'), say.enumerated('keyUsage', 'RANDOM', keyUsages)],
      [
        'CreateKey',
        create('RSA_2048', 'SIGN_VERIFY', { CustomerMasterKeySpec: 'RSA_2048' }),
        'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. ' +
          'CustomerMasterKeySpec is deprecated.',
      ],
      ['CreateKey', signing({ Origin: 'MINE' }), say.enumerated('origin', 'MINE', origins)],
      days(6, 'greater than or equal to 7'),
      days(31, 'less than or equal to 30'),
    ]),
    ...refusedAs('UnsupportedOperationException', [
      ['CreateKey', create('SM2', 'SIGN_VERIFY'), 'KeySpec SM2 is not supported in this Region'],
      ...[
        ['CustomKeyStoreId', 'cks-1', 'The parameter CustomKeyStoreId'],
        ['XksKeyId', 'x', 'The parameter XksKeyId'],
        ['Origin', 'AWS_CLOUDHSM', 'Origin AWS_CLOUDHSM'],
        ['Origin', 'EXTERNAL_KEY_STORE', 'Origin EXTERNAL_KEY_STORE'],
      ].map(([name, value, what]) =>
        row('CreateKey', signing({ [name]: value }), say.notImplemented(what)),
      ),
    ]),
  ]
}

/** @returns {Refusal} */
const alias = (operation, AliasName, TargetKeyId, message) => [
  operation,
  { AliasName, TargetKeyId },
  message,
]
const aliasRule =
  'Alias must start with the prefix "alias/". Please see ' +
  'https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html'

function aliases(arn) {
  const long = `alias/${'a'.repeat(251)}`
  const characters = '^[a-zA-Z0-9:/_-]+$'
  const create = (name, message) => alias('CreateAlias', name, arn.ec, message)
  const full = `${arn.full} has 50 aliases, which is the most a key can have`
  const otherUsage =
    `KeyUsage KEY_AGREEMENT of ${arn.ecdh} differs from KeyUsage SIGN_VERIFY of the current key ` +
    'of the alias'
  return [
    ...refusedAs('ValidationException', [
      create('invalid-alias', aliasRule),
      create('alias/', aliasRule),
      create(`${account}:alias/x`, aliasRule),
      create('alias/a:b', 'alias/a:b contains invalid characters for an alias'),
      create('alias/a b', say.patterned('aliasName', 'alias/a b', characters)),
      create(long, say.must('aliasName', long, 'have length less than or equal to 256')),
      alias('CreateAlias', 'alias/x', undefined, say.isNull('targetKeyId')),
      alias('CreateAlias', 'alias/x', 'alias/taken', 'Aliases must refer to keys. Not aliases'),
      alias('UpdateAlias', 'alias/taken', arn.ecdh, otherUsage),
    ]),
    ...refusedAs('AlreadyExistsException', [
      create('alias/taken', `An alias with the name ${account}:alias/taken already exists`),
    ]),
    ...refusedAs('LimitExceededException', [
      alias('CreateAlias', 'alias/one-more', arn.full, full),
      alias('UpdateAlias', 'alias/taken', arn.full, full),
    ]),
    ...refusedAs('NotAuthorizedException', [
      alias('CreateAlias', 'alias/aws/s3', missing, noMessage),
      alias('UpdateAlias', 'alias/aws/s3', missing, noMessage),
      alias('DeleteAlias', 'alias/aws/s3', undefined, noMessage),
    ]),
    ...refusedAs('NotFoundException', [
      alias('UpdateAlias', 'alias/missing', arn.ec, noAlias('alias/missing')),
      alias('DeleteAlias', 'alias/missing', undefined, noAlias('alias/missing')),
    ]),
  ]
}

function lists() {
  const markers = ['nonsense', '!', base64('Keys:'), base64('Other:x')]
  /** @returns {Refusal} */
  const limit = (operation, Limit, rule) => [
    operation,
    { Limit },
    say.must('limit', Limit, `have value ${rule}`),
  ]
  return [
    ...refusedAs('ValidationException', [
      limit('ListKeys', 0, 'greater than or equal to 1'),
      limit('ListAliases', 0, 'greater than or equal to 1'),
      limit('ListKeys', 1001, 'less than or equal to 1000'),
      limit('ListAliases', 101, 'less than or equal to 100'),
    ]),
    ...refusedAs(
      'InvalidMarkerException',
      markers.flatMap((Marker) => [
        row('ListKeys', { Marker }, 'The marker is not valid.'),
        row('ListAliases', { Marker }, 'The marker is not valid.'),
      ]),
    ),
  ]
}

/**
 * @param {Record<string, string>} arn ARNs of keys by name
 * @returns {FaultRow[]}
 */
export const keyRows = (arn) => [...whichKey(arn), ...makingKeys(arn), ...aliases(arn), ...lists()]
