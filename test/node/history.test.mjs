// Receipts years later, against the local KMS with a clock: keys that were rotated away, disabled,
// deleted, or taken back.
import { generateKeyPairSync } from 'node:crypto'
import test from 'node:test'
import { assert } from 'chai'
import * as jose from 'jose'
import {
  fetchKeySet,
  receiptFile,
  seal,
  signedBy,
  verify,
  verifyReceipt,
  verifyReceiptFile,
} from 'sealdrop'
import { createPublisher, createSigner, deleteKey, retireKey } from 'sealdrop/kms'
import { datedCompany, day, hour, minute } from '../support/dated-company.mjs'
import { fails } from '../support/host.js'
import { madeKey } from '../support/inventories.mjs'
import { mapStore } from '../support/signed-sets.js'
import { sentOf } from '../support/sent.mjs'
import { present, wrong } from '../support/types.mjs'

/** A receipt that a partner got today, and the file that it keeps. */
async function received({ page, now, kms, stored }) {
  const sent = await sentOf(await seal(page(), 'x', { context: {} }))
  const signer = createSigner({ kms, key: madeKey(stored('receipts')).arns[0], now })
  const receipt = await signer.signReceipt({ ...sent, context: {}, stage: 'opened' })
  await signer.close()
  return { sent, receipt, file: await receiptFile(page(), receipt, { sent }) }
}
/** Key sets of a host that serves a document. */
const servedAt = (now) => (document, trust) =>
  fetchKeySet('https://keys.example/', { trust, now, fetch: async () => new Response(document) })

/** Rotates every 90 days for so many years. */
async function years(world, count) {
  const end = world.clock.at + count * 365 * day
  while (world.clock.at < end) {
    await world.rotate()
    world.clock.at += 13 * day
  }
}

test('seven years of rotations later, the key out of the set, disabled and deleted, the receipt still verifies by its file and the history', async (t) => {
  const world = await datedCompany(t)
  const { page, history, rootJwk, stored, store, kms, now, clock, entry } = world
  const { sent, receipt, file } = await received(world)
  const old = madeKey(stored('receipts'))
  await years(world, 7)
  const trust = signedBy([rootJwk])
  assert.isDefined(present(entry(old)).unpublished)
  await fails(assert, verifyReceipt(page(), receipt, { sent }), 'key_not_found')
  for (const step of ['unpublished', 'disabled', 'deleted']) {
    if (step === 'disabled')
      await retireKey({
        kms,
        store,
        key: old.thumbprint,
        disable: true,
        keepUntil: new Date(clock.at),
        now,
      })
    if (step === 'deleted') {
      await deleteKey({ kms, store, key: old.thumbprint, confirm: old.thumbprint, days: 30, now })
      clock.at += 31 * day
      await world.rotate()
    }
    const found = await verifyReceiptFile(file, { trust, history: history() })
    assert.deepEqual(
      [found.key.thumbprint, found.history, found.trust, found.messageId],
      [old.thumbprint, true, 'signed', sent.messageId],
      step,
    )
    assert.equal(
      (await verifyReceipt(history(), receipt, { sent })).key.thumbprint,
      old.thumbprint,
      'the history alone does too',
    )
  }
  const keys = await history().list()
  assert.isAbove(keys.length, 28, 'more keys than a year has')
  assert.sameMembers([...new Set(keys.map(({ use }) => use))], ['sig'])
})

test('a history is a signed set of its own type, which jose verifies, and neither can stand for the other', async (t) => {
  const { page, rootJwk, root, kms, store, now, stored } = await datedCompany(t)
  const documents = async (o) =>
    present((await createPublisher({ kms, keys: store, root, now, ...o }).documents()).jws)
  const [set, history] = [await documents({}), await documents({ history: true })]
  const { payload, protectedHeader } = await jose.compactVerify(
    history,
    await jose.importJWK(rootJwk),
  )
  assert.equal(protectedHeader.typ, 'jwk-set-history+jwt')
  const { sub, keys } = JSON.parse(new TextDecoder().decode(payload))
  assert.equal(sub, 'history')
  assert.sameMembers(
    keys.map(({ kid }) => kid),
    [stored('receipts')?.thumbprint, stored('receipts', 'next')?.thumbprint],
  )
  const served = servedAt(now)
  const named = async (name) => [
    await documents({ name }),
    await documents({ name, history: true }),
  ]
  for (const name of ['default', 'history', 'x']) {
    const [asSet, asHistory] = await named(name)
    await served(asSet, signedBy([rootJwk], { name })).ready()
    await served(asHistory, signedBy([rootJwk], { name, history: true })).ready()
    /** @type {[document: string, history: boolean][]} */
    const swapped = [
      [asSet, true],
      [asHistory, false],
    ]
    for (const [document, asHistorySet] of swapped)
      await fails(
        assert,
        served(document, signedBy([rootJwk], { name, history: asHistorySet })).ready(),
        'keys_untrusted',
        /has the type/,
      )
  }
  const kept = mapStore()
  const [, asHistory] = await named('default')
  const both = { store: kept, name: 'default', history: true }
  await served(set, signedBy([rootJwk], { store: kept })).ready()
  await served(asHistory, signedBy([rootJwk], both)).ready()
  assert.equal(kept.entries.size, 2, 'neither takes the place of the other in a store')
  await fails(
    assert,
    seal(served(history, signedBy([rootJwk], { history: true })), 'x', { context: {} }),
    'no_usable_key',
    /signs/,
  )
  await page().ready()
  const [key] = madeKey(stored('receipts')).arns
  for (const o of [{ keys: store }, { keys: [{ key }], root }])
    await fails(
      assert,
      async () => createPublisher(wrong({ kms, history: true, ...o })).documents(),
      'invalid_argument',
      /history/,
    )
})

