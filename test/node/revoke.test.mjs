// A key that is taken back after a compromise; against the local KMS with a clock, and clients that
// believe a root.
import test from 'node:test'
import { SignCommand } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { inspect, seal, verify, verifyReceipt, verifySignature } from 'sealdrop'
import { createSigner, revokeKey } from 'sealdrop/kms'
import { datedCompany, day, hour, minute } from '../support/dated-company.mjs'
import { fails } from '../support/host.js'
import { madeKey } from '../support/inventories.mjs'
import { sentOf } from '../support/sent.mjs'
import { present, wrong } from '../support/types.mjs'

/** A company; its keys are those that were made. */
async function revokingCompany(t) {
  const one = await datedCompany(t)
  return {
    ...one,
    stored: (purpose, state = 'current') => madeKey(one.stored(purpose, state)),
    entry: (key) => madeKey(one.entry(key)),
  }
}

test('of a signing key, receipts from before are believed and those since are not; the next one signs', async (t) => {
  const { clock, page, stored, entry, revoke, receiptBy, rotate, aliased, kms } =
    await revokingCompany(t)
  const sealed = await seal(page(), 'x', { context: {} })
  const sent = await sentOf(sealed)
  const [old, next] = [stored('receipts'), stored('receipts', 'next')]
  const since = clock.at - hour
  const [before, after] = [
    await receiptBy(old, sent, since - day),
    await receiptBy(old, sent, since + 2 * minute),
  ]
  for (const receipt of [before, after]) await verifyReceipt(page(), receipt, { sent })
  const { replacedBy, goneBy } = await revoke(old, {
    reason: 'superseded',
    since: new Date(since),
  })
  assert.deepEqual([replacedBy, goneBy.getTime()], [next.thumbprint, clock.at + 49 * hour])
  assert.deepEqual(
    [entry(old).state, entry(old).expires, entry(next).state, entry(next).starts],
    ['retired', new Date(since).toISOString(), 'current', new Date(clock.at).toISOString()],
  )
  clock.at += 5 * minute
  assert.equal((await verifyReceipt(page(), before, { sent })).key.thumbprint, old.thumbprint)
  await fails(assert, verifyReceipt(page(), after, { sent }), 'expired')
  assert.equal(await aliased('alias/receipts'), old.arns[0])
  await rotate()
  assert.equal(await aliased('alias/receipts'), next.arns[0])
  const signer = createSigner({ kms, key: 'alias/receipts' })
  t.after(() => signer.close())
  const receipt = await signer.signReceipt({ ...sent, context: {}, stage: 'opened' })
  assert.equal((await verifyReceipt(page(), receipt, { sent })).key.thumbprint, next.thumbprint)
})

test('who could sign chose the date: a receipt that is dated back is believed, until the key is withdrawn; then nothing that it signed is', async (t) => {
  const { clock, page, stored, entry, revoke, receiptBy, signWith, client } =
    await revokingCompany(t)
  const sent = await sentOf(await seal(page(), 'x', { context: {} }))
  const old = stored('receipts')
  const since = new Date(clock.at - hour)
  const honest = await receiptBy(old, sent, since.getTime() - day)
  await revoke(old, { reason: 'superseded', since })
  const back = await receiptBy(old, sent, since.getTime() - 2 * day)
  const undated = await signWith(old, { pay: 'me' })
  const { Signature } = await client.send(
    new SignCommand({
      KeyId: old.arns[0],
      SigningAlgorithm: 'ECDSA_SHA_256',
      Message: Buffer.from('pay me'),
    }),
  )
  const rawSignature = {
    message: 'pay me',
    algorithm: 'ES256',
    key: old.thumbprint,
    signature: new Uint8Array(present(Signature)),
  }
  clock.at += 5 * minute
  await verifyReceipt(page(), back, { sent })
  for (const undatedBy of [
    (o) => verify(page(), undated, o),
    (o) => verifySignature(page(), { ...rawSignature, ...o }),
  ]) {
    await fails(assert, undatedBy({}), 'expired', /or not when/)
    await fails(assert, undatedBy({ heldSince: new Date(clock.at) }), 'expired')
    await undatedBy({ heldSince: new Date(since.getTime() - 1) })
  }
  assert.equal(
    (await revoke(old, { reason: 'compromised', withdraw: true })).replacedBy,
    undefined,
    'the one that took its place is left alone',
  )
  assert.deepEqual(
    [entry(old).expires, entry(old).unpublished],
    [since.toISOString(), new Date(clock.at).toISOString()],
  )
  clock.at += 5 * minute
  for (const receipt of [honest, back])
    await fails(assert, verifyReceipt(page(), receipt, { sent }), 'key_not_found')
  await fails(assert, verify(page(), undated), 'key_not_found')
  await fails(assert, verifySignature(page(), rawSignature), 'key_not_found')
})

