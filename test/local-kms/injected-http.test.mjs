// What a strike does to a connection: a server of this file that asks the faults as the local KMS
// does, a raw client, and the AWS client.
import { createServer, request } from 'node:http'
import { afterEach, beforeEach, test } from 'node:test'
import { assert } from 'chai'
import { DecryptCommand, GenerateRandomCommand, KMSClient } from '@aws-sdk/client-kms'
import { InjectedFaults } from '#dist/local-kms/injected/injected-faults.js'
import { strikeAnswer, strikeBefore, strikeBody } from '#dist/local-kms/injected/strike.js'
import { KmsFault } from '#dist/local-kms/wire/fault.js'
import { assertRejects, failure, portOf, there } from './helpers.mjs'

/** @import { FaultKind } from 'sealdrop/local-kms' */

const arn = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const answers = {
  Decrypt: { KeyId: arn, Plaintext: Buffer.from('hello').toString('base64') },
  GenerateRandom: { Plaintext: 'AAAA' },
  EnableKey: undefined,
}

/** @type {import('node:http').Server} */
let server
/** @type {InjectedFaults} */
let faults
/** @type {AbortController} */
let closing
/** How many operations ran, and how many exchanges are over. */
let [done, over] = [0, 0]
let url = ''

/** Answers a request as the local KMS does, with the fault that it meets. */
async function answer(incoming, response) {
  incoming.resume()
  const operation = incoming.headers['x-amz-target'].slice('TrentService.'.length)
  const strike = faults.match({ operation, region: 'us-east-1', keyIds: [arn] })
  let status = 200
  let body = ''
  try {
    if (!(await strikeBefore(strike, { response, signal: closing.signal }))) return
    done++
    const given = strikeAnswer(strike, operation, answers[operation])
    body = given ? JSON.stringify(given) : ''
  } catch (e) {
    assert.instanceOf(e, KmsFault)
    ;({ status, body } = /** @type {KmsFault} */ (e))
  } finally {
    over++
  }
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': Buffer.byteLength(body),
  })
  strikeBody(strike, response, body)
}
beforeEach(async () => {
  faults = new InjectedFaults()
  closing = new AbortController()
  ;[done, over] = [0, 0]
  server = createServer((incoming, response) => void answer(incoming, response))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  url = `http://127.0.0.1:${portOf(server)}`
})
afterEach(
  () =>
    new Promise((resolve) => {
      closing.abort()
      server.closeAllConnections()
      server.close(resolve)
    }),
)

/**
 * One bare request: what came before the end, and how it ended.
 *
 * @param {string} operation
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ status?: number; length?: number; text: string; end: string }>}
 */
function raw(operation, signal) {
  return new Promise((resolve) => {
    const headers = { 'x-amz-target': `TrentService.${operation}` }
    const found = { status: undefined, length: undefined, text: '' }
    const ended = (end) => resolve({ ...found, end })
    const failed = (/** @type {NodeJS.ErrnoException} */ { code }) => ended(code)
    request(url, { method: 'POST', agent: false, signal, headers }, (response) => {
      Object.assign(found, {
        status: response.statusCode,
        length: Number(response.headers['content-length']),
      })
      response.on('data', (chunk) => {
        found.text += chunk
      })
      response.on('end', () => ended('whole'))
      response.on('error', failed)
    })
      .on('error', failed)
      .end('{}')
  })
}
const client = (more = {}) =>
  new KMSClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'LOCAL', secretAccessKey: 'local' },
    maxAttempts: 1,
    ...more,
  })
const decrypt = (more) =>
  client(more).send(new DecryptCommand({ KeyId: arn, CiphertextBlob: Buffer.from('x') }))
/** @param {import('@aws-sdk/client-kms').DecryptCommandOutput} answered */
const textOf = ({ Plaintext }) => Buffer.from(there(Plaintext)).toString()
const until = async (condition) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('no fault, no change', async () => {
  assert.deepEqual(await raw('Decrypt'), {
    status: 200,
    length: JSON.stringify(answers.Decrypt).length,
    text: JSON.stringify(answers.Decrypt),
    end: 'whole',
  })
})

/**
 * Kind, and the error as the AWS client has it.
 *
 * @type {[FaultKind, number, string, string][]}
 */
const errors = [
  [
    'throttle',
    400,
    'ThrottlingException',
    'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
  ],
  [
    'internal',
    500,
    'KMSInternalException',
    'The request was rejected because an internal exception occurred. The request can be retried.',
  ],
  [
    'unavailable',
    503,
    'DependencyTimeoutException',
    'The system timed out while trying to fulfill the request. The request can be retried.',
  ],
]
for (const [kind, status, name, message] of errors) {
  test(`${kind}: the AWS client has ${name} with status ${status}, and the operation did not run`, async () => {
    faults.add({ kind })
    const e = await failure(decrypt())
    assert.deepEqual([e.name, e.message, e.$metadata.httpStatusCode], [name, message, status])
    assert.strictEqual(done, 0)
  })
  test(`${kind}: the AWS client tries again, and the third answer is right`, async () => {
    const id = faults.add({ kind, count: 2 })
    assert.strictEqual(textOf(await decrypt({ maxAttempts: 3 })), 'hello')
    assert.deepEqual([faults.list()[0].id, faults.list()[0].struck, done], [id, 2, 1])
  })
}

