// What keyPolicy takes and refuses, the sizes that AWS takes, and the form of what it writes.
import test, { describe } from 'node:test'
import { assert } from 'chai'
import { keyPolicy } from 'sealdrop/kms'
import { parseIdentityPolicy, parseKeyPolicy } from '#dist/local-kms/policy/policy-document.js'
import { fails } from '../support/host.js'
import {
  alias,
  key,
  opener as good,
  own,
  partner,
  roleArn as role,
} from '../support/policy-arns.mjs'
import { wrong } from '../support/types.mjs'

/** @import { PolicyRole } from 'sealdrop/kms' */

/** @type {readonly PolicyRole[]} */
const allRoles = ['administrator', 'publisher', 'opener', 'signer']
const refused = async (o, pattern, code = 'invalid_argument') => {
  await fails(assert, async () => keyPolicy(wrong(o)), code, pattern)
}
const statements = ({ Statement }, part) => Statement.filter(({ Sid }) => Sid.includes(part))
/** Every key of the account and Region of an ARN. */
const everyKey = (arn) => arn.replace(/key.*/, 'key/*')

/**
 * Options that are refused, and what is said.
 *
 * @returns {[unknown, RegExp]}
 */
const row = (o, pattern) => [o, pattern]

describe('refused', () => {
  const named = (bad) => ({ ...good, key: bad })
  const by = (...principals) => ({ ...good, principals })
  /** @type {[unknown, RegExp][]} */
  const rows = [
    [undefined, /expected \{ role, key, principals \}/],
    [
      { ...good, role: 'root' },
      /role: expected administrator, publisher, opener, signer, resealer, reader, found "root"/,
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
    ].map((bad) => row(named(bad), /key: expected the ARN of a key or an alias/)),
    ...[undefined, [], role('Opener'), {}].map((principals) =>
      row({ ...good, principals }, /principals: expected at least one/),
    ),
    ...['*', role('*'), role('Open?r'), `arn:aws:iam::*:role/Opener`].map((bad) =>
      row(by(bad), /principals\[0\]: .*a wildcard would let in/),
    ),
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
    ].map((bad) =>
      row(by(bad), /principals\[0\]: expected the ARN of a role or user, or an account, found/),
    ),
    [
      by(role('A'), `arn:aws:sts::${own}:assumed-role/Opener/session`),
      /principals\[1\]: .*a session ends; name its role/,
    ],
    [by(`arn:aws:iam::${own}:group/Openers`), /a group is no principal/],
    [by(role('Opener', own, 'aws-cn')), /expected the partition of the key, aws, found "aws-cn"/],
    [
      { ...good, role: 'administrator', principals: [role('Admin'), role('Admin', partner)] },
      /expected roles or users of account 111122223333, found "arn:aws:iam::444455556666:role\/Admin": KMS lets nobody manage a key from another account/,
    ],
    [
      { ...good, role: 'administrator', principals: [own] },
      /the whole account 111122223333, which could then neither open nor sign; accountRoot/,
    ],
    ...[[], 'RSA-OAEP-256', {}].map((algs) =>
      row({ ...good, algs }, /algs: expected an array with at least one JOSE name/),
    ),
    ...['PS256', 'RSAES_OAEP_SHA_256', 'RSA-OAEP', '*', 5, undefined, '__proto__'].map((alg) =>
      row(
        { ...good, algs: ['RSA-OAEP-256', alg] },
        /algs: expected RSA-OAEP-256, ECDH-ES\+A256KW, ECDH-ES, found/,
      ),
    ),
    [{ ...good, role: 'signer', algs: ['ES256K'] }, /algs: expected PS256/],
    [{ ...good, role: 'publisher', algs: ['PS256'] }, /algs: a publisher uses no algorithm/],
    ...[null, 1, 'true'].map((accountRoot) =>
      row({ ...good, accountRoot }, /accountRoot: expected true or false/),
    ),
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
      const root = { AWS: `arn:${partition}:iam::${own}:root` }
      const Sid = 'AccountIamPolicies'
      assert.deepEqual(statements(document, Sid), [
        { Sid, Effect: 'Allow', Principal: root, Action: 'kms:*', Resource: '*' },
      ])
    }
    assert.isEmpty(statements(keyPolicy(good).keyPolicy, 'AccountIamPolicies'))
  })
  test('a key policy is for any key that has it, an IAM policy for the keys that were named', () => {
    for (const of of allRoles) {
      for (const [name, resource] of [
        [key, key],
        [everyKey(key), everyKey(key)],
        [alias, everyKey(key)],
      ]) {
        const policies = keyPolicy({ ...good, role: of, key: name })
        for (const { Resource } of policies.keyPolicy.Statement) assert.equal(Resource, '*')
        const aliases = name === alias ? alias : key.replace(/key.*/, 'alias/*')
        const resourceOf = (Sid) => {
          if (/Create|List/.test(Sid)) return '*'
          return /Aliases/.test(Sid) ? aliases : resource
        }
        const byAlias = name === alias && of !== 'administrator' ? 'alias/claims' : undefined
        for (const { Resource, Sid, Condition } of policies.iamPolicy.Statement) {
          assert.equal(Resource, resourceOf(Sid), Sid)
          const names = Condition?.['ForAnyValue:StringEquals']?.['kms:ResourceAliases']
          assert.equal(names, byAlias, Sid)
        }
      }
    }
  })
  const usual = ['RSASSA_PSS_SHA_256', 'ECDSA_SHA_256', 'ECDSA_SHA_384', 'ECDSA_SHA_512']
  const modern = ['ED25519_SHA_512', 'ML_DSA_SHAKE_256']
  const digests = ['RSASSA_PKCS1_V1_5_SHA_512', 'ECDSA_SHA_256']
  const rsaSpecs = ['RSA_2048', 'RSA_3072', 'RSA_4096']
  const newSpecs = ['ECC_NIST_EDWARDS25519', 'ML_DSA_44']
  const usages = ['ENCRYPT_DECRYPT', 'SIGN_VERIFY']
  /**
   * Role, algorithms, condition key, its values.
   *
   * @type {[PolicyRole, string, string, string[]][]}
   */
  const conditions = [
    ['opener', 'RSA-OAEP-256', 'kms:EncryptionAlgorithm', ['RSAES_OAEP_SHA_256']],
    ['opener', 'ECDH-ES,ECDH-ES+A256KW', 'kms:KeyAgreementAlgorithm', ['ECDH']],
    ['signer', '', 'kms:SigningAlgorithm', [...usual, ...modern]],
    ['signer', 'RS512,ES256', 'kms:SigningAlgorithm', digests],
    ['signer', 'Ed25519', 'kms:MessageType', ['RAW']],
    ['signer', 'ML-DSA-65,ML-DSA-87', 'kms:MessageType', ['RAW', 'EXTERNAL_MU']],
    ['signer', 'ML-DSA-65,ML-DSA-87', 'kms:SigningAlgorithm', ['ML_DSA_SHAKE_256']],
    ['signer', 'ES256,Ed25519', 'kms:MessageType', ['DIGEST', 'RAW']],
    ['administrator', 'Ed25519,ML-DSA-44', 'kms:KeySpec', newSpecs],
    ['administrator', 'RSA-OAEP-256', 'kms:KeySpec', rsaSpecs],
    ['administrator', 'RSA-OAEP-256,ES384', 'kms:KeyUsage', usages],
    ['administrator', 'ES384', 'kms:KeySpec', ['ECC_NIST_P384']],
  ]
  for (const [of, algs, condition, values] of conditions)
    test(`${of} of ${algs || 'no algorithms named'}: ${condition} is ${values.join()}`, () => {
      const o = { ...good, role: of, ...(algs && { algs: algs.split(',') }) }
      const found = keyPolicy(o).iamPolicy.Statement.flatMap(
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
    for (const of of allRoles)
      for (const name of [key, alias, `arn:aws:kms:eu-central-1:${own}:alias/${'a'.repeat(250)}`]) {
        const { keyPolicy: document, iamPolicy } = keyPolicy({
          ...good,
          role: of,
          key: name,
          accountRoot: true,
        })
        assert.notMatch(JSON.stringify([document, iamPolicy]), /NotPrincipal|NotAction|NotResource/)
        for (const { Effect, Principal } of document.Statement)
          if (Effect === 'Allow') assert.notInclude(JSON.stringify(Principal), '"*"')
        assert.isBelow(JSON.stringify(iamPolicy).length, 6144)
        parseIdentityPolicy(iamPolicy, of)
        parseKeyPolicy(JSON.stringify(document))
        seen++
      }
    assert.equal(seen, 12)
  })
  test('a key policy may have 32,768 bytes and not one more', async () => {
    const sizeWith = (principals) =>
      JSON.stringify(keyPolicy({ ...good, principals }).keyPolicy).length
    const roles = (count) => Array.from({ length: count }, (_, i) => role(`R${i}`))
    let most = 200 // three statements name each principal
    while (sizeWith(roles(most)) + 3 * `"${role('R1000')}",`.length <= 32_768) most++
    const principals = roles(most)
    const longer = (by) => [...principals.slice(0, -1), `${principals.at(-1)}${'x'.repeat(by)}`]
    const room = Math.floor((32_768 - sizeWith(principals)) / 3)
    assert.isAtMost(sizeWith(longer(room)), 32_768)
    await refused(
      { ...good, principals: longer(room + 1) },
      /the key policy has 327\d\d bytes, KMS takes 32768: name an account/,
      'too_large',
    )
  })
})
