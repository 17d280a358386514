import { date, hex64, not, oneOf } from './match.mjs'
import { metadata } from './metadata.mjs'
import { documented, floci, localstack, row } from './sources.mjs'
import { answered, call, key, local, refused, text } from './steps.mjs'

const hmac = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }
const rsa = { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }
const disabled = ['DisabledException', '${key.arn} is disabled.']
const pendingDeletion = ['KMSInvalidStateException', '${key.arn} is pending deletion.']
const rotate = answered('RotateKeyOnDemand', { KeyId: '${key}' }, { KeyId: '${key.arn}' })
/** That the key is named by its ARN follows from the recordings: it is what RotateKeyOnDemand answers beside it. */
const status = (more) => answered('GetKeyRotationStatus', { KeyId: '${key}' }, { KeyId: '${key.arn}', KeyRotationEnabled: false, ...more })
const every = (RotationPeriodInDays) => ({ KeyRotationEnabled: true, NextRotationDate: date, RotationPeriodInDays })
const onDemand = 25
const fixed = [['HMAC_256', 'GENERATE_VERIFY_MAC'], ['RSA_2048', 'ENCRYPT_DECRYPT'], ['RSA_2048', 'SIGN_VERIFY'], ['ECC_NIST_P256', 'SIGN_VERIFY'], ['ML_DSA_44', 'SIGN_VERIFY']]
const operations = ['EnableKeyRotation', 'DisableKeyRotation', 'RotateKeyOnDemand']

