// What keyPolicy, joinPolicies and keyTemplate take and refuse, the sizes that AWS takes, and the
// form of what they write.
import test, { describe } from 'node:test'
import { assert } from 'chai'
import fc from 'fast-check'
import { joinPolicies, keyPolicy, keyTemplate } from 'sealdrop/kms'
import { parseIdentityPolicy, parseKeyPolicy } from '#dist/local-kms/policy/policy-document.js'
import { fails } from '../support/host.js'

const own = '111122223333'
const partner = '444455556666'
const role = (name, account = own, partition = 'aws') =>
  `arn:${partition}:iam::${account}:role/${name}`
const key = `arn:aws:kms:eu-central-1:${own}:key/1234abcd-12ab-34cd-56ef-1234567890ab`
const alias = `arn:aws:kms:eu-central-1:${own}:alias/claims`
const allRoles = ['administrator', 'publisher', 'opener', 'signer']
const good = { role: 'opener', key, principals: [role('Opener')] }
const refused = (o, pattern, code = 'invalid_argument') =>
  fails(assert, async () => keyPolicy(o), code, pattern)
const statements = ({ Statement }, part) => Statement.filter(({ Sid }) => Sid.includes(part))

describe('refused', () => {
  const rows = [
    [undefined, /expected \{ role, key, principals \}/],
    [
      { ...good, role: 'root' },
      /role: expected administrator, publisher, opener, signer, found "root"/,
    ],
    [{ ...good, role: 'toString' }, /role:/],
    [{ ...good, role: undefined }, /role:/],
    ...[
      undefined,
      5,
      '',
      'alias/claims',
      '1234abcd-12ab-34cd-56ef-1234567890ab',
      key.replace('key/', 'key/*'),
      key.replace('eu-central-1', '*'),
      key.replace(own, '*'),
      key.replace(own, '1111'),
      `${key}\n`,
      key.replace(':kms:', ':s3:'),
      alias.replace('claims', '*'),
      alias.replace('claims', 'aws/s3'),
      key.replace('arn:aws:', 'arn:other:'),
    ].map((bad) => [{ ...good, key: bad }, /key: expected the ARN of a key or an alias/]),
    ...[undefined, [], role('Opener'), {}].map((bad) => [
      { ...good, principals: bad },
      /principals: expected at least one/,
    ]),
    ...['*', role('*'), role('Open?r'), `arn:aws:iam::*:role/Opener`].map((bad) => [
      { ...good, principals: [bad] },
      /principals\[0\]: .*a wildcard would let in/,
    ]),
    ...[
      undefined,
      null,
      5,
      111122223333,
      '',
      'Opener',
      '1234',
      role(''),
      role('a/'),
      role('${aws:username}'),
      `${role('Opener')}\n`,
      'kms.amazonaws.com',
      `arn:aws:iam::${own}:oidc-provider/x`,
    ].map((bad) => [
      { ...good, principals: [bad] },
      /principals\[0\]: expected the ARN of a role or user, or an account, found/,
    ]),
    [
      { ...good, principals: [role('A'), `arn:aws:sts::${own}:assumed-role/Opener/session`] },
      /principals\[1\]: .*a session ends; name its role/,
    ],
    [{ ...good, principals: [`arn:aws:iam::${own}:group/Openers`] }, /a group is no principal/],
    [
      { ...good, principals: [role('Opener', own, 'aws-cn')] },
      /expected the partition of the key, aws, found "aws-cn"/,
    ],
    [
      { ...good, role: 'administrator', principals: [role('Admin'), role('Admin', partner)] },
      /expected roles or users of account 111122223333, found "arn:aws:iam::444455556666:role\/Admin": KMS lets nobody manage a key from another account/,
    ],
    [
      { ...good, role: 'administrator', principals: [own] },
      /the whole account 111122223333, which could then neither open nor sign; accountRoot/,
    ],
    ...[[], 'RSA-OAEP-256', {}].map((algs) => [
      { ...good, algs },
      /algs: expected an array with at least one JOSE name/,
    ]),
    ...['PS256', 'RSAES_OAEP_SHA_256', 'RSA-OAEP', '*', 5, undefined, '__proto__'].map((alg) => [
      { ...good, algs: ['RSA-OAEP-256', alg] },
      /algs: expected RSA-OAEP-256, ECDH-ES\+A256KW, ECDH-ES, found/,
    ]),
    [{ ...good, role: 'signer', algs: ['ES256K'] }, /algs: expected PS256/],
    [{ ...good, role: 'publisher', algs: ['PS256'] }, /algs: a publisher uses no algorithm/],
    ...[null, 1, 'true'].map((accountRoot) => [
      { ...good, accountRoot },
      /accountRoot: expected true or false/,
    ]),
  ]
  for (const [o, pattern] of rows)
    test(`${JSON.stringify(o)?.slice(0, 150)}: ${pattern.source.slice(0, 60)}`, () =>
      refused(o, pattern))
})

