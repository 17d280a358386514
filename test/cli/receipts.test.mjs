// Receipt files by sealdrop sign and verify: kept with their key set, and verified by a root or a pin.
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { createPublisher, fileInventory, publicJwk } from 'sealdrop/kms'
import { receipts, tokenOf } from '../support/inventories.mjs'
import { cliWorld, run } from './seal-helpers.mjs'

/** @import { InventoryKey } from 'sealdrop/kms' */

/** @type {Awaited<ReturnType<typeof cliWorld>>} */
let world
let pin = ''
before(async () => {
  world = await cliWorld()
  const { kms, at } = world
  // alias/root signs receipts here, and alias/top the set that vouches for it
  const { alias } = await topKey()
  const keys = [{ key: 'alias/root' }]
  const { jwks, jws } = await createPublisher({ kms, keys, root: alias }).documents()
  writeFileSync(at('keys.json'), jwks)
  writeFileSync(at('keys.signed'), jws ?? '')
  pin = JSON.parse(jwks).keys[0].kid
  const top = await publicJwk({ kms, key: alias })
  writeFileSync(at('top.json'), JSON.stringify(top))
  writeFileSync(
    at('recipient.json'),
    JSON.stringify({ url: 'https://keys.example/keys', roots: [top] }),
  )
  await seal('sent.sealed', 'a file')
  await seal('other.sealed', 'another file')
})
after(() => world.close())

/** A second key that signs: the root of these tests. */
async function topKey() {
  const { KMSClient, CreateAliasCommand, CreateKeyCommand } = await import('@aws-sdk/client-kms')
  const client = new KMSClient(world.kms)
  const made = await client.send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
  )
  const alias = 'alias/top'
  const TargetKeyId = made.KeyMetadata?.KeyId
  await client.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId }))
  client.destroy()
  return { alias }
}

const inFolder = (args, o = {}) => run(args, { cwd: world.folder, env: world.local.env, ...o })
const done = async (args, o) => {
  const ended = await inFolder(args, o)
  assert.equal(ended.code, 0, ended.err)
  return ended
}
const seal = async (name, input) => {
  const { out } = await done(['seal', '-r', 'claims.jwk.json', '-c', 'claim=7'], { input })
  writeFileSync(world.at(name), out)
}
const by = ['--key-id', 'alias/root']
const vouched = ['-k', 'keys.signed', '--root', 'top.json']
const kept = ['--receipt-file', 'opened', ...vouched]
const asFile = (...args) => ['verify', '--receipt-file', ...args]

test('sign writes a receipt file, which a root, a pin or a recipient file verifies', async () => {
  const { out } = await done(['sign', ...by, ...kept, 'sent.sealed'])
  const file = JSON.parse(out.toString())
  assert.equal(file.type, 'sealdrop-receipt-file')
  assert.equal(file.keySet, readFileSync(world.at('keys.signed'), 'utf8'))
  writeFileSync(world.at('order.json'), out)
  const ended = await done(asFile('--root', 'top.json', '--sent', 'sent.sealed', 'order.json'))
  assert.match(
    ended.out.toString(),
    /^order\.json: signed by [\w-]{43} \(ES256\), believed: signed/,
  )
  assert.include(ended.out.toString(), '  stage: opened\n')
  assert.include(ended.out.toString(), '  history: false\n')
  assert.match(ended.err, /^no --history: [^\n]*\n$/)
  const byFile = await done(asFile('-k', 'recipient.json', 'order.json'))
  assert.include(byFile.err, 'no --sent: the file says itself')
  const byStdin = await done(asFile('--root', 'top.json', '--json'), { input: out })
  assert.equal(JSON.parse(byStdin.out.toString()).context.claim, '7')
  const plain = await done([
    'sign',
    ...by,
    '--receipt-file',
    'received',
    '-k',
    'keys.json',
    'sent.sealed',
  ])
  writeFileSync(world.at('plain.json'), plain.out)
  const pinned = await done(asFile('--pin', pin, '--sent', 'sent.sealed', 'plain.json'))
  assert.match(pinned.out.toString(), /believed: pinned/)
})

