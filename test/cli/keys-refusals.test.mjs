// What sealdrop keys refuses: exit code, words, and that nothing was changed.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { allCommands, buildProgram } from '#dist/cli/program.js'
import { keysWorld, twoPurposes } from './keys-helpers.mjs'

/** @type {Awaited<ReturnType<typeof keysWorld>>} */
let world
const of = ['--inventory', 'keys']
before(async () => {
  world = await keysWorld({ inProcess: true })
  await world.done('init', ...of, ...twoPurposes)
})
after(() => world.close())

const claims = ['--purpose', 'claims=ECC_NIST_P256:KEY_AGREEMENT']

test('init refuses what is there and what it does not know, and makes nothing', async () => {
  const { refused, at, text, run } = world
  const was = text('keys/inventory-00000001.json')
  await refused(2, /there is an inventory already/, 'init', ...of, ...twoPurposes)
  await refused(2, /there is an inventory already/, 'init', ...of, ...claims, '--with-arn')
  assert.equal(text('keys/inventory-00000001.json'), was)
  for (const [words, ...args] of /** @type {[RegExp, ...string[]][]} */ ([
    [/--purpose: expected what keys are made for/, '--without-arn'],
    [/--purpose claims: expected NAME=SPEC:USAGE/, '--purpose', 'claims'],
    [/--purpose: spec: expected .*found "P256"/, '--purpose', 'claims=P256:KEY_AGREEMENT'],
    [
      /--purpose: usage: KMS has no ECC_NIST_P256/,
      '--purpose',
      'claims=ECC_NIST_P256:ENCRYPT_DECRYPT',
    ],
    [/--purpose: two have one name/, ...claims, ...claims],
    [/--alias: expected behind the --purpose/, '--alias', 'alias/x', ...claims],
    [/--alias: given twice/, ...claims, '--alias', 'alias/x', '--alias', 'alias/y'],
    [/--keep-days x: expected/, ...claims, '--keep-days', 'x'],
    [/--lifetime 0.1: expected/, ...claims, '--lifetime', '0.1'],
    [/--with-arn and --without-arn exclude/, ...claims, '--with-arn', '--without-arn'],
    [/alias\/claims names arn:.* already/, ...claims, '--without-arn'],
    [/--every: expected/, ...claims, '--without-arn', '--every', '3M'],
  ]))
    await refused(2, words, 'init', '--inventory', 'other', ...args)
  await refused(2, /--inventory: expected where/, 'init', ...claims)
  const asks = await run(['keys', 'init', '--inventory', 'other', ...claims])
  assert.equal(asks.code, 2, asks.err)
  assert.match(asks.err, /no terminal .* say --with-arn or --without-arn/)
  assert.isFalse(existsSync(at('other')))
})

test('an init that was cut off goes on with the same arguments, and with no others', async () => {
  const { refused, done, local, inventory, keys } = world
  const args = ['init', '--inventory', 'begun', '--purpose']
  const first = [...args, 'notes=ECC_NIST_P384:KEY_AGREEMENT', '--without-arn']
  local.faults.add({ kind: 'throttle', operation: 'CreateAlias' })
  const cut = await keys(...first)
  local.faults.clear()
  assert.equal(cut.code, 6, cut.err)
  assert.isUndefined((await inventory('begun')).keys.find(({ aliased }) => aliased))
  await refused(2, /there is an inventory already/, ...first.slice(0, -1), '--with-arn')
  const words = ['notes=ECC_NIST_P256:KEY_AGREEMENT', '--without-arn']
  await refused(2, /there is an inventory already/, ...args, ...words)
  const { err } = await done(...first)
  assert.match(err, /^begun is there, and this init goes on\n/)
  const { keys: made } = await inventory('begun')
  assert.deepEqual(
    made.map(({ state }) => state),
    ['current', 'next'],
  )
  assert.isDefined(made[0]?.aliased)
  await refused(2, /there is an inventory already/, ...first)
})

test('of two inits at the same time one makes the keys, and no key is there twice', async () => {
  const { run, inventory } = world
  const args = ['--purpose', 'twins=ECC_NIST_P256:SIGN_VERIFY']
  const both = await Promise.all([
    run(['keys', 'init', '--inventory', 'twins', ...args]),
    run(['keys', 'init', '--inventory', 'twins', ...args]),
  ])
  const codes = both.map(({ code }) => code)
  assert.include(codes, 0, both.map(({ err }) => err).join('\n'))
  for (const code of codes) assert.include([0, 2, 6], code)
  assert.deepEqual(
    (await inventory('twins')).keys.map(({ state }) => state),
    ['current', 'next'],
  )
})

test('without an inventory, or where it is damaged, nothing is done', async () => {
  const { refused, at } = world
  const no = ['--inventory', 'nowhere']
  for (const args of [
    ['list', ...no],
    ['show', ...no, 'claims'],
    ['rotate', ...no],
    ['publish', ...no, '--root', 'alias/root', '--to', 'never'],
    ['retire', ...no, 'x'],
    ['revoke', ...no, '--reason', 'superseded', 'x'],
    ['delete', ...no, 'x'],
    ['restore', ...no, 'x'],
  ])
    await refused(4, /there is no inventory yet: sealdrop keys init makes one/, ...args)
  assert.isFalse(existsSync(at('nowhere')))
  cpSync(at('keys'), at('damaged'), { recursive: true })
  writeFileSync(at('damaged/inventory-00000099.json'), '{"version":1}')
  await refused(3, /inventory/, 'list', '--inventory', 'damaged')
  await refused(3, /inventory/, 'rotate', '--inventory', 'damaged')
  await refused(2, /--inventory ftp/, 'list', '--inventory', 'ftp://x/y')
})

