import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { base64, clientOf, failure, raw, wireHeaders } from './helpers.mjs'

let local, kms, arn, port
before(async () => {
  local = await startLocalKms({
    keys: [{ alias: 'a', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }],
  })
  kms = clientOf(local)
  arn = local.keys.a
  port = Number(new URL(local.url).port)
})
after(() => local.close())

const good = { operation: 'ListKeys' }
const { authorization } = wireHeaders()
const scope = (from, to) => ({ authorization: authorization.replace(from, to) })

/** Each is the good request with one thing changed. */
const refused = [
  ['GET', { method: 'GET', body: '' }, 'UnknownOperationException'],
  [
    'a preflight',
    {
      method: 'OPTIONS',
      body: '',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    },
    'UnknownOperationException',
  ],
  ['PUT', { method: 'PUT' }, 'UnknownOperationException'],
  ['another path', { path: '/x' }, 'UnknownOperationException'],
  ['a query', { path: '/?a=b' }, 'UnknownOperationException'],
  ['an absolute URL', { path: 'http://evil.example/' }, 'UnknownOperationException'],
  ['an Origin', { headers: { origin: 'https://evil.example' } }, 'AccessDeniedException'],
  ['the Origin null', { headers: { origin: 'null' } }, 'AccessDeniedException'],
  ['its own Origin', { headers: { origin: 'http://127.0.0.1' } }, 'AccessDeniedException'],
  ['Sec-Fetch-Site', { headers: { 'sec-fetch-site': 'none' } }, 'AccessDeniedException'],
  ...[
    'evil.example',
    'evil.example:80',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '127.0.0.2',
    '0.0.0.0',
    '[::2]',
    '127.0.0.1@evil.example',
    '127.0.0.1:80:80',
    '127.0.0.1:',
  ].map((host) => [`the Host ${host}`, { headers: { host } }, 'AccessDeniedException']),
  ...[
    'text/plain',
    'application/json',
    'application/x-amz-json-1.0',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'text/plain; application/x-amz-json-1.1',
    undefined,
  ].map((type) => [
    `the content type ${type}`,
    { headers: { 'content-type': type } },
    'UnknownOperationException',
  ]),
  ['a content encoding', { headers: { 'content-encoding': 'gzip' } }, 'SerializationException'],
  [
    'no Authorization',
    { headers: { authorization: undefined } },
    'MissingAuthenticationTokenException',
  ],
  ...[
    '',
    'Basic YTpi',
    'Bearer x',
    'AWS4-HMAC-SHA256',
    authorization.replace('SignedHeaders=host', 'SignedHeaders=hosts'),
    authorization.replace(/Signature=.*/, 'Signature=abc'),
    authorization.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'),
    authorization.replace('aws4_request', 'aws3_request'),
    authorization.replace(/\/\d{8}\//, '/20200101/'),
  ].map((value) => [
    `the Authorization ${value.slice(0, 60)}`,
    { headers: { authorization: value } },
    'IncompleteSignatureException',
  ]),
  ['no X-Amz-Date', { headers: { 'x-amz-date': undefined } }, 'IncompleteSignatureException'],
  [
    'the scope of another Region',
    { headers: scope('/us-east-1/', '/eu-west-1/') },
    'InvalidSignatureException',
  ],
  [
    'the scope of another service',
    { headers: scope('/kms/', '/s3/') },
    'InvalidSignatureException',
  ],
  ...[
    undefined,
    '',
    'ListKeys',
    'TrentService.',
    'TrentService.Nonsense',
    'TrentService.listKeys',
    'TrentService.__proto__',
    'TrentService.constructor',
    'Trent.ListKeys',
    'DynamoDB_20120810.ListKeys',
  ].map((target) => [
    `the target ${target}`,
    { operation: undefined, target },
    'UnknownOperationException',
  ]),
  ...[
    '',
    'x',
    '{',
    '[]',
    'null',
    '1',
    '"x"',
    '{} {}',
    '\ufeff{}',
    '{"Limit":1,"Limit":2}',
    '{"__proto__":{"Limit":1}}',
    '['.repeat(500_000),
    `{"a":${'['.repeat(40)}${']'.repeat(40)}}`,
    `{"a":"${'\\"'.repeat(400_000)}`,
    Buffer.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d),
  ].map((body) => [`the body ${String(body).slice(0, 30)}`, { body }, 'SerializationException']),
  ...[
    { Limit: '5' },
    { Limit: 1.5 },
    { Limit: true },
    { Limit: [] },
    { Limit: {} },
    { Marker: 5 },
    { Marker: {} },
  ].map((body) => [`the input ${JSON.stringify(body)}`, { body }, 'SerializationException']),
  ['an infinite number', { body: '{"Limit":1e999}' }, 'SerializationException'],
]

for (const [name, change, type] of refused) {
  test(`${name} is refused with ${type}`, async () => {
    const response = await raw(local, { ...good, ...change })
    assert.strictEqual(response.status, 400)
    assert.strictEqual(response.json().__type, type)
    assert.match(response.headers['x-amzn-requestid'], /^[0-9a-f-]{36}$/)
    assert.strictEqual(response.headers['content-type'], 'application/x-amz-json-1.1')
    assert.deepEqual(
      Object.keys(response.headers).filter((header) => header.startsWith('access-control')),
      [],
    )
  })
}

