// Files at the companion without a browser: what it takes, refuses, keeps over a restart, and says
// in its log.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { createFileSealer, fetchKeySet, pinned, verifyReceipt } from 'sealdrop'
import { startDemo } from '../../demo/server.mjs'
import { pinsOf } from './pins.mjs'

const MiB = 2 ** 20
const partLength = 4 * MiB
const marker = 'plaintext-marker-77aa'
const context = { form: 'insurance-claim', part: 'file' }
const partType = 'application/vnd.sealdrop.part'
const jsonType = 'application/vnd.sealdrop.upload+json'
/** @type {string[]} */
const lines = []
let demo, dir, keys

const start = async (more) => {
  demo = await startDemo({
    dir: join(dir, 'kms'),
    files: join(dir, 'files'),
    log: (line) => lines.push(line),
    ...more,
  })
  keys = fetchKeySet(`${demo.url}.well-known/jwks.json`, { trust: pinned(await pinsOf(demo)) })
}
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sealdrop-uploads-'))
  await start()
})
after(async () => {
  await demo?.close()
  await rm(dir, { recursive: true })
})

const anId = () => randomBytes(32).toString('base64url')
const sealerOf = (bytes, o = { context }) => createFileSealer(keys, new Blob([bytes]), o)

/**
 * @param {string} method
 * @param {string} path
 * @param {{ type?: string, body?: BodyInit }} [o]
 * @returns {Promise<[status: number, codeOrAnswer: any, answer: any]>} `any` is JSON that came
 */
async function call(method, path, { type, body } = {}) {
  const response = await fetch(demo.url + path, {
    method,
    body,
    headers: type ? { 'content-type': type } : {},
    ...(body instanceof ReadableStream && { duplex: 'half' }),
  })
  const answer = await response.json()
  assert.ok(!JSON.stringify(answer).includes(dir), 'no path of the server is told')
  return [response.status, response.ok ? answer : answer.code, answer]
}
const json = (method, path, value = {}) =>
  call(method, path, { type: jsonType, body: JSON.stringify(value) })
const begin = (id, length) => json('PUT', `api/files/${id}`, { length })
const put = (id, offset, body, type = partType) =>
  call('PUT', `api/files/${id}/${offset}`, { type, body })
const finish = (id) => json('POST', `api/files/${id}/receipt`)

async function sendAll(sealer, id = sealer.messageId) {
  await begin(id, sealer.length)
  for (let at = 0; at < sealer.length; at += partLength)
    assert.deepEqual(
      await put(id, at, await sealer.slice(at, Math.min(sealer.length, at + partLength))).then(
        ([status]) => status,
      ),
      200,
    )
  return finish(id)
}

test('parts in any order make a file with a receipt; it opens on demand, with one more; nothing but sealed bytes is kept', async () => {
  const bytes = randomBytes(9 * MiB + 1)
  bytes.write(marker, 100)
  const sealer = await sealerOf(bytes)
  const { messageId: id, length } = sealer
  assert.deepEqual((await begin(id, length))[1], { length, partLength, parts: [], whole: false })
  for (const part of [2, 0, 1])
    await put(
      id,
      part * partLength,
      await sealer.slice(part * partLength, Math.min(length, (part + 1) * partLength)),
    )
  assert.deepEqual((await call('GET', `api/files/${id}`))[1], {
    length,
    partLength,
    parts: [0, 1, 2],
    whole: false,
  })
  const sent = { messageId: id, digest: await sealer.digest() }
  const [, received] = await finish(id)
  assert.deepEqual([received.stage, received.kmsCalls], ['received', 1])
  assert.strictEqual((await verifyReceipt(keys, received.receipt, { sent })).trust, 'pinned')
  assert.strictEqual((await finish(id))[0], 200, 'an answer that was lost can be asked for again')
  const [, opened] = await json('POST', `api/files/${id}/open`)
  assert.deepEqual(
    [opened.stage, opened.kmsCalls, opened.calls],
    ['opened', 2, ['kms:Decrypt', 'kms:Sign']],
  )
  assert.deepEqual(
    [opened.seen.size, opened.seen.sha256],
    [bytes.length, createHash('sha256').update(bytes).digest('hex')],
  )
  await verifyReceipt(keys, opened.receipt, { sent })
  for (const name of await readdir(join(dir, 'files', id)))
    assert.ok(!(await readFile(join(dir, 'files', id, name))).includes(marker), name)
  assert.deepEqual(
    await put(id, 0, await sealer.slice(0, partLength)).then(([status, code]) => [status, code]),
    [409, 'conflict'],
    'a whole file is not written to',
  )
})

