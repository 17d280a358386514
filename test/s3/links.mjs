// Links at a handler over an S3 that we did not write: what is counted at begin is given back once,
// and only when nothing of it can become an object any more.
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
} from '@aws-sdk/client-s3'
import { importKeySet, inHand } from 'sealdrop'
import { createDropLink, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { dropLinks, memoryLinks } from 'sealdrop/s3'
import { ask, begun, compositeOf, cut, MiB, sealedBytes, sent } from './messages.mjs'

/** @param {{ test: any, assert: any, world: () => any }} host */
export function linksSuite({ test, assert, world }) {
  const audience = 'https://app.example.com/uploads'
  const key = 'alias/links'

  /** A handler that takes links, a link of one file, and two messages of two parts. */
  const linked = async (t, { store = memoryLinks(), s3 = world().s3 } = {}) => {
    const local = await startLocalKms({
      keys: [{ alias: key, spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }],
    })
    t.after(() => local.close())
    const kms = local.clientConfig
    const keys = importKeySet(await publicJwk({ kms, key }), { trust: inHand() })
    const page = 'https://app.example.com/send'
    const of = { kms, key, page, audience, subject: 'acme', context: { claim: '7' } }
    const { token } = await createDropLink({ ...of, files: 1, expiresIn: 3_600_000 })
    const handler = world().make({ s3, authorize: dropLinks({ keys, audience, store }) })
    const [message, other] = [await sealedBytes(9 * MiB), await sealedBytes(9 * MiB)]
    return {
      store,
      message,
      begin: async (one = message) => begun(handler, one, { token }),
      /** Whether the link takes another file; it is not begun where it does not. */
      takesOther: async () => (await begun(handler, other, { token })).status === 200,
      abort: async (session) => (await ask(handler, 'abort', { session }, { token })).code,
      send: async (session) => {
        const parts = cut(message.bytes)
        await sent(handler, session, parts, { token })
        const members = { session, sha256: compositeOf(parts) }
        return ask(handler, 'complete', members, { token })
      },
    }
  }
  const unfinished = async () => {
    const { s3, bucket } = world()
    const input = { Bucket: bucket }
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand(input))
    return Uploads.map(({ Key, UploadId }) => ({ Bucket: bucket, Key, UploadId }))
  }
  const tidy = async () => {
    for (const one of await unfinished())
      await world().s3.send(new AbortMultipartUploadCommand(one))
  }

  test('links: what is not reserved creates nothing in S3', async (t) => {
    await tidy()
    const { begin, takesOther } = await linked(t)
    await begin()
    assert.lengthOf(await unfinished(), 1)
    assert.isFalse(await takesOther())
    assert.lengthOf(await unfinished(), 1)
    await tidy()
  })

  test('links: an aborted file is given back, and once', async (t) => {
    const { begin, abort, takesOther } = await linked(t)
    const { session } = await begin()
    assert.isUndefined(await abort(session))
    assert.isUndefined(await abort(session))
    assert.isTrue(await takesOther())
    assert.isUndefined(await abort(session), 'what is gone is aborted again')
    assert.equal((await begin()).code, 'rejected')
    await tidy()
  })

  test('links: a file is given back only when its last upload was aborted', async (t) => {
    const { begin, abort, takesOther } = await linked(t)
    const [first, second] = [await begin(), await begin()]
    for (let i = 0; i < 3; i++) assert.isUndefined(await abort(first.session))
    assert.isFalse(await takesOther(), 'the second upload is alive')
    assert.isUndefined(await abort(second.session))
    assert.isTrue(await takesOther())
    await tidy()
  })

  test('links: of two uploads of a file one completes, and the abort of the other gives nothing back', async (t) => {
    const { begin, abort, send, takesOther } = await linked(t)
    const [first, second] = [await begin(), await begin()]
    assert.isTrue((await send(second.session)).done)
    assert.equal(await abort(first.session), 'conflict')
    assert.isFalse(await takesOther())
    await tidy()
  })

  test('links: a whole object that the company takes away gives nothing back', async (t) => {
    const { begin, abort, send, takesOther } = await linked(t)
    const { session } = await begin()
    const { done, key: Key } = await send(session)
    assert.isTrue(done)
    const { s3, bucket } = world()
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key }))
    assert.isUndefined(await abort(session))
    assert.isFalse(await takesOther())
  })

  test('links: what the company took away is not sent again, whichever attempt it is', async (t) => {
    const { begin, send, takesOther } = await linked(t)
    const [first, second] = [await begin(), await begin()]
    const { done, key: Key } = await send(first.session)
    assert.isTrue(done)
    assert.isTrue((await send(second.session)).done, 'the object is there')
    const { s3, bucket } = world()
    const gone = { Bucket: bucket, Key }
    await s3.send(new DeleteObjectCommand(gone))
    const { session } = await begin()
    for (const one of [second.session, session]) assert.equal((await send(one)).code, 'rejected')
    const found = await s3.send(new HeadObjectCommand(gone)).catch(({ name }) => name)
    assert.equal(found, 'NotFound')
    assert.isFalse(await takesOther())
    await tidy()
  })

  const isComplete = (command) => command instanceof CompleteMultipartUploadCommand
  const failures = { ConditionalRequestConflict: 409, InternalError: 500 }
  for (const [name, httpStatusCode] of Object.entries(failures))
    test(`links: a file that S3 does not complete, with ${name}, is given back by its abort`, async (t) => {
      const failing = new Proxy(world().s3, {
        get: (target, member) =>
          member === 'send'
            ? (command, o) =>
                isComplete(command)
                  ? Promise.reject(
                      Object.assign(new Error(name), { name, $metadata: { httpStatusCode } }),
                    )
                  : target.send(command, o)
            : target[member],
      })
      const { begin, abort, send, takesOther } = await linked(t, { s3: failing })
      const { session } = await begin()
      assert.include(['conflict', 'output_failed'], (await send(session)).code)
      assert.isFalse(await takesOther())
      assert.isUndefined(await abort(session))
      assert.isTrue(await takesOther())
      await tidy()
    })

  test('links: what was reserved for an upload that S3 does not create is given back', async (t) => {
    const { s3 } = world()
    let isDown = true
    const failing = new Proxy(s3, {
      get: (target, name) => {
        if (name !== 'send' || !isDown)
          return Reflect.get(target, name).bind?.(target) ?? target[name]
        return () => Promise.reject(Object.assign(new Error('down'), { name: 'SlowDown' }))
      },
    })
    const { begin, takesOther } = await linked(t, { s3: failing })
    const answer = await begin()
    assert.deepEqual([answer.status, answer.code], [503, 'output_failed'])
    isDown = false
    assert.isTrue(await takesOther())
    await tidy()
  })

  test('links: a store that fails to reserve, or to give back, may be asked again', async (t) => {
    const real = memoryLinks()
    let failing = ''
    // it is done, and the answer is lost; or it is not done
    const store = {
      ...real,
      reserve: async (jti, ...more) => {
        const answer = await real.reserve(jti, ...more)
        if (failing === 'reserve') throw new Error('down')
        return answer
      },
      release: async (jti, use) => {
        if (failing === 'release') throw new Error('down')
        return real.release(jti, use)
      },
    }
    const { begin, abort, takesOther } = await linked(t, { store })
    await tidy()
    failing = 'reserve'
    assert.equal((await begin()).status, 503)
    assert.lengthOf(await unfinished(), 0, 'nothing was created')
    failing = ''
    const { session } = await begin()
    failing = 'release'
    assert.equal(await abort(session), 'output_failed')
    assert.isFalse(await takesOther())
    failing = ''
    assert.isUndefined(await abort(session))
    assert.isTrue(await takesOther())
    await tidy()
  })
}