test('the good request, of which each refused one is a change, is answered with a request id and a true Date', async () => {
  for (const change of [
    {},
    { headers: { host: `localhost:${port}` } },
    { headers: { host: '[::1]:4566' } },
    { headers: { host: '127.0.0.1' } },
    { headers: { 'content-type': 'application/x-amz-json-1.1; charset=utf-8' } },
    { body: '{"Limit":null,"Unknown":[1]}' },
  ]) {
    const { status, headers, json } = await raw(local, { ...good, ...change })
    assert.strictEqual(status, 200)
    assert.strictEqual(json().Keys.length, 1)
    assert.match(headers['x-amzn-requestid'], /^[0-9a-f-]{36}$/)
    assert.strictEqual(headers['content-type'], 'application/x-amz-json-1.1')
    assert.ok(Math.abs(Date.parse(headers.date) - Date.now()) < 5_000)
  }
})

test('members of a wrong JSON type are SerializationException in every operation', async () => {
  const inputs = {
    Sign: [
      { KeyId: 1 },
      { Message: 1 },
      { Message: [1] },
      { Message: 'a' },
      { Message: 'YQ' },
      { Message: 'YR==' },
      { Message: 'YQ==\n' },
      { Message: 'Y_-=' },
      { SigningAlgorithm: {} },
      { MessageType: true },
      { GrantTokens: 'x' },
      { GrantTokens: [1] },
    ],
    Encrypt: [
      { EncryptionContext: [] },
      { EncryptionContext: 'x' },
      { EncryptionContext: { a: 1 } },
      { EncryptionContext: { a: null } },
    ],
    CreateKey: [{ KeySpec: 5 }, { Description: {} }, { KeyUsage: ['SIGN_VERIFY'] }],
    ScheduleKeyDeletion: [{ PendingWindowInDays: '7' }, { PendingWindowInDays: 7.5 }],
  }
  for (const [operation, bodies] of Object.entries(inputs)) {
    for (const body of bodies) {
      const { status, json } = await raw(local, { operation, body })
      assert.deepEqual(
        [status, json().__type],
        [400, 'SerializationException'],
        `${operation} ${JSON.stringify(body)}`,
      )
      assert.match(json().message, /^\w+ can not be converted to an? [\w ]+$/)
    }
  }
})

test('more than 10 grant tokens are a ValidationException', async () => {
  const { json } = await raw(local, {
    operation: 'DescribeKey',
    body: { KeyId: arn, GrantTokens: Array(11).fill('x') },
  })
  assert.strictEqual(
    json().message,
    "1 validation error detected: Value at 'grantTokens' failed to satisfy constraint: Member must have length less than or equal to 10",
  )
})

test('a body of 1 MiB is read, one byte more is RequestEntityTooLargeException, announced or chunked', async () => {
  const padded = (length) => `{"a":"${'x'.repeat(length - 8)}"}`
  assert.strictEqual((await raw(local, { ...good, body: padded(1_048_576) })).status, 200)
  for (const [length, headers] of [
    [1_048_577, {}],
    [8_000_000, {}],
    [1_048_577, { 'transfer-encoding': 'chunked' }],
  ]) {
    const { status, json } = await raw(local, { ...good, body: padded(length), headers })
    assert.deepEqual([status, json().__type], [413, 'RequestEntityTooLargeException'])
  }
})

test('a hostile KeyId is never found and never crashes', async () => {
  for (const KeyId of [
    'constructor',
    'alias/__proto__',
    'alias/constructor',
    '../../etc/passwd',
    'arn:',
    'arn:aws:kms:us-east-1:111122223333:key/',
    'arn:aws:kms:us-east-1:111122223333:key/../x',
    'a'.repeat(2048),
    'a'.repeat(2049),
  ]) {
    const { status, json } = await raw(local, { operation: 'DescribeKey', body: { KeyId } })
    assert.strictEqual(status, 400)
    assert.ok(
      ['NotFoundException', 'InvalidArnException', 'ValidationException'].includes(json().__type),
      KeyId,
    )
  }
})

/** Sends bytes as they are, and gives all that came back. */
const bytesOf = (text) =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', (data) => (answer += data))
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })

