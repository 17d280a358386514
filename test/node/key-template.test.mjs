// keyTemplate: a key, its alias and the policies of its roles for CloudFormation.
import test, { describe } from 'node:test'
import { assert } from 'chai'
import { joinPolicies, keyPolicy, keyTemplate } from 'sealdrop/kms'
import { fails } from '../support/host.js'
import { alias, key, own, partner, roleArn as role } from '../support/policy-arns.mjs'
import { wrong } from '../support/types.mjs'

/** @import { KeyTemplateOptions, PolicyDocument, PolicyRole } from 'sealdrop/kms' */

/**
 * What stands in the template.
 *
 * @typedef {object} Resource
 * @property {string} Type
 * @property {string} [DeletionPolicy]
 * @property {string} [UpdateReplacePolicy]
 * @property {Record<'KeySpec' | 'KeyUsage' | 'PendingWindowInDays', unknown> & {
 *   KeyPolicy: PolicyDocument,
 *   PolicyDocument: PolicyDocument,
 *   Roles?: string[],
 *   Users?: string[],
 * }} Properties
 */

/** @param {KeyTemplateOptions} o */
function resourcesOf(o) {
  const { Resources } = keyTemplate(o)
  return /** @type {Record<string, Resource>} */ (Resources)
}

/**
 * Options that are refused, and what is said.
 *
 * @returns {[unknown, RegExp]}
 */
const row = (o, pattern) => [o, pattern]

