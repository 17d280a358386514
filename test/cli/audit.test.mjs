// sealdrop audit as a process, over the trail of a local KMS that three roles called.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { assert } from 'chai'
import { seal, importKeySet, inHand } from 'sealdrop'
import { createOpener, publicJwk } from 'sealdrop/kms'
import { allKeys, own, policyWorld, roleArn } from '../support/policy-world.mjs'
import { run } from './seal-helpers.mjs'

const folder = mkdtempSync(join(tmpdir(), 'sealdrop-audit-'))
const at = (name) => join(folder, name)
const allow = (...actions) => [
  { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: allKeys }] },
]
const secretContext = 'a patient of whom nobody is to know'
/** @type {Record<string, any>[]} */
const trail = []
/** @type {Record<string, string>} */
let keys = {}
const cleanups = []
after(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup()
  rmSync(folder, { recursive: true })
})

const audit = (args, o = {}) => run(['audit', ...args], { cwd: folder, ...o })
const asJson = ({ out }) =>
  out
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
const tuple = ({ key, principal, operation, outcome, count }) => [
  Object.keys(keys).find((alias) => keys[alias] === key) ?? key,
  principal,
  operation,
  outcome,
  count,
]
const claims = roleArn('Claims')
const curious = roleArn('Curious')

before(async () => {
  const { local, as } = await policyWorld(
    { after: (work) => cleanups.push(work) },
    {
      Claims: allow('kms:DeriveSharedSecret', 'kms:GetPublicKey'),
      Curious: allow('kms:GetPublicKey'),
      Admin: allow('kms:*'),
    },
    {
      onCall: (entry) => trail.push(entry),
      keys: [
        { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
        { alias: 'alias/old', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
        { alias: 'alias/archive', spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' },
      ],
    },
  )
  keys = local.keys
  const key = keys['alias/claims']
  const jwk = await publicJwk({ kms: as.Claims.config, key })
  const set = importKeySet({ keys: [jwk] }, { trust: inHand() })
  const opener = createOpener({ kms: as.Claims.config, keys: [key] })
  for (const value of ['one', 'two', 'three'])
    await opener.open(await seal(set, value, { context: {} }), { context: {} })
  await opener.close()
  const other = createOpener({ kms: as.Curious.config, keys: [key] })
  await other.open(await seal(set, 'four', { context: {} }), { context: {} }).catch(() => {})
  await other.close()
  const input = { KeyId: keys['alias/archive'], EncryptionContext: { patient: secretContext } }
  await as.Admin.send('GenerateDataKey', { ...input, KeySpec: 'AES_256' })
  await as.Admin.send('Sign', { KeyId: key, DryRun: true }).catch(() => {})
  await as.Admin.send('DescribeKey', { KeyId: 'alias/none' }).catch(() => {})
  const lines = trail.map((entry) => JSON.stringify(entry))
  writeFileSync(at('trail.jsonl'), `${lines.join('\n')}\n`)
  writeFileSync(at('log.json.gz'), gzipSync(JSON.stringify({ Records: trail })))
  writeFileSync(at('pretty.json'), JSON.stringify({ Records: trail }, undefined, 2))
  const events = lines.map((CloudTrailEvent) => ({ EventSource: 'kms', CloudTrailEvent }))
  writeFileSync(at('events.json'), JSON.stringify({ Events: events }, undefined, 4))
})

test('each form of a trail says the same: who used which key for what, how often', async () => {
  const [first, ...others] = await Promise.all(
    ['trail.jsonl', 'log.json.gz', 'pretty.json', 'events.json'].map((name) =>
      audit(['--json', name]),
    ),
  )
  assert.equal(first?.code, 0, first?.err)
  for (const other of others) assert.equal(other.out.toString(), first?.out.toString())
  const found = asJson(first)
  const uses = found.filter(({ kind }) => kind === 'use').map(tuple)
  assert.includeDeepMembers(uses, [
    ['alias/claims', claims, 'DeriveSharedSecret', 'ok', 3],
    ['alias/claims', curious, 'DeriveSharedSecret', 'AccessDenied', 1],
    ['alias/archive', roleArn('Admin'), 'GenerateDataKey', 'ok', 1],
    ['alias/none', roleArn('Admin'), 'DescribeKey', 'NotFoundException', 1],
  ])
  const all = found.at(-1)
  assert.deepInclude(all, { kind: 'all', calls: trail.length, others: 0, repeated: 0 })
  assert.equal(
    uses.reduce((sum, use) => sum + use[4], 0),
    trail.length,
  )
  assert.notInclude(first?.out.toString() ?? '', secretContext)
})

test('a record that comes twice counts once, and other services are told apart', async () => {
  const other = { ...trail[0], eventSource: 's3.amazonaws.com', eventID: 'another' }
  const input = `${JSON.stringify(other)}\n`
  const found = asJson(await audit(['--json', 'trail.jsonl', 'log.json.gz', '-'], { input })).at(-1)
  assert.deepInclude(found, { calls: trail.length, repeated: trail.length, others: 1 })
})

test('what comes from outside the expected roles is told, and the command ends with 8', async () => {
  const expect = (who) => [
    '--expect',
    `opener=${who}`,
    '--expect',
    `administrator=${roleArn('A*')}`,
  ]
  const { code, out, err } = await audit([...expect(claims), 'trail.jsonl'])
  assert.equal(code, 8, err)
  const outside = out.toString().split('By nobody who is expected to\n')[1] ?? ''
  assert.include(outside, `AccessDenied  ${curious}`)
  assert.include(outside, 'GenerateDataKey', 'an administrator uses no key')
  assert.notInclude(outside, claims)
  const marks = asJson(await audit([...expect(claims), '--json', 'trail.jsonl']))
  const byClaims = marks.filter(({ principal }) => principal === claims)
  assert.isNotEmpty(byClaims)
  assert.isTrue(byClaims.every(({ expected }) => expected))
  assert.isFalse(marks.find(({ principal }) => principal === curious)?.expected)
  const onlyGood = trail.filter(({ userIdentity }) => JSON.stringify(userIdentity).includes(claims))
  writeFileSync(at('good.json'), JSON.stringify({ Records: onlyGood }))
  assert.equal((await audit([...expect(claims), 'good.json'])).code, 0)
  assert.equal((await audit([...expect(roleArn('C')), 'good.json'])).code, 8, 'a name is whole')
})

test('what KMS does by itself, such as the yearly rotation, is outside of no role', async () => {
  const rotation = {
    ...trail[0],
    eventID: 'by-itself',
    eventName: 'RotateKey',
    eventType: 'AwsServiceEvent',
    userIdentity: { accountId: own, invokedBy: 'AWS Internal' },
    resources: [{ ARN: keys['alias/archive'], accountId: own, type: 'AWS::KMS::Key' }],
  }
  const expect = ['--expect', `opener=${claims}`]
  const { code, out } = await audit([...expect, '--json'], { input: JSON.stringify(rotation) })
  assert.equal(code, 0)
  const [use] = asJson({ out })
  assert.deepInclude(use, { principal: 'KMS by itself', operation: 'RotateKey', expected: true })
  // the same by a user is told
  const input = JSON.stringify({ ...rotation, eventType: 'AwsApiCall' })
  assert.equal((await audit(expect, { input })).code, 8)
})

test('keys that nobody used are named', async () => {
  const keyIds = [keys['alias/old'] ?? '', keys['alias/claims'] ?? ''].flatMap((arn) => [
    '--key-id',
    arn,
  ])
  const { code, out } = await audit([...keyIds, '--json', 'trail.jsonl'])
  assert.equal(code, 0)
  const unused = asJson({ out }).filter(({ kind }) => kind === 'unused')
  assert.deepEqual(unused, [{ kind: 'unused', key: keys['alias/old'] }])
})

test('bad input is told, with its place, and nothing is counted', async () => {
  const packed = gzipSync(JSON.stringify({ Records: trail }))
  const rows = [
    ['{"eventSource":"kms.amazonaws.com"}\n{"some":"thing"}\n', 3, /line 2: expected a record/],
    ['{"Records": [', 3, /expected JSON/],
    [packed.subarray(0, packed.length / 2), 3, /expected a whole file of gzip/],
  ]
  for (const [input, expected, message] of rows) {
    const { code, out, err } = await audit(['--json'], { input })
    assert.equal(code, expected, err)
    assert.match(err, message)
    assert.equal(out.toString(), '')
  }
  for (const args of [
    ['--expect', 'thief=*'],
    ['--expect', 'opener'],
    ['--key-id', 'alias/claims'],
  ])
    assert.equal((await audit([...args, 'trail.jsonl'])).code, 2, args.join(' '))
  assert.equal((await audit(['none.json'])).code, 7)
})

test('names in a record cannot forge a line', async () => {
  const userIdentity = { type: 'IAMUser', arn: `arn:aws:iam::${own}:user/a\nNot used \u001B[2J` }
  const input = JSON.stringify({ ...trail[0], eventID: 'x', userIdentity })
  const { out } = await audit([], { input })
  assert.include(out.toString(), String.raw`user/a\u000aNot used \u001b[2J`)
})
