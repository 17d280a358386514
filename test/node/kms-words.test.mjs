// What errors of the companion say, so that an operator knows what to do: what was remembered, a
// wrong clock, the name of an alias.
import test from 'node:test'
import { DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { importKeySet, inHand, seal } from 'sealdrop'
import { createOpener, createPublisher, createSigner, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { fails } from '../support/host.js'
import { awsError, intercept } from '../support/intercept.mjs'

const local = await startLocalKms({
  keys: [
    { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
    { alias: 'alias/other', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
  ],
})
const client = new KMSClient(local.clientConfig)
test.after(() => {
  client.destroy()
  return local.close()
})
const kms = { ...local.clientConfig, maxAttempts: 1 }
const jwk = await publicJwk({ kms, key: 'alias/claims' })
const other = await publicJwk({ kms, key: 'alias/other' })
const context = {}
const sealedTo = (key) => seal(importKeySet(key, { trust: inHand() }), 'x', { context })
const sealed = await sealedTo(jwk)

const nameOf = (error) => error?.name

/** Disables the key of an alias while some work is done. */
async function whileDisabled(work) {
  await client.send(new DisableKeyCommand({ KeyId: local.keys['alias/claims'] }))
  try {
    await work()
  } finally {
    await client.send(new EnableKeyCommand({ KeyId: local.keys['alias/claims'] }))
  }
}

test('a key that was enabled again: the opener says how old its answer is, and when it asks again', async () => {
  let now = 1e12
  const opener = createOpener({ kms, keys: ['alias/claims'], now: () => now })
  const open = () => opener.open(sealed, { context })
  await whileDisabled(() => fails(assert, open, 'key_unusable', /disabled/))
  now += 12_000
  const error = await fails(assert, open, 'key_unusable', /so 12 s ago, and is asked again in 18 s/)
  assert.equal(nameOf(error.cause), 'DisabledException')
  assert.equal(error.whose, 'operator')
  now += 18_000
  assert.equal((await open()).text(), 'x')
})

test('beside a key that opens, the error of one that did not load says how old it is', async () => {
  let now = 1e12
  const opener = createOpener({ kms, keys: ['alias/other', 'alias/claims'], now: () => now })
  const open = () => opener.open(sealed, { context })
  await whileDisabled(() => fails(assert, open, 'key_not_found', /load 0 s ago: .*disabled/))
  now += 29_999
  await fails(assert, open, 'key_not_found', /load 30 s ago: .*disabled/)
  now += 1
  assert.equal((await open()).text(), 'x')
})

test('a publisher says of a failure how old it is, and when it asks again', async () => {
  let now = 1e12
  const publisher = createPublisher({ kms, keys: [{ key: 'alias/claims' }], now: () => now })
  const documents = () => publisher.documents()
  await whileDisabled(() => fails(assert, documents, 'key_unusable', /enabled/))
  now += 29_000
  const error = await fails(
    assert,
    documents,
    'key_unusable',
    /29 s ago, and is asked again in 1 s/,
  )
  assert.equal(error.whose, 'operator')
  now += 1_000
  assert.include((await documents()).jwks, jwk.kid)
})

test('a failure that is remembered is retryable as it was', async () => {
  for (const [name, retryable] of /** @type {const} */ ([
    ['KMSInternalException', true],
    ['AccessDeniedException', false],
  ])) {
    const down = new KMSClient(kms)
    intercept(down, () => Promise.reject(awsError(name)))
    const opener = createOpener({ kms: down, keys: ['alias/claims'] })
    for (const _ of [1, 2]) {
      const error = await fails(
        assert,
        () => opener.open(sealed, { context }),
        ['kms_unavailable', 'kms_denied'],
        /asked again in 30 s/,
      )
      assert.equal(error.retryable, retryable)
    }
  }
})

test('an inventory says when it was read, and when it is read again for an unknown key', async () => {
  let now = 1e12
  const keys = [inventoryRow('alias/claims', jwk)]
  const inventory = { v: 1, counter: 1, purposes: [], keys }
  const store = { read: async () => ({ inventory, version: '1' }), write: async () => '1' }
  const opener = createOpener({ kms, keys: /** @type {any} */ (store), now: () => now })
  assert.equal((await opener.open(sealed, { context })).text(), 'x')
  const unknown = await sealedTo(other)
  now += 10_000
  await fails(
    assert,
    opener.open(unknown, { context }),
    'key_not_found',
    /10 s ago, and .* in 20 s/,
  )
})

/**
 * A key as an inventory has it.
 *
 * @param {string} alias
 * @param {any} published
 */
function inventoryRow(alias, published) {
  const { kid, kty, crv, x, y, alg } = published
  const arn = local.keys[alias]
  const jwkOf = { kty, crv, x, y }
  return { arns: [arn], thumbprint: kid, jwk: jwkOf, alg, usage: 'KEY_AGREEMENT', state: 'current' }
}

test('a name without alias/ is told as one', async () => {
  const named = /did you mean alias\/claims\?/
  const opener = createOpener({ kms, keys: ['claims'] })
  await fails(assert, opener.ready(), 'key_unusable', named)
  await fails(assert, createSigner({ kms, key: 'claims' }).ready(), 'key_unusable', named)
  await fails(assert, publicJwk({ kms, key: 'claims' }), 'key_unusable', named)
  const others = [
    'alias/misspelt',
    '1234abcd-12ab-34cd-56ef-1234567890ab',
    'mrk-1234abcd12ab34cd56ef1234567890ab',
  ]
  for (const key of others) {
    const error = await fails(assert, publicJwk({ kms, key }), 'key_unusable', /knows no such key/)
    assert.notMatch(error.message, /did you mean/)
  }
})

for (const [what, systemClockOffset] of /** @type {const} */ ([
  ['behind', -3_600_000],
  ['ahead', 3_600_000],
]))
  test(`a clock that is an hour ${what} is told as a wrong clock, with both times`, async () => {
    const call = publicJwk({ kms: { ...kms, systemClockOffset }, key: 'alias/claims' })
    const { message } = await fails(assert, call, 'kms_denied', /clock of this machine is wrong/)
    const [here = 0, there = 0] = (message.match(/\d{4}-[\d-]+T[\d:.]+Z/g) ?? []).map(Date.parse)
    assert.closeTo(here - there, systemClockOffset, 5_000)
    assert.notMatch(message, /credentials/)
  })

/** The words for an error of AWS with a name and the `date` of its answer. */
async function wordsFor(name, date) {
  const failing = new KMSClient(kms)
  const $response = { headers: { date } }
  intercept(failing, () => Promise.reject(Object.assign(awsError(name), { $response })))
  const call = publicJwk({ kms: failing, key: 'alias/claims' })
  return (await fails(assert, call, 'kms_denied')).message
}

test('the date of the answer tells a wrong clock too, and credentials stay what they are', async () => {
  const hourAgo = new Date(Date.now() - 3_600_000).toUTCString()
  const soon = new Date(Date.now() + 240_000).toUTCString()
  for (const name of ['SignatureDoesNotMatch', 'InvalidSignatureException', 'RequestExpired'])
    assert.match(await wordsFor(name, hourAgo), /clock .* KMS says \d{4}-/, name)
  for (const name of ['RequestTimeTooSkewed', 'RequestInTheFuture', 'RequestExpired'])
    assert.match(await wordsFor(name, undefined), /clock .* KMS says another time/, name)
  for (const name of ['SignatureDoesNotMatch', 'UnrecognizedClientException'])
    for (const date of [soon, undefined, 'yesterday'])
      assert.match(
        await wordsFor(name, date),
        /credentials are missing, wrong or out of date/,
        name,
      )
  assert.notMatch(await wordsFor('AccessDeniedException', hourAgo), /clock/)
})
