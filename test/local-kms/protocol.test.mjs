// Requests that are not those of a client of KMS, and what each gets.
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { clientOf, raw, row, there, wireHeaders } from './helpers.mjs'
import * as say from './messages.mjs'

/** @type {import('sealdrop/local-kms').LocalKms} */
let local
/** @type {import('./types.d.ts').Client} */
let kms
let arn, port
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

const evil = 'https://evil.example'
const preflight = { origin: evil, 'access-control-request-method': 'POST' }
const hosts = [
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
]
const contentTypes = [
  'text/plain',
  'application/json',
  'application/x-amz-json-1.0',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'text/plain; application/x-amz-json-1.1',
  undefined,
]
const authorizations = [
  '',
  'Basic YTpi',
  'Bearer x',
  'AWS4-HMAC-SHA256',
  authorization.replace('SignedHeaders=host', 'SignedHeaders=hosts'),
  authorization.replace(/Signature=.*/, 'Signature=abc'),
  authorization.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'),
  authorization.replace('aws4_request', 'aws3_request'),
  authorization.replace(/\/\d{8}\//, '/20200101/'),
]
const targets = [
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
]
const noObjects = ['', 'x', '{', '[]', 'null', '1', '"x"', '{} {}', '\ufeff{}']
const bodies = [
  ...noObjects,
  '{"Limit":1,"Limit":2}',
  '{"__proto__":{"Limit":1}}',
  '['.repeat(500_000),
  `{"a":${'['.repeat(40)}${']'.repeat(40)}}`,
  `{"a":"${'\\"'.repeat(400_000)}`,
  Buffer.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d),
]
const limits = [{ Limit: '5' }, { Limit: 1.5 }, { Limit: true }, { Limit: [] }, { Limit: {} }]
const markers = [{ Marker: 5 }, { Marker: {} }]

/** What differs from the good request, by the error that it gets. */
const refused = {
  UnknownOperationException: [
    row('GET', { method: 'GET', body: '' }),
    row('a preflight', { method: 'OPTIONS', body: '', headers: preflight }),
    row('PUT', { method: 'PUT' }),
    row('another path', { path: '/x' }),
    row('a query', { path: '/?a=b' }),
    row('an absolute URL', { path: 'http://evil.example/' }),
    ...contentTypes.map((type) =>
      row(`the content type ${type}`, { headers: { 'content-type': type } }),
    ),
    ...targets.map((target) => row(`the target ${target}`, { operation: undefined, target })),
  ],
  AccessDeniedException: [
    row('an Origin', { headers: { origin: evil } }),
    row('the Origin null', { headers: { origin: 'null' } }),
    row('its own Origin', { headers: { origin: 'http://127.0.0.1' } }),
    row('Sec-Fetch-Site', { headers: { 'sec-fetch-site': 'none' } }),
    ...hosts.map((host) => row(`the Host ${host}`, { headers: { host } })),
  ],
  SerializationException: [
    row('a content encoding', { headers: { 'content-encoding': 'gzip' } }),
    ...bodies.map((body) => row(`the body ${String(body).slice(0, 30)}`, { body })),
    ...[...limits, ...markers].map((body) => row(`the input ${JSON.stringify(body)}`, { body })),
    row('an infinite number', { body: '{"Limit":1e999}' }),
  ],
  MissingAuthenticationTokenException: [
    row('no Authorization', { headers: { authorization: undefined } }),
  ],
  IncompleteSignatureException: [
    ...authorizations.map((value) =>
      row(`the Authorization ${value.slice(0, 60)}`, { headers: { authorization: value } }),
    ),
    row('no X-Amz-Date', { headers: { 'x-amz-date': undefined } }),
  ],
  InvalidSignatureException: [
    row('the scope of another Region', { headers: scope('/us-east-1/', '/eu-west-1/') }),
    row('the scope of another service', { headers: scope('/kms/', '/s3/') }),
  ],
}

for (const [type, rows] of Object.entries(refused)) {
  for (const [name, change] of rows) {
    test(`${name} is refused with ${type}`, async () => {
      const response = await raw(local, { ...good, ...change })
      assert.strictEqual(response.status, 400)
      assert.strictEqual(response.json().__type, type)
      assert.match(there(response.headers['x-amzn-requestid']?.toString()), /^[0-9a-f-]{36}$/)
      assert.strictEqual(response.headers['content-type'], 'application/x-amz-json-1.1')
      assert.deepEqual(
        Object.keys(response.headers).filter((header) => header.startsWith('access-control')),
        [],
      )
    })
  }
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
    assert.ok(Math.abs(Date.parse(there(headers.date)) - Date.now()) < 5_000)
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
  for (const [operation, wrong] of Object.entries(inputs)) {
    for (const body of wrong) {
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
  assert.strictEqual(json().message, say.mustHave('grantTokens', 'length less than or equal to 10'))
})

test('a body of 1 MiB is read, one byte more is RequestEntityTooLargeException, announced or chunked', async () => {
  const padded = (length) => `{"a":"${'x'.repeat(length - 8)}"}`
  assert.strictEqual((await raw(local, { ...good, body: padded(1_048_576) })).status, 200)
  for (const [length, headers] of [
    row(1_048_577, {}),
    row(8_000_000, {}),
    row(1_048_577, { 'transfer-encoding': 'chunked' }),
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
    socket.on('data', (data) => {
      answer += data
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })

test('what is not HTTP, or HTTP with two Hosts, gets 400 and a closed connection', async () => {
  const [post, close] = ['POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n', 'Connection: close\r\n\r\n']
  const refusedRequests = [
    `${post}Host: evil.example\r\nContent-Length: 2\r\n${close}{}`,
    `POST / HTTP/1.0\r\n${close}`,
    `${post}A: ${'a'.repeat(100_000)}\r\n\r\n`,
    `${post}Expect: nonsense\r\nContent-Length: 0\r\n${close}`,
  ]
  assert.match(
    await bytesOf('nonsense\r\n\r\n'),
    /^HTTP\/1\.1 400 .*\r\nx-amzn-RequestId: [0-9a-f-]{36}\r\n/,
  )
  for (const text of refusedRequests) assert.match(await bytesOf(text), /^HTTP\/1\.1 400 /)
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
          resolve(undefined)
        }),
      )
    })
  }
  assert.strictEqual((await kms('ListKeys')).Keys.length, 1)
})