test('a key to seal to leaves the set, the next one takes its place after a minute, and both open', async (t) => {
  const { clock, page, stored, entry, opener, revoke, rotate, aliased } = await revokingCompany(t)
  const [old, next] = [stored('claims'), stored('claims', 'next')]
  const first = await seal(page(), 'before', { context: {} })
  assert.equal((await opener.open(first, { context: {} })).text(), 'before')
  const { replacedBy } = await revoke(old, { reason: 'compromised' })
  assert.equal(replacedBy, next.thumbprint)
  assert.deepEqual(
    [entry(old).state, entry(old).unpublished, entry(next).starts],
    ['retired', new Date(clock.at).toISOString(), new Date(clock.at + minute).toISOString()],
  )
  clock.at += 5 * minute
  assert.deepEqual(
    (await page().list()).filter(({ use }) => use === 'enc').map(({ thumbprint }) => thumbprint),
    [next.thumbprint],
  )
  const second = await seal(page(), 'after', { context: {} })
  assert.equal((await inspect(second)).recipients[0], next.thumbprint)
  for (const [sealed, text] of [
    [first, 'before'],
    [second, 'after'],
  ])
    assert.equal((await opener.open(sealed, { context: {} })).text(), text)
  await rotate()
  assert.equal(await aliased('alias/claims'), next.arns[0])
  assert.isDefined(stored('claims', 'next'), 'and another one is made, a rotation ahead')
})

test('a next key is set aside, and an older one marked; the current ones stay', async (t) => {
  const { clock, stored, entry, revoke, rotate, inventory } = await revokingCompany(t)
  const currents = [stored('claims'), stored('receipts')]
  for (const name of ['claims', 'receipts']) {
    const next = stored(name, 'next')
    const { replacedBy } = await revoke(next, {
      reason: 'unspecified',
      since: new Date(clock.at - day),
    })
    assert.equal(replacedBy, undefined)
    assert.deepEqual(
      [entry(next).state, entry(next).unpublished],
      ['retired', name === 'receipts' ? new Date(clock.at).toISOString() : undefined],
    )
    await revoke(next, { reason: 'unspecified' })
    assert.equal(
      entry(next).expires,
      new Date(clock.at - day).toISOString(),
      'the earlier date stays',
    )
  }
  for (const key of currents) assert.deepEqual(entry(key), key)
  await rotate()
  assert.equal(inventory().keys.filter(({ state }) => state === 'next').length, 2)
})

test('a current key without a next one is not taken back, since nothing could take its place; nothing is written', async (t) => {
  const { stored, revoke, inventory, rotate } = await revokingCompany(t)
  const reason = 'compromised'
  await revoke(stored('claims', 'next'), { reason })
  const before = inventory()
  await fails(
    assert,
    revoke(stored('claims'), { reason }),
    'key_not_found',
    /claims has no next key/,
  )
  assert.equal(inventory(), before)
  await rotate()
  await revoke(stored('claims'), { reason })
})

test('every key needs a reason, since verifiers believe by it; nothing is written without one', async (t) => {
  const { stored, revoke, inventory } = await revokingCompany(t)
  const before = inventory()
  for (const purpose of ['claims', 'receipts'])
    for (const state of ['current', 'next'])
      for (const o of [{}, { withdraw: true }, { reason: undefined }, { reason: 'stolen' }])
        await fails(
          assert,
          revoke(stored(purpose, state), o),
          'invalid_argument',
          /reason: expected superseded, unspecified, compromised/,
        )
  assert.equal(inventory(), before)
})

test('revoking again moves the date only earlier and the reason only up', async (t) => {
  const { clock, stored, entry, revoke } = await revokingCompany(t)
  const old = stored('receipts')
  const at = (hours) => new Date(clock.at - hours * hour)
  /** @type {[reason: string, hours: number, kept: string, since: number][]} */
  const calls = [
    ['superseded', 5, 'superseded', 5],
    ['unspecified', 3, 'unspecified', 5],
    ['superseded', 6, 'unspecified', 6],
    ['compromised', 2, 'compromised', 6],
    ['unspecified', 7, 'compromised', 7],
    ['superseded', 1, 'compromised', 7],
  ]
  for (const [reason, hours, kept, since] of calls) {
    await revoke(old, { reason, since: at(hours) })
    assert.deepEqual(entry(old).revoked, { at: at(since).toISOString(), reason: kept }, reason)
    assert.equal(entry(old).expires, at(since).toISOString())
  }
})

test('what is no key, no store or no date is refused', async (t) => {
  const { clock, store, stored, revoke, inventory } = await revokingCompany(t)
  const before = inventory()
  for (const since of [new Date(clock.at + 1), new Date(NaN), '2030-01-01', new Date(-1)])
    await fails(
      assert,
      revoke(stored('claims'), { reason: 'compromised', since: wrong(since) }),
      'invalid_argument',
      /since/,
    )
  for (const key of [
    undefined,
    '',
    'tCcJB9PbNFtcJJ5m-aUnPWgykK0CCcIZcoXvNPr4pdc',
    stored('claims').arns[0],
  ])
    await fails(
      assert,
      revokeKey({ store, key: wrong(key), reason: 'compromised', now: () => clock.at }),
      'key_not_found',
    )
  for (const o of [undefined, {}, { store: {}, key: 'x' }])
    await fails(assert, revokeKey(wrong(o)), 'invalid_argument', /store/)
  assert.equal(inventory(), before)
})