describe('what is written', () => {
  test('principals stand once, an account as its root ARN in the partition of the key', () => {
    for (const partition of ['aws', 'aws-cn', 'aws-us-gov']) {
      const { keyPolicy: document } = keyPolicy({
        ...good,
        key: key.replace('aws', partition),
        principals: [
          partner,
          role('a/b/Opener', own, partition),
          `arn:${partition}:iam::${partner}:root`,
          role('a/b/Opener', own, partition),
        ],
        accountRoot: true,
      })
      assert.deepEqual(statements(document, 'OpenerDecrypt')[0].Principal.AWS, [
        `arn:${partition}:iam::${partner}:root`,
        role('a/b/Opener', own, partition),
      ])
      assert.deepEqual(statements(document, 'AccountIamPolicies'), [
        {
          Sid: 'AccountIamPolicies',
          Effect: 'Allow',
          Principal: { AWS: `arn:${partition}:iam::${own}:root` },
          Action: 'kms:*',
          Resource: '*',
        },
      ])
    }
    assert.isEmpty(statements(keyPolicy(good).keyPolicy, 'AccountIamPolicies'))
  })
  test('a key policy is for any key that has it, an IAM policy for the keys that were named', () => {
    for (const role of allRoles) {
      for (const [name, resource] of [
        [key, key],
        [key.replace(/key.*/, 'key/*'), key.replace(/key.*/, 'key/*')],
        [alias, key.replace(/key.*/, 'key/*')],
      ]) {
        const { keyPolicy: document, iamPolicy } = keyPolicy({ ...good, role, key: name })
        assert.deepEqual([...new Set(document.Statement.map(({ Resource }) => Resource))], ['*'])
        for (const { Resource, Sid, Condition } of iamPolicy.Statement) {
          if (/Create|List/.test(Sid)) assert.equal(Resource, '*', Sid)
          else if (/Aliases/.test(Sid))
            assert.equal(Resource, name === alias ? alias : key.replace(/key.*/, 'alias/*'), Sid)
          else assert.equal(Resource, resource, Sid)
          assert.equal(
            Condition?.['ForAnyValue:StringEquals']?.['kms:ResourceAliases'],
            name === alias && role !== 'administrator' ? 'alias/claims' : undefined,
            Sid,
          )
        }
      }
    }
  })
  for (const [role, algs, condition, values] of [
    ['opener', ['RSA-OAEP-256'], 'kms:EncryptionAlgorithm', ['RSAES_OAEP_SHA_256']],
    ['opener', ['ECDH-ES', 'ECDH-ES+A256KW'], 'kms:KeyAgreementAlgorithm', ['ECDH']],
    [
      'signer',
      undefined,
      'kms:SigningAlgorithm',
      [
        'RSASSA_PSS_SHA_256',
        'ECDSA_SHA_256',
        'ECDSA_SHA_384',
        'ECDSA_SHA_512',
        'ED25519_SHA_512',
        'ML_DSA_SHAKE_256',
      ],
    ],
    [
      'signer',
      ['RS512', 'ES256'],
      'kms:SigningAlgorithm',
      ['RSASSA_PKCS1_V1_5_SHA_512', 'ECDSA_SHA_256'],
    ],
    ['signer', ['Ed25519'], 'kms:MessageType', ['RAW']],
    ['signer', ['ML-DSA-65', 'ML-DSA-87'], 'kms:MessageType', ['RAW', 'EXTERNAL_MU']],
    ['signer', ['ML-DSA-65', 'ML-DSA-87'], 'kms:SigningAlgorithm', ['ML_DSA_SHAKE_256']],
    ['signer', ['ES256', 'Ed25519'], 'kms:MessageType', ['DIGEST', 'RAW']],
    [
      'administrator',
      ['Ed25519', 'ML-DSA-44'],
      'kms:KeySpec',
      ['ECC_NIST_EDWARDS25519', 'ML_DSA_44'],
    ],
    ['administrator', ['RSA-OAEP-256'], 'kms:KeySpec', ['RSA_2048', 'RSA_3072', 'RSA_4096']],
    [
      'administrator',
      ['RSA-OAEP-256', 'ES384'],
      'kms:KeyUsage',
      ['ENCRYPT_DECRYPT', 'SIGN_VERIFY'],
    ],
    ['administrator', ['ES384'], 'kms:KeySpec', ['ECC_NIST_P384']],
  ])
    test(`${role} of ${algs ?? 'no algorithms named'}: ${condition} is ${values}`, () => {
      const found = keyPolicy({ ...good, role, ...(algs && { algs }) }).iamPolicy.Statement.flatMap(
        ({ Condition }) => Condition?.StringEquals?.[condition] ?? [],
      )
      assert.deepEqual(found, values)
    })
  test('an opener of RSA keys has no way to DeriveSharedSecret, one of ECC keys none to Decrypt', () => {
    const actions = (algs) =>
      keyPolicy({ ...good, algs })
        .keyPolicy.Statement.filter(({ Effect }) => Effect === 'Allow')
        .flatMap(({ Action }) => Action)
    assert.deepEqual(actions(['RSA-OAEP-256']), ['kms:GetPublicKey', 'kms:Decrypt'])
    assert.deepEqual(actions(['ECDH-ES']), ['kms:GetPublicKey', 'kms:DeriveSharedSecret'])
  })
  test('nothing is denied with NotPrincipal, no Allow is for everybody, and every policy fits what AWS takes', () => {
    let seen = 0
    for (const role of allRoles)
      for (const name of [key, alias, `arn:aws:kms:eu-central-1:${own}:alias/${'a'.repeat(250)}`]) {
        const { keyPolicy: document, iamPolicy } = keyPolicy({
          ...good,
          role,
          key: name,
          accountRoot: true,
        })
        assert.notMatch(JSON.stringify([document, iamPolicy]), /NotPrincipal|NotAction|NotResource/)
        for (const { Effect, Principal } of document.Statement)
          if (Effect === 'Allow') assert.notInclude([Principal, Principal.AWS].flat(), '*')
        assert.isBelow(JSON.stringify(iamPolicy).length, 6144)
        parseIdentityPolicy(iamPolicy, role)
        parseKeyPolicy(JSON.stringify(document))
        seen++
      }
    assert.equal(seen, 12)
  })
  test('a key policy may have 32,768 bytes and not one more', async () => {
    const most = (() => {
      // three statements name each principal
      const size = (count) =>
        JSON.stringify(
          keyPolicy({ ...good, principals: Array.from({ length: count }, (_, i) => role(`R${i}`)) })
            .keyPolicy,
        ).length
      let count = 200
      while (size(count) + 3 * `"${role('R1000')}",`.length <= 32_768) count++
      return count
    })()
    const principals = Array.from({ length: most }, (_, i) => role(`R${i}`))
    const room = 32_768 - JSON.stringify(keyPolicy({ ...good, principals }).keyPolicy).length
    const longer = (by) => [...principals.slice(0, -1), `${principals.at(-1)}${'x'.repeat(by)}`]
    assert.isAtMost(
      JSON.stringify(keyPolicy({ ...good, principals: longer(Math.floor(room / 3)) }).keyPolicy)
        .length,
      32_768,
    )
    await refused(
      { ...good, principals: longer(Math.floor(room / 3) + 1) },
      /the key policy has 327\d\d bytes, KMS takes 32768: name an account/,
      'too_large',
    )
  })
})

