// The options of every verb and factory: a name that there is not is refused with those there are,
// and a number that comes as text too. The contract says which options there are.
import test from 'node:test'
import { readFileSync } from 'node:fs'
import { assert } from 'chai'
import { importKeySet, inHand, isSealdropError, verifyJwt } from 'sealdrop'
import { createPublisher, createSigner } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { verbsWithOptions } from '../support/contract-options.mjs'
import { fails } from '../support/host.js'
import { wrong } from '../support/types.mjs'
import { calls, clocked, needed, store } from '../support/option-calls.mjs'

const contract = readFileSync(new URL('../types/contract.d.ts', import.meta.url), 'utf8')

/** What others write and Sealdrop calls: a newer version may hand them more than they know. */
const protocols = ['Trust.accept', 'ByteSource.read']
/** Members that are objects and no options: what other verbs answer is passed on in them. */
const data = [
  'verifyReceipt.sent',
  'receiptFile.sent',
  'verifyReceiptFile.sent',
  'uploadSealed.link',
  'uploadAll.link',
]

/** What a verb takes beside its own options, since one object goes to it and to another verb. */
const alsoTaken = {
  sealedLength: ['length', 'framesInFlight', 'digest', 'onProgress', 'records'],
  'FileSealer.slice': ['into'], // a slice stands in for the `read` of a byte source
  startLocalKms: ['regions', 'credentials', 'seed', 'now', 'faults', 'onCall'], // not promised
}

/** The verbs of a contract, and members of their options that are options themselves. */
const optionsIn = (text) => {
  const verbs = verbsWithOptions(text).filter(({ name }) => !protocols.includes(name))
  const nested = verbs.flatMap(({ name, options }) =>
    [...options].flatMap(([member, type]) => {
      const [, body] = /^(?:readonly )?(\{.*?\})/.exec(type) ?? []
      const at = `${name}.${member}`
      if (body === undefined || data.includes(at)) return []
      const [inner] = verbsWithOptions(`function inner(o: ${body}): void`)
      return inner ? [{ ...inner, name: at }] : []
    }),
  )
  return [...verbs, ...nested]
}
const all = optionsIn(contract)

/** How a call fails; undefined where it does not. What it made is closed. */
async function failureOf(name, o) {
  try {
    const made = await calls[name]?.(o)
    await /** @type {any} */ (made)?.close?.()
    return undefined
  } catch (error) {
    return /** @type {import('sealdrop').SealdropError} */ (error)
  }
}

test('every verb of the contract that takes options is called here, and nothing else', () => {
  assert.isAtLeast(all.length, 55)
  assert.sameMembers(
    all.map(({ name }) => name),
    Object.keys(calls),
  )
})

test('a new option, a new verb and new options within options are noticed', () => {
  const more = contract
    .replace('function inHand(): Trust', 'function inHand(o?: { why?: string }): Trust')
    .replace('subject?: string; typ', 'subject?: string; nonce?: string; typ')
    .replace('replay?: ReplayStore', 'retry?: { times: number }; replay?: ReplayStore')
  const found = optionsIn(more)
  const strange = found.map(({ name }) => name).filter((name) => !Object.hasOwn(calls, name))
  assert.sameMembers(strange, ['inHand', 'createOpener.retry'])
  assert.isTrue(found.find(({ name }) => name === 'verifyJwt')?.options.has('nonce'))
})

for (const { name, options } of all) {
  test(`${name} takes each of its options, and no other name`, async () => {
    assert.isAtLeast(options.size, 1)
    for (const option of options.keys()) {
      const failure = await failureOf(name, { [option]: null })
      assert.notMatch(failure?.message ?? '', /there is no "/, `${name} { ${option} }`)
      const misspelt = { ...needed[name], [`${option}${option.at(-1)}`]: null }
      const told = await failureOf(name, misspelt)
      assert.equal(told?.code, 'invalid_argument', `${name} ${Object.keys(misspelt).join()}`)
      const [, names = ''] = /there is no .* among (.*)$/.exec(told?.message ?? '') ?? []
      assert.sameMembers(names.split(' '), [...options.keys(), ...(alsoTaken[name] ?? [])])
    }
    const unset = await failureOf(name, { ...needed[name], [`x-${name}`]: undefined })
    assert.notMatch(unset?.message ?? '', /there is no "/)
  })

  test(`${name} without options, or with what are none, fails with a code or not at all`, async () => {
    for (const none of [undefined, null, 5, 'x', true, []]) {
      const failure = await failureOf(name, none)
      const found = `${name}(…, ${String(none)}): ${failure}`
      assert.isTrue(failure === undefined || isSealdropError(failure), found)
    }
  })
}

const numbers = all.flatMap(({ name, options }) =>
  [...options].filter(([, type]) => type === 'number').map(([option]) => ({ name, option })),
)

test('there are numbers among the options', () => assert.isAtLeast(numbers.length, 20))

for (const { name, option } of numbers) {
  test(`${name} refuses ${option} as text, as a date, and null`, async () => {
    for (const value of ['8', '3600000', '', new Date(8), null, NaN, [8], 8n]) {
      const failure = await failureOf(name, { ...needed[name], [option]: value })
      assert.equal(failure?.code, 'invalid_argument', `${String(value)}: ${failure?.message}`)
      assert.include(failure?.message, option)
    }
  })
}

const clocks = all.filter(({ options }) => options.get('now') === '() => number')

test('every verb of the contract that takes a clock is called with wrong ones', () => {
  assert.sameMembers(
    [...clocks.map(({ name }) => name), 'startLocalKms'], // the contract has fewer of its options
    Object.keys(clocked),
  )
})

for (const [name, call] of Object.entries(clocked)) {
  test(`${name} refuses a clock that answers text, a date or nothing, and one that is none`, async () => {
    const before = JSON.stringify(store.now())
    const answers = ['1900000000000', new Date(), undefined, null, NaN]
    for (const now of [...answers.map((answer) => () => answer), 1_900_000_000_000, null])
      await fails(assert, async () => call(now), 'invalid_argument', /\bnow\b/)
    assert.equal(JSON.stringify(store.now()), before)
  })
}

test('a signer and a publisher that name one algorithm fit together, by either name of the signer', async (t) => {
  const keys = [{ alias: 'alias/tokens', spec: 'RSA_2048', usage: 'SIGN_VERIFY' }]
  const local = await startLocalKms({ keys })
  t.after(() => local.close())
  const [kms, key] = [local.clientConfig, 'alias/tokens']
  const publisher = createPublisher({ kms, keys: [{ key, alg: 'RS256' }] })
  const set = importKeySet((await publisher.documents()).jwks, { trust: inHand() })
  const jwt = { issuer: 'us', audience: 'them' }
  for (const named of [{ alg: 'RS256' }, { algorithm: 'RSASSA_PKCS1_V1_5_SHA_256' }]) {
    const signer = createSigner({ kms, key, ...named })
    const token = await signer.signJwt({ iss: 'us', aud: 'them' }, { expiresIn: 60_000 })
    assert.equal((await verifyJwt(set, token, jwt)).key.alg, 'RS256')
    await signer.close()
  }
  const two = { kms, key, alg: 'RS256', algorithm: 'PS256' }
  await fails(assert, async () => createSigner(two), 'invalid_argument', /alg and algorithm/)
  const row = wrong({ key, algorithm: 'RS256' })
  const publish = async () => createPublisher({ kms, keys: [row] })
  await fails(assert, publish, 'invalid_argument', /keys\[0\]: there is no "algorithm".* alg /)
})
