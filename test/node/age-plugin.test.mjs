// age-plugin-sealdrop by its protocol: what it answers to each phase, and what it never says.
import test from 'node:test'
import { randomBytes } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { assert } from 'chai'
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { ageIdentity, identityKeys } from '#dist/age/identity.js'
import { toBech32 } from '#dist/age/bech32.js'
import { stanzaText } from '#dist/age/header.js'
import { pointAs, pointOf } from '#dist/age/p256.js'
import { wrapTagged } from '#dist/age/p256tag.js'
import { conversation, plugin, ran, stanza } from '../support/age-plugin.mjs'
import { ageWorld } from '../support/age-world.mjs'
import { present } from '../support/types.mjs'

const world = await ageWorld()
const { client, jwks, local, recipients } = world
test.after(() => world.close())
const { env } = local

const pointFor = (name) => present(pointAs('compressed', pointOf(jwks[name])))
const arnFor = (name) => local.keys[`alias/${name}`]
const keyOf = (name) => ({ point: pointFor(name), arns: [arnFor(name)] })
const claims = ageIdentity([keyOf('claims')])
const second = ageIdentity([keyOf('second')])
const fileKey = () => new Uint8Array(randomBytes(16))
const inFile = (index, { type, args, body }) => ({
  type: 'recipient-stanza',
  args: [String(index), type, ...args],
  body,
})
const changed = ({ type, args, body }) => ({
  type,
  args,
  body: body.map((byte, i) => (i === 0 ? byte ^ 1 : byte)),
})
const texts = (found) => found.map(({ type, args }) => [type, ...args].join(' '))
const unwrap = (commands, o = {}) => conversation('identity-v1', commands, { env, ...o })
const add = (identity) => stanza('add-identity', identity)

test('an identity holds ARNs and points, and is read in one form only', () => {
  assert.match(claims, /^AGE-PLUGIN-SEALDROP-1[A-Z0-9]+$/)
  const both = ageIdentity([
    keyOf('claims'),
    { ...keyOf('second'), arns: [arnFor('second'), `${arnFor('second')}2`] },
  ])
  const [one, two] = identityKeys(both)
  assert.deepEqual(one?.arns, [arnFor('claims')])
  assert.lengthOf(present(two).arns, 2)
  assert.deepEqual(Buffer.from(present(one).point), Buffer.from(pointFor('claims')))
  const written = (...bytes) =>
    toBech32('age-plugin-sealdrop-', Uint8Array.from(bytes)).toUpperCase()
  const arn = Buffer.from(arnFor('claims'))
  const whole = [...pointFor('claims'), 1, arn.length, ...arn]
  assert.equal(written(1, 1, ...whole), claims)
  const wrong = [
    claims.toLowerCase(),
    `${claims.slice(0, -1)}${claims.endsWith('Q') ? 'P' : 'Q'}`,
    recipients.claims,
    written(2, 1, ...whole),
    written(1, 0),
    written(1, 1, ...whole, 0),
    written(1, 2, ...whole),
    written(1, 2, ...whole, ...whole),
    written(1, 1, ...whole.slice(0, -1)),
    written(1, 1, 5, ...whole.slice(1)),
    written(1, 1, ...pointFor('claims'), 0),
    written(1, 1, ...pointFor('claims'), 1, 3, 65, 66, 67),
    '',
  ]
  for (const text of wrong) assert.throws(() => identityKeys(text), undefined, undefined, text)
})

test('file keys of several files come by one call each, beside grease and other stanzas', async () => {
  const keys = [fileKey(), fileKey(), fileKey()]
  const grease = { type: 'grease-7', args: ['1', '2'], body: new Uint8Array(77) }
  const { found, code, err } = await unwrap([
    grease,
    add(claims),
    inFile(0, { type: 'X25519', args: ['abc'], body: new Uint8Array(32) }),
    inFile(0, wrapTagged(keys[0], pointFor('claims'))),
    inFile(1, wrapTagged(keys[1], pointFor('second'))),
    add(second),
    inFile(1, wrapTagged(keys[1], pointFor('claims'))),
    inFile(5, { type: 'grease', args: [], body: new Uint8Array() }),
    inFile(7, wrapTagged(keys[2], pointFor('second'))),
    grease,
  ])
  assert.deepEqual(texts(found), ['file-key 0', 'file-key 1', 'file-key 7'])
  for (const [index, { body }] of found.entries())
    assert.deepEqual(Buffer.from(body), Buffer.from(keys[index]))
  assert.deepEqual([code, err], [0, ''])
})

