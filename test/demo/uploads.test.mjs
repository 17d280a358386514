// Files at the companion without a browser: what it takes, refuses, keeps over a restart, and says
// in its log.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { DeleteObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { assert } from 'chai'
import { fetchKeySet, pinned, verifyReceipt } from 'sealdrop'
import { fileRecords } from 'sealdrop/fs'
import { uploadSealed, uploadTransport } from 'sealdrop/upload'
import { startDemo } from '../../demo/server.mjs'
import { pinsOf } from './pins.mjs'
import { refusalOf } from './refusal.mjs'

const MiB = 2 ** 20
const marker = 'plaintext-marker-77aa'
const fileName = 'name-marker-77aa.pdf'
const context = { form: 'insurance-claim', part: 'file' }
const jsonType = 'application/vnd.sealdrop.demo+json'
/** @type {string[]} */
const lines = []
/** @type {Awaited<ReturnType<typeof startDemo>>} */
let demo
let dir, keys, transport

const start = async (more) => {
  demo = await startDemo({
    dir: join(dir, 'kms'),
    files: join(dir, 'files'),
    log: (line) => lines.push(line),
    ...more,
  })
  keys = fetchKeySet(`${demo.url}.well-known/jwks.json`, { trust: pinned(await pinsOf(demo)) })
  transport = uploadTransport(`${demo.url}api/uploads`)
}
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sealdrop-uploads-'))
  await start()
})
after(async () => {
  await demo?.close()
  await rm(dir, { recursive: true })
})

const send = (bytes, o = {}) =>
  uploadSealed(keys, new File([bytes], fileName), { context, transport, ...o })
const sent = async (bytes, o) => (await send(bytes, o)).done
const nameOf = (key) => key.split('/').at(-1)

