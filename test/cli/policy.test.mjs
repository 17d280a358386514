// sealdrop policy as a process: what it prints is what the library writes, and KMS takes it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { CreateKeyCommand, GetKeyPolicyCommand, KMSClient } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { joinPolicies, keyPolicy, keyTemplate } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { run } from './seal-helpers.mjs'

const folder = mkdtempSync(join(tmpdir(), 'sealdrop-policy-'))
after(() => rmSync(folder, { recursive: true }))

const key = 'arn:aws:kms:us-east-1:111122223333:alias/claims'
const role = (name) => `arn:aws:iam::111122223333:role/${name}`
const opener = ['opener', '--key-id', key, '--principal', role('Claims')]
const admin = ['--and', 'administrator', '--principal', role('Admin')]
const policy = (args) => run(['policy', ...args], { cwd: folder })
const printed = async (args) => {
  const { code, out, err } = await policy(args)
  assert.deepEqual([code, err], [0, ''])
  return JSON.parse(out.toString())
}
const json = (value) => JSON.parse(JSON.stringify(value))
const parts = {
  opener: keyPolicy({ role: 'opener', key, principals: [role('Claims')] }),
  administrator: keyPolicy({ role: 'administrator', key, principals: [role('Admin')] }),
}
const joined = joinPolicies([parts.opener.keyPolicy, parts.administrator.keyPolicy])

test('one role: its part of the key policy, and its IAM policy', async () => {
  const { keyPolicy: written, iamPolicy } = parts.opener
  const expected = { keyPolicy: written, iamPolicies: { opener: iamPolicy } }
  assert.deepEqual(await printed(opener), json(expected))
  assert.deepEqual(await printed([...opener, '--only', 'iam-policy']), json(iamPolicy))
  assert.deepEqual(await printed([...opener, '--only', 'key-policy']), json(written))
  const { out } = await policy([...opener, '--json'])
  assert.lengthOf(out.toString().trimEnd().split('\n'), 1)
})

test('several roles are joined, each with its own principals and algorithms', async () => {
  assert.deepEqual(await printed([...opener, ...admin, '--only', 'key-policy']), json(joined))
  const args = [...opener, '--alg', 'ECDH-ES+A256KW', ...admin, '--account-root']
  const found = await printed(args)
  assert.hasAllKeys(found.iamPolicies, ['opener', 'administrator'])
  const { iamPolicy } = keyPolicy({
    role: 'opener',
    key,
    principals: [role('Claims')],
    algs: ['ECDH-ES+A256KW'],
  })
  assert.deepEqual(found.iamPolicies.opener, json(iamPolicy))
})

test('KMS takes the policy, and it is joined with one more as KMS gives it back', async (t) => {
  const local = await startLocalKms()
  t.after(() => local.close())
  const client = new KMSClient(local.clientConfig)
  const { out } = await policy([...opener, '--account-root', ...admin, '--only', 'key-policy'])
  const { KeyMetadata } = await client.send(
    new CreateKeyCommand({
      KeySpec: 'ECC_NIST_P256',
      KeyUsage: 'KEY_AGREEMENT',
      Policy: out.toString(),
    }),
  )
  const { Policy } = await client.send(new GetKeyPolicyCommand({ KeyId: KeyMetadata?.KeyId }))
  client.destroy()
  const whole = joinPolicies(
    Object.entries({ opener: 'Claims', administrator: 'Admin' }).map(
      ([name, who]) =>
        keyPolicy({
          role: /** @type {'opener'} */ (name),
          key,
          principals: [role(who)],
          accountRoot: true,
        }).keyPolicy,
    ),
  )
  writeFileSync(join(folder, 'now.json'), JSON.stringify({ Policy, PolicyName: 'default' }))
  writeFileSync(join(folder, 'bare.json'), String(Policy))
  const more = ['publisher', '--key-id', key, '--principal', role('Web'), '--only', 'key-policy']
  const publisher = keyPolicy({ role: 'publisher', key, principals: [role('Web')] }).keyPolicy
  const expected = json(joinPolicies([whole, publisher]))
  assert.deepEqual(await printed([...more, '--join', 'now.json']), expected)
  assert.deepEqual(await printed([...more, '--join', 'bare.json']), expected)
})

test('--template is a stack with key, alias and policies', async () => {
  const kind = ['--template', '--spec', 'ECC_NIST_P256', '--usage', 'KEY_AGREEMENT']
  const expected = keyTemplate({
    key,
    spec: 'ECC_NIST_P256',
    usage: 'KEY_AGREEMENT',
    roles: { opener: [role('Claims')], administrator: [role('Admin')] },
  })
  assert.deepEqual(await printed([...opener, ...admin, ...kind]), json(expected))
})

test('what is wrong is exit code 2, in the words of the command', async () => {
  writeFileSync(join(folder, 'none.json'), '{"a":1}')
  /** @type {[string[], RegExp][]} */
  const rows = [
    [[], /missing required argument 'role'/],
    [['guest'], /'guest' is invalid for argument 'role'.*administrator, publisher, opener, signer/],
    [['opener', '--principal', role('A')], /--key-id: expected the ARN/],
    [['opener', '--key-id', key], /opener: expected a --principal behind it/],
    [[...opener, '--and', 'guest'], /--and guest: expected administrator/],
    [[...opener, '--and', 'opener', '--principal', role('B')], /this role is there already/],
    [[...opener, '--and', 'signer'], /signer: expected a --principal behind it/],
    [
      ['opener', '--key-id', 'alias/claims', '--principal', role('A')],
      /--key-id: expected the ARN/,
    ],
    [['opener', '--key-id', key, '--principal', '*'], /--principal: expected the ARN of a role/],
    [
      ['administrator', '--key-id', key, '--principal', '111122223333'],
      /--principal: .*--account-root lets/,
    ],
    [[...opener, '--alg', 'none'], /--alg: /],
    [[...opener, '--spec', 'RSA_2048'], /--spec and --usage are for --template/],
    [[...opener, '--template'], /expected --spec and --usage/],
    [[...opener, ...admin, '--only', 'iam-policy'], /it is for one role/],
    [[...opener, '--and', 'signer', '--principal', role('B')], /policies: /],
    [[...opener, '--join', 'none.json'], /--join none\.json: expected a key policy in JSON/],
  ]
  for (const [args, message] of rows) {
    const { code, out, err } = await policy(args)
    assert.match(err, message)
    assert.deepEqual([code, out.toString()], [2, ''])
  }
  assert.equal((await policy([...opener, '--join', 'absent.json'])).code, 7)
})
