import { blob } from './match.mjs'
import { floci, localstack, row } from './sources.mjs'
import { answered, call, key, refused, text, zeros } from './steps.mjs'

const kinds = [['HMAC_224', 28], ['HMAC_256', 32], ['HMAC_384', 48], ['HMAC_512', 64]]
const algorithmOf = (spec) => spec.replace('HMAC', 'HMAC_SHA')
const hmac = (as, KeySpec, more = {}) => key(as, { KeySpec, KeyUsage: 'GENERATE_VERIFY_MAC', ...more })
const Message = text('some important message')
const enumeration = "1 validation error detected: Value 'INVALID' at 'macAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512]"
const input = (operation, MacAlgorithm, KeyId = '${key}') => ({ KeyId, Message, MacAlgorithm, ...(operation === 'VerifyMac' && { Mac: zeros(64) }) })
const operations = ['GenerateMac', 'VerifyMac']
const states = [
  ['DisableKey', 'GenerateMac', 'HMAC_SHA_256'], ['DisableKey', 'VerifyMac', 'HMAC_SHA_256'], ['DisableKey', 'GenerateMac', 'HMAC_SHA_512'], ['ScheduleKeyDeletion', 'GenerateMac', 'HMAC_SHA_256'], ['ScheduleKeyDeletion', 'VerifyMac', 'HMAC_SHA_256'],
]

export const rows = [
  ...kinds.map(([spec, n]) => row(`A MAC of ${spec} has ${n} bytes and verifies`, localstack(`test_generate_and_verify_mac[${spec}]`), [
    hmac('key', spec),
    answered('GenerateMac', { KeyId: '${key}', Message, MacAlgorithm: algorithmOf(spec) }, { KeyId: '${key.arn}', Mac: blob(n), MacAlgorithm: algorithmOf(spec) }, { as: 'made' }),
    answered('VerifyMac', { KeyId: '${key}', Message, MacAlgorithm: algorithmOf(spec), Mac: '${made.Mac}' }, { KeyId: '${key.arn}', MacAlgorithm: algorithmOf(spec), MacValid: true }),
    refused('GenerateMac', { KeyId: 'key_id', Message, MacAlgorithm: algorithmOf(spec) }, 'NotFoundException', "Invalid keyId 'key_id'"),
    refused('VerifyMac', { KeyId: 'key_id', Message, MacAlgorithm: algorithmOf(spec), Mac: '${made.Mac}' }, 'NotFoundException', "Invalid keyId 'key_id'"),
  ])),
  row('An algorithm that does not go with the key, and one that does not exist: GenerateMac', localstack('test_invalid_generate_mac'), [
    hmac('key', 'HMAC_224'),
    refused('GenerateMac', { KeyId: '${key}', Message, MacAlgorithm: 'HMAC_SHA_256' }, 'InvalidKeyUsageException', 'Algorithm HMAC_SHA_256 is incompatible with key spec HMAC_224.'),
    refused('GenerateMac', { KeyId: '${key}', Message, MacAlgorithm: 'INVALID' }, 'ValidationException', enumeration),
  ]),
  row('Another message, another algorithm, and one that does not exist: VerifyMac', localstack('test_invalid_verify_mac'), [
    hmac('key', 'HMAC_256'),
    call('GenerateMac', { KeyId: '${key}', Message, MacAlgorithm: 'HMAC_SHA_256' }, { as: 'made' }),
    refused('VerifyMac', { KeyId: '${key}', Message: text('some different important message'), MacAlgorithm: 'HMAC_SHA_256', Mac: '${made.Mac}' }, 'KMSInvalidMacException', undefined),
    refused('VerifyMac', { KeyId: '${key}', Message, MacAlgorithm: 'HMAC_SHA_512', Mac: '${made.Mac}' }, 'InvalidKeyUsageException', 'Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256.'),
    refused('VerifyMac', { KeyId: '${key}', Message, MacAlgorithm: 'INVALID', Mac: '${made.Mac}' }, 'ValidationException', enumeration),
  ]),
  ...[['RSA_2048', 'SIGN_VERIFY'], ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT']].flatMap(([KeySpec, KeyUsage]) => operations.map((operation) => row(`${operation} with a key of ${KeySpec} for ${KeyUsage}`, floci('macOperationsRejectKeysWhoseUsageIsNotGenerateVerifyMac'), [
    key('key', { KeySpec, KeyUsage }), refused(operation, input(operation, 'HMAC_SHA_256'), 'InvalidKeyUsageException', `\${key.arn} key usage is ${KeyUsage} which is not valid for ${operation}.`),
  ]))),
  ...[['GenerateMac', 'HMAC_SHA_512'], ['GenerateMac', 'HMAC_SHA_224'], ['VerifyMac', 'HMAC_SHA_384']].map(([operation, algorithm]) => row(`${operation}: ${algorithm} does not go with HMAC_256`, floci('macOperationsRejectAnAlgorithmTheKeySpecDoesNotSupport'), [
    hmac('key', 'HMAC_256'), refused(operation, input(operation, algorithm), 'InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec HMAC_256.`),
  ])),
  ...states.map(([change, operation, algorithm]) => row(`${operation} ${algorithm} with HMAC_256 after ${change}`, floci('cryptoOperationsRejectADisabledKey, …PendingDeletion'), [
    hmac('key', 'HMAC_256'), call(change, { KeyId: '${key}' }),
    change === 'DisableKey' ? refused(operation, input(operation, algorithm), 'DisabledException', '${key.arn} is disabled.') : refused(operation, input(operation, algorithm), 'KMSInvalidStateException', '${key.arn} is pending deletion.'),
  ])),
  ...[['GenerateMac', 'HMAC_SHA_256'], ['VerifyMac', 'HMAC_SHA_256'], ['GenerateMac', 'HMAC_SHA_512']].map(([operation, algorithm]) => row(`${operation} ${algorithm} with an HMAC_256 key without material`, floci('operationsRejectAKeyPendingImport'), [
    hmac('key', 'HMAC_256', { Origin: 'EXTERNAL' }), refused(operation, input(operation, algorithm), 'KMSInvalidStateException', '${key.arn} is pending import.'),
  ])),
]