const administrator = keyPolicy({
  ...good,
  role: 'administrator',
  principals: [role('Admin')],
}).keyPolicy
const join = (...policies) => joinPolicies(policies)

describe('joined', () => {
  test('two parts with one Sid keep both under two, what is there twice stands once', () => {
    const far = keyPolicy({ ...good, principals: [partner] }).keyPolicy
    const joined = join(administrator, keyPolicy(good).keyPolicy, far, far, {
      Version: '2012-10-17',
      Statement: {
        Sid: 'OpenerRead2',
        Effect: 'Allow',
        Principal: { AWS: own },
        Action: 'kms:DescribeKey',
        Resource: '*',
      },
    })
    const sids = joined.Statement.map(({ Sid }) => Sid)
    assert.deepEqual(sids, [
      'AdministratorManage',
      'AdministratorScheduleDeletion',
      'AdministratorNoCryptography',
      'DeletionTakes30Days',
      'OpenerRead',
      'OpenerDecrypt',
      'OpenerAgree',
      'OpenerRead2',
      'OpenerDecrypt2',
      'OpenerAgree2',
      'OpenerRead22',
    ])
    assert.equal(parseKeyPolicy(JSON.stringify(joined)).statements.length, sids.length)
  })
  for (const bad of [undefined, [], {}, 'x'])
    test(`${JSON.stringify(bad)} is no list of key policies`, () =>
      fails(
        assert,
        async () => joinPolicies(bad),
        'invalid_argument',
        /policies: expected at least one/,
      ))
  for (const [bad, pattern] of [
    [null, /policies\[1\]: expected a key policy, found null/],
    [{}, /policies\[1\]\.Statement\[0\]: expected an object/],
    [
      { Statement: [{ Effect: 'Allow', Principal: '*' }] },
      /Statement\[0\]: expected an object with Effect and Action/,
    ],
    [{ Statement: [{ Effect: 'allow', Principal: '*', Action: 'kms:*' }] }, /Effect/],
    [keyPolicy(good).iamPolicy, /Statement\[0\]\.Principal: .*an IAM policy is attached/],
    [
      {
        Statement: [{ Effect: 'Deny', NotPrincipal: { AWS: own }, Action: 'kms:*', Resource: '*' }],
      },
      /Principal/,
    ],
  ])
    test(`${JSON.stringify(bad).slice(0, 80)} is no key policy`, () =>
      fails(assert, async () => join(administrator, bad), 'invalid_argument', pattern))
  const put = (more) => ({
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: role('Other') },
        Action: ['kms:PutKeyPolicy'],
        Resource: '*',
        ...more,
      },
    ],
  })
  for (const [what, parts] of [
    ['openers only', [keyPolicy(good).keyPolicy]],
    ['a condition', [put({ Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } })]],
    ['a Deny', [put({ Effect: 'Deny' })]],
    ['nobody named', [put({ Principal: { Service: 'x.amazonaws.com' } })]],
    ['no statement', [{ Statement: [] }]],
  ]) {
    test(`a policy that nobody could change is refused: ${what}`, () =>
      fails(
        assert,
        async () => join(...parts),
        'invalid_argument',
        /nobody could change the key policy; add an administrator, or accountRoot/,
      ))
  }
  test('an administrator, accountRoot or a statement of your own can change it', () => {
    for (const parts of [
      [administrator],
      [keyPolicy({ ...good, accountRoot: true }).keyPolicy],
      [put()],
      [put({ Action: 'kms:Put*' })],
    ])
      assert.isNotEmpty(join(keyPolicy(good).keyPolicy, ...parts).Statement)
  })
  test('who manages a key does not open or sign with it: the Deny would win without a word', () =>
    fails(
      assert,
      async () =>
        join(
          administrator,
          keyPolicy({ ...good, principals: [role('Opener'), role('Admin')] }).keyPolicy,
        ),
      'invalid_argument',
      /OpenerDecrypt allows arn:aws:iam::111122223333:role\/Admin what AdministratorNoCryptography denies/,
    ))
  test('over 32,768 bytes is too_large, also where the parts are not', () => {
    const part = (n) =>
      keyPolicy({ ...good, principals: Array.from({ length: 150 }, (_, i) => role(`R${n}x${i}`)) })
        .keyPolicy
    return fails(assert, async () => join(administrator, part(1), part(2)), 'too_large', /32768/)
  })
  test('any roles and principals: it parses, Sids are unique, and each principal of each part is there', () => {
    const part = fc.record({
      role: fc.constantFrom('publisher', 'opener', 'signer'),
      principals: fc.uniqueArray(
        fc.oneof(
          fc.constantFrom(own, partner),
          fc.stringMatching(/^[A-Za-z0-9+=,.@_-]{1,64}$/).map((name) => role(`p/${name}`)),
        ),
        { minLength: 1, maxLength: 5 },
      ),
      accountRoot: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const joined = join(administrator, ...parts.map((o) => keyPolicy({ ...o, key }).keyPolicy))
        const { statements: parsed } = parseKeyPolicy(JSON.stringify(joined))
        assert.equal(new Set(parsed.map(({ sid }) => sid)).size, joined.Statement.length)
        const named = new Set(joined.Statement.flatMap(({ Principal }) => Principal.AWS))
        for (const principal of parts.flatMap(({ principals }) => principals))
          assert.isTrue(
            named.has(/^\d/.test(principal) ? `arn:aws:iam::${principal}:root` : principal),
            principal,
          )
      }),
      { numRuns: 200 },
    )
  })
})

