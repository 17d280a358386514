// The forms in which sealdrop keys show writes a key, and thumbprints that look like flags.
import { createPublicKey } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { importKeySet, inHand } from 'sealdrop'
import { claims, emptyInventory, keyEntry } from '../support/inventories.mjs'
import { present } from '../support/types.mjs'
import { keysWorld } from './keys-helpers.mjs'

/** @type {Awaited<ReturnType<typeof keysWorld>>} */
let world
const of = ['--inventory', 'keys']
const kinds = {
  curve: 'ECC_NIST_P521:KEY_AGREEMENT',
  rsa: 'RSA_2048:ENCRYPT_DECRYPT',
  pss: 'RSA_2048:SIGN_VERIFY',
  edwards: 'ECC_NIST_EDWARDS25519:SIGN_VERIFY',
  lattice: 'ML_DSA_44:SIGN_VERIFY',
}
before(async () => {
  world = await keysWorld({ inProcess: true })
  const purposes = Object.entries(kinds).flatMap(([name, kind]) => ['--purpose', `${name}=${kind}`])
  await world.done('init', ...of, ...purposes, '--with-arn', '--lifetime', '0.29')
})
after(() => world.close())

test('the lifetime is in hours, and kept in whole milliseconds', async () => {
  assert.equal((await world.inventory()).lifetime, 1_044_000)
})

test('pem is what KMS answers for the key, of every kind', async () => {
  const { done, kms, keyIn } = world
  const client = new KMSClient(kms)
  for (const name of Object.keys(kinds)) {
    const { out } = await done('show', ...of, name, '--as', 'pem')
    const [KeyId] = present((await keyIn(name, 'current')).arns)
    const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId }))
    const lines = out.toString().trim().split('\n')
    assert.equal(lines[0], '-----BEGIN PUBLIC KEY-----')
    assert.isTrue(lines.every((line) => line.length <= 64))
    const der = Buffer.from(lines.slice(1, -1).join(''), 'base64')
    assert.deepEqual(der, Buffer.from(present(PublicKey)), name)
    if (name !== 'lattice') createPublicKey(out.toString())
  }
  client.destroy()
})

test('pin and jwk, by purpose, alias, ARN and thumbprint; words and JSON for people and programs', async () => {
  const { done, keyIn } = world
  const { thumbprint = '', arns = [] } = await keyIn('rsa', 'current')
  for (const name of ['rsa', 'alias/rsa', arns[0] ?? '', thumbprint]) {
    const { out } = await done('show', ...of, name, '--as', 'pin')
    assert.equal(out.toString(), `${thumbprint}\n`)
  }
  const jwk = JSON.parse((await done('show', ...of, 'rsa', '--as', 'jwk')).out.toString())
  assert.deepEqual(
    [jwk.kid, jwk.use, jwk.alg, jwk.kms_arn],
    [thumbprint, 'enc', 'RSA-OAEP-256', arns[0]],
  )
  const [info] = await importKeySet(jwk, { trust: inHand() }).list()
  assert.equal(info?.thumbprint, thumbprint)
  const { value, as } = JSON.parse(
    (await done('show', ...of, 'rsa', '--as', 'jwk', '--json')).out.toString(),
  )
  assert.deepEqual([as, value], ['jwk', jwk])
  const facts = JSON.parse((await done('show', ...of, 'rsa', '--json')).out.toString())
  assert.deepEqual([facts.state, facts.thumbprint], ['current', thumbprint])
  assert.notProperty(facts, 'token')
  assert.include((await done('show', ...of, 'rsa')).out.toString(), `\nthumbprint: ${thumbprint}\n`)
})

test('a key of a set in a file is shown as the inventory shows it', async () => {
  const { done, keyIn } = world
  await done('publish', ...of, '--unsigned', '--to', 'public')
  const { thumbprint = '' } = await keyIn('edwards', 'current')
  const ours = await done('show', ...of, thumbprint, '--as', 'jwk')
  const theirs = await done('show', 'public/jwks.json', thumbprint, '--as', 'jwk')
  assert.deepEqual(JSON.parse(theirs.out.toString()), JSON.parse(ours.out.toString()))
  const first = await done('show', 'public/jwks.json', '--as', 'pin')
  assert.equal(first.out.toString().trim(), (await keyIn('curve', 'current')).thumbprint)
  const listed = await done('list', 'public/jwks.json')
  assert.match(listed.err, /^public\/jwks\.json: \d+ keys, in hand\n$/)
  assert.include(listed.out.toString(), thumbprint)
})

test('a thumbprint that begins with - is a thumbprint, wherever it stands', async () => {
  const { done, refused, at } = world
  const thumbprint = `-${'a'.repeat(42)}`
  const made = { made: '2026-01-01T00:00:00.000Z', retired: '2026-01-01T00:00:00.000Z' }
  const key = { ...keyEntry(1, claims, 'retired', made), thumbprint }
  mkdirSync(at('dashed'))
  const inventory = { ...emptyInventory(claims), keys: [key] }
  writeFileSync(at('dashed/inventory-00000001.json'), JSON.stringify(inventory))
  const dashed = ['--inventory', 'dashed']
  const { err } = await done('show', ...dashed, '--as', 'pem', thumbprint)
  assert.equal(err, `${thumbprint} is retired\n`, 'nobody hands it out unaware')
  for (const args of [
    [...dashed, '--as', 'pin', thumbprint],
    [thumbprint, ...dashed, '--as', 'pin'],
    [...dashed, '--as', 'pin', '--', thumbprint],
  ])
    assert.equal((await done('show', ...args)).out.toString(), `${thumbprint}\n`)
  const confirm = ['--confirm', thumbprint]
  const words = /keys retire --disable comes first/
  await refused(2, words, 'delete', ...dashed, ...confirm, thumbprint)
  await refused(2, words, 'delete', thumbprint, ...dashed, ...confirm)
  await refused(2, /unknown option '-x'/, 'show', ...dashed, '-x')
})

test('a key of KMS that is in no inventory is shown by --key-id, and only alone', async () => {
  const { done, refused, kms, text } = world
  const jwk = JSON.parse(
    (await done('show', '--key-id', 'alias/root', '--as', 'jwk')).out.toString(),
  )
  assert.deepEqual(jwk, JSON.parse(text('root.json')))
  const { out } = await done(
    'show',
    '--key-id',
    'alias/root',
    '--as',
    'pin',
    '--region',
    kms.region,
  )
  assert.equal(out.toString().trim(), jwk.kid)
  await refused(2, /expected one key/, 'show')
  await refused(2, /expected one key/, 'show', '--key-id', 'alias/root', ...of, 'rsa')
  await refused(2, /needs no --inventory/, 'show', '--key-id', 'alias/root', ...of)
  await refused(2, /--as recipient/, 'show', '--key-id', 'alias/root', '--as', 'recipient')
  await refused(4, /alias\/none/, 'show', '--key-id', 'alias/none', '--as', 'pin')
})
