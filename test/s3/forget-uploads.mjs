// forgetUpload against a handler and a bucket: an upload is forgotten without its file.
import { HeadObjectCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { SealdropError } from 'sealdrop'
import { forgetUpload, unfinishedUploads, uploadSealed, uploadTransport } from 'sealdrop/upload'
import { fails } from '../support/host.js'

const day = 86_400_000

/** @param {{ test: any, assert: any, world: () => any, tools: any }} host */
export function forgetUploads({ test, assert, world, tools }) {
  const { made, begunBy, keys } = tools
  const open = async () => {
    const { s3, bucket } = world()
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
    return Uploads.length
  }
  const sessions = async (records) =>
    (await records.list('upload')).map(([, { session }]) => session)

  test('forgetUpload: parts and record go without the file, and a link gets its file back', async (t) => {
    const it = await made(t)
    const { o, records, file, transport, tokens } = it
    const link = await it.linkOf({ files: 1 })
    const before = await open()
    const messageId = await begunBy(it, link)
    assert.equal(await open(), before + 1)
    await forgetUpload(records, messageId, { transport: transport() })
    assert.equal(await open(), before)
    assert.deepEqual(await unfinishedUploads(records), [])
    assert.deepEqual(tokens(), [link.token])
    await forgetUpload(records, messageId, { transport: transport() })
    await forgetUpload(records, 'never-begun', { transport: transport() })
    assert.deepEqual(tokens(), [], 'nothing is there to forget')
    const upload = await uploadSealed(keys, await file(), {
      ...o,
      records,
      transport: transport(),
      link,
    })
    await upload.done
  })

  test('forgetUpload: a handler that cannot be reached leaves the record', async (t) => {
    const it = await made(t)
    const messageId = await begunBy(it, await it.linkOf())
    const { url } = it.transport()
    const away = uploadTransport(url, { fetch: () => Promise.reject(new TypeError('no network')) })
    const work = forgetUpload(it.records, messageId, { transport: away })
    const { retryable } = await fails(assert, work, 'output_failed')
    assert.isTrue(retryable)
    const signal = AbortSignal.abort(new Error('enough'))
    const stopped = forgetUpload(it.records, messageId, { transport: it.transport(), signal })
    assert.equal((await stopped.catch((error) => error)).message, 'enough')
    assert.lengthOf(await it.records.list('upload'), 1)
    await forgetUpload(it.records, messageId, { transport: it.transport() })
    assert.lengthOf(await it.records.list('upload'), 0)
  })

  const refusals = {
    rejected: (it, link) => it.store.revoke(link.jti),
    expired: async (it) => it.wait(8 * day),
  }
  for (const [code, refuse] of Object.entries(refusals))
    test(`forgetUpload: where the handler refuses with ${code}, the record goes`, async (t) => {
      const it = await made(t)
      const link = await it.linkOf()
      const messageId = await begunBy(it, link)
      const [session] = await sessions(it.records)
      await refuse(it, link)
      const { ask } = it.transport()
      await fails(assert, ask('abort', { session }, { link: link.token }), code)
      await forgetUpload(it.records, messageId, { transport: it.transport() })
      assert.lengthOf(await it.records.list('upload'), 0)
    })

  test('forgetUpload: a file that is whole already is kept, and its record goes', async (t) => {
    const it = await made(t)
    const { o, records, file, transport } = it
    const real = transport()
    let key = ''
    const ask = async (op, request, given) => {
      const answer = await real.ask(op, request, given)
      if (op !== 'complete') return answer
      key = answer.key
      throw new SealdropError('output_failed', 'the answer is lost for good')
    }
    const under = { ...o, records, transport: { ...real, ask }, link: await it.linkOf() }
    const upload = await uploadSealed(keys, await file(), under)
    await fails(assert, upload.done, 'output_failed')
    await forgetUpload(records, upload.messageId, { transport: real })
    assert.lengthOf(await records.list('upload'), 0)
    const { s3, bucket } = world()
    await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
  })

  test('forgetUpload: what is being sent, or began at another handler, is not forgotten', async (t) => {
    const it = await made(t)
    const { o, records, file, transport, asked } = it
    const messageId = await begunBy(it, await it.linkOf())
    const other = uploadTransport('https://other.example.com/uploads')
    const elsewhere = forgetUpload(records, messageId, { transport: other })
    await fails(assert, elsewhere, 'invalid_argument', /another handler/)
    const upload = await uploadSealed(keys, await file(), {
      ...o,
      records,
      transport: transport(0),
    })
    upload.pause()
    await fails(assert, forgetUpload(records, messageId, { transport: transport() }), 'conflict')
    assert.notInclude(
      asked.map(([op]) => op),
      'abort',
    )
    assert.lengthOf(await records.list('upload'), 1)
    await upload.cancel()
    const wrong = { transport: { put: () => {} } }
    await fails(assert, forgetUpload(records, messageId, wrong), 'invalid_argument', /transport/)
    await fails(assert, forgetUpload({}, messageId, { transport: transport() }), 'invalid_argument')
  })
}
