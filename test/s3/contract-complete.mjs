// When an upload is whole, and what the handler does when S3 does not say so.
import { GetObjectTaggingCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { ask, begun, compositeOf, cut, hashOf, MiB, sealedBytes, sent } from './messages.mjs'

/** A message that begins with another header than the one that was announced, and is as long. */
async function swapped(handler, length) {
  const announced = await sealedBytes(length)
  const other = await sealedBytes(length, { context: { claim: '8' } })
  const { session, ...plan } = await begun(handler, announced)
  return { session, parts: cut(other.bytes, plan) }
}

/** A client of which Complete fails in this way, so many times: before S3 is asked, or after. */
function failingS3(config, { error, times = 1, asks }) {
  const s3 = new S3Client({ ...config, maxAttempts: 1 })
  let left = times
  s3.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName !== 'CompleteMultipartUploadCommand' || left-- <= 0) return next(args)
        if (asks) await next(args)
        throw error
      },
    { step: 'initialize', name: 'fails' },
  )
  return s3
}
const failure = (name, httpStatusCode) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } })

/** What S3 says of Complete, whether it did it, and what the page is then answered. */
const failures = {
  'a time-out, and it was done': [{ error: failure('TimeoutError'), asks: true }, [200, undefined]],
  'a time-out, and it was not done': [{ error: failure('TimeoutError') }, [200, undefined]],
  '503 once': [{ error: failure('SlowDown', 503) }, [200, undefined]],
  'an error inside 200': [{ error: failure('InternalError', 200), asks: true }, [200, undefined]],
  'InvalidPart once': [{ error: failure('InvalidPart', 400) }, [200, undefined]],
  '503 always': [{ error: failure('SlowDown', 503), times: 9 }, [503, 'output_failed']],
  AccessDenied: [{ error: failure('AccessDenied', 403) }, [500, 'output_failed']],
  'another upload at the same time': [
    { error: failure('ConditionalRequestConflict', 409) },
    [409, 'conflict'],
  ],
}

/** @param {{ test: typeof import('node:test').test, assert: Chai.AssertStatic, world: () => any }} o */
export function completeContract({ test, assert, world }) {
  const is = ({ status, code, message }, expected, name = '') =>
    assert.deepEqual([status, code], expected, `${name} ${message}`)
  const complete = (handler, { session, parts }) =>
    ask(handler, 'complete', { session, sha256: compositeOf(parts) })
  const tagsOf = async (Key) => {
    const { s3, bucket: Bucket } = world()
    const { TagSet } = await s3
      .send(new GetObjectTaggingCommand({ Bucket, Key }))
      .catch((error) => {
        if (error.name === 'NoSuchTagSet') return { TagSet: [] }
        throw error
      })
    return TagSet?.map(({ Key: key, Value }) => `${key}=${Value}`)
  }

  for (const length of [0, 100, 8 * MiB, 9 * MiB])
    test(`a file of ${length} bytes is whole when all is there, however often it is asked`, async () => {
      const { handler, upload } = world()
      const found = await upload(length)
      const missing = found.parts.map(({ asked }) => asked.part)
      const before = await complete(handler, found)
      assert.deepEqual([before.done, before.missing], [false, missing])
      await sent(handler, found.session, found.parts)
      const first = await complete(handler, found)
      assert.isTrue(first.done)
      assert.match(first.key, /^inbox\/[\w-]{22}$/)
      assert.deepEqual(await complete(handler, found), first)
      assert.deepEqual(await tagsOf(first.key), [])
    })

  test('a part that is not there is named, and then is all that is sent', async () => {
    const { handler, upload } = world()
    const { session, parts } = await upload(17 * MiB)
    await sent(handler, session, [parts[0], parts[2]])
    const { done, missing } = await complete(handler, { session, parts })
    assert.deepEqual([done, missing], [false, [2]])
    await sent(handler, session, [parts[1]])
    assert.isTrue((await complete(handler, { session, parts })).done)
  })

  test('parts that are not those that the page sealed are conflict, and nothing is made', async () => {
    const { handler, upload } = world()
    const { session, parts } = await upload(9 * MiB)
    const other = new Uint8Array(parts[1].data.length)
    const instead = { data: other, asked: { ...parts[1].asked, sha256: hashOf(other) } }
    await sent(handler, session, [parts[0], instead])
    is(await complete(handler, { session, parts }), [409, 'conflict'])
    assert.isUndefined((await ask(handler, 'list', { session })).object)
    await sent(handler, session, [parts[1]])
    assert.isTrue((await complete(handler, { session, parts })).done)
  })

  test('two uploads of one message: both are whole, by the one object that was first', async () => {
    const { handler } = world()
    const message = await sealedBytes(9 * MiB)
    const uploads = [await begun(handler, message), await begun(handler, message)]
    const parts = cut(message.bytes)
    for (const { session } of uploads) await sent(handler, session, parts)
    const [first, second] = [
      await complete(handler, { ...uploads[0], parts }),
      await complete(handler, { ...uploads[1], parts }),
    ]
    assert.isTrue(first.done)
    assert.deepEqual(second, first)
  })

  test('another object under the key is never overwritten, and is conflict', async () => {
    const { handler, upload, s3, bucket: Bucket } = world()
    for (const length of [100, 9 * MiB]) {
      const found = await upload(length)
      const Key = Buffer.from(found.session, 'base64url')
        .toString('latin1')
        .match(/inbox\/[\w-]{22}/)?.[0]
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'another' }))
      await sent(handler, found.session, found.parts)
      is(await complete(handler, found), [409, 'conflict'], `${length}`)
      const { object } = await ask(handler, 'list', { session: found.session })
      if (length === 100) assert.equal(object?.length, 7)
    }
  })

  test('a message with another header than the announced one is tagged and context_mismatch', async () => {
    const { handler, make, events } = world()
    for (const length of [100, 9 * MiB]) {
      const found = await swapped(handler, length)
      await sent(handler, found.session, found.parts)
      is(await complete(handler, found), [422, 'context_mismatch'], `${length}`)
      const { key } = events.at(-1)
      assert.deepEqual(await tagsOf(key), ['sealdrop=context_mismatch'])
      is(await complete(handler, found), [422, 'context_mismatch'], 'again')
      const tagging = make({ createParams: () => ({ Tagging: 'team=claims&of=a%20b' }) })
      is(await complete(tagging, found), [422, 'context_mismatch'], 'with tags')
      const tags = ['of=a b', 'sealdrop=context_mismatch', 'team=claims']
      assert.sameMembers(await tagsOf(key), tags)
    }
  })

  for (const [name, [fault, expected]] of Object.entries(failures))
    test(`complete: ${name} is answered ${expected.join(' ')}`, async () => {
      const { config, make, events, upload, handler } = world()
      const found = await upload(9 * MiB)
      await sent(handler, found.session, found.parts)
      const s3 = failingS3(config, fault)
      const answer = await complete(make({ s3 }), found)
      s3.destroy()
      is(answer, expected, name)
      assert.notInclude(JSON.stringify(answer), fault.error.name)
      if (expected[0] >= 500) assert.equal(events.at(-1).reason, fault.error.name)
      const after = await complete(handler, found)
      assert.isTrue(after.done, 'the next one mends it')
    })
}