test('what is not HTTP, or HTTP with two Hosts, gets 400 and a closed connection', async () => {
  assert.match(
    await bytesOf('nonsense\r\n\r\n'),
    /^HTTP\/1\.1 400 .*\r\nx-amzn-RequestId: [0-9a-f-]{36}\r\n/,
  )
  assert.match(
    await bytesOf(
      `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
    ),
    /^HTTP\/1\.1 400 /,
  )
  assert.match(await bytesOf('POST / HTTP/1.0\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 400 /)
  assert.match(
    await bytesOf(`POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nA: ${'a'.repeat(100_000)}\r\n\r\n`),
    /^HTTP\/1\.1 400 /,
  )
  assert.match(
    await bytesOf(
      'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: nonsense\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    ),
    /^HTTP\/1\.1 400 /,
  )
})

test('a client that goes away in the middle of a body harms nobody', async () => {
  for (let i = 0; i < 5; i++) {
    const headers = Object.entries({
      ...wireHeaders(),
      host: '127.0.0.1',
      'content-length': 1000,
      'x-amz-target': 'TrentService.ListKeys',
    })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')
    await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () =>
        socket.write(`POST / HTTP/1.1\r\n${headers}\r\n{"a"`, () => {
          socket.destroy()
          resolve()
        }),
      )
    })
  }
  assert.strictEqual((await kms('ListKeys')).Keys.length, 1)
})

test('the server listens on 127.0.0.1 only', async () => {
  const { networkInterfaces } = await import('node:os')
  const others = Object.values(networkInterfaces())
    .flat()
    .map(({ address }) => address)
    .filter((address) => address !== '127.0.0.1')
  for (const address of [...others, '127.0.0.2']) {
    const e = await failure(
      new Promise((resolve, reject) => {
        const socket = connect(port, address, () => {
          socket.destroy()
          resolve()
        }).on('error', reject)
      }),
    )
    assert.ok(
      ['ECONNREFUSED', 'EADDRNOTAVAIL', 'ENETUNREACH', 'EINVAL', 'EHOSTUNREACH'].includes(e.code),
      `${address} ${e}`,
    )
  }
})

test('close lets a running operation finish, ends idle, silent and half-sent connections at once, and then nothing answers', async () => {
  const one = await startLocalKms()
  await clientOf(one)('ListKeys') // its connection stays open
  const opened = (text) =>
    new Promise((resolve) => {
      const socket = connect(new URL(one.url).port, '127.0.0.1', () =>
        socket.write(text, () => resolve(socket)),
      )
        .on('error', () => undefined)
        .resume()
    })
  const sockets = [
    await opened('\r\n'),
    await opened('POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{'),
  ]
  const running = raw(one, {
    operation: 'CreateKey',
    body: { KeySpec: 'RSA_3072', KeyUsage: 'SIGN_VERIFY' },
  })
  await new Promise((resolve) => setTimeout(resolve, 30))
  const closing = [one.close(), one.close()]
  assert.strictEqual((await running).json().KeyMetadata.KeySpec, 'RSA_3072')
  const start = Date.now()
  await Promise.all(closing)
  assert.ok(Date.now() - start < 1_000)
  assert.strictEqual((await failure(raw(one, good))).code, 'ECONNREFUSED')
  await Promise.all(
    sockets.map(
      (socket) => socket.destroyed || new Promise((resolve) => socket.once('close', resolve)),
    ),
  )
})

test('bad options are invalid_argument and name the option', async () => {
  const key = { alias: 'a', spec: 'RSA_2048', usage: 'SIGN_VERIFY' }
  const bad = {
    port: [-1, 65_536, 1.5, '80', NaN, null],
    dir: ['', 5, null],
    region: ['', 'x', 'US-EAST-1', 5, '../x-1', null],
    now: [5, () => NaN, () => '1', () => new Date()],
    regions: ['us-east-1', [,], ['x']],
    credentials: [{}],
    seed: [5],
    faults: [{}, [,]],
    onCall: ['x'],
    keys: [
      {},
      'x',
      null,
      [null],
      [,],
      [{ ...key, policy: '{}' }],
      [{ ...key, alias: 'a b' }],
      [{ ...key, alias: 'aws/x' }],
      [{ ...key, alias: undefined }],
      [{ ...key, spec: 'RSA_1024' }],
      [{ ...key, usage: 'KEY_AGREEMENT' }],
      [{ ...key, usage: 'constructor' }],
      [key, { ...key, alias: 'alias/a' }],
    ],
  }
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) {
      const e = await failure(startLocalKms({ [name]: value }))
      assert.deepEqual([e.name, e.code], ['SealdropError', 'invalid_argument'], `${name} ${value}`)
      assert.ok(e.message.startsWith(name), e.message)
    }
  }
  assert.strictEqual((await failure(startLocalKms(null))).code, 'invalid_argument')
  const misspelt = await failure(startLocalKms({ credential: '{}' }))
  assert.deepEqual(
    [misspelt.code, misspelt.message],
    [
      'invalid_argument',
      'options: there is no "credential"; expected port, dir, region, regions, credentials, seed, now, faults, onCall, keys',
    ],
  )
})

test('it refuses to start in production', async () => {
  const before = process.env.NODE_ENV
  process.env.NODE_ENV = 'production'
  try {
    const e = await failure(startLocalKms())
    assert.strictEqual(e.code, 'invalid_argument')
    assert.match(e.message, /NODE_ENV=production/)
  } finally {
    before === undefined ? delete process.env.NODE_ENV : (process.env.NODE_ENV = before)
  }
})

test('a port in use is a conflict', async () => {
  const e = await failure(startLocalKms({ port }))
  assert.deepEqual([e.name, e.code], ['SealdropError', 'conflict'])
  assert.match(e.message, new RegExp(`${port}`))
})
