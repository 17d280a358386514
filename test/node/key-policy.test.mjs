// Who may do what under the policies that keyPolicy writes: each cell of role and operation is
// asked of the local KMS, over HTTP with the AWS client, and of @cloud-copilot/iam-simulate, and
// both must answer what the table says.
import test, { after, describe } from 'node:test'
import { constants, createPublicKey, generateKeyPairSync, publicEncrypt } from 'node:crypto'
import { assert } from 'chai'
import {
  iamOf,
  keyPolicyOf,
  nameOf,
  policiesOf,
  roles,
  rolesOf,
  scenarios,
} from '../support/policy-scenarios.mjs'
import { letsIn, own, policyWorld, roleArn, simulated } from '../support/policy-world.mjs'

const world = await policyWorld(
  { after },
  {
    Setup: [policiesOf('administrator', roleArn('Setup')).iamPolicy],
    ...Object.fromEntries(
      scenarios.flatMap((scenario) =>
        rolesOf(scenario).map((role) => [
          nameOf(scenario, role),
          { account: scenario.account, policies: iamOf(scenario, role) },
        ]),
      ),
    ),
  },
)
const setup = world.as.Setup.send

/** @import { PolicyRole } from 'sealdrop/kms' */
/** @import { Scenario } from '../support/policy-scenarios.mjs' */

