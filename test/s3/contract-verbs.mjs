// What each verb of the protocol is sent, and what must come back (docs/formats/upload.md).
import { randomBytes } from 'node:crypto'
import { ask, begun, compositeOf, MiB, sealedBytes, sent, uploadType } from './messages.mjs'

const base64url = (bytes) => Buffer.from(bytes).toString('base64url')
const hash = 'A'.repeat(43)

/** A session with one bit of one byte changed. */
function changed(session, at = 40) {
  const bytes = Buffer.from(session, 'base64url')
  bytes[at] ^= 1
  return bytes.toString('base64url')
}

/** The header of a message, and what is wrong with it or beside it. */
const beginRows = {
  'a message': [(m) => m, 200],
  'a header that is cut': [(m) => ({ ...m, header: m.header.subarray(0, -1) }), 400, 'malformed'],
  'a header and more': [
    (m) => ({ ...m, header: m.bytes.subarray(0, m.header.length + 1) }),
    400,
    'malformed',
  ],
  'no header': [(m) => ({ ...m, header: Buffer.alloc(0) }), 400, 'malformed'],
  'another version': [
    (m) => ({ ...m, header: Buffer.concat([Buffer.of(1), m.header.subarray(1)]) }),
    400,
    'unsupported_algorithm',
  ],
  'a length of the header alone': [(m) => ({ ...m, bytes: m.header }), 400, 'malformed'],
  'a length that no message has': [
    // a final frame of 524,288 bytes and one byte more
    (m) => ({ ...m, bytes: { length: m.header.length + 40 + 524_289 } }),
    400,
    'malformed',
  ],
}

/** Requests as they travel, beside the shape of the verbs. */
const formRows = {
  'no JSON': ['{', 400, 'malformed'],
  'an array': ['[]', 400, 'malformed'],
  'a member twice': ['{"op":"list","session":"a","session":"b"}', 400, 'malformed'],
  'a verb that there is not': ['{"op":"delete","session":"a"}', 400, 'malformed'],
  'a verb of Object': ['{"op":"constructor"}', 400, 'malformed'],
  'a member that there is not': ['{"op":"list","session":"a","more":1}', 400, 'malformed'],
  'a member that is missing': ['{"op":"list"}', 400, 'malformed'],
  'a session of another type': ['{"op":"list","session":1}', 400, 'malformed'],
  'no part': ['{"op":"sign","session":"a","parts":[]}', 400, 'malformed'],
  '101 parts': [
    JSON.stringify({
      op: 'sign',
      session: 'a',
      parts: Array(101).fill({ part: 1, length: 1, sha256: hash }),
    }),
    400,
    'malformed',
  ],
  'a hash of 31 bytes': [
    `{"op":"complete","session":"a","sha256":"${'A'.repeat(42)}"}`,
    400,
    'malformed',
  ],
  'not UTF-8': [Buffer.from('7b22ff227d', 'hex'), 400, 'malformed'],
  '64 KiB and a byte': [' '.repeat(65_537), 413, 'too_large'],
  'a session that nobody made': ['{"op":"list","session":"AAAA"}', 403, 'rejected'],
}

/** Parts that are asked of a session of two, and what a page may not have signed. */
const signRows = {
  'part 1': [{ part: 1, length: 8 * MiB, sha256: hash }, 200],
  'part 0': [{ part: 0, length: 8 * MiB, sha256: hash }, 400, 'malformed'],
  'part N + 1': [{ part: 3, length: 8 * MiB, sha256: hash }, 400, 'invalid_argument'],
  'a part that is longer by a byte': [
    { part: 1, length: 8 * MiB + 1, sha256: hash },
    400,
    'invalid_argument',
  ],
  'a part that is shorter by a byte': [
    { part: 1, length: 8 * MiB - 1, sha256: hash },
    400,
    'invalid_argument',
  ],
  'a last part as long as the others': [
    { part: 2, length: 8 * MiB, sha256: hash },
    400,
    'invalid_argument',
  ],
}

