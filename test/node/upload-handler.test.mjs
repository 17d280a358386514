// uploadHandler and uploadListener where no S3 is needed: what goes in one PUT is signed here. What
// S3 makes of it is in test/s3.
import test from 'node:test'
import { createServer, request as httpRequest } from 'node:http'
import { once } from 'node:events'
import { S3Client } from '@aws-sdk/client-s3'
import { assert } from 'chai'
import { SealdropError } from 'sealdrop'
import { uploadHandler, uploadListener } from 'sealdrop/s3'
import { ask, begun, cut, sealedBytes, uploadType } from '../s3/messages.mjs'
import { fails } from '../support/host.js'
import { portOf } from '../support/listen.mjs'
import { wrong } from '../support/types.mjs'

const credentials = { accessKeyId: 'key', secretAccessKey: 'the secret of AWS' }
const s3 = new S3Client({ region: 'us-east-1', endpoint: 'http://127.0.0.1:9', credentials })
const origins = ['https://app.example.com']
const good = {
  s3,
  bucket: 'uploads',
  prefix: 'inbox/',
  authorize: () => ({ subject: 'acme' }),
  secrets: ['0123456789'.repeat(4)],
  origins,
}
const message = await sealedBytes(100)
const asked = cut(message.bytes).map((part) => part.asked)

/** Begins with these options, and signs what is sent. */
async function signed(o, members = {}) {
  /** @type {import('sealdrop/s3').UploadEvent[]} */
  const events = []
  const handler = uploadHandler({ ...good, ...o, onEvent: (event) => events.push(event) })
  const first = await begun(handler, message, { members })
  if (first.status !== 200) return { answer: first, events }
  const { session } = first
  const answer = await ask(handler, 'sign', { session, parts: asked })
  return { answer, events, session }
}

test('the headers of one PUT are all that was set, and each is bound', async () => {
  const createParams = () => ({ Tagging: 'a=b', StorageClass: 'STANDARD_IA' })
  const { answer } = await signed({ createParams }, { name: 'c2VhbGVk' })
  const [{ url, headers }] = answer.parts
  const names = new URL(url).searchParams.get('X-Amz-SignedHeaders')?.split(';')
  assert.sameMembers(names ?? [], ['host', 'content-length', ...Object.keys(headers)])
  assert.equal(headers['x-amz-meta-sealdrop-name'], 'c2VhbGVk')
  assert.equal(headers['x-amz-tagging'], 'a=b')
  assert.equal(headers['content-disposition'], 'attachment')
  assert.equal(headers['if-none-match'], '*')
})

test('a client that signs another checksum beside it is refused, and the operator is told', async () => {
  const other = new S3Client({ region: 'us-east-1', endpoint: 'http://127.0.0.1:9', credentials })
  other.middlewareStack.add(
    (next) => async (args) => {
      const { headers } = /** @type {{ headers: Record<string, string> }} */ (args.request)
      headers['x-amz-checksum-crc32'] = 'AAAAAA=='
      return next(args)
    },
    { step: 'build', priority: 'low', name: 'another' },
  )
  const { answer, events } = await signed({ s3: other })
  assert.deepEqual([answer.status, answer.code], [500, 'output_failed'])
  assert.match(events.at(-1)?.reason ?? '', /WHEN_REQUIRED/)
})

/**
 * What an operator's functions do wrong, and what is said of it.
 *
 * @type {Record<string, [o: object, expected: [status: number, code: string], reason?: RegExp]>}
 */
const mistakes = {
  'authorize throws': [
    { authorize: () => Promise.reject(new TypeError('hidden')) },
    [500, 'output_failed'],
    /TypeError/,
  ],
  'authorize says why': [
    {
      authorize: () => {
        throw new SealdropError('expired', 'the link is over')
      },
    },
    [410, 'expired'],
  ],
  'a key set cannot be reached': [
    {
      authorize: () => {
        throw new SealdropError('keys_unreachable', 'hidden', { retryable: true })
      },
    },
    [503, 'keys_unreachable'],
  ],
  'authorize refuses': [{ authorize: () => null }, [403, 'rejected']],
  'authorize answers true': [{ authorize: () => wrong(true) }, [500, 'output_failed'], /subject/],
  'a prefix that goes up': [
    { authorize: () => ({ subject: 'a', prefix: '../' }) },
    [500, 'output_failed'],
    /authorize/,
  ],
  'a parameter that may not be set': [
    { createParams: () => wrong({ ACL: 'public-read' }) },
    [500, 'output_failed'],
    /"ACL"/,
  ],
  'createParams throws': [
    {
      createParams: () => {
        throw new RangeError('hidden')
      },
    },
    [500, 'output_failed'],
    /RangeError/,
  ],
}

