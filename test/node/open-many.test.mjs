// `openMany` over the local KMS: what it costs, what it answers of each value, and how it ends.
import test, { after, beforeEach } from 'node:test'
import { DescribeKeyCommand, DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { createSealer, importKeySet, inHand, seal } from 'sealdrop'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { countingKms } from '../support/counting-kms.mjs'
import { wrong } from '../support/types.mjs'

const local = await startLocalKms({
  keys: [
    { alias: 'alias/ecc', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
    { alias: 'alias/rsa', spec: 'RSA_3072', usage: 'ENCRYPT_DECRYPT' },
  ],
})
const { client, since } = countingKms(local.clientConfig)
after(() => local.close())
const aliases = ['alias/ecc', 'alias/rsa']
const [ecc, rsa] = await Promise.all(
  aliases.map(async (key) => {
    const { jwks } = await createPublisher({ kms: client, keys: [{ key }] }).documents()
    return importKeySet(jwks, { trust: inHand() })
  }),
)
const context = { form: 'claim' }
beforeEach(() => local.faults.clear())

/** An opener whose keys are loaded, and what it told of each value. */
async function openerWith(o = {}) {
  const events = /** @type {import('sealdrop/kms').OpenEvent[]} */ ([])
  const onEvent = (event) => events.push(event)
  const opener = createOpener({ kms: client, keys: aliases, onEvent, ...o })
  await opener.ready()
  since()
  return { opener, events }
}

/** Values that one sealer made: all are under one wrapped key. */
async function values(count, keys = ecc) {
  const sealer = createSealer(keys)
  return Promise.all(
    Array.from({ length: count }, (_, i) => sealer.seal(`value ${i}`, { context })),
  )
}

const forged = (jwe) => jwe.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'))
const item = (jwe) => ({ jwe, context })
const all = async (outcomes) => {
  const found = []
  for await (const outcome of outcomes) found.push(outcome)
  return found
}
const codes = (outcomes) => outcomes.map(({ error }) => error?.code)
const codeOf = (work) => {
  try {
    work()
    return undefined
  } catch (error) {
    return Object(error).code
  }
}
const kmsCalls = (events) => events.reduce((sum, event) => sum + event.kmsCalls, 0)

for (const [name, keys] of Object.entries({ ecc, rsa }))
  test(`${name}: 1,000 forged values before a good one cost one call, and it opens`, async () => {
    const { opener, events } = await openerWith()
    const [good] = await values(1, keys)
    const bad = Array.from({ length: 1_000 }, () => forged(good))
    const outcomes = await all(opener.openMany([...bad, good].map(item)))
    assert.deepEqual(codes(outcomes.slice(0, 1_000)), Array(1_000).fill('rejected'))
    assert.equal(outcomes[1_000].opened?.text(), 'value 0')
    assert.lengthOf(since(), 1)
    assert.lengthOf(events, 1_001)
    assert.equal(kmsCalls(events), 1)
    assert.deepEqual(
      outcomes.map(({ index }) => index),
      Array.from({ length: 1_001 }, (_, i) => i),
    )
  })

test('a wrapped key that KMS refuses costs one call too, and tells nothing else', async () => {
  const { opener, events } = await openerWith()
  const [one, two] = await values(2)
  const wrongKey = (jwe) => {
    const [header, key = '', ...rest] = jwe.split('.')
    return [header, forged(key), ...rest].join('.')
  }
  const outcomes = await all(opener.openMany([wrongKey(one), wrongKey(two), one].map(item)))
  assert.deepEqual(codes(outcomes), ['rejected', 'rejected', undefined])
  assert.equal(outcomes[0].error.message, outcomes[1].error.message)
  assert.lengthOf(since(), 2)
  assert.equal(kmsCalls(events), 2)
})

test('each value has its outcome: what public bytes decide costs no call', async () => {
  const { opener } = await openerWith()
  const [good, other] = await values(2)
  const asked = [
    item(good),
    { jwe: good, context: { form: 'another' } },
    { jwe: 'not sealed', context },
    { jwe: other, context, maxAge: -1 },
    { jwe: other, context, age: 1 },
    null,
    { jwe: other, context, signal: AbortSignal.abort(new Error('given up')) },
    { jwe: other, context, signal: 'none' },
    item(other),
  ]
  const outcomes = await all(opener.openMany(wrong(asked)))
  assert.deepEqual(codes(outcomes), [
    undefined,
    'context_mismatch',
    'malformed',
    'invalid_argument',
    'invalid_argument',
    'invalid_argument',
    'closed',
    'invalid_argument',
    undefined,
  ])
  assert.deepEqual(
    outcomes.map(({ error }) => error?.whose),
    [undefined, 'operator', 'sender', 'caller', 'caller', 'caller', 'caller', 'caller', undefined],
  )
  outcomes.forEach((outcome, i) => assert.equal(outcome.item, asked[i]))
  assert.equal(outcomes[6].error.cause.message, 'given up')
  assert.lengthOf(since(), 1)
})

test('values of many senders: one call for each wrapped key, so many at a time', async () => {
  const { opener } = await openerWith()
  const groups = await Promise.all(Array.from({ length: 6 }, () => values(5)))
  const mixed = Array.from({ length: 30 }, (_, i) => groups[i % 6]?.[Math.floor(i / 6)])
  local.faults.add({ kind: 'latency', latency: 50, operation: 'DeriveSharedSecret' })
  let [under, most] = [0, 0]
  const send = client.send.bind(client)
  const counted = async (...call) => {
    most = Math.max(most, ++under)
    try {
      return await send(.../** @type {[any]} */ (call))
    } finally {
      under--
    }
  }
  const kms = wrong(
    new Proxy(client, { get: (to, name) => (name === 'send' ? counted : to[name]) }),
  )
  const counting = await openerWith({ kms })
  const outcomes = await all(counting.opener.openMany(mixed.map(item), { concurrency: 2 }))
  assert.deepEqual(new Set(codes(outcomes)), new Set([undefined]))
  assert.lengthOf(since(), 6)
  assert.equal(most, 2)
  await opener.close()
})

test('a failure that passes is that of who waited, and is not kept', async () => {
  /** Late enough for all three to wait for it. */
  const late = async (...call) => {
    await new Promise((resolve) => setTimeout(resolve, 200))
    return client.send(.../** @type {[any]} */ (call))
  }
  const kms = new Proxy(client, { get: (to, name) => (name === 'send' ? late : to[name]) })
  const { opener } = await openerWith({ kms })
  const jwes = await values(3)
  local.faults.add({ kind: 'throttle', operation: 'DeriveSharedSecret', count: 1 })
  const first = await all(opener.openMany(jwes.map(item)))
  assert.deepEqual(codes(first), Array(3).fill('kms_throttled'))
  const second = await all(opener.openMany(jwes.map(item)))
  assert.deepEqual(codes(second), Array(3).fill(undefined))

  async function* oneByOne(opened) {
    for (const jwe of jwes) {
      yield item(jwe)
      await opened.next
    }
  }
  local.faults.add({ kind: 'throttle', operation: 'DeriveSharedSecret', count: 1 })
  /** @type {{ next: Promise<void> | undefined, tell?: () => void }} */
  const turn = { next: undefined }
  const found = []
  turn.next = new Promise((resolve) => (turn.tell = resolve))
  for await (const { error } of opener.openMany(oneByOne(turn))) {
    found.push(error?.code)
    turn.tell?.()
  }
  assert.deepEqual(found, ['kms_throttled', undefined, undefined])
})

test('the signal of one value ends its wait, and not the call that others share', async () => {
  const { opener } = await openerWith()
  const [one, two] = await values(2)
  local.faults.add({ kind: 'latency', latency: 200, operation: 'DeriveSharedSecret' })
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 50)
  const asked = [{ ...item(one), signal: stop.signal }, item(two)]
  const outcomes = await all(opener.openMany(asked))
  assert.deepEqual(codes(outcomes), ['closed', undefined])
  assert.lengthOf(since(), 1)
})

test('only what a value opened with is remembered beyond the run, and once', async () => {
  const cache = { entries: 10, maxAge: 60_000, uses: 2 }
  const { opener } = await openerWith({ cache })
  const jwes = await values(8)
  const [first = ''] = jwes
  await all(opener.openMany([item(forged(first))]))
  await opener.open(first, { context })
  assert.lengthOf(since(), 2, 'a forged value leaves nothing')
  await all(opener.openMany(jwes.map(item)))
  // two uses were left, then the run asked once for all others
  assert.lengthOf(since(), 1)
})

test('a value opens once where a replay store says so, also twice in one run', async () => {
  const seen = new Set()
  const replay = { claim: async (id) => !seen.has(id) && Boolean(seen.add(id)) }
  const { opener } = await openerWith({ maxAge: 60_000, replay })
  const [one = '', two = ''] = await values(2)
  const outcomes = await all(opener.openMany([one, two, one].map(item)))
  assert.deepEqual(codes(outcomes).sort(), ['replayed', undefined, undefined])
})

test('a value that nobody waits for any more is not claimed', async () => {
  const claimed = /** @type {string[]} */ ([])
  const held = /** @type {(() => void)[]} */ ([])
  const replay = {
    seen: () => new Promise((resolve) => held.push(() => resolve(false))),
    claim: async (id) => Boolean(claimed.push(id)),
  }
  const cache = { entries: 10, maxAge: 60_000, uses: 10 }
  const { opener } = await openerWith({ maxAge: 60_000, replay, cache })
  const results = opener.openMany((await values(3)).map(item), { ordered: false })
  const first = results.next()
  while (held.length < 3) await new Promise(setImmediate)
  held.shift()?.()
  assert.isDefined((await first).value?.opened)
  await results.return()
  for (const go of held) go()
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.lengthOf(claimed, 1)
})

test('a key that became unusable is forgotten in the run too', async () => {
  const { opener } = await openerWith({ cache: { entries: 10, maxAge: 60_000, uses: 10 } })
  const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: 'alias/ecc' }))
  const keyId = KeyMetadata?.KeyId
  const [[one = '', two = ''], [other = '']] = await Promise.all([values(2), values(1)])
  const tell = /** @type {(() => void)[]} */ ([])
  const answered = [0, 1].map((i) => new Promise((resolve) => (tell[i] = () => resolve(i))))
  const results = opener.openMany(
    (async function* () {
      yield item(forged(one))
      await answered[0]
      await client.send(new DisableKeyCommand({ KeyId: keyId }))
      yield item(other)
      await answered[1]
      yield item(two)
    })(),
  )
  const found = []
  try {
    for await (const { index, error } of results) {
      found.push(error?.code)
      tell[index]?.()
    }
  } finally {
    await client.send(new EnableKeyCommand({ KeyId: keyId }))
  }
  assert.deepEqual(found, ['rejected', 'key_unusable', 'key_unusable'])
})

