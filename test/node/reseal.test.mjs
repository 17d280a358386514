// `createResealer` over the local KMS: what it writes, what it costs, and how it ends.
import test, { beforeEach } from 'node:test'
import { createHash } from 'node:crypto'
import { RotateKeyOnDemandCommand } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { createResealer } from 'sealdrop/kms'
import { archives, bytesOf, codeOf, failureOf, own, sent } from '../support/archives.mjs'
import { kmsThrough } from '../support/kms-through.mjs'
import { headerOf, pattern } from '../support/sealed-files.js'
import { wrong } from '../support/types.mjs'

const world = await archives(test)
const { local, client, since, admin, trail, arn, resealer, opened, archived, read } = world
beforeEach(() => {
  local.faults.clear()
  since()
})
const content = pattern(10_500)
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('base64url')

test('an archive opens again, and costs one call to write and one to read', async () => {
  for (const length of [0, 1, 1_000, 10_500]) {
    const plaintext = content.slice(0, length)
    const { bytes, ...written } = await archived(plaintext, { frameLength: 1_000, length })
    assert.deepEqual(since(), ['DeriveSharedSecret', 'GenerateDataKey'])
    assert.equal(bytes.length, written.length)
    assert.equal(written.keyArn, arn)
    assert.deepEqual(written.context, own)
    assert.match(await written.digest, /^[\w-]{43}$/)
    assert.deepEqual(await read(bytes), plaintext)
    assert.deepEqual(since(), ['Decrypt'])
  }
})

test('it names the original: the message id, and the header as it came', async () => {
  const file = await world.sealed(content)
  const came = await world.opener.openStream(file, { context: sent })
  const { length } = headerOf(file)
  assert.equal(came.headerDigest, sha256(file.subarray(0, length)))
  const written = await resealer.reseal(came)
  const original = { messageId: came.messageId, headerDigest: came.headerDigest }
  assert.deepEqual(written.original, original)
  assert.notEqual(written.messageId, came.messageId)
  const found = await world.reader.openStream(written.readable, { context: own, original })
  assert.deepEqual(found.original, original)
  assert.equal(found.messageId, written.messageId)
  assert.equal(found.keyArn, arn)
  assert.deepEqual(found.context, own)
  assert.deepEqual(await bytesOf(found.readable), content)
})

test('CloudTrail shows the whole encryption context, and nothing of the sender', async () => {
  trail.length = 0
  const { bytes, original } = await archived(content)
  await read(bytes)
  const shown = trail
    .filter(({ eventName }) => /^(GenerateDataKey|Decrypt)$/.test(eventName))
    .map(({ requestParameters }) => Object(requestParameters).encryptionContext)
  const whole = {
    ...own,
    'sealdrop:message-id': original.messageId,
    'sealdrop:header': original.headerDigest,
  }
  assert.deepEqual(shown, [whole, whole])
})

test('the context is given for all, for one, or by a function that sees what was bound', async () => {
  const one = { store: 'one' }
  assert.deepEqual((await archived(content, { context: one })).context, one)
  const context = (came) => ({ form: came.context.form, id: came.messageId })
  const deciding = createResealer({ kms: client, key: arn, context })
  const came = await opened(content)
  const { messageId } = came
  const written = await deciding.reseal(came)
  assert.deepEqual(written.context, { form: 'claim', id: messageId })
  const expected = { context: { form: 'claim', id: messageId } }
  assert.deepEqual(await read(written.readable, expected), content)
  const throwing = createResealer({
    kms: client,
    key: arn,
    context: () => {
      throw new Error('no')
    },
  })
  since()
  const failure = await failureOf(throwing.reseal(await opened(content)))
  assert.deepEqual([failure.code, failure.whose], ['invalid_argument', 'caller'])
  assert.notInclude(since(), 'GenerateDataKey')
})

test('after a rotation of the key, archives of before and after are read', async () => {
  const before = await archived(content)
  await admin.send(new RotateKeyOnDemandCommand({ KeyId: arn }))
  const after = await archived(content)
  for (const { bytes } of [before, after]) assert.deepEqual(await read(bytes), content)
})