describe('CloudFormation', () => {
  const claims = {
    key: alias,
    spec: 'RSA_3072',
    usage: 'ENCRYPT_DECRYPT',
    roles: {
      administrator: [role('Admin')],
      publisher: [role('Publisher'), `arn:aws:iam::${own}:user/bob`],
      opener: [role('svc/Opener'), role('Opener', partner), partner],
    },
  }
  test("key, alias and a managed policy for each role, attached in the key's account", () => {
    const { Resources, Outputs } = keyTemplate(claims)
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
    assert.deepEqual(
      KeyPolicy,
      join(
        ...Object.entries(claims.roles).map(
          ([name, principals]) =>
            keyPolicy({
              role: name,
              key: alias,
              principals,
              ...(name !== 'publisher' && { algs: ['RSA-OAEP-256'] }),
            }).keyPolicy,
        ),
      ),
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
    assert.deepEqual(Outputs, { ClaimsKeyArn: { Value: { 'Fn::GetAtt': ['ClaimsKey', 'Arn'] } } })
  })
  test('a role with principals of other accounts only has no managed policy here', () => {
    assert.notProperty(
      keyTemplate({ ...claims, roles: { ...claims.roles, opener: [partner] } }).Resources,
      'ClaimsOpenerPolicy',
    )
  })
  for (const [spec, usage, role, allows] of [
    ['RSA_2048', 'SIGN_VERIFY', 'signer', ['RSASSA_PSS_SHA_256']],
    ['ECC_NIST_P256', 'SIGN_VERIFY', 'signer', ['ECDSA_SHA_256']],
    ['ECC_NIST_P384', 'SIGN_VERIFY', 'signer', ['ECDSA_SHA_384']],
    ['ECC_NIST_P521', 'SIGN_VERIFY', 'signer', ['ECDSA_SHA_512']],
    ['RSA_4096', 'ENCRYPT_DECRYPT', 'opener', ['RSAES_OAEP_SHA_256']],
    ['ECC_NIST_P521', 'KEY_AGREEMENT', 'opener', ['ECDH']],
  ])
    test(`the ${role} of ${spec} for ${usage} gets ${allows}`, () => {
      const { Resources } = keyTemplate({
        key: alias,
        spec,
        usage,
        roles: {
          administrator: claims.roles.administrator,
          [role]: ['arn:aws:iam::111122223333:role/X'],
        },
      })
      const conditions = Resources.ClaimsKey.Properties.KeyPolicy.Statement.flatMap(
        ({ Condition: { StringEquals = {} } = {} }) => Object.entries(StringEquals),
      ).filter(([name]) => name.endsWith('Algorithm'))
      assert.deepEqual(
        conditions.map(([, values]) => values),
        [allows],
      )
    })
  for (const [name, id] of [
    ['alias/claims-2030/eu_x', 'Claims2030EuX'],
    ['alias/Root', 'Root'],
  ])
    test(`resources of ${name} begin with ${id}`, () =>
      assert.property(
        keyTemplate({ ...claims, key: alias.replace('alias/claims', name) }).Resources,
        `${id}Key`,
      ))
  for (const [o, pattern, code = 'invalid_argument'] of [
    [undefined, /expected \{ key, spec, usage, roles \}/],
    [{ ...claims, key }, /key: expected the ARN of an alias/],
    [{ ...claims, roles: undefined }, /roles: expected an object/],
    [{ ...claims, roles: {} }, /policies: expected at least one key policy/],
    [{ ...claims, roles: { opener: [role('Opener')] } }, /nobody could change/],
    [
      { ...claims, roles: { ...claims.roles, signer: [role('S')] } },
      /roles\.signer: a key for ENCRYPT_DECRYPT has no signer/,
    ],
    [
      { ...claims, roles: { ...claims.roles, reader: [role('S')] } },
      /role: expected administrator/,
    ],
    [{ ...claims, roles: { ...claims.roles, opener: [] } }, /roles\.opener: expected at least one/],
    [{ ...claims, roles: { ...claims.roles, opener: ['*'] } }, /roles\.opener\[0\]: .*wildcard/],
    [
      { ...claims, roles: { ...claims.roles, administrator: [role('A', partner)] } },
      /roles\.administrator: .*manage a key from another account/,
    ],
    ...[
      ['RSA_3072', 'KEY_AGREEMENT'],
      ['ECC_NIST_P256', 'ENCRYPT_DECRYPT'],
      ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT'],
      ['ECC_SECG_P256K1', 'SIGN_VERIFY'],
      [undefined, undefined],
    ].map(([spec, usage]) => [
      { ...claims, spec, usage },
      /spec and usage: expected those of an RSA key/,
    ]),
    [
      { ...claims, algs: ['ECDH-ES'] },
      /algs: a key of RSA_3072 for ENCRYPT_DECRYPT takes RSA-OAEP-256, found "ECDH-ES"/,
    ],
    ...['RSA-OAEP-256', []].map((algs) => [
      { ...claims, algs },
      /algs: expected an array with at least one/,
    ]),
    [{ ...claims, accountRoot: 'yes' }, /accountRoot/],
  ])
    test(`refused: ${pattern.source}`, () =>
      fails(assert, async () => keyTemplate(o), code, pattern))
})