test('verify keeps a receipt that verified, as the library would', async () => {
  const { out } = await done(['sign', ...by, '--receipt', 'received', 'sent.sealed'])
  writeFileSync(world.at('receipt.jws'), out)
  const verify = ['verify', ...vouched, '--receipt', 'receipt.jws', '--sent']
  const saved = await done([...verify, 'sent.sealed', '-o', 'kept.json'])
  assert.include(saved.out.toString(), '  stage: received\n')
  await done(asFile('--root', 'top.json', '--sent', 'sent.sealed', 'kept.json'))
  const again = await inFolder([...verify, 'sent.sealed', '-o', 'kept.json'])
  assert.deepEqual([again.code, /kept\.json: it is there/.test(again.err)], [2, true])
  const piped = await done([...verify, 'sent.sealed', '-o', '-'])
  assert.equal(JSON.parse(piped.out.toString()).receipt, out.toString().trim())
  assert.include(piped.err, '  stage: received\n')
  const wrong = await inFolder([...verify, 'other.sealed', '-o', 'never.json'])
  assert.equal(wrong.code, 3, wrong.err)
  assert.throws(() => readFileSync(world.at('never.json')), /ENOENT/)
})

test('what does not vouch for a receipt file is refused', async () => {
  const { out } = await done(['sign', ...by, ...kept, 'sent.sealed'])
  writeFileSync(world.at('good.json'), out)
  const file = JSON.parse(out.toString())
  const changed = { ...file, receipt: file.receipt.replace(/\.[^.]{10}/, '.AAAAAAAAAA') }
  writeFileSync(world.at('changed.json'), JSON.stringify(changed))
  writeFileSync(world.at('later.json'), JSON.stringify({ ...file, v: 2 }))
  const top = ['--root', 'top.json']
  for (const [args, exit, words] of /** @type {const} */ ([
    [[...top, '--sent', 'other.sealed', 'good.json'], 3, /another message/],
    [['--root', 'root.json', 'good.json'], 4, /./],
    [['--pin', world.thumbprints.claims, 'good.json'], 4, /./],
    [[...top, 'changed.json'], 3, /./],
    [[...top, 'later.json'], 2, /expected version 1/],
    [[...top, 'keys.json'], 3, /expected the type/],
    [[...top, 'sent.sealed'], 3, /expected JSON/],
    [['good.json'], 2, /say why its key set is believed/],
    [['-k', 'keys.signed', ...top, 'good.json'], 2, /without -k/],
    [[...top, '-k', 'recipient.json', 'good.json'], 2, /without -k/],
    [['-k', 'keys.json', 'good.json'], 2, /a receipt file holds its key set/],
    [[...top, '--arn', 'x', 'good.json'], 2, /--arn/],
    [[...top, '--history-name', 'x', 'good.json'], 2, /--history-name/],
    [['--trust-https', 'good.json'], 2, /is not fetched/],
    [[...top, '--pin', pin, 'good.json'], 2, /exclude each other/],
    [['--pin', pin, '--history', 'x', 'good.json'], 2, /--history: it needs a root/],
    [[...top, '--history', 'keys.signed', 'good.json'], 4, /./],
    [[...top, '--sent', '-'], 2, /stdin is the receipt already/],
    [[...top, '--sent', 'keys.json', 'good.json'], 2, /sealed file or value that was sent/],
    [[...top, '--held-since', '2026-02-30', 'good.json'], 2, /expected a day/],
    [[...top, '--held-since', '2026-02-03T12:00', 'good.json'], 2, /expected a day/],
    [[...top, '--held-since', 'yesterday', 'good.json'], 2, /expected a day/],
    [[...top, '-o', 'x', 'good.json'], 2, /-o: it is for/],
  ])) {
    const { code, err } = await inFolder(asFile(...args), { input: '' })
    assert.equal(code, exit, `${args.join(' ')}: ${err}`)
    assert.match(err, words, args.join(' '))
  }
  for (const [line, exit, words] of /** @type {const} */ ([
    ['sign --key-id alias/root --receipt-file opened sent.sealed', 2, /need each other/],
    ['sign --key-id alias/root --receipt opened -k keys.json sent.sealed', 2, /need each other/],
    ['sign --key-id alias/root --receipt-file seen -k keys.json sent.sealed', 2, /Allowed choices/],
    ['sign --key-id alias/top --receipt-file opened -k keys.json sent.sealed', 4, /no signing key/],
    ['verify -k keys.json --receipt --sent sent.sealed -c a=b good.json', 2, /-c: it is for/],
    ['verify --root top.json good.json', 2, /behind the -k/],
    ['verify -k keys.json --history x good.json', 2, /for --receipt-file/],
    ['verify -k keys.json --held-since 2026-01-01 good.json', 2, /for --receipt and/],
  ])) {
    const { code, err } = await inFolder(line.split(' '), { input: '' })
    assert.equal(code, exit, `${line}: ${err}`)
    assert.match(err, words, line)
  }
})