test('publish needs a root, or that there is none, and puts nothing older over what is newer', async () => {
  const { refused, done, at, text } = world
  const publish = ['publish', ...of, '--to', 'public']
  await refused(2, /--root: expected the KMS key that signs; or say --unsigned/, ...publish)
  const unsigned = [...publish, '--unsigned']
  await refused(2, /exclude each other/, ...unsigned, '--root', 'alias/root')
  await refused(2, /are for signed sets/, ...unsigned, '--set-name', 'x')
  await refused(4, /sealdrop|alias\/none/, ...publish, '--root', 'alias/none')
  await refused(2, /root: it is one of the keys/, ...publish, '--root', 'alias/receipts')
  assert.isFalse(existsSync(at('public')), 'all are made before one is written')
  const { out } = await done(...unsigned)
  assert.match(out.toString(), /^wrote public\/jwks\.json .*\n$/)
  assert.isFalse(existsSync(at('public/jwks.jwt')))
  await done(...publish, '--root', 'alias/root')
  const newer = text('public/jwks.jwt')
  cpSync(at('keys'), at('older'), { recursive: true })
  const newest = readdirSync(at('older')).sort().at(-1)
  rmSync(at(`older/${newest}`))
  const older = ['publish', '--inventory', 'older', '--to', 'public', '--root', 'alias/root']
  await refused(6, /is of version \d+, and the inventory of version \d+/, ...older)
  await refused(6, /is of version/, ...older, '--dry-run')
  assert.equal(text('public/jwks.jwt'), newer)
  const file = ['publish', ...of, '--root', 'alias/root', '--to', 'keys/inventory-00000001.json']
  assert.equal((await world.keys(...file)).code, 7)
  await refused(2, /--to ftp/, 'publish', ...of, '--unsigned', '--to', 'ftp://x')
})

test('keys that are not there, not retired, or not said clearly', async () => {
  const { refused, keyIn, inventory } = world
  const { thumbprint } = await keyIn('claims', 'current')
  const was = JSON.stringify(await inventory())
  await refused(4, /the inventory has no key "x"/, 'retire', ...of, 'x')
  await refused(4, /the inventory has no key "claims"/, 'delete', ...of, 'claims')
  await refused(4, /the inventory has no key/, 'show', ...of, 'alias/none')
  await refused(2, /another one must take its place first/, 'retire', ...of, thumbprint)
  for (const date of [
    '2035',
    '2035-02-30',
    '2035-02-30T00:00Z',
    '2035-01-01T12:00',
    '1.1.2035',
    'tomorrow',
  ])
    await refused(2, /expected a date/, 'retire', ...of, '--keep-until', date, thumbprint)
  const revoke = ['revoke', ...of, '--confirm', thumbprint]
  await refused(2, /required option '--reason/, ...revoke, thumbprint)
  await refused(2, /Allowed choices are/, ...revoke, '--reason', 'lost', thumbprint)
  const since = ['--reason', 'superseded', '--since', '2999-01-01']
  await refused(2, /--since: expected a Date, not after now/, ...revoke, ...since, thumbprint)
  assert.equal(JSON.stringify(await inventory()), was)
})

test('list and show take an inventory or a key set, and a URL needs a reason', async () => {
  const { refused, at, done } = world
  const url = 'https://keys.example/'
  await refused(2, /expected either --inventory, or/, 'list')
  await refused(2, /expected either --inventory, or/, 'list', ...of, url)
  await refused(2, /say why its keys are believed/, 'list', url)
  await refused(2, /say why its keys are believed/, 'show', url)
  await refused(2, /one name of a key is enough/, 'show', ...of, 'claims', 'receipts')
  await refused(2, /need --as recipient/, 'show', ...of, 'claims', '--root', 'root.json')
  await refused(2, /are for key sets/, 'show', ...of, 'claims', '--trust-https')
  const recipient = ['show', ...of, 'claims', '--as', 'recipient']
  await refused(2, /expected --url/, ...recipient)
  await refused(2, /expected --url/, ...recipient, '--url', 'keys.example')
  await refused(2, /need a --root/, ...recipient, '--url', url, '--issuer', 'us')
  const { d, ...root } = { ...JSON.parse(readFileSync(at('root.json'), 'utf8')), d: 'secret' }
  writeFileSync(at('private.json'), JSON.stringify({ ...root, d }))
  const leak = await refused(
    2,
    /is a private key/,
    ...recipient,
    '--url',
    url,
    '--root',
    'private.json',
  )
  assert.notInclude(leak.out.toString() + leak.err, 'secret')
  await done('publish', ...of, '--unsigned', '--to', 'set')
  await refused(4, /the key set has no key "x"/, 'show', 'set/jwks.json', 'x')
  await refused(2, /expected a URL with --root/, 'show', 'set/jwks.json', '--as', 'recipient')
})

test('every example of every help parses', async () => {
  const quiet = { out: () => {}, note: () => {} }
  const commandsOf = (command) => [command, ...command.commands.flatMap(commandsOf)]
  const program = async () => {
    const made = buildProgram(quiet, await allCommands(quiet))
    for (const one of commandsOf(made)) if (one.commands.length === 0) one.action(() => {})
    return made
  }
  let help = ''
  for (const one of commandsOf(await program()).filter(({ parent }) => parent?.name() === 'keys')) {
    one.configureOutput({ writeOut: (text) => void (help += text) })
    one.outputHelp()
  }
  const examples = [...help.matchAll(/^ {2}\$ sealdrop (keys .*)$/gm)].map(([, line]) => line)
  assert.isAtLeast(examples.length, 16)
  for (const line of examples)
    await (await program()).parseAsync((line ?? '').split(' '), { from: 'user' })
})