test('values that are never remembered cost a call each', async () => {
  const { opener } = await openerWith()
  const jwes = await Promise.all(Array.from({ length: 3 }, () => seal(rsa, 'one', { context })))
  const outcomes = await all(opener.openMany([...jwes, ...jwes].map(item), { ordered: false }))
  assert.lengthOf(outcomes, 6)
  assert.lengthOf(since(), 3, 'the same three again cost nothing')
})

test('it ends by its signal, by closing the opener, and by whoever leaves', async () => {
  const jwes = await values(3)
  async function* endless() {
    for (;;) yield item(jwes[0] ?? '')
  }
  const { opener } = await openerWith()
  const stop = new AbortController()
  let count = 0
  const reason = await (async () => {
    for await (const _ of opener.openMany(endless(), { signal: stop.signal }))
      if (++count === 10) stop.abort(new Error('enough'))
  })().catch((error) => error)
  assert.equal(reason.message, 'enough')
  for await (const { opened } of opener.openMany(endless())) {
    assert.equal(opened?.text(), 'value 0')
    break
  }
  const closed = await (async () => {
    for await (const _ of opener.openMany(endless())) await opener.close()
  })().catch((error) => error)
  assert.equal(closed.code, 'closed')
})

test('wrong arguments are told at once', async () => {
  const { opener } = await openerWith()
  for (const [items, o] of [
    [undefined],
    ['a list'],
    [{ jwe: 'a' }],
    [[], { concurrency: 0 }],
    [[], { concurrency: 1_001 }],
    [[], { ordered: 'yes' }],
    [[], { order: true }],
  ])
    assert.equal(
      codeOf(() => opener.openMany(wrong(items), wrong(o))),
      'invalid_argument',
    )
})