for (const [name, [o, expected, reason]] of Object.entries(mistakes))
  test(`${name}: ${expected.join(' ')}`, async () => {
    const { answer, events } = await signed(o)
    assert.deepEqual([answer.status, answer.code], expected)
    if (expected[0] >= 500) assert.equal(answer.message, 'the server cannot take uploads now')
    if (reason) assert.match(events.at(-1)?.reason ?? '', reason)
    const { code, status } = events.at(-1) ?? {}
    assert.deepEqual([status, code], expected)
  })

test('events tell no session, token, secret or context', async () => {
  const { events, session } = await signed({})
  assert.deepEqual(
    events.map(({ op, status }) => [op, status]),
    [
      ['begin', 200],
      ['sign', 200],
    ],
  )
  const told = JSON.stringify(events)
  for (const hidden of [session, 'Bearer', 'acme', '"7"', 'claim', good.secrets[0], 'of AWS'])
    assert.notInclude(told, hidden)
})

test('an S3 that does not answer is 503 with retry-after, and none of its words', async () => {
  const handler = uploadHandler(good)
  const { session } = await begun(handler, message)
  const body = JSON.stringify({ op: 'list', session })
  const headers = { 'content-type': uploadType }
  const answer = await handler(new Request('http://a/', { method: 'POST', headers, body }))
  assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '2'])
  assert.notMatch(await answer.text(), /ECONN|127\.0\.0\.1|aws/i)
})

test('what is wrong with options is said when they are given', async () => {
  /** @type {Record<string, unknown[]>} */
  const rows = {
    s3: [undefined, {}],
    bucket: ['', 1],
    prefix: ['', 'inbox', '/inbox/', '../', 'a//', 'a b/'],
    authorize: [undefined, 'acme'],
    secrets: [[], ['short'], [new Uint8Array(31)], Array(3).fill('0123456789'.repeat(4)), 'x'],
    origins: [undefined, ['*'], ['https://a.example/'], 'https://a.example'],
    receipts: ['', 'inbox/', 'inbox/receipts/'],
    createParams: [{}],
  }
  for (const [name, values] of Object.entries(rows))
    for (const value of values)
      await fails(
        assert,
        () => uploadHandler(wrong({ ...good, [name]: value })),
        'invalid_argument',
        new RegExp(name),
      )
  uploadHandler({ ...good, secrets: [new Uint8Array(32)], prefix: 'a/b-c/' })
})

test('the listener answers under node:http as the handler does, and reads no more than 64 KiB', async (t) => {
  const server = createServer(uploadListener(good))
  const port = await portOf(server)
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${port}/uploads?x`
  const overHttp = async (request) => {
    const { method, headers } = request
    return fetch(url, { method, headers, body: Buffer.from(await request.arrayBuffer()) })
  }
  const { session, status } = await begun(overHttp, message)
  assert.equal(status, 200)
  const { parts } = await ask(overHttp, 'sign', { session, parts: asked })
  assert.match(parts[0].url, /X-Amz-Signature/)
  const { code } = await ask(overHttp, 'sign', { session, parts: asked }, { token: 'x', body: '{' })
  assert.equal(code, 'malformed')
  const plain = await fetch(url)
  assert.deepEqual([plain.status, plain.headers.get('allow')], [405, 'POST, OPTIONS'])
  const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin: origins[0] ?? '' } })
  assert.deepEqual([preflight.status, preflight.headers.get('content-length')], [204, null])

  const headers = { 'content-type': uploadType, 'transfer-encoding': 'chunked' }
  const endless = httpRequest(url, { method: 'POST', headers })
  endless.on('error', () => {})
  // it has no end
  endless.write(' '.repeat(70_000))
  const [answer] = await once(endless, 'response')
  assert.equal(answer.statusCode, 413)
  endless.destroy()
})