/** The receipt that the company leaves. */
async function receiptOf({ session }) {
  for (let i = 0; i < 500; i++) {
    const { receipt } = await transport.ask('receipt', { session })
    if (receipt) return receipt
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('no receipt came in 5 s')
}

/** @returns {Promise<[status: number, codeOrAnswer: any, answer: any]>} `any` is JSON that came */
async function open(name, verb = 'open', type = jsonType, body = '{}') {
  const response = await fetch(`${demo.url}api/files/${name}/${verb}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  })
  const answer = await response.json()
  assert.ok(!JSON.stringify(answer).includes(dir), 'no path of the server is told')
  return [response.status, response.ok ? answer : answer.code, answer]
}
const keysIn = async (Prefix) => {
  const { s3, bucket: Bucket } = demo.s3
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }))
  return Contents.map(({ Key }) => Key)
}

test('a file gets a receipt when it is there; it opens on demand, with one more; nothing but sealed bytes is kept', async () => {
  const bytes = randomBytes(9 * MiB + 1)
  bytes.write(marker, 100)
  const done = await sent(bytes)
  const { messageId, digest, key } = done
  const of = { messageId, digest }
  assert.match(key, /^inbox\/[\w-]{22}$/)
  const received = await verifyReceipt(keys, await receiptOf(done), { sent: of })
  assert.strictEqual(received.trust, 'pinned')
  const [, opened] = await open(nameOf(key))
  assert.deepEqual(
    [opened.stage, opened.kmsCalls, opened.calls],
    ['opened', 2, ['kms:Decrypt', 'kms:Sign']],
  )
  assert.deepEqual(
    [opened.seen.size, opened.seen.sha256, opened.seen.name],
    [bytes.length, createHash('sha256').update(bytes).digest('hex'), fileName],
  )
  await verifyReceipt(keys, opened.receipt, { sent: of })
  assert.strictEqual(await receiptOf(done), opened.receipt, 'the verb answers the newest one')
  for (const folder of ['bytes', 'objects', 'uploads'])
    for (const name of await readdir(join(dir, 'files', 'demo', folder))) {
      const kept = await readFile(join(dir, 'files', 'demo', folder, name))
      assert.ok(!kept.includes(marker) && !kept.includes(fileName), `${folder}/${name}`)
    }
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
    const { key } = await sent(bytes, { name: false })
    const [, { seen }] = await open(nameOf(key))
    assert.deepEqual(
      [seen.type, seen.size, seen.sha256, seen.name],
      [type, bytes.length, createHash('sha256').update(bytes).digest('hex'), undefined],
    )
  }
})

test('one changed bit of the stored file is refused after one KMS call, and so is a file of which a byte was changed on disk', async () => {
  const folder = join(dir, 'files', 'demo', 'bytes')
  const known = await readdir(folder)
  const done = await sent(randomBytes(2 * MiB))
  const receipt = await receiptOf(done)
  const name = nameOf(done.key)
  const refusal = async (verb) => {
    const [status, code, answer] = await open(name, verb)
    return [status, code, answer.kmsCalls]
  }
  assert.deepEqual(await refusal('open-changed'), [422, 'rejected', 1])
  const fresh = (await readdir(folder)).filter((file) => !known.includes(file))
  const sizes = await Promise.all(
    fresh.map(async (file) => (await readFile(join(folder, file))).length),
  )
  const path = join(folder, fresh[sizes.indexOf(Math.max(...sizes))])
  const stored = await readFile(path)
  stored[stored.length - 20] ^= 1
  await writeFile(path, stored)
  assert.deepEqual(await refusal('open'), [422, 'rejected', 1])
  await writeFile(path, stored.subarray(0, -1))
  const began = performance.now()
  assert.deepEqual(await refusal('open'), [500, 'source_failed', 1])
  assert.isBelow(performance.now() - began, 20_000, 'nobody waits for the byte that is gone')
  assert.strictEqual(await receiptOf(done), receipt, 'no receipt says that it was opened')
})

test('what may not be sent, or opened, is refused by its code', async () => {
  const bytes = randomBytes(1000)
  for (const other of [
    { form: 'newsletter', part: 'file' },
    { form: 'insurance-claim', part: 'message' },
    { ...context, more: '1' },
  ])
    assert.strictEqual((await refusalOf(sent(bytes, { context: other }))).code, 'rejected')
  const name = 'A'.repeat(22)
  const cases = [
    ['what is not there', [name], 404, 'not_found'],
    ['a name too short', ['A'.repeat(21)], 404, 'not_found'],
    ['a name that climbs', [encodeURIComponent(`../receipts/inbox/${name}`)], 404, 'not_found'],
    ['as a form could', [name, 'open', 'text/plain'], 415, 'unsupported_type'],
    [
      'as a script of another page could',
      [name, 'open', 'application/json'],
      415,
      'unsupported_type',
    ],
    ['with 2 KiB', [name, 'open', jsonType, ' '.repeat(2048)], 413, 'too_large'],
  ]
  for (const [what, asked, status, code] of cases)
    assert.deepEqual(
      [what, ...(await open(.../** @type {[string]} */ (asked))).slice(0, 2)],
      [what, status, code],
    )
})

test('no other origin may write: nobody answers its preflight, and its requests are refused', async () => {
  const origin = 'https://evil.example'
  for (const path of ['api/uploads', `api/files/${'A'.repeat(22)}/open`]) {
    const { headers } = await fetch(demo.url + path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    })
    for (const name of ['access-control-allow-origin', 'access-control-allow-headers'])
      assert.strictEqual(headers.get(name), null)
  }
  const foreign = uploadTransport(`${demo.url}api/uploads`, { headers: { origin } })
  const refused = await refusalOf(sent(randomBytes(10), { transport: foreign }))
  assert.strictEqual(refused.code, 'rejected')
  const preflight = await fetch(`${demo.s3.origin}/demo/x`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'PUT' },
  })
  assert.strictEqual(preflight.status, 403)
})

test('a file that is too long is refused before anything is made', async () => {
  await demo.close()
  await start({ limits: { maxLength: 2 * MiB } })
  const kept = await keysIn('inbox/')
  const refused = await refusalOf(sent(randomBytes(3 * MiB)))
  assert.strictEqual(refused.code, 'too_large')
  assert.deepEqual(await keysIn('inbox/'), kept)
  await sent(randomBytes(MiB))
  await demo.close()
  await start()
})

test('what arrived, and what is whole, outlives a restart; a receipt that is missing is made then', async () => {
  const bytes = randomBytes(28 * MiB)
  const records = fileRecords(join(dir, 'records'))
  const whole = await sent(Buffer.from('whole'))
  await receiptOf(whole)
  const stop = new AbortController()
  const o = { records, partLength: 5 * MiB, inFlight: 1 }
  const file = new File([bytes], fileName, { lastModified: 1 })
  const puts = []
  const counting = (real) => ({
    ...real,
    put: async (part, ...rest) => {
      const answer = await real.put(part, ...rest)
      puts.push(part.part)
      if (puts.length === 2) stop.abort('enough')
      return answer
    },
  })
  const first = { context, transport: counting(transport), ...o, signal: stop.signal }
  await (await uploadSealed(keys, file, first)).done.catch(() => {})
  const { s3, bucket: Bucket } = demo.s3
  await s3.send(new DeleteObjectCommand({ Bucket, Key: `receipts/${whole.key}` }))
  const { port } = demo
  await demo.close()
  await start({ port })
  await verifyReceipt(keys, await receiptOf(whole), {
    sent: { messageId: whole.messageId, digest: whole.digest },
  })
  assert.strictEqual((await open(nameOf(whole.key)))[0], 200)
  const again = await uploadSealed(keys, file, { context, transport: counting(transport), ...o })
  const done = await again.done
  await verifyReceipt(keys, await receiptOf(done), {
    sent: { messageId: done.messageId, digest: done.digest },
  })
  assert.isAtMost(puts.length, 7, 'at most the part that was under way is sent again')
})

test('the log has a line for what happened to a file, none for its parts, and no content', async () => {
  for (const expected of [
    /^upload begin 200$/,
    /^upload complete inbox\/[\w-]{22} 200$/,
    /^inbox\/[\w-]{22} received, 1 KMS calls$/,
    /^upload begin 403 rejected$/,
    /^POST \/api\/files\/[\w-]{22}\/open 200 \d+ ms \(opened, 2 KMS calls\)$/,
  ])
    assert.ok(
      lines.some((line) => expected.test(line)),
      String(expected),
    )
  assert.ok(!lines.some((line) => /^upload (sign|list|receipt) .* 200$/.test(line)))
  for (const line of lines)
    assert.ok(!line.includes(marker) && !line.includes(fileName) && !/[\r\n]/.test(line), line)
})