const specs = {
  rsa: { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' },
  agree: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' },
  sign: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
  signRsa: { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' },
  signEd25519: { KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' },
  signMlDsa: { KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY' },
}
const makeKey = async (scenario, spec) =>
  (await setup('CreateKey', { ...specs[spec], Policy: JSON.stringify(keyPolicyOf(scenario)) }))
    .KeyMetadata.Arn
const kept = new Map()
/** What changes a key gets one of its own, other calls share one. */
const keyFor = (scenario, { spec, fresh }) => {
  const id = `${scenario.id} ${spec}`
  if (fresh) return makeKey(scenario, spec)
  if (!kept.has(id)) kept.set(id, makeKey(scenario, spec))
  return kept.get(id)
}
const publicKeyOf = async (KeyId) => Buffer.from((await setup('GetPublicKey', { KeyId })).PublicKey)
const sealed = async (KeyId, oaepHash) =>
  publicEncrypt(
    {
      key: createPublicKey({ key: await publicKeyOf(KeyId), format: 'der', type: 'spki' }),
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash,
    },
    Buffer.from('x'),
  )
const otherPublicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
  format: 'der',
  type: 'spki',
})
const digest = Buffer.alloc(32, 1)
let aliases = 0
const newAlias = () => `alias/a${aliases++}`
const arnOf = (alias) => `arn:aws:kms:us-east-1:${own}:${alias}`
const aliased = async (TargetKeyId) => {
  const AliasName = newAlias()
  await setup('CreateAlias', { AliasName, TargetKeyId })
  return { AliasName }
}
const context = (name, value) => ({ [`kms:${name}`]: value })
const specOf = { ECDSA: 'sign', RSASSA: 'signRsa', ED25519: 'signEd25519', ML: 'signMlDsa' }
const sign = (SigningAlgorithm, MessageType) => ({
  spec: specOf[SigningAlgorithm.split('_')[0]],
  operation: 'Sign',
  input: () => ({
    Message:
      MessageType === 'EXTERNAL_MU' || SigningAlgorithm.startsWith('ED25519_PH')
        ? Buffer.alloc(64, 1)
        : digest,
    MessageType,
    SigningAlgorithm,
  }),
  context: {
    ...context('SigningAlgorithm', SigningAlgorithm),
    ...context('MessageType', MessageType),
  },
})
const decrypt = (EncryptionAlgorithm, hash) => ({
  spec: 'rsa',
  operation: 'Decrypt',
  input: async (KeyId) => ({ EncryptionAlgorithm, CiphertextBlob: await sealed(KeyId, hash) }),
  context: context('EncryptionAlgorithm', EncryptionAlgorithm),
})
const remove = (days) => ({
  operation: 'ScheduleKeyDeletion',
  fresh: true,
  input: () => ({ PendingWindowInDays: days }),
  context:
    days === undefined ? {} : context('ScheduleKeyDeletionPendingWindowInDays', String(days)),
})
const create = (input) => ({
  operation: 'CreateKey',
  on: /** @type {const} */ ('account'),
  input: () => input,
  context: {
    ...context('KeySpec', input.KeySpec ?? 'SYMMETRIC_DEFAULT'),
    ...context('KeyUsage', input.KeyUsage ?? 'ENCRYPT_DECRYPT'),
  },
})
const tags = [{ TagKey: 'team', TagValue: 'claims' }]
/** @type {readonly PolicyRole[]} */
const administrator = ['administrator']

/**
 * What is called, and who may. `on` an alias or the account IAM policies are needed, by themselves
 * where no key is concerned.
 *
 * @typedef {object} Row
 * @property {readonly PolicyRole[]} may
 * @property {string} operation
 * @property {'alias' | 'account'} [on] what it is called on; default a key
 * @property {string} [spec] of the key
 * @property {boolean} [fresh] it changes its key, which is made for it
 * @property {(KeyId: string) => Promise<unknown>} [before]
 * @property {(KeyId: string, scenario: Scenario) => object | Promise<object>} [input]
 * @property {object} [context] condition keys of the call
 */

/** @type {Record<string, Row>} */
const operations = {
  GetPublicKey: { may: roles, operation: 'GetPublicKey' },
  DescribeKey: { may: ['administrator', 'publisher'], operation: 'DescribeKey' },
  'Decrypt with RSAES_OAEP_SHA_256': {
    may: ['opener'],
    ...decrypt('RSAES_OAEP_SHA_256', 'sha256'),
  },
  'Decrypt with RSAES_OAEP_SHA_1': { may: [], ...decrypt('RSAES_OAEP_SHA_1', 'sha1') },
  'DeriveSharedSecret with ECDH': {
    may: ['opener'],
    spec: 'agree',
    operation: 'DeriveSharedSecret',
    input: () => ({ KeyAgreementAlgorithm: 'ECDH', PublicKey: otherPublicKey }),
    context: context('KeyAgreementAlgorithm', 'ECDH'),
  },
  'Sign with ECDSA_SHA_256 and DIGEST': { may: ['signer'], ...sign('ECDSA_SHA_256', 'DIGEST') },
  'Sign with ECDSA_SHA_256 and RAW': { may: [], ...sign('ECDSA_SHA_256', 'RAW') },
  'Sign with ED25519_SHA_512 and RAW': { may: ['signer'], ...sign('ED25519_SHA_512', 'RAW') },
  'Sign with ED25519_PH_SHA_512 and DIGEST': { may: [], ...sign('ED25519_PH_SHA_512', 'DIGEST') },
  'Sign with ML_DSA_SHAKE_256 and RAW': { may: ['signer'], ...sign('ML_DSA_SHAKE_256', 'RAW') },
  'Sign with ML_DSA_SHAKE_256 and EXTERNAL_MU': {
    may: ['signer'],
    ...sign('ML_DSA_SHAKE_256', 'EXTERNAL_MU'),
  },
  'Sign with RSASSA_PSS_SHA_256 and DIGEST': {
    may: ['signer'],
    ...sign('RSASSA_PSS_SHA_256', 'DIGEST'),
  },
  'Sign with RSASSA_PKCS1_V1_5_SHA_256 and DIGEST': {
    may: [],
    ...sign('RSASSA_PKCS1_V1_5_SHA_256', 'DIGEST'),
  },
  Encrypt: {
    may: [],
    spec: 'rsa',
    operation: 'Encrypt',
    input: () => ({ EncryptionAlgorithm: 'RSAES_OAEP_SHA_256', Plaintext: digest }),
    context: context('EncryptionAlgorithm', 'RSAES_OAEP_SHA_256'),
  },
  Verify: {
    may: [],
    operation: 'Verify',
    input: () => ({
      Message: digest,
      MessageType: 'DIGEST',
      SigningAlgorithm: 'ECDSA_SHA_256',
      Signature: digest,
    }),
    context: {
      ...context('SigningAlgorithm', 'ECDSA_SHA_256'),
      ...context('MessageType', 'DIGEST'),
    },
  },
  'CreateGrant of GetPublicKey': {
    may: [],
    operation: 'CreateGrant',
    input: () => ({ GranteePrincipal: roleArn('Setup'), Operations: ['GetPublicKey'] }),
    context: context('GrantOperations', ['GetPublicKey']),
  },
  ListGrants: { may: administrator, operation: 'ListGrants' },
  UpdateKeyDescription: {
    may: [],
    operation: 'UpdateKeyDescription',
    input: () => ({ Description: 'x' }),
  },
  GetKeyPolicy: { may: administrator, operation: 'GetKeyPolicy' },
  PutKeyPolicy: {
    may: administrator,
    operation: 'PutKeyPolicy',
    input: (_, scenario) => ({ Policy: JSON.stringify(keyPolicyOf(scenario)) }),
  },
  GetKeyLastUsage: { may: administrator, operation: 'GetKeyLastUsage' },
  TagResource: { may: administrator, operation: 'TagResource', input: () => ({ Tags: tags }) },
  UntagResource: {
    may: administrator,
    operation: 'UntagResource',
    input: () => ({ TagKeys: ['team'] }),
  },
  ListResourceTags: { may: administrator, operation: 'ListResourceTags' },
  DisableKey: { may: administrator, operation: 'DisableKey', fresh: true },
  EnableKey: { may: administrator, operation: 'EnableKey' },
  'ScheduleKeyDeletion in 30 days': { may: administrator, ...remove(30) },
  'ScheduleKeyDeletion without a window': { may: administrator, ...remove(undefined) },
  'ScheduleKeyDeletion in 29 days': { may: [], ...remove(29) },
  'ScheduleKeyDeletion in 7 days': { may: [], ...remove(7) },
  CancelKeyDeletion: {
    may: administrator,
    operation: 'CancelKeyDeletion',
    fresh: true,
    before: (KeyId) => setup('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 30 }),
  },
  CreateAlias: {
    may: administrator,
    operation: 'CreateAlias',
    on: 'alias',
    input: (TargetKeyId) => ({ AliasName: newAlias(), TargetKeyId }),
  },
  UpdateAlias: {
    may: administrator,
    operation: 'UpdateAlias',
    on: 'alias',
    input: async (TargetKeyId) => ({ ...(await aliased(TargetKeyId)), TargetKeyId }),
  },
  DeleteAlias: { may: administrator, operation: 'DeleteAlias', on: 'alias', input: aliased },
  'CreateKey of RSA_3072 for ENCRYPT_DECRYPT': {
    may: administrator,
    ...create({ KeySpec: 'RSA_3072', KeyUsage: 'ENCRYPT_DECRYPT' }),
  },
  'CreateKey of ECC_NIST_P521 for SIGN_VERIFY': {
    may: administrator,
    ...create({ KeySpec: 'ECC_NIST_P521', KeyUsage: 'SIGN_VERIFY' }),
  },
  'CreateKey of SYMMETRIC_DEFAULT': { may: [], ...create({}) },
  'CreateKey of HMAC_256': {
    may: [],
    ...create({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }),
  },
  ListKeys: { may: administrator, operation: 'ListKeys', on: 'account' },
  ListAliases: { may: administrator, operation: 'ListAliases', on: 'account' },
  GenerateRandom: {
    may: [],
    operation: 'GenerateRandom',
    on: 'account',
    input: () => ({ NumberOfBytes: 1 }),
  },
}

/** Whether the table says that a role may. */
function expected(scenario, role, { may, on = 'key' }) {
  if (!may.includes(role)) return false
  if (on === 'account') return scenario.iam
  return on === 'alias' ? scenario.iam && scenario.works : scenario.works
}

/** What the other evaluator is asked: each permission that a call needs, on what it needs it. */
function asked(scenario, role, { spec = 'sign', operation, on = 'key', context: more = {} }, made) {
  const alone = {
    role: nameOf(scenario, role),
    account: scenario.account,
    iam: iamOf(scenario, role),
    keyPolicy: undefined,
    action: operation,
  }
  if (on === 'account') return [{ ...alone, resource: '*', context: more }]
  const { KeySpec, KeyUsage } = specs[spec]
  const onKey = {
    ...alone,
    keyPolicy: keyPolicyOf(scenario),
    resource: made.KeyId,
    context: { ...context('KeySpec', KeySpec), ...context('KeyUsage', KeyUsage), ...more },
  }
  return on === 'key' ? [onKey] : [onKey, { ...alone, resource: arnOf(made.input.AliasName) }]
}

/** The input of a call as KMS takes it: a key is named by it where it is called on one. */
function sentTo({ operation, on = 'key' }, { KeyId, input }) {
  if (on === 'key') return { KeyId, ...input }
  return operation === 'DeleteAlias' ? { AliasName: input.AliasName } : input
}

/** A call by a role, and what both say to it. */
async function cell(scenario, role, row) {
  const { spec = 'sign', operation, on = 'key', input = () => ({}), before, fresh } = row
  const KeyId = on === 'account' ? undefined : await keyFor(scenario, { spec, fresh })
  await before?.(KeyId)
  const made = { KeyId, input: await input(KeyId, scenario) }
  const caller = world.as[nameOf(scenario, role)]
  const theirs = await Promise.all(asked(scenario, role, row, made).map(simulated))
  const ours = await letsIn(caller.send(operation, sentTo(row, made)))
  return { ours, theirs: theirs.every(Boolean) }
}

let cells = 0
for (const scenario of scenarios) {
  describe(scenario.name, () => {
    for (const role of rolesOf(scenario)) {
      for (const [name, row] of Object.entries(operations)) {
        // aliases and accounts have no other account
        if (scenario.account !== own && row.on !== undefined) continue
        cells++
        const allowed = expected(scenario, role, row)
        test(`${role}: ${name} is ${allowed ? 'allowed' : 'denied'}`, async () => {
          assert.deepEqual(await cell(scenario, role, row), { ours: allowed, theirs: allowed })
        })
      }
    }
  })
}
test('the table has every scenario, and each operation is allowed to somebody or shown to be denied', () => {
  assert.isAbove(cells, 800)
  assert.sameMembers([...new Set(Object.values(operations).flatMap(({ may }) => may))], roles)
  const called = new Set(
    Object.values(operations)
      .filter(({ may }) => may.length > 0)
      .map(({ operation }) => `kms:${operation}`),
  )
  const given = roles.flatMap((role) =>
    policiesOf(role, roleArn('x'))
      .iamPolicy.Statement.filter(({ Effect }) => Effect === 'Allow')
      .flatMap(({ Action }) => Action),
  )
  assert.sameMembers([...called], [...new Set(given)], 'what is given is tried')
})
