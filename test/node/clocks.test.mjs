// The companion after a clock was put right: what was made under the wrong time does not stay.
import test from 'node:test'
import { KMSClient } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { importKeySet, inHand, seal, signedBy } from 'sealdrop'
import { createOpener, createPublisher, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { fails } from '../support/host.js'
import { awsError, intercept } from '../support/intercept.mjs'
import { present, wrong } from '../support/types.mjs'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const [right, ahead, behind] = ['2030-01-01', '2040-01-01', '2020-01-01'].map(Date.parse)

const local = await startLocalKms({
  keys: [
    { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
    { alias: 'alias/root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
  ],
})
test.after(() => local.close())

/** A client that fails while `state.down`, and a clock. */
function world() {
  const state = { at: ahead, down: false, operations: /** @type {string[]} */ ([]) }
  const kms = new KMSClient({ ...local.clientConfig, maxAttempts: 1 })
  intercept(kms, async (operation, _input, go) => {
    state.operations.push(operation)
    if (state.down) throw awsError('KMSInternalException')
    return go()
  })
  return { state, kms, now: () => state.at }
}
const claimsOf = (jws) => JSON.parse(Buffer.from(jws.split('.')[1], 'base64url').toString())

for (const root of [undefined, 'alias/root']) {
  const what = root ? 'signed' : 'unsigned'
  test(`${what} documents that were made in the future are made again`, async () => {
    for (const wrongly of [ahead, behind, right + hour]) {
      const { state, kms, now } = world()
      state.at = wrongly
      const publisher = createPublisher({ kms, now, keys: [{ key: 'alias/claims' }], root })
      await publisher.documents()
      state.at = right
      const documents = await publisher.documents()
      assert.equal(documents.expires.getTime(), right + day)
      if (!root) continue
      assert.equal(claimsOf(present(documents.jws)).iat, right / 1000)
      const jwk = await publicJwk({ kms: local.clientConfig, key: 'alias/root' })
      await importKeySet(present(documents.jws), { trust: signedBy([jwk]), now }).ready()
    }
  })

  test(`${what} documents of the future are served for their lifetime at most while KMS is down`, async () => {
    const { state, kms, now } = world()
    const publisher = createPublisher({ kms, now, keys: [{ key: 'alias/claims' }], root })
    const { jwks } = await publisher.documents()
    state.down = true
    state.at = right
    const left = await publisher.documents()
    assert.equal(left.jwks, jwks)
    assert.equal(left.expires.getTime(), right + day)
    state.at = right + day - 1
    assert.equal((await publisher.documents()).jwks, jwks)
    state.at = right + day + 30_000
    await fails(assert, publisher.documents(), 'kms_unavailable')
    state.at = right + day + 2 * minute
    state.down = false
    assert.equal((await publisher.documents()).jwks, jwks)
  })
}

test('a key of an opener that did not load in the future is tried again when the clock is right', async () => {
  const { state, kms, now } = world()
  state.down = true
  const opener = createOpener({ kms, now, keys: ['alias/claims'] })
  const jwk = await publicJwk({ kms: local.clientConfig, key: 'alias/claims' })
  const value = await seal(importKeySet(jwk, { trust: inHand() }), 'x', { context: {} })
  await fails(assert, opener.open(value, { context: {} }), 'kms_unavailable')
  state.down = false
  const before = state.operations.length
  await fails(assert, opener.open(value, { context: {} }), 'kms_unavailable')
  assert.equal(state.operations.length, before, 'not twice in 30 s')
  state.at = right
  assert.equal((await opener.open(value, { context: {} })).text(), 'x')
  await opener.close()
})

test('the tolerance of an opener is a time up to 24 hours, and a minute by default', async () => {
  const { kms } = world()
  const keys = ['alias/claims']
  for (const tolerance of ['600000', -1, NaN, Infinity, 24 * hour + 1, null])
    await fails(
      assert,
      () => createOpener({ kms, keys, maxAge: 1, tolerance: wrong(tolerance) }),
      'invalid_argument',
      /tolerance/,
    )
  const jwk = await publicJwk({ kms: local.clientConfig, key: 'alias/claims' })
  const seconds = Math.floor(right / 1000) * 1000
  const value = (at) =>
    seal(importKeySet(jwk, { trust: inHand(), now: () => at }), 'x', { context: {} })
  /** @type {readonly [number | undefined, number][]} */
  const rows = [
    [undefined, minute],
    [0, 0],
    [24 * hour, 24 * hour],
  ]
  for (const [tolerance, most] of rows) {
    /** @type {number[]} */
    const untils = []
    const replay = { claim: async (_id, until) => untils.push(until.getTime()) > 0 }
    const options = { kms, keys, maxAge: hour, replay, now: () => seconds }
    const opener = createOpener({ ...options, ...(tolerance !== undefined && { tolerance }) })
    const taken = seconds + most
    assert.equal((await opener.open(await value(taken), { context: {} })).text(), 'x')
    assert.deepEqual(untils, [taken + hour + most + minute])
    await fails(assert, opener.open(await value(taken + 1_000), { context: {} }), 'expired')
    await opener.close()
  }
})