test('the command itself is the plugin when age starts it', async () => {
  const key = fileKey()
  const commands = [add(claims), inFile(0, wrapTagged(key, pointFor('claims')))]
  const { found } = await unwrap(commands, { asCommand: true })
  assert.deepEqual(texts(found), ['file-key 0'])
})

test('what is for others is told by telling nothing', async () => {
  const { found, code } = await unwrap([
    add(claims),
    inFile(0, wrapTagged(fileKey(), pointFor('second'))),
  ])
  assert.deepEqual([found, code], [[], 0])
  const nothing = await unwrap([])
  assert.deepEqual([nothing.found, nothing.code], [[], 0])
})

test('one invalid identity: an error for it, and nothing is unwrapped', async () => {
  const { found } = await unwrap([
    add(claims),
    add(`${claims.slice(0, -2)}QQ`),
    add('AGE-PLUGIN-OTHER-1'),
    inFile(0, wrapTagged(fileKey(), pointFor('claims'))),
  ])
  assert.deepEqual(texts(found), ['error identity 1', 'error identity 2'])
})

test('a stanza that is malformed: an error for it, and none of its file', async () => {
  const good = wrapTagged(fileKey(), pointFor('claims'))
  const other = wrapTagged(fileKey(), pointFor('claims'))
  const { found } = await unwrap([
    add(claims),
    inFile(0, { type: 'x', args: [], body: new Uint8Array() }),
    inFile(0, good),
    inFile(0, { ...good, args: good.args.slice(1) }),
    inFile(0, { ...good, body: good.body.subarray(1) }),
    inFile(1, other),
  ])
  assert.deepEqual(texts(found), ['error stanza 0 2', 'error stanza 0 3', 'file-key 1'])
})

test('one of ours that does not open: an error for it, after one answer', async () => {
  const key = fileKey()
  const good = wrapTagged(key, pointFor('claims'))
  const { found } = await unwrap([
    add(claims),
    inFile(0, { type: 'x', args: [], body: new Uint8Array() }),
    inFile(0, changed(good)),
    inFile(0, good),
    inFile(1, good),
  ])
  assert.deepEqual(texts(found), ['error stanza 0 1', 'file-key 1'])
  const text = Buffer.from(present(found[0]).body).toString()
  assert.equal(text, 'this file was changed on its way, or not sealed for this key')
})

