// A value that another library sealed, from the published set to the receipt, through KMS.
import test from 'node:test'
import { createHash } from 'node:crypto'
import { assert } from 'chai'
import * as jose from 'jose'
import { importKeySet, inHand, inspect, verifyReceipt } from 'sealdrop'
import { createOpener, createPublisher, createSigner } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { fails } from '../support/host.js'

const keys = [
  { alias: 'alias/claims', spec: 'ECC_NIST_P521', usage: 'KEY_AGREEMENT' },
  { alias: 'alias/receipts', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
]

test('a value without jti that jose sealed gets a receipt, which names it by its SHA-256', async (t) => {
  const local = await startLocalKms({ keys })
  t.after(() => local.close())
  const kms = local.clientConfig
  const set = (
    await createPublisher({ kms, keys: keys.map(({ alias: key }) => ({ key })) }).documents()
  ).jwks
  const [jwk] = JSON.parse(set).keys
  const sealTo = async (text) =>
    new jose.CompactEncrypt(new TextEncoder().encode(text))
      .setProtectedHeader({ alg: jwk.alg, enc: 'A256GCM', kid: jwk.kid, cty: 'text/plain' })
      .encrypt(await jose.importJWK(jwk))
  const value = await sealTo('hello')
  const opener = createOpener({ kms, keys: ['alias/claims'] })
  const signer = createSigner({ kms, key: 'alias/receipts' })
  t.after(() => Promise.all([opener.close(), signer.close()]))

  const opened = await opener.open(value, { context: {} })
  assert.equal(opened.text(), 'hello')
  const named = `sha256:${createHash('sha256').update(value).digest('base64url')}`
  assert.equal(opened.messageId, named)
  const { length = 0, digest = '' } = await inspect(value)
  const { messageId, context, key } = opened
  const of = { messageId, context, key, length, digest, stage: /** @type {const} */ ('opened') }
  const receipt = await signer.signReceipt(of)
  assert.equal(jose.decodeJwt(receipt).messageId, named)

  const trusted = importKeySet(set, { trust: inHand() })
  const sent = { messageId: named, digest }
  assert.equal((await verifyReceipt(trusted, receipt, { sent })).messageId, named)
  const other = await inspect(await sealTo('hello'))
  const otherSent = { messageId: other.messageId ?? '', digest: other.digest ?? '' }
  await fails(assert, verifyReceipt(trusted, receipt, { sent: otherSent }), 'rejected')
})