test('as many keys as verifiers take of a history are published and taken; with one more nothing is published, and the error says what to do', async (t) => {
  const world = await datedCompany(t)
  const { rootJwk, stored, store, root, kms, now } = world
  const served = servedAt(now)
  const { inventory } = present(await store.read())
  const others = await Promise.all(
    Array.from({ length: 1_024 }, async () => {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const jwk = publicKey.export({ format: 'jwk' })
      return {
        ...stored('receipts'),
        jwk,
        thumbprint: await jose.calculateJwkThumbprint(/** @type {jose.JWK} */ (jwk)),
      }
    }),
  )
  const publisherOf = (keys) =>
    createPublisher({
      kms,
      root,
      history: true,
      keys: { ...store, read: async () => ({ inventory: { ...inventory, keys }, etag: '-' }) },
      now,
    })
  const { jws } = await publisherOf(others).documents()
  assert.lengthOf(await served(jws, signedBy([rootJwk], { history: true })).list(), 1_024)
  await fails(
    assert,
    publisherOf([...others, stored('receipts')]).documents(),
    'too_large',
    /1025 keys.*another `name`/,
  )
})

test('after a compromise a thief who dates back is found out by the history, an honest receipt stands for who held it before', async (t) => {
  const world = await datedCompany(t)
  const { clock, page, history, rootJwk, stored, revoke, receiptBy, entry } = world
  const { sent, file } = await received(world)
  const old = madeKey(stored('receipts'))
  const saved = new Date(clock.at)
  clock.at += 30 * day
  const forged = { messageId: 'A'.repeat(43), digest: sent.digest, length: 5 }
  const theft = clock.at - hour
  const thief = await receiptFile(page(), await receiptBy(old, forged, saved.getTime()), {
    sent: forged,
  })
  await revoke(old, { reason: 'compromised', since: new Date(theft), withdraw: true })
  assert.deepEqual(present(entry(old)).revoked, {
    at: new Date(theft).toISOString(),
    reason: 'compromised',
  })
  clock.at += 6 * minute
  const trust = signedBy([rootJwk])
  for (const each of [thief, file]) {
    assert.isFalse(
      (await verifyReceiptFile(each, { trust })).history,
      'without a history nobody can know',
    )
    await fails(
      assert,
      verifyReceiptFile(each, { trust, history: history() }),
      'key_unusable',
      new RegExp(new Date(theft).toISOString().slice(0, 10)),
    )
  }
  await verifyReceiptFile(file, { trust, history: history(), heldSince: saved })
  await fails(
    assert,
    verifyReceiptFile(thief, { trust, history: history(), heldSince: new Date(clock.at) }),
    'key_unusable',
  )
})

test('a key that stays in the set says there that it was taken back; the worst that was ever said stays', async (t) => {
  const { clock, page, stored, revoke, signWith, entry } = await datedCompany(t)
  const old = madeKey(stored('receipts'))
  const iat = Math.floor(clock.at / 1000) - 7200
  const token = await signWith(old, 'x', { iat })
  await revoke(old, { reason: 'compromised' })
  clock.at += 6 * minute
  await fails(assert, verify(page(), token), 'key_unusable')
  assert.equal(
    (await verify(page(), token, { heldSince: new Date(iat * 1000) })).key.thumbprint,
    old.thumbprint,
  )
  await revoke(old, { reason: 'superseded', since: new Date(clock.at - day) })
  assert.deepEqual(present(entry(old)).revoked, {
    at: new Date(clock.at - day).toISOString(),
    reason: 'compromised',
  })
  for (const reason of ['stolen', '', null, 5])
    await fails(assert, revoke(old, { reason }), 'invalid_argument', /reason/)
})