export const rows = [
  row('Rotation is off, is switched on, and off again', localstack('test_key_rotation_status'), [
    key('key'), status(),
    answered('EnableKeyRotation', { KeyId: '${key}' }, {}), status(every(365)),
    answered('DisableKeyRotation', { KeyId: '${key}' }, {}), status(),
  ]),
  ...[90, 180].map((RotationPeriodInDays) => row(`Rotation every ${RotationPeriodInDays} days`, localstack(`test_key_enable_rotation_status[${RotationPeriodInDays}]`), [
    key('key'), call('EnableKeyRotation', { KeyId: '${key}', RotationPeriodInDays }), status(every(RotationPeriodInDays)),
  ])),
  row('A rotation on demand names the ARN and changes the material', localstack('test_key_rotation_updates_current_key_material_id_for_aws_symmetric_keys, test_rotate_on_demand_returns_arn_for_key_id'), [
    key('key', { Description: 'test-key' }), rotate,
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: metadata('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', { Description: 'test-key', CurrentKeyMaterialId: not('${key.KeyMetadata.CurrentKeyMaterialId}') }) }),
  ]),
  row('What was sealed before a rotation opens after it, and with bytes behind it does not', localstack('test_key_rotations_encryption_decryption'), [
    key('key'),
    call('Encrypt', { KeyId: '${key}', Plaintext: text('test message'), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' }, { as: 'sealed' }),
    rotate,
    answered('Decrypt', { KeyId: '${key}', CiphertextBlob: '${sealed.CiphertextBlob}', EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' }, {
      KeyId: '${key.arn}', EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', Plaintext: text('test message'), KeyMaterialId: '${key.KeyMetadata.CurrentKeyMaterialId}',
    }),
    local('longer', ({ sealed }) => Buffer.concat([sealed.CiphertextBlob, text('bad_data')])),
    refused('Decrypt', { KeyId: '${key}', CiphertextBlob: '${longer}', EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' }, 'InvalidCiphertextException', undefined),
  ]),
  row('The same plaintext is sealed otherwise after a rotation', localstack('test_rotate_key_on_demand_modifies_key_material'), [
    key('key'),
    call('Encrypt', { KeyId: '${key}', Plaintext: text('test message') }, { as: 'before' }),
    rotate,
    answered('Encrypt', { KeyId: '${key}', Plaintext: text('test message') }, { KeyId: '${key.arn}', EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', CiphertextBlob: not('${before.CiphertextBlob}') }),
  ]),
  row('A rotation on demand leaves automatic rotation off', localstack('test_rotate_key_on_demand_with_symmetric_key_and_automatic_rotation_disabled'), [key('key'), rotate, status()]),
  row('A rotation on demand leaves the date of the next automatic one', localstack('test_rotate_key_on_demand_with_symmetric_key_and_automatic_rotation_enabled'), [
    key('key'), call('EnableKeyRotation', { KeyId: '${key}' }),
    call('GetKeyRotationStatus', { KeyId: '${key}' }, { as: 'before' }),
    rotate, status({ ...every(365), NextRotationDate: '${before.NextRotationDate}' }),
  ]),
  row('A disabled RSA key is disabled before it is RSA', localstack('test_rotate_key_on_demand_raises_error_given_key_is_disabled'), [
    key('key', rsa), call('DisableKey', { KeyId: '${key}' }), refused('RotateKeyOnDemand', { KeyId: '${key}' }, ...disabled),
  ]),
  row('A rotation of no key', localstack('test_rotate_key_on_demand_raises_error_given_key_that_does_not_exist'), [
    refused('RotateKeyOnDemand', { KeyId: '1234abcd-12ab-34cd-56ef-1234567890ab' }, 'NotFoundException', "Key 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab' does not exist"),
  ]),
  row('An RSA key does not rotate, without a text', localstack('test_rotate_key_on_demand_raises_error_given_non_symmetric_key'), [key('key', rsa), refused('RotateKeyOnDemand', { KeyId: '${key}' }, 'UnsupportedOperationException', undefined)]),
  row(`After ${onDemand} rotations on demand there is no other`, localstack('test_key_rotations_limits (the limit was 10 then, the API reference says 25)'), [
    key('key'), ...Array(onDemand).fill(rotate),
    refused('RotateKeyOnDemand', { KeyId: '${key}' }, 'LimitExceededException', 'The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${key.arn}'),
  ]),
  row('A key without material does not rotate', localstack('test_rotate_key_on_demand_on_external_key_with_no_key_material'), [
    key('key', { Origin: 'EXTERNAL', KeyUsage: 'ENCRYPT_DECRYPT' }), refused('RotateKeyOnDemand', { KeyId: '${key}' }, 'KMSInvalidStateException', '${key.arn} is pending import.'),
  ]),
  ...operations.flatMap((operation) => [['SYMMETRIC_DEFAULT', {}], ['HMAC_256', hmac]].map(([spec, input]) => row(`${operation} of a disabled key of ${spec}`, floci('rotationRejectsADisabledKey'), [
    key('key', input), call('DisableKey', { KeyId: '${key}' }), refused(operation, { KeyId: '${key}' }, ...disabled),
  ]))),
  ...operations.map((operation) => row(`${operation} of an HMAC key pending deletion`, floci('rotationRejectsAKeyPendingDeletion'), [
    key('key', hmac), call('ScheduleKeyDeletion', { KeyId: '${key}' }), refused(operation, { KeyId: '${key}' }, ...pendingDeletion),
  ])),
  ...['EnableKeyRotation', 'RotateKeyOnDemand'].flatMap((operation) => [['HMAC_256', hmac], ['RSA_2048', rsa]].map(([spec, input]) => row(`${operation} of a key of ${spec}, without a text`, floci('rotationRejectsAKeySpecThatDoesNotRotateWithoutAMessage'), [
    key('key', input), refused(operation, { KeyId: '${key}' }, 'UnsupportedOperationException', undefined),
  ]))),
  ...fixed.map(([KeySpec, KeyUsage]) => row(`DisableKeyRotation of a key of ${KeySpec} for ${KeyUsage} succeeds`, floci('disableKeyRotationAcceptsAKeySpecThatDoesNotRotate'), [key('key', { KeySpec, KeyUsage }), answered('DisableKeyRotation', { KeyId: '${key}' }, {})])),
  ...['EnableKeyRotation', 'DisableKeyRotation'].map((operation) => row(`${operation} of a key of origin EXTERNAL`, floci('operationsRejectAKeyWithTheWrongOrigin'), [
    key('key', { Origin: 'EXTERNAL' }), refused(operation, { KeyId: '${key}' }, 'UnsupportedOperationException', '${key.arn} origin is EXTERNAL which is not valid for this operation.'),
  ])),
  ...[[89, 'greater than or equal to 90'], [2561, 'less than or equal to 2560']].map(([RotationPeriodInDays, limit]) => row(`A rotation period of ${RotationPeriodInDays} days`, floci('enableKeyRotationValidatesTheRotationPeriodBeforeLookingUpTheKey'), [
    refused('EnableKeyRotation', { KeyId: '00000000-0000-0000-0000-000000000000', RotationPeriodInDays }, 'ValidationException', `1 validation error detected: Value '${RotationPeriodInDays}' at 'rotationPeriodInDays' failed to satisfy constraint: Member must have value ${limit}`),
  ])),
  row('A rotation on demand is listed with the material it brought', documented('ListKeyRotations'), [
    key('key'), rotate,
    call('ListKeyRotations', { KeyId: '${key}' }, { expect: { answer: { Rotations: [{ KeyId: oneOf('${key}', '${key.arn}'), KeyMaterialId: hex64, KeyMaterialState: 'CURRENT', RotationDate: date, RotationType: 'ON_DEMAND' }], Truncated: false } } }),
  ]),
]
