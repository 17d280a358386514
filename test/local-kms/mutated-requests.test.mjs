// A thousand requests that no client would send. Each gets an answer of AWS's shape, and afterwards
// all is as before.
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { base64, clientOf, raw, signed } from './helpers.mjs'
import { generator } from '../support/generator.mjs'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
const heap = () => {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

const seed = Number(process.env.SEED ?? 20261126)
const { below, pick, bytes: numbers } = generator(seed)
const bytes = (n) => Buffer.from(numbers(n))
let local, kms, arn, valid
before(async () => {
  local = await startLocalKms({
    keys: [
      { alias: 'sign', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
      { alias: 'rsa', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
      { alias: 'agree', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
    ],
  })
  kms = clientOf(local)
  arn = local.keys
  const { CiphertextBlob } = await kms('Encrypt', {
    KeyId: arn.rsa,
    Plaintext: Buffer.from('kept'),
    EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  })
  const { PublicKey } = await kms('GetPublicKey', { KeyId: arn.agree })
  valid = [
    [
      'Sign',
      {
        KeyId: arn.sign,
        Message: base64('m'),
        SigningAlgorithm: 'ECDSA_SHA_256',
        MessageType: 'RAW',
        GrantTokens: [],
      },
    ],
    [
      'Decrypt',
      {
        KeyId: arn.rsa,
        CiphertextBlob: base64(CiphertextBlob),
        EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
        EncryptionContext: {},
      },
    ],
    [
      'Encrypt',
      { KeyId: arn.rsa, Plaintext: base64('p'), EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' },
    ],
    [
      'DeriveSharedSecret',
      { KeyId: arn.agree, KeyAgreementAlgorithm: 'ECDH', PublicKey: base64(PublicKey) },
    ],
    ['DescribeKey', { KeyId: 'alias/sign' }],
    ['GetPublicKey', { KeyId: arn.rsa }],
    ['ListKeys', { Limit: 2 }],
    ['ListAliases', { Limit: 2, KeyId: arn.sign }],
  ]
})
after(() => local.close())

const junk = () =>
  pick([
    null,
    true,
    false,
    0,
    -1,
    1.5,
    2 ** 53,
    1e308,
    '',
    'x',
    '\u0000',
    '\ud800',
    'a'.repeat(below(9_000)),
    bytes(below(300)).toString('base64'),
    [],
    [[]],
    {},
    { a: {} },
    ['x', 1],
    { __type: 'x' },
  ])

/** A body that is JSON, with one member changed, gone or added. */
function otherMembers(input) {
  const body = { ...input }
  const name = pick(Object.keys(body))
  pick([
    () => {
      body[name] = junk()
    },
    () => {
      delete body[name]
    },
    () => {
      body[
        pick([
          'Limit',
          'Marker',
          'KeyId',
          'DryRun',
          'Recipient',
          'constructor',
          'toString',
          'Policy',
        ])
      ] = junk()
    },
  ])()
  return JSON.stringify(body)
}

/** The text of a body with a few characters changed, cut out, doubled or put in. */
function otherText(input) {
  let text = Buffer.from(JSON.stringify(input))
  for (let i = below(4); i >= 0; i--) {
    const at = below(text.length + 1)
    const to = at + below(12)
    text = Buffer.concat([
      text.subarray(0, at),
      pick([
        Buffer.alloc(0),
        bytes(below(5)),
        text.subarray(at, to),
        Buffer.from('{"[,:]}'.repeat(below(200))),
      ]),
      text.subarray(pick([at, to])),
    ])
  }
  return text
}

const otherHeaders = () => ({
  [pick([
    'x-amz-target',
    'content-type',
    'x-amz-date',
    'host',
    'x-amz-content-sha256',
    'x-amz-security-token',
    'authorization',
    'origin',
    'content-encoding',
    'x-amz-user-agent',
  ])]: pick([
    '',
    'x',
    'TrentService.',
    'TrentService.Sign',
    `${'ab'.repeat(below(4_000))}`,
    '20261126T000000Z',
    'AWS4-HMAC-SHA256 Credential=a/b/c/kms/aws4_request, SignedHeaders=host, Signature=00',
    bytes(8).toString('hex'),
  ]),
})

const kinds = {
  'another member': async ([operation, input]) =>
    raw(local, { operation, body: otherMembers(input) }),
  'another text': async ([operation, input]) => raw(local, { operation, body: otherText(input) }),
  'random bytes': async ([operation]) => raw(local, { operation, body: bytes(below(2_000)) }),
  'another operation': async ([, input]) =>
    raw(local, { operation: pick(valid)[0], body: JSON.stringify(input) }),
  'another header': async ([operation, input]) =>
    raw(local, { operation, body: JSON.stringify(input), headers: otherHeaders() }),
  'a body that was not signed': async ([operation, input]) => {
    const headers = await signed(local, {
      method: 'POST',
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `TrentService.${operation}`,
      },
      body: JSON.stringify(input),
    })
    const { status, json, text } = await raw(local, {
      operation,
      body: `${JSON.stringify(input)} `,
      headers: { authorization: headers.authorization, 'x-amz-date': headers['x-amz-date'] },
    })
    assert.strictEqual(json().__type, 'InvalidSignatureException')
    return { status, json, text }
  },
  'a huge body': async ([operation]) =>
    raw(local, { operation, body: `{"KeyId":"${'k'.repeat(900_000 + below(400_000))}"}` }),
}

test("a thousand mutated or random requests each get an answer of AWS's shape, and afterwards keys, answers and memory are as before", async (t) => {
  const snapshot = async () =>
    JSON.stringify([
      await Promise.all(
        Object.values(arn).map((KeyId) =>
          raw(local, { operation: 'DescribeKey', body: { KeyId } }).then(({ text }) => text),
        ),
      ),
      (await raw(local, { operation: 'ListKeys' })).text,
      (await raw(local, { operation: 'ListAliases' })).text,
      (await raw(local, { operation: 'Decrypt', body: valid[1][1] })).text,
    ])
  const first = await snapshot()
  const counts = {}
  const statuses = {}
  let start
  for (let i = 0; i < 1_000; i++) {
    if (i === 200) start = heap() // code is compiled and caches are filled
    const kind = i % 97 === 0 ? 'a huge body' : pick(Object.keys(kinds).slice(0, -1))
    const { status, json, text } = await kinds[kind](pick(valid)).catch((e) => {
      throw new Error(`seed ${seed}, request ${i}, ${kind}: ${e.message}`, { cause: e })
    })
    counts[kind] = (counts[kind] ?? 0) + 1
    statuses[status] = (statuses[status] ?? 0) + 1
    assert.ok(
      [200, 400, 413].includes(status),
      `seed ${seed}, request ${i}, ${kind}: status ${status} ${text}`,
    )
    if (status !== 200) assert.match(json().__type, /^[A-Z]\w+(Exception|Entity\w+)$/)
  }
  assert.ok(statuses[400] > 700, JSON.stringify(statuses))
  const grown = heap() - start
  t.diagnostic(
    `seed ${seed}: ${JSON.stringify(counts)}, answers ${JSON.stringify(statuses)}, heap ${(grown / 2 ** 20).toFixed(1)} MiB more`,
  )
  assert.strictEqual(await snapshot(), first)
  assert.ok(grown < 8 * 2 ** 20, `${grown} bytes more`)
})

test('senders that write a byte now and then hold up nobody and are let go at close', async () => {
  const one = await startLocalKms({
    keys: [{ alias: 'sign', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }],
  })
  const sockets = await Promise.all(
    Array.from(
      { length: 50 },
      () =>
        new Promise((resolve) => {
          const socket = connect(Number(new URL(one.url).port), '127.0.0.1', () => {
            socket.write(
              'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: TrentService.ListKeys\r\nContent-Length: 1000\r\n\r\n',
            )
            resolve(socket)
          })
            .on('error', () => {})
            .resume()
        }),
    ),
  )
  const drip = setInterval(() => {
    for (const socket of sockets) socket.write(' ')
  }, 10)
  const times = []
  for (let i = 0; i < 20; i++) {
    const start = performance.now()
    await clientOf(one)('Sign', {
      KeyId: one.keys.sign,
      Message: Buffer.from('x'),
      SigningAlgorithm: 'ECDSA_SHA_256',
    })
    times.push(performance.now() - start)
  }
  const closing = one.close().then(() => 'closed')
  assert.strictEqual(
    await Promise.race([
      closing,
      new Promise((resolve) => setTimeout(resolve, 10_000, 'still open').unref()),
    ]),
    'closed',
  )
  clearInterval(drip)
  for (const socket of sockets) socket.destroy()
  assert.strictEqual(times.length, 20)
})

test('who asks for much and reads nothing is let go at close', async () => {
  const one = await startLocalKms()
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Sid: 'x'.repeat(30_000), Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' },
    ],
  })
  const { KeyId } = (await clientOf(one)('CreateKey', { Policy })).KeyMetadata
  const body = JSON.stringify({ KeyId })
  const headers = await signed(one, {
    method: 'POST',
    path: '/',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'content-length': body.length,
      'x-amz-target': 'TrentService.GetKeyPolicy',
    },
    body,
  })
  const request = `POST / HTTP/1.1\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n${body}`
  const socket = connect(Number(new URL(one.url).port), '127.0.0.1')
    .on('error', () => {})
    .pause()
  socket.write(request.repeat(1_000)) // 30 MB of answers, more than the system holds for a reader
  await new Promise((resolve) => setTimeout(resolve, 500))
  assert.strictEqual((await clientOf(one)('DescribeKey', { KeyId })).KeyMetadata.KeyId, KeyId)
  assert.strictEqual(
    await Promise.race([
      one.close().then(() => 'closed'),
      new Promise((resolve) => setTimeout(resolve, 30_000, 'still open').unref()),
    ]),
    'closed',
  )
  socket.destroy()
})
