// What sealdrop keys does for age: purposes, recipients, identities, and the file of recipients.
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { ageRecipient, ageRecipients } from 'sealdrop/age'
import { fileInventory } from 'sealdrop/kms'
import { identityKeys } from '#dist/age/identity.js'
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