/** @param {{ test: typeof import('node:test').test, assert: Chai.AssertStatic, world: () => any }} o */
export function verbsContract({ test, assert, world }) {
  const is = (answer, [status, code], name) =>
    assert.deepEqual([answer.status, answer.code], [status, code], `${name}: ${answer.message}`)

  test('begin: what is no header of a message of this length is refused by its code', async () => {
    const { handler } = world()
    const message = await sealedBytes(100)
    for (const [name, [change, status, code]] of Object.entries(beginRows))
      is(await begun(handler, change(message)), [status, code], name)
  })

  test('begin: what may not be sent is 403, and a longer one than is taken 413', async () => {
    const { handler, make, events } = world()
    const message = await sealedBytes(100)
    is(await begun(handler, message, { token: 'nobody' }), [403, 'rejected'], 'a sender')
    const other = await sealedBytes(100, { context: { other: '7' } })
    is(await begun(handler, other), [403, 'rejected'], 'a context')
    const small = make({ maxLength: message.bytes.length - 1 })
    is(await begun(small, message), [413, 'too_large'], 'a length')
    assert.equal(events.at(-1).code, 'too_large')
  })

  test('begin: the same message of the same sender has the same key, and no other has it', async () => {
    const { handler, make } = world()
    const message = await sealedBytes(9 * MiB)
    const keyOf = async (o = {}) => {
      const { session } = await begun(o.handler ?? handler, message, o)
      return Buffer.from(session, 'base64url')
        .toString('latin1')
        .match(/inbox\/[\w-]{22}/)?.[0]
    }
    const key = await keyOf()
    assert.match(`${key}`, /^inbox\/[\w-]{22}$/)
    assert.equal(await keyOf(), key)
    assert.notEqual(await keyOf({ token: 'other' }), key)
    assert.notEqual(await keyOf({ handler: make({ secrets: [randomBytes(32)] }) }), key)
  })

  test('every request: its form, its content type, its method and its origin', async () => {
    const { handler } = world()
    const send = (o) => ask(handler, 'list', { session: 'AAAA' }, o)
    for (const [name, [body, status, code]] of Object.entries(formRows))
      is(await send({ body }), [status, code], name)
    const types = ['application/json', 'text/plain', `${uploadType}x`]
    for (const type of types)
      is(await send({ headers: { 'content-type': type } }), [415, 'invalid_argument'], type)
    is(await send({ method: 'PUT' }), [405, 'invalid_argument'], 'PUT')
    for (const origin of ['https://evil.example', 'null'])
      is(await send({ origin }), [403, 'rejected'], origin)
  })

  test('a preflight of a listed origin is answered, and of another one refused', async () => {
    const { handler } = world()
    const preflight = (origin) =>
      handler(new Request('https://a.example/', { method: 'OPTIONS', headers: { origin } }))
    const { status, headers } = await preflight('https://app.example.com')
    assert.equal(status, 204)
    assert.equal(headers.get('access-control-allow-origin'), 'https://app.example.com')
    assert.match(headers.get('access-control-allow-headers') ?? '', /content-type/)
    assert.isNull(headers.get('access-control-allow-credentials'))
    const other = await preflight('https://evil.example')
    assert.equal(other.status, 403)
    assert.isNull(other.headers.get('access-control-allow-origin'))
  })

  test('sign: only a part of the plan, with exactly its length', async () => {
    const { handler, upload } = world()
    const { session, parts } = await upload(9 * MiB)
    const beyond = { ...parts[1].asked, part: 3 }
    const answer = await ask(handler, 'sign', { session, parts: [beyond] })
    is(answer, [400, 'invalid_argument'], 'part N + 1, as long as the last')
    for (const [name, [part, status, code]] of Object.entries(signRows))
      is(await ask(handler, 'sign', { session, parts: [part] }), [status, code], name)
  })

  test('every verb: a session that was changed, is foreign, too old or of a revoked sender is refused', async () => {
    const { handler, make, upload } = world()
    const { session, parts } = await upload(9 * MiB)
    const members = {
      sign: { parts: [parts[0].asked] },
      list: {},
      complete: { sha256: hash },
      abort: {},
      receipt: {},
    }
    const week = 7 * 86_400_000
    const later = make({ now: () => Date.now() + week })
    const rotated = make({ secrets: [randomBytes(32), 'a secret of 32 bytes for this test'] })
    for (const [op, more] of Object.entries(members)) {
      const as = (token, o = {}) => ask(o.handler ?? handler, op, { session: token, ...more }, o)
      is(await as(changed(session)), [403, 'rejected'], `${op}: changed`)
      is(await as(session.slice(0, -4)), [403, 'rejected'], `${op}: cut`)
      is(await as(session, { token: 'other' }), [403, 'rejected'], `${op}: foreign`)
      is(await as(session, { token: 'nobody' }), [403, 'rejected'], `${op}: revoked`)
      const foreign = make({ secrets: [randomBytes(32)] })
      is(await as(session, { handler: foreign }), [403, 'rejected'], `${op}: secret`)
      const elsewhere = make({ prefix: 'other/' })
      is(await as(session, { handler: elsewhere }), [403, 'rejected'], `${op}: prefix`)
      const old = op === 'receipt' ? [200, undefined] : [410, 'expired']
      is(await as(session, { handler: later }), old, `${op}: old`)
    }
    is(await ask(rotated, 'list', { session }), [200, undefined], 'the second secret is believed')
    const last = make({ now: () => Date.now() + 90 * 86_400_000 })
    is(await ask(last, 'receipt', { session }), [410, 'expired'], 'a receipt of long ago')
  })

  test('list: what is there with its hashes, a page at a time; of one PUT the object', async () => {
    const { handler, upload } = world()
    const { session, parts } = await upload(9 * MiB)
    assert.deepEqual((await ask(handler, 'list', { session })).parts, [])
    await sent(handler, session, parts)
    const { parts: listed, more, object } = await ask(handler, 'list', { session })
    assert.deepEqual(
      listed,
      parts.map(({ asked }) => asked),
    )
    assert.deepEqual([more, object], [false, undefined])
    const after = await ask(handler, 'list', { session, after: 1 })
    assert.deepEqual(after.parts, [parts[1].asked])

    const small = await upload(100)
    assert.isUndefined((await ask(handler, 'list', { session: small.session })).object)
    await sent(handler, small.session, small.parts)
    const whole = await ask(handler, 'list', { session: small.session })
    assert.deepEqual(whole.object, { length: small.bytes.length, sha256: compositeOf(small.parts) })
  })

  test('abort: the parts are gone, and what is whole is not taken back', async () => {
    const { handler, make, upload } = world()
    let aborted = 0
    const counting = make({ authorize: () => ({ subject: 'acme', release: () => void aborted++ }) })
    const { session, parts } = await upload(9 * MiB)
    await sent(handler, session, parts)
    for (const times of [1, 2]) {
      is(await ask(counting, 'abort', { session }), [200, undefined], 'abort')
      assert.equal(aborted, times)
    }
    is(await ask(handler, 'list', { session }), [409, 'conflict'], 'list of what is gone')
    is(
      await ask(handler, 'complete', { session, sha256: compositeOf(parts) }),
      [409, 'conflict'],
      'complete',
    )
    const small = await upload(100)
    is(await ask(counting, 'abort', { session: small.session }), [200, undefined], 'one PUT')
    assert.equal(aborted, 2, 'a URL of one PUT cannot be taken back')
    await sent(handler, small.session, small.parts)
    is(await ask(counting, 'abort', { session: small.session }), [409, 'conflict'], 'whole')
  })

  test('base64url of a header is canonical', async () => {
    const { handler } = world()
    const { bytes, header } = await sealedBytes(100)
    const text = `${base64url(header)}=`
    const answer = await ask(handler, 'begin', { header: text, length: bytes.length })
    is(answer, [400, 'malformed'], 'padding')
  })
}