/** The history of an inventory with the key that signs here, taken back at a time where one is given. */
async function historyFile(name, more = {}, publisher = {}) {
  const { kms, at, local } = world
  const store = fileInventory(at(`${name}.inventory`))
  const { kid, alg, use: _use, ...jwk } = await publicJwk({ kms, key: 'alias/root' })
  const made = new Date(Date.now() - 3_600_000).toISOString()
  const { spec, usage } = receipts
  const key = { purpose: receipts.name, token: tokenOf(1), spec, usage, thumbprint: kid, jwk, alg }
  const arns = [local.keys['alias/root']]
  const whole = { ...key, arns, made, published: made, starts: made, ...more }
  const keys = [/** @type {InventoryKey} */ (/** @type {unknown} */ (whole))]
  await store.write({ version: 1, counter: 1, purposes: [receipts], keys }, undefined)
  const o = { kms, keys: store, root: 'alias/top', history: true, ...publisher }
  writeFileSync(at(name), (await createPublisher(o).documents()).jws ?? '')
}

test('a history says what became of the key, and --held-since that it was held before', async () => {
  const hour = 3_600_000
  const later = new Date(Date.now() + 60_000).toISOString()
  await historyFile('history.jws', { state: 'current' })
  const revoked = { at: later, since: later, reason: 'compromised' }
  await historyFile('taken-back.jws', { state: 'retired', retired: later, revoked })
  const { out } = await done(['sign', ...by, ...kept, 'sent.sealed'])
  writeFileSync(world.at('held.json'), out)
  const asked = (...args) =>
    inFolder(
      asFile('--root', 'top.json', '--sent', 'sent.sealed', 'held.json', '--history', ...args),
    )
  const known = await asked('history.jws')
  assert.equal(known.code, 0, known.err)
  assert.include(known.out.toString(), '  history: true\n')
  assert.equal(known.err, '')
  const lost = await asked('taken-back.jws')
  assert.deepEqual([lost.code, /taken back/.test(lost.err)], [4, true], lost.err)
  await historyFile('ours.jws', { state: 'current' }, { name: 'ours' })
  const unnamed = await asked('ours.jws')
  assert.deepEqual([unnamed.code, /ours/.test(unnamed.err)], [4, true], unnamed.err)
  assert.equal((await asked('ours.jws', '--history-name', 'ours')).code, 0)
  const held = await asked(
    'taken-back.jws',
    '--held-since',
    new Date(Date.now() - hour).toISOString(),
  )
  assert.equal(held.code, 0, held.err)
  const today = await asked('taken-back.jws', '--held-since', later.slice(0, 10))
  assert.equal(today.code, 4, 'the day of the loss is not before it')
})
