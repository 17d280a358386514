// What sealdrop keys does for age: purposes, recipients, identities, and the file of recipients.
import { existsSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { ageRecipient, ageRecipients } from 'sealdrop/age'
import { fileInventory } from 'sealdrop/kms'
import { identityKeys } from '#dist/age/identity.js'
import { present } from '../support/types.mjs'
import { keysWorld } from './keys-helpers.mjs'

/** @type {Awaited<ReturnType<typeof keysWorld>>} */
let world
const of = ['--inventory', 'keys']
const curve = 'ECC_NIST_P256:KEY_AGREEMENT'
before(async () => {
  world = await keysWorld({ inProcess: true })
  const purposes = ['--purpose', `files=${curve}`, '--age', '--purpose', `claims=${curve}`]
  const others = ['--purpose', 'rsa=RSA_2048:ENCRYPT_DECRYPT']
  const signing = ['--purpose', 'receipts=ECC_NIST_P256:SIGN_VERIFY']
  await world.done('init', ...of, ...purposes, ...others, ...signing, '--with-arn')
})
after(() => world.close())
const shown = async (...args) => (await world.done('show', ...args)).out.toString().trim()

test('--age is about the purpose before it, and refused for what age cannot seal to', async () => {
  const { inventory, refused } = world
  const { purposes } = await inventory()
  assert.deepEqual(
    purposes.map(({ age }) => age),
    [true, undefined, undefined, undefined],
  )
  const init = ['init', '--inventory', 'never', '--without-arn']
  await refused(2, /--age: expected behind the --purpose/, ...init, '--age')
  const wrong = ['--purpose', 'a=RSA_2048:ENCRYPT_DECRYPT', '--age']
  await refused(2, /age seals to ECC_NIST_P256/, ...init, ...wrong)
  await refused(2, /--age: given twice for a/, ...init, ...wrong, '--age')
})

test('--as age is the recipient that the inventory, the set and KMS say', async () => {
  const { keyIn, done, kms } = world
  const { jwk, arns = [] } = await keyIn('files', 'current')
  const expected = ageRecipient({ ...jwk })
  const { recipients } = await ageRecipients(fileInventory(world.at('keys')))
  assert.deepEqual(recipients, [expected])
  await done('publish', ...of, '--unsigned', '--to', 'shown')
  const { thumbprint = '' } = await keyIn('files', 'current')
  const ways = [
    [...of, 'files'],
    [...of, thumbprint],
    ['shown/jwks.json', thumbprint],
    ['--key-id', arns[0] ?? '', '--region', kms.region],
  ]
  for (const way of ways) assert.equal(await shown(...way, '--as', 'age'), expected)
  const json = JSON.parse(await shown(...of, 'files', '--as', 'age', '--json'))
  assert.deepEqual(json, { as: 'age', value: expected })
  const other = await done('show', ...of, 'claims', '--as', 'age')
  assert.match(other.err, /no age: true/, 'nobody hands out what the inventory does not open')
  assert.notInclude((await done('show', ...of, 'files', '--as', 'age')).err, 'age: true')
})

test('--as age-identity has the ARNs and points of the keys, the current one first', async () => {
  const { keyIn } = world
  const [current, next] = await Promise.all([keyIn('files', 'current'), keyIn('files', 'next')])
  const both = identityKeys(await shown(...of, 'files', '--as', 'age-identity'))
  assert.deepEqual(
    both.map(({ arns }) => arns),
    [current.arns, next.arns],
  )
  const lone = identityKeys(await shown(...of, current.thumbprint ?? '', '--as', 'age-identity'))
  assert.deepEqual(lone, both.slice(0, 1))
  for (const name of ['alias/files', current.arns?.[0] ?? ''])
    assert.deepEqual(identityKeys(await shown('--key-id', name, '--as', 'age-identity')), lone)
  const set = ['shown/jwks.json', current.thumbprint ?? '', '--as', 'age-identity']
  assert.deepEqual(identityKeys(await shown(...set)), lone, 'of the ARN in the set')
})

test('a key that is not on P-256, or signs, is exit 2', async () => {
  for (const form of ['age', 'age-identity'])
    for (const name of ['rsa', 'receipts']) {
      const words = new RegExp(`--as ${form}: expected a key ECC_NIST_P256 of the usage KEY_AGREE`)
      await world.refused(2, words, 'show', ...of, name, '--as', form)
    }
  await world.refused(2, /which signs/, 'show', '--key-id', 'alias/root', '--as', 'age')
})

const publish = ['publish', ...of, '--root', 'alias/root']
const names = (lines) => lines.map((line) => JSON.parse(line).place.replace(/^.*\//, ''))

test('publish writes age.txt and its signature between the history and the sets', async () => {
  const { done, run, text, at } = world
  const to = [...publish, '--to', 'web', '--sign-with', 'receipts']
  const expected = ['history.jwt', 'age.txt', 'age.txt.sig', 'jwks.jwt', 'jwks.json']
  const dry = await done(...to, '--dry-run', '--json')
  assert.deepEqual(names(dry.lines), expected)
  const type = 'text/plain; charset=utf-8'
  const [, planned] = dry.lines.map((line) => JSON.parse(line))
  assert.deepInclude(planned, { type, keys: 1, cacheControl: 'public, max-age=300' })
  assert.isFalse(existsSync(at('web')))
  const written = await done(...to, '--json')
  assert.deepEqual(names(written.lines), expected)
  assert.equal(written.err, '')
  const { recipients } = await ageRecipients(fileInventory(at('keys')))
  assert.include(text('web/age.txt'), `\n# files\n${recipients[0]}\n`)
  const trust = ['-k', 'web/jwks.jwt', '--root', 'root.json']
  const verified = await run(['verify', ...trust, 'web/age.txt'])
  assert.equal(verified.code, 0, verified.err)
  writeFileSync(at('web/age.txt'), text('web/age.txt').replace('# files', '# other'))
  assert.notEqual((await run(['verify', ...trust, 'web/age.txt'])).code, 0)
})

test('without a key that signs only age.txt is written, and a signature that is there is told', async () => {
  const { done, text } = world
  const first = await done(...publish, '--to', 'plain')
  assert.match(first.err, /age\.txt: nobody signs it; --sign-with/)
  assert.isFalse(existsSync(world.at('plain/age.txt.sig')))
  const old = text('web/age.txt.sig')
  const later = await done(...publish, '--to', 'web')
  assert.match(later.err, /age\.txt\.sig: it is there, and is for another age\.txt/)
  assert.equal(text('web/age.txt.sig'), old)
})

test('only the current key of a purpose that signs is taken, and nothing is written otherwise', async () => {
  const { refused, keyIn, at } = world
  const to = [...publish, '--to', 'refused', '--sign-with']
  const { thumbprint = '' } = await keyIn('receipts', 'next')
  for (const name of ['files', thumbprint])
    await refused(2, /expected the current key of a purpose that signs/, ...to, name)
  await refused(4, /no key "nobody"/, ...to, 'nobody')
  assert.isFalse(existsSync(at('refused')))
})

test('where nothing is sealed to an old age.txt loses its recipients, and others are told', async () => {
  const { done, run, text, at } = world
  const store = fileInventory(at('keys'))
  const { inventory, etag } = present(await store.read())
  const purposes = inventory.purposes.map(({ age: _age, ...purpose }) => purpose)
  await store.write({ ...inventory, counter: inventory.counter + 1, purposes }, etag)
  writeFileSync(at('plain/age.txt.sig'), 'x')
  const emptied = await done(...publish, '--to', 'plain')
  assert.match(emptied.err, /nobody finds a recipient in it any more/)
  assert.match(text('plain/age.txt'), /^# Recipients for age .* there are none now/)
  const sealed = await run(['seal', '-r', 'plain/age.txt'], { input: 'DE02' })
  assert.equal(sealed.code, 4, sealed.err)
  const again = await done(...publish, '--to', 'plain', '--sign-with', 'receipts', '--json')
  assert.notInclude(names(again.lines), 'age.txt')
  assert.match(again.err, /--sign-with: there is no age\.txt to sign/)
  const theirs = `${text('web/age.txt').split('\n').at(-2)}\n`
  writeFileSync(at('plain/age.txt'), theirs)
  const left = await done(...publish, '--to', 'plain')
  assert.match(left.err, /age\.txt: it is left as it is/)
  assert.equal(text('plain/age.txt'), theirs)
})
