// A receipt of what is opened while it arrives, against the local KMS.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importKeySet, inHand, sealStream, verifyReceipt } from 'sealdrop'
import { createOpener, createPublisher, createSigner } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { fails } from '../support/host.js'
import { wrong } from '../support/types.mjs'

test('a receipt of a stream that was opened needs no second pass over it', async (t) => {
  const local = await startLocalKms({
    keys: [
      { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
      { alias: 'alias/receipts', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
    ],
  })
  t.after(() => local.close())
  const kms = local.clientConfig
  const names = ['alias/claims', 'alias/receipts']
  const publisher = createPublisher({ kms, keys: names.map((key) => ({ key })) })
  const keys = importKeySet((await publisher.documents()).jwks, { trust: inHand() })
  const opener = createOpener({ kms, keys: ['alias/claims'] })
  const signer = createSigner({ kms, key: 'alias/receipts' })
  t.after(() => Promise.all([opener.close(), signer.close()]))
  const context = { order: '7' }
  const sealed = await sealStream(keys, new Uint8Array(3_000_000), { context })
  /** What can be read only once. */
  async function* arriving() {
    yield* sealed.readable
  }
  const { readable, digest, sealedLength, ...info } = await opener.openStream(arriving(), {
    context,
    digest: true,
  })
  assert.equal((await new Response(readable).arrayBuffer()).byteLength, 3_000_000)
  const length = await sealedLength
  assert.equal(length, sealed.length)
  const opened = { ...info, digest: await digest, length, stage: /** @type {const} */ ('opened') }
  const receipt = await signer.signReceipt(opened)
  const sent = { messageId: sealed.messageId, digest: await sealed.digest }
  const verified = await verifyReceipt(keys, receipt, { sent })
  assert.deepEqual([verified.stage, verified.length], ['opened', length])
  const unasked = wrong({ context, digest: true })
  await fails(assert, opener.openFile('a', 'b', unasked), 'invalid_argument', /no "digest"/)
  await fails(
    assert,
    opener.openRange(new Blob(), 0, 1, unasked),
    'invalid_argument',
    /no "digest"/,
  )
})
