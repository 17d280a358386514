import { assert } from 'chai'
import { createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import { blob } from './match.mjs'
import { facts, localstack, row } from './sources.mjs'
import { answered, call, key, local, refused, text } from './steps.mjs'

const pair = (as, KeySpec = 'ECC_NIST_P256', KeyUsage = 'KEY_AGREEMENT') => key(as, { KeySpec, KeyUsage })
const derive = (KeyId, PublicKey, more = {}) => ({ KeyId, PublicKey, KeyAgreementAlgorithm: 'ECDH', ...more })
const shape = (name, n) => ({ KeyAgreementAlgorithm: 'ECDH', KeyId: `\${${name}.arn}`, KeyOrigin: 'AWS_KMS', SharedSecret: blob(n) })

const curves = [['ECC_NIST_P256', 'P-256', 32], ['ECC_NIST_P384', 'P-384', 48], ['ECC_NIST_P521', 'P-521', 66]]

/** Our side of the agreement, by the other implementation. */
const agreesWithOpenssl = (curve, n) => [
  local('ours', () => generateKeyPairSync('ec', { namedCurve: curve })),
  local('spki', ({ ours }) => ours.publicKey.export({ format: 'der', type: 'spki' })),
  call('GetPublicKey', { KeyId: '${key}' }, { as: 'public' }),
  answered('DeriveSharedSecret', derive('${key}', '${spki}'), shape('key', n), { as: 'theirs' }),
  local('same', ({ ours, public: { PublicKey }, theirs }) => {
    const publicKey = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' })
    assert.deepEqual(Buffer.from(theirs.SharedSecret), diffieHellman({ privateKey: ours.privateKey, publicKey }))
  }),
]

export const rows = [
  row('Two keys agree on a secret, and what is no agreement is refused', localstack('test_derive_shared_secret'), [
    pair('one'), pair('two'),
    call('GetPublicKey', { KeyId: '${one}' }, { as: 'first' }),
    call('GetPublicKey', { KeyId: '${two}' }, { as: 'second' }),
    answered('DeriveSharedSecret', derive('${one}', '${second.PublicKey}'), shape('one', 32), { as: 'secret' }),
    answered('DeriveSharedSecret', derive('${two}', '${first.PublicKey}'), { ...shape('two'), SharedSecret: '${secret.SharedSecret}' }),
    pair('signs', 'ECC_NIST_P256', 'SIGN_VERIFY'),
    refused('DeriveSharedSecret', derive('${signs}', '${second.PublicKey}'), 'InvalidKeyUsageException', '${signs.arn} key usage is SIGN_VERIFY which is not valid for DeriveSharedSecret.'),
    refused('DeriveSharedSecret', derive('${one}', '${second.PublicKey}', { KeyAgreementAlgorithm: 'INVALID' }), 'ValidationException', "1 validation error detected: Value 'INVALID' at 'keyAgreementAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [ECDH]"),
    key('symmetric'),
    refused('DeriveSharedSecret', derive('${symmetric}', '${second.PublicKey}'), 'InvalidKeyUsageException', '${symmetric.arn} key usage is ENCRYPT_DECRYPT which is not valid for DeriveSharedSecret.'),
  ]),
  row('A public key that is none is refused without a text', localstack('test_derive_shared_secret'), [
    pair('key'),
    // The recording cannot tell an empty message from none.
    refused('DeriveSharedSecret', derive('${key}', text('InvalidPublicKey')), 'ValidationException', /^$/),
  ]),
  row('The secret is the raw x coordinate that openssl finds', localstack('test_derive_shared_secret_matches_openssl'), [pair('key'), ...agreesWithOpenssl('P-256', 32)]),
  ...curves.map(([spec, curve, n]) => row(`The secret of ${spec} has ${n} bytes`, facts('Key specs'), [pair('key', spec), ...agreesWithOpenssl(curve, n)])),
]