test('a file is named by its first bytes and its digest', async () => {
  const cases = [
    ['%PDF-1.7\n\0\x01', 'PDF document'],
    ['\x89PNG\r\n\x1a\n\0', 'PNG image'],
    ['\xff\xd8\xff\xe0', 'JPEG image'],
    ['just text', 'Text'],
    ['\0\x01\x02', 'Binary data'],
    ['', 'Text'],
    [Buffer.from(`x${'ä'.repeat(3000)}`).toString('latin1'), 'Text'],
  ]
  for (const [text, type] of cases) {
    const bytes = Buffer.from(text, 'latin1')
    const sealer = await sealerOf(bytes)
    await sendAll(sealer)
    const [, { seen }] = await json('POST', `api/files/${sealer.messageId}/open`)
    assert.deepEqual(
      [seen.type, seen.size, seen.sha256],
      [type, bytes.length, createHash('sha256').update(bytes).digest('hex')],
    )
    await call('DELETE', `api/files/${sealer.messageId}`)
  }
})

test('one changed bit of the stored file is refused after one KMS call, and so is a file of which a byte was changed on disk', async () => {
  const sealer = await sealerOf(randomBytes(2 * MiB))
  const { messageId: id } = sealer
  await sendAll(sealer)
  const refusal = async (path) => {
    const [status, code, answer] = await json('POST', path)
    return [status, code, answer.kmsCalls]
  }
  assert.deepEqual(await refusal(`api/files/${id}/open-changed`), [422, 'rejected', 1])
  const path = join(dir, 'files', id, 'sealed')
  const stored = await readFile(path)
  stored[stored.length - 20] ^= 1
  await writeFile(path, stored)
  assert.deepEqual(await refusal(`api/files/${id}/open`), [422, 'rejected', 1])
  stored[stored.length - 20] ^= 1
  await writeFile(path, stored.subarray(0, -1))
  assert.deepEqual(await refusal(`api/files/${id}/open`), [400, 'malformed', 1])
})

test('wrong ids, offsets, lengths, types and orders are refused', async () => {
  const sealer = await sealerOf(randomBytes(5 * MiB))
  const { messageId: id, length } = sealer
  const part = await sealer.slice(0, partLength)
  const last = await sealer.slice(partLength, length)
  await begin(id, length)
  const short = 'A'.repeat(42)
  /**
   * @typedef {[what: string, work: () => ReturnType<typeof call>, status: number, code: string]}
   * Case
   */
  /** @type {Case[]} */
  const cases = [
    ['an id too short', () => begin(short, 10), 400, 'invalid_argument'],
    ['an id too long', () => begin('A'.repeat(44), 10), 400, 'invalid_argument'],
    ['an id with a dot', () => begin(`.${short}`, 10), 400, 'invalid_argument'],
    [
      'an id that climbs',
      () => begin(encodeURIComponent('../'.repeat(14) + 'A'), 10),
      400,
      'invalid_argument',
    ],
    ['an id with a newline', () => begin(`${short}%0a`, 10), 400, 'invalid_argument'],
    ['an id nobody announced', () => put(anId(), 0, part), 404, 'not_found'],
    ['no length', () => json('PUT', `api/files/${anId()}`, {}), 400, 'invalid_argument'],
    ['length 0', () => begin(anId(), 0), 400, 'invalid_argument'],
    ['half a byte', () => begin(anId(), 0.5), 400, 'invalid_argument'],
    [
      'no JSON',
      () => call('PUT', `api/files/${anId()}`, { type: jsonType, body: 'length=5' }),
      400,
      'invalid_argument',
    ],
    ['too large', () => begin(anId(), 2 ** 35), 413, 'too_large'],
    ['another length than before', () => begin(id, length + 1), 409, 'conflict'],
    [
      'an announcement of another type',
      () => call('PUT', `api/files/${anId()}`, { type: 'application/json', body: '{"length":5}' }),
      415,
      'unsupported_type',
    ],
    [
      'an announcement of 2 KiB',
      () => call('PUT', `api/files/${anId()}`, { type: jsonType, body: ' '.repeat(2048) }),
      413,
      'too_large',
    ],
    ['an offset within a part', () => put(id, 1, part), 400, 'invalid_argument'],
    ['an offset beyond the end', () => put(id, 2 * partLength, part), 400, 'invalid_argument'],
    ['a negative offset', () => put(id, -partLength, part), 400, 'invalid_argument'],
    ['an offset in words', () => put(id, 'first', part), 400, 'invalid_argument'],
    ['an offset in another notation', () => put(id, '0x400000', part), 400, 'invalid_argument'],
    ['an offset that is not safe', () => put(id, '9'.repeat(15), part), 400, 'invalid_argument'],
    ['a part too short', () => put(id, 0, part.subarray(1)), 400, 'invalid_argument'],
    ['a last part too long', () => put(id, partLength, part), 400, 'invalid_argument'],
    ['an empty part', () => put(id, 0, ''), 400, 'invalid_argument'],
    [
      'a part without a length',
      () => put(id, 0, new Blob([part]).stream()),
      400,
      'invalid_argument',
    ],
    ...['application/octet-stream', 'text/plain', 'application/jose', undefined].map(
      (type) =>
        /** @type {Case} */ ([
          `a part of type ${type}`,
          () => put(id, 0, part, type ?? ''),
          415,
          'unsupported_type',
        ]),
    ),
    ['a receipt before all is there', () => finish(id), 409, 'incomplete'],
    ['opening before all is there', () => json('POST', `api/files/${id}/open`), 409, 'incomplete'],
    ['opening what is not there', () => json('POST', `api/files/${anId()}/open`), 404, 'not_found'],
    [
      'opening as a form could',
      () => call('POST', `api/files/${id}/open`, { type: 'text/plain', body: '{}' }),
      415,
      'unsupported_type',
    ],
  ]
  for (const [name, work, status, code] of cases)
    assert.deepEqual([name, ...(await work()).slice(0, 2)], [name, status, code])
  assert.deepEqual((await call('GET', `api/files/${id}`))[1].parts, [], 'none of that was written')
  await put(id, partLength, last)
  assert.deepEqual((await call('GET', `api/files/${id}`))[1].parts, [1])
  await call('DELETE', `api/files/${id}`)
})