test('a KMS that refuses: error internal, with a fixed text', async () => {
  const commands = [add(claims), inFile(0, wrapTagged(fileKey(), pointFor('claims')))]
  await client.send(new DisableKeyCommand({ KeyId: arnFor('claims') }))
  const disabled = await unwrap(commands)
  await client.send(new EnableKeyCommand({ KeyId: arnFor('claims') }))
  const gone = await unwrap(commands, {
    env: { ...env, AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:9', AWS_MAX_ATTEMPTS: '1' },
  })
  const bodies = [disabled, gone].map(({ found }) => {
    assert.deepEqual(texts(found), ['error internal'])
    return Buffer.from(present(found[0]).body).toString()
  })
  assert.deepEqual(bodies, [
    'AWS KMS did not open the file: the key is disabled or deleted',
    'AWS KMS did not open the file: it could not be reached, or limits calls',
  ])
})

test('recipient-v1 wraps each file key for each recipient and identity', async () => {
  const keys = [fileKey(), fileKey()]
  const { found, code } = await conversation('recipient-v1', [
    stanza('add-recipient', recipients.claims),
    { type: 'wrap-file-key', args: [], body: keys[0] },
    stanza('extension-labels'),
    add(ageIdentity([keyOf('second'), keyOf('claims')])),
    { type: 'wrap-file-key', args: [], body: keys[1] },
  ])
  assert.equal(code, 0)
  assert.deepEqual(
    found.map(({ type, args }) => [type, args[0], args[1]].join(' ')),
    [0, 0, 1, 1].map((index) => `recipient-stanza ${index} p256tag`),
  )
  const files = found.map(({ args, body }, at) =>
    inFile(at, { type: present(args[1]), args: args.slice(2), body }),
  )
  const back = await unwrap([add(claims), add(second), ...files])
  assert.deepEqual(
    back.found.map(({ body }) => Buffer.from(body).toString('hex')),
    [0, 0, 1, 1].map((index) => Buffer.from(keys[index]).toString('hex')),
  )
})

test('recipient-v1 answers errors and no stanza where one is wrong', async () => {
  const key = { type: 'wrap-file-key', args: [], body: fileKey() }
  const last = recipients.claims.at(-1) === 'q' ? 'p' : 'q'
  const { found } = await conversation('recipient-v1', [
    stanza('add-recipient', recipients.claims),
    stanza('add-recipient', `${recipients.claims.slice(0, -1)}${last}`),
    add('AGE-PLUGIN-SEALDROP-1'),
    key,
  ])
  assert.deepEqual(texts(found), ['error recipient 1', 'error identity 0'])
  const short = await conversation('recipient-v1', [
    stanza('add-recipient', recipients.claims),
    { ...key, body: new Uint8Array(15) },
  ])
  assert.deepEqual(texts(short.found), ['error internal'])
})

test('what is no protocol ends it, with nothing on stdout', () => {
  const rows = [
    ['identity-v2', ''],
    ['identity-v1', 'hello\n'],
    ['identity-v1', '-> add-identity x\n'],
    ['identity-v1', '-> recipient-stanza 1 x\n\n-> recipient-stanza 0 x\n\n-> done\n\n'],
    ['identity-v1', '-> recipient-stanza 01 x\n\n-> done\n\n'],
    ['recipient-v1', '-> wrap-file-key\nAAA=\n-> done\n\n'],
    ['toString', '-> done\n\n'],
  ]
  for (const [machine, input] of rows) {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [plugin, `--age-plugin=${machine}`],
      { input, encoding: 'utf8' },
    )
    assert.equal(status, 1, input)
    assert.equal(stdout, '', input)
    assert.match(stderr, /^age-plugin-sealdrop: .+\n$/)
  }
})

test('an answer that is too long ends it, and is told as no error of KMS', async () => {
  const commands = [add(claims), inFile(0, wrapTagged(fileKey(), pointFor('claims')))]
  const first = [...commands, stanza('done')].map(stanzaText).join('')
  const input = `${first}-> ok\n${`${'A'.repeat(64)}\n`.repeat(70_000)}\n`
  const { code, out, err } = await ran(process.execPath, [plugin, '--age-plugin=identity-v1'], {
    input,
    env,
  })
  assert.equal(code, 1)
  assert.match(out.toString(), /^-> file-key 0\n[^\n]+\n$/)
  assert.match(err, /a stanza is too long/)
})

test('it prints the identity of keys, and nothing for keys that age cannot use', async () => {
  const printed = (...args) => ran(process.execPath, [plugin, ...args], { env })
  const made = await printed('alias/claims', 'alias/second')
  assert.equal(made.code, 0, made.err)
  assert.deepEqual(made.out.toString().split('\n'), [
    `# recipient: ${recipients.claims}`,
    `# recipient: ${recipients.second}`,
    ageIdentity([keyOf('claims'), keyOf('second')]),
    '',
  ])
  for (const name of ['alias/other', 'alias/receipts', 'alias/none']) {
    const { code, out, err } = await printed(name)
    assert.deepEqual([code, out.length], [1, 0], name)
    assert.match(err, /^age-plugin-sealdrop: /)
  }
  assert.equal((await printed()).code, 2)
  assert.match((await printed('--help')).out.toString(), /Examples:/)
})