describe('CloudFormation', () => {
  /** @satisfies {KeyTemplateOptions} */
  const claims = /** @type {const} */ ({
    key: alias,
    spec: 'RSA_3072',
    usage: 'ENCRYPT_DECRYPT',
    roles: {
      administrator: [role('Admin')],
      publisher: [role('Publisher'), `arn:aws:iam::${own}:user/bob`],
      opener: [role('svc/Opener'), role('Opener', partner), partner],
    },
  })
  const algsOf = (of) => of !== 'publisher' && { algs: ['RSA-OAEP-256'] }
  /** @param {PolicyRole} of @param {readonly string[]} principals */
  const partOf = (of, principals) =>
    keyPolicy({ role: of, key: alias, principals, ...algsOf(of) }).keyPolicy
  test("key, alias and a managed policy for each role, attached in the key's account", () => {
    const Resources = resourcesOf(claims)
    const types = Object.fromEntries(
      Object.entries(Resources).map(([name, { Type }]) => [name, Type]),
    )
    assert.deepEqual(types, {
      ClaimsKey: 'AWS::KMS::Key',
      ClaimsAlias: 'AWS::KMS::Alias',
      ClaimsAdministratorPolicy: 'AWS::IAM::ManagedPolicy',
      ClaimsPublisherPolicy: 'AWS::IAM::ManagedPolicy',
      ClaimsOpenerPolicy: 'AWS::IAM::ManagedPolicy',
    })
    const {
      DeletionPolicy,
      UpdateReplacePolicy,
      Properties: { KeySpec, KeyUsage, PendingWindowInDays, KeyPolicy },
    } = Resources.ClaimsKey
    assert.deepEqual(
      [DeletionPolicy, UpdateReplacePolicy, KeySpec, KeyUsage, PendingWindowInDays],
      ['Retain', 'Retain', 'RSA_3072', 'ENCRYPT_DECRYPT', 30],
    )
    const { administrator, publisher, opener } = claims.roles
    assert.deepEqual(
      KeyPolicy,
      joinPolicies([
        partOf('administrator', administrator),
        partOf('publisher', publisher),
        partOf('opener', opener),
      ]),
    )
    assert.deepEqual(Resources.ClaimsAlias.Properties, {
      AliasName: 'alias/claims',
      TargetKeyId: { Ref: 'ClaimsKey' },
    })
    const { PolicyDocument, Roles, Users } = Resources.ClaimsOpenerPolicy.Properties
    assert.deepEqual([Roles, Users], [['Opener'], undefined])
    for (const { Resource, Condition } of PolicyDocument.Statement)
      assert.deepEqual(
        [Resource, Condition?.['ForAnyValue:StringEquals']],
        [{ 'Fn::GetAtt': ['ClaimsKey', 'Arn'] }, undefined],
      )
    assert.deepEqual(
      [
        Resources.ClaimsPublisherPolicy.Properties.Roles,
        Resources.ClaimsPublisherPolicy.Properties.Users,
      ],
      [['Publisher'], ['bob']],
    )
    assert.deepEqual(keyTemplate(claims).Outputs, {
      ClaimsKeyArn: { Value: { 'Fn::GetAtt': ['ClaimsKey', 'Arn'] } },
    })
  })
  test('a role with principals of other accounts only has no managed policy here', () => {
    assert.notProperty(
      resourcesOf({ ...claims, roles: { ...claims.roles, opener: [partner] } }),
      'ClaimsOpenerPolicy',
    )
  })
  /** @type {[string, KeyTemplateOptions['usage'], PolicyRole, string][]} */
  const algorithms = [
    ['RSA_2048', 'SIGN_VERIFY', 'signer', 'RSASSA_PSS_SHA_256'],
    ['ECC_NIST_P256', 'SIGN_VERIFY', 'signer', 'ECDSA_SHA_256'],
    ['ECC_NIST_P384', 'SIGN_VERIFY', 'signer', 'ECDSA_SHA_384'],
    ['ECC_NIST_P521', 'SIGN_VERIFY', 'signer', 'ECDSA_SHA_512'],
    ['RSA_4096', 'ENCRYPT_DECRYPT', 'opener', 'RSAES_OAEP_SHA_256'],
    ['ECC_NIST_P521', 'KEY_AGREEMENT', 'opener', 'ECDH'],
  ]
  for (const [spec, usage, of, allows] of algorithms)
    test(`the ${of} of ${spec} for ${usage} gets ${allows}`, () => {
      const roles = { administrator: claims.roles.administrator, [of]: [role('X')] }
      const { KeyPolicy } = resourcesOf({ key: alias, spec, usage, roles }).ClaimsKey.Properties
      const conditions = KeyPolicy.Statement.flatMap(({ Condition }) =>
        Object.entries(Condition?.StringEquals ?? {}),
      ).filter(([name]) => name.endsWith('Algorithm'))
      assert.deepEqual(
        conditions.map(([, values]) => values),
        [[allows]],
      )
    })
  const namesOf = (name) =>
    Object.keys(resourcesOf({ ...claims, key: alias.replace('alias/claims', name) }))
  for (const [name, id] of [
    ['alias/claims-y2030-eu', /^ClaimsY2030EuKey$/],
    ['alias/claims-2030/eu_x', /^Claims2030EuX[0-9A-F]{12}Key$/],
    ['alias/Root', /^Root[0-9A-F]{12}Key$/],
    ['alias/__', /^[0-9A-F]{12}Key$/],
  ])
    test(`resources of ${name} begin with ${id}`, () => assert.match(namesOf(name)[0], id))
  test('no two aliases have a resource of the same name, so that templates can be put together', () => {
    const spellings = [
      'claims-eu claims/eu claims_eu claims--eu claims-eu- -claims-eu',
      'claimsEu ClaimsEu Claims-eu claims-Eu CLAIMS-EU claimseu claims-e-u',
      'claims-2030 claims2030 claims/2030 2030 20-30 _ - /',
      'claims-opener claims-key claims-opener-policy claims',
      ['x', 'y'].map((end) => 'long-'.repeat(49) + end).join(' '),
    ].flatMap((line) => line.split(' '))
    const names = spellings.flatMap((name) => namesOf(`alias/${name}`))
    assert.equal(new Set(names).size, names.length)
    for (const name of names) assert.match(name, /^[A-Za-z0-9]{1,255}$/)
  })
  const withRoles = (more) => ({ ...claims, roles: { ...claims.roles, ...more } })
  /** @type {[unknown, RegExp][]} */
  const refused = [
    [undefined, /expected \{ key, spec, usage, roles \}/],
    [{ ...claims, key }, /key: expected the ARN of an alias/],
    [{ ...claims, roles: undefined }, /roles: expected an object/],
    [{ ...claims, roles: {} }, /policies: expected at least one key policy/],
    [{ ...claims, roles: { opener: [role('Opener')] } }, /nobody could change/],
    [withRoles({ signer: [role('S')] }), /roles\.signer: a key for ENCRYPT_DECRYPT has no signer/],
    [withRoles({ auditor: [role('S')] }), /role: expected administrator/],
    [withRoles({ opener: [] }), /roles\.opener: expected at least one/],
    [withRoles({ opener: ['*'] }), /roles\.opener\[0\]: .*wildcard/],
    [
      withRoles({ administrator: [role('A', partner)] }),
      /roles\.administrator: .*manage a key from another account/,
    ],
    ...[
      { spec: 'RSA_3072', usage: 'KEY_AGREEMENT' },
      { spec: 'ECC_NIST_P256', usage: 'ENCRYPT_DECRYPT' },
      { spec: 'HMAC_256', usage: 'ENCRYPT_DECRYPT' },
      { spec: 'ECC_SECG_P256K1', usage: 'SIGN_VERIFY' },
      { spec: undefined, usage: undefined },
    ].map((kind) => row({ ...claims, ...kind }, /spec and usage: expected those of an RSA key/)),
    [
      { ...claims, algs: ['ECDH-ES'] },
      /algs: a key of RSA_3072 for ENCRYPT_DECRYPT takes RSA-OAEP-256, found "ECDH-ES"/,
    ],
    ...['RSA-OAEP-256', []].map((algs) =>
      row({ ...claims, algs }, /algs: expected an array with at least one/),
    ),
    [{ ...claims, accountRoot: 'yes' }, /accountRoot/],
  ]
  for (const [o, pattern] of refused)
    test(`refused: ${pattern.source}`, async () => {
      await fails(assert, async () => keyTemplate(wrong(o)), 'invalid_argument', pattern)
    })
})