test('no other origin may write: nobody answers its preflight', async () => {
  for (const method of ['PUT', 'POST', 'DELETE']) {
    const { headers } = await fetch(`${demo.url}api/files/${anId()}/0`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': method },
    })
    for (const name of [
      'access-control-allow-origin',
      'access-control-allow-methods',
      'access-control-allow-headers',
    ])
      assert.strictEqual(headers.get(name), null)
  }
})

test('a file that is none, another one, or sealed for something else gets no receipt and is not kept', async () => {
  const text = randomBytes(1000)
  const wrong = async (work, code) => {
    const [id, [status, found, { kmsCalls }]] = await work()
    assert.deepEqual([found, status < 500, kmsCalls], [code, true, 0])
    assert.strictEqual((await call('GET', `api/files/${id}`))[0], 404)
  }
  await wrong(async () => {
    const id = anId()
    await begin(id, text.length)
    await put(id, 0, Buffer.alloc(text.length, 'no sealed file'))
    return [id, await finish(id)]
  }, 'unsupported_algorithm')
  await wrong(async () => {
    const id = anId()
    return [id, await sendAll(await sealerOf(text), id)]
  }, 'malformed')
  for (const other of [
    { form: 'newsletter', part: 'file' },
    { form: 'insurance-claim', part: 'message' },
    { ...context, more: '1' },
  ]) {
    await wrong(async () => {
      const sealer = await sealerOf(text, { context: other })
      return [sealer.messageId, await sendAll(sealer)]
    }, 'context_mismatch')
  }
})

test('a part that breaks off is not there, and the next try brings it', async () => {
  const sealer = await sealerOf(randomBytes(5 * MiB))
  const { messageId: id, length } = sealer
  await begin(id, length)
  const part = await sealer.slice(0, partLength)
  await new Promise((resolve) => {
    const { port } = new URL(demo.url)
    const request = httpRequest({
      host: '127.0.0.1',
      port,
      method: 'PUT',
      path: `/api/files/${id}/0`,
      headers: { 'content-type': partType, 'content-length': part.length },
    })
    request.on('error', resolve)
    request.write(part.subarray(0, MiB))
    setTimeout(() => request.destroy(), 200)
    request.on('close', resolve)
  })
  assert.deepEqual((await call('GET', `api/files/${id}`))[1].parts, [])
  assert.strictEqual((await put(id, 0, part))[0], 200)
  assert.deepEqual((await call('GET', `api/files/${id}`))[1].parts, [0])
})

test('what arrived, and what is whole, outlives a restart', async () => {
  const sealer = await sealerOf(randomBytes(9 * MiB))
  const whole = await sealerOf(Buffer.from('whole'))
  await sendAll(whole)
  const { messageId: id, length } = sealer
  await begin(id, length)
  await put(id, partLength, await sealer.slice(partLength, 2 * partLength))
  await demo.close()
  await start()
  assert.deepEqual((await call('GET', `api/files/${id}`))[1], {
    length,
    partLength,
    parts: [1],
    whole: false,
  })
  assert.strictEqual((await json('POST', `api/files/${whole.messageId}/open`))[0], 200)
  await put(id, 0, await sealer.slice(0, partLength))
  await put(id, 2 * partLength, await sealer.slice(2 * partLength, length))
  const [, { receipt }] = await finish(id)
  await verifyReceipt(keys, receipt, { sent: { messageId: id, digest: await sealer.digest() } })
})

test('the log has a line for what happened to a file, none for its parts, and no content', async () => {
  assert.ok(
    lines.some((line) =>
      /^POST \/api\/files\/[\w-]{43}\/receipt 200 \d+ ms \(received, 1 KMS calls\)$/.test(line),
    ),
  )
  assert.ok(
    lines.some((line) =>
      /^POST \/api\/files\/[\w-]{43}\/open 200 \d+ ms \(opened, 2 KMS calls\)$/.test(line),
    ),
  )
  assert.ok(!lines.some((line) => /^PUT \S+\/\d+ 200/.test(line)))
  for (const line of lines) assert.ok(!line.includes(marker) && !/[\r\n]/.test(line), line)
})