test('what cannot be right is refused before KMS is asked, and the opened stream is given up', async () => {
  const long = { a: 'x'.repeat(9_000) }
  const cases = [
    ['invalid_argument', {}, { context: { 'sealdrop:header': 'mine' } }],
    ['invalid_argument', {}, { context: { 'aws-crypto-x': '1' } }],
    ['invalid_argument', {}, { context: { a: '' } }],
    ['too_large', {}, { context: long }],
    ['invalid_argument', {}, { frameLength: 0 }],
    ['invalid_argument', {}, { framesInFlight: 17 }],
    ['invalid_argument', {}, { contxt: {} }],
    ['invalid_argument', { headerDigest: undefined }, {}],
    ['invalid_argument', { headerDigest: 'short' }, {}],
    ['invalid_argument', { messageId: 7 }, {}],
  ]
  for (const [code, change, o] of cases) {
    const { messageId, headerDigest } = await opened(content)
    let cancelled = false
    const readable = new ReadableStream({ cancel: () => void (cancelled = true) })
    const came = { readable, messageId, headerDigest, ...wrong(change) }
    since()
    const failure = await failureOf(resealer.reseal(came, wrong(o)))
    assert.equal(failure.code, code, JSON.stringify([change, o]).slice(0, 200))
    assert.deepEqual(since(), [])
    assert.isTrue(cancelled, JSON.stringify([change, o]).slice(0, 200))
  }
  for (const nothing of [undefined, {}, 'text', { readable: 'text' }])
    assert.equal((await failureOf(resealer.reseal(wrong(nothing)))).code, 'invalid_argument')
})

test('options of the creator are looked at', () => {
  for (const o of [
    undefined,
    {},
    { key: '', context: {} },
    { key: 'alias/archive' },
    { key: 'alias/archive', context: 'text' },
    { key: 'alias/archive', context: {}, contxt: {} },
  ])
    assert.equal(
      codeOf(() => createResealer(wrong(o))),
      'invalid_argument',
    )
})

test('an asymmetric key, and one that is not there, are unusable', async () => {
  for (const key of ['alias/rsa', 'alias/none']) {
    const other = createResealer({ kms: client, key, context: own })
    const { code, whose } = await failureOf(other.reseal(await opened(content)))
    assert.deepEqual([code, whose], ['key_unusable', 'operator'])
  }
})

test('an answer for another key than was asked for is not believed', async () => {
  const answers = [
    { KeyId: local.keys['alias/other'] },
    { KeyId: arn.replace('us-east-1', 'eu-west-1') },
    { KeyId: 'alias/archive' },
    { KeyId: undefined },
    { Plaintext: new Uint8Array(16) },
    { Plaintext: undefined },
    { CiphertextBlob: undefined },
  ]
  for (const change of answers) {
    const kms = kmsThrough(client, async (_, send) => ({ ...(await send()), ...change }))
    const other = createResealer({ kms, key: arn, context: own })
    const { code } = await failureOf(other.reseal(await opened(content)))
    assert.equal(code, 'kms_unexpected', JSON.stringify(change))
  }
})

test('an opened stream that fails leaves an archive that nobody opens to its end', async () => {
  const file = await world.sealed(content, { frameLength: 1_000 })
  file[file.length - 1] ^= 1
  const came = await world.opener.openStream(file, { context: sent })
  const written = await resealer.reseal(came, { frameLength: 1_000 })
  const chunks = []
  const failure = await failureOf(
    (async () => {
      for await (const chunk of wrong(written.readable)) chunks.push(chunk)
    })(),
  )
  assert.equal(failure.code, 'rejected')
  assert.equal((await failureOf(written.digest)).code, 'rejected')
  const cut = new Blob(chunks)
  assert.isAbove(cut.size, 5_000)
  assert.equal((await failureOf(read(cut))).code, 'malformed')
})

test('a stream of another length than was said is refused', async () => {
  for (const length of [content.length - 1, content.length + 1]) {
    const { readable } = await resealer.reseal(await opened(content), { length })
    assert.equal((await failureOf(bytesOf(readable))).code, 'source_failed')
  }
})

test('an abort and a close end it', async () => {
  const stop = new AbortController()
  const { readable } = await resealer.reseal(await opened(content), { signal: stop.signal })
  stop.abort(new Error('enough'))
  assert.match((await failureOf(bytesOf(readable))).message, /enough/)
  const other = createResealer({ kms: client, key: arn, context: own })
  await other.close()
  const came = await opened(content)
  const failure = await failureOf(other.reseal(came))
  assert.deepEqual([failure.code, failure.whose], ['closed', 'caller'])
})

test('it takes constant memory: no more is read than the frames in flight', async () => {
  let given = 0
  const readable = new ReadableStream(
    {
      pull(controller) {
        given += 100_000
        controller.enqueue(new Uint8Array(100_000))
        if (given === 10_000_000) controller.close()
      },
    },
    { highWaterMark: 0 },
  )
  const { messageId, headerDigest } = await opened(content)
  const written = await resealer.reseal({ readable, messageId, headerDigest })
  const reader = written.readable.getReader()
  let taken = 0
  for (let done = false; !done;) {
    const next = await reader.read()
    done = next.done
    taken += next.value?.length ?? 0
    assert.isAtMost(given - taken, 6 * 524_288)
  }
  assert.isAbove(taken, 10_000_000)
})