for (const rule of [{ kind: 'reset' }, { kind: 'region-down', region: 'us-east-1' }]) {
  test(`${rule.kind}: the connection is reset before a byte of an answer`, async () => {
    faults.add(rule)
    assert.deepEqual(await raw('Decrypt'), {
      status: undefined,
      length: undefined,
      text: '',
      end: 'ECONNRESET',
    })
    assert.strictEqual(done, 0)
    await assertRejects(decrypt(), { code: 'ECONNRESET' })
  })
}

test('half: the head promises the whole, half of it comes, and then the connection ends', async () => {
  faults.add({ kind: 'half' })
  const whole = JSON.stringify(answers.Decrypt)
  assert.deepEqual(await raw('Decrypt'), {
    status: 200,
    length: whole.length,
    text: whole.slice(0, whole.length / 2),
    end: 'ECONNRESET',
  })
  assert.strictEqual(done, 1)
  await failure(decrypt())
})

test('half of an empty answer is a reset: its head alone would be the whole', async () => {
  faults.add({ kind: 'half' })
  assert.deepEqual(await raw('EnableKey'), {
    status: undefined,
    length: undefined,
    text: '',
    end: 'ECONNRESET',
  })
})

test('wrong-key-id and wrong-length arrive as answers that the AWS client takes', async () => {
  const id = faults.add({ kind: 'wrong-key-id' })
  assert.strictEqual((await decrypt()).KeyId, arn.replace(/b$/, 'a'))
  faults.remove(id)
  faults.add({ kind: 'wrong-length' })
  assert.strictEqual(textOf(await decrypt()), 'hell')
  const random = await client().send(new GenerateRandomCommand({ NumberOfBytes: 3 }))
  assert.strictEqual(random.Plaintext?.length, 2)
})

test('latency: the right answer, late; other kinds strike late when they have one', async () => {
  faults.add({ kind: 'latency', latency: 150, count: 1 })
  faults.add({ kind: 'throttle', latency: 150 })
  const began = performance.now()
  assert.strictEqual(textOf(await decrypt()), 'hello')
  const answered = performance.now() - began
  assert.ok(answered >= 145, `${answered} ms`)
  await assertRejects(decrypt(), { name: 'ThrottlingException' })
  const refused = performance.now() - began - answered
  assert.ok(refused >= 145, `${refused} ms`)
})

test('timeout: no answer comes, and the exchange ends when the client goes', async () => {
  faults.add({ kind: 'timeout' })
  const gone = new AbortController()
  const waiting = raw('Decrypt', gone.signal)
  await until(() => faults.list()[0].struck === 1)
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.strictEqual(over, 0, 'it waits')
  gone.abort()
  assert.strictEqual((await waiting).end, 'ABORT_ERR')
  await until(() => over === 1)
  assert.strictEqual(done, 0)
})

test('a client that goes during a latency: its operation does not run', async () => {
  faults.add({ kind: 'latency', latency: 60_000 })
  const gone = new AbortController()
  const waiting = raw('Decrypt', gone.signal)
  await until(() => faults.list()[0].struck === 1)
  gone.abort()
  await waiting
  await until(() => over === 1)
  assert.strictEqual(done, 0)
})

test('the server closes: a timeout ends without an answer, a latency with its answer at once', async () => {
  faults.add({ kind: 'timeout', count: 1 })
  faults.add({ kind: 'latency', latency: 60_000 })
  const first = raw('Decrypt')
  await until(() => faults.list()[0].struck === 1)
  const second = raw('Decrypt')
  await until(() => faults.list()[1].struck === 1)
  const began = performance.now()
  closing.abort()
  assert.strictEqual((await first).end, 'ECONNRESET')
  assert.strictEqual((await second).text, JSON.stringify(answers.Decrypt))
  assert.ok(performance.now() - began < 5_000)
  assert.strictEqual(
    (await raw('Decrypt')).end,
    'whole',
    'a call that comes after the signal does not wait',
  )
})

test('strikes leave no listener behind', async () => {
  faults.add({ kind: 'latency', latency: 1 })
  const warnings = []
  const note = (warning) => warnings.push(warning.name)
  process.on('warning', note)
  for (let call = 0; call < 30; call++) await raw('Decrypt')
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', note)
  assert.deepEqual(warnings, [], 'eleven listeners on one signal would warn')
  assert.strictEqual(done, 30)
})
