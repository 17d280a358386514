// A receipt back: the company opens an object of the bucket, signs what it found, and the page
// that sent the file asks the handler for it.
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { importKeySet, inHand, verifyReceipt } from 'sealdrop'
import { createPublisher, createSigner } from 'sealdrop/kms'
import { s3Source } from 'sealdrop/s3'
import { uploadSealed } from 'sealdrop/upload'
import { fails } from '../support/host.js'

const MiB = 2 ** 20
const context = { claim: '7' }

/** @param {any} host what uploadsSuite has: keys, opener, handler and files */
export function receiptsSuite({ test, assert, world, made, transportOf, fileOf }) {
  /** What an opener does with an object: it reads all of it before it signs. */
  const receive = async (signer, key) => {
    const { s3, bucket } = world()
    const source = await s3Source({ s3, bucket, key })
    const opened = await made.opener.openStream(source, { context, digest: true })
    for await (const chunk of opened.readable) assert.isAbove(chunk.length, 0)
    const [digest, length] = await Promise.all([opened.digest, opened.sealedLength])
    const { messageId, key: by } = opened
    const of = { messageId, context: opened.context, key: by, digest, length }
    return signer.signReceipt({ ...of, stage: 'opened' })
  }
  const put = (Key, Body) => {
    const { s3, bucket: Bucket } = world()
    return s3.send(new PutObjectCommand({ Bucket, Key, Body }))
  }

  test('a receipt comes back to the page, and names what the page has sent', async () => {
    const kms = made.local.clientConfig
    const signer = createSigner({ kms, key: 'alias/receipts' })
    const { jwks } = await createPublisher({ kms, keys: [{ key: 'alias/receipts' }] }).documents()
    const signers = importKeySet(jwks, { trust: inHand() })
    for (const length of [10, 12 * MiB]) {
      const transport = transportOf()
      const { source } = await fileOf(length)
      const { done } = await uploadSealed(made.keys, source, { context, transport })
      const { session, key, messageId, digest } = await done
      assert.deepEqual(await transport.ask('receipt', { session }), { receipt: null })
      await put(`receipts/${key}`, await receive(signer, key))
      const { receipt } = await transport.ask('receipt', { session })
      const proof = await verifyReceipt(signers, receipt, { sent: { messageId, digest } })
      assert.equal(proof.stage, 'opened')
      assert.deepEqual({ ...proof.context }, context)
      const other = { messageId, digest: digest.replace(/^./, (a) => (a === 'A' ? 'B' : 'A')) }
      await fails(
        assert,
        verifyReceipt(signers, receipt, { sent: other }),
        'rejected',
        /other bytes/,
      )
    }
    await signer.close()
  })

  test('an object with a changed byte gets no receipt', async () => {
    const signer = createSigner({ kms: made.local.clientConfig, key: 'alias/receipts' })
    const { source } = await fileOf(100_000)
    const { done } = await uploadSealed(made.keys, source, { context, transport: transportOf() })
    const { key } = await done
    const { s3, bucket: Bucket } = world()
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: key }))
    const bytes = await Body.transformToByteArray()
    bytes[bytes.length - 40] ^= 1
    await put(`${key}-changed`, bytes)
    await fails(assert, receive(signer, `${key}-changed`), 'rejected')
    await signer.close()
  })
}
