// Signatures of @smithy/signature-v4 and of the AWS client, which we did not write, verified; then
// changed in every single place.
import { Buffer } from 'node:buffer'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import { KMSClient, ListKeysCommand, SignCommand } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { assertRejects, row } from './helpers.mjs'
import {
  check,
  forged,
  incomplete,
  invalidToken,
  now,
  plain,
  refusal,
  sign,
  signerOf,
  temporary,
} from './signed-requests.mjs'

const accepted = {
  'a plain call': {},
  'an empty body': { body: '' },
  'a body that is not ASCII': { body: '{"Description":"Schlüssel 🔑"}' },
  'temporary credentials': { credentials: temporary },
  'another Region': { region: 'eu-central-1' },
  'a header with many spaces': { headers: { 'x-amz-meta': '  a   b  c ' } },
  'a header in another case': { headers: { 'X-Amz-Meta': 'value' } },
  'query parameters that sort and encode': { query: { b: '2 3', a: "x/y'!", A: '(*)', empty: '' } },
  'a path that is encoded': { path: '/a%20b/c' },
  'another method': { method: 'PUT' },
}

for (const [name, options] of Object.entries(accepted)) {
  test(`takes a signature of @smithy/signature-v4: ${name}`, async () => {
    const { credential, region } = check(await sign(options))
    assert.strictEqual(credential.who, options.credentials === temporary ? 'temporary' : 'plain')
    assert.strictEqual(region, options.region ?? 'us-east-1')
  })
}

test('takes what the unmodified AWS client sends', async () => {
  for (const credentials of [plain, temporary]) {
    let seen
    const requestHandler = {
      handle: async (request) => {
        seen = request
        throw new Error('seen')
      },
    }
    const client = new KMSClient({
      region: 'us-west-2',
      endpoint: 'http://127.0.0.1:8080',
      credentials,
      requestHandler,
      maxAttempts: 1,
    })
    const message = {
      KeyId: 'alias/a',
      Message: Buffer.from('message'),
      SigningAlgorithm: /** @type {const} */ ('ECDSA_SHA_256'),
    }
    for (const send of [
      () => client.send(new ListKeysCommand({})),
      () => client.send(new SignCommand(message)),
    ]) {
      await assertRejects(send(), { message: /seen/ })
      const request = {
        method: seen.method,
        path: seen.path,
        headers: seen.headers,
        body: Buffer.from(seen.body),
        now: Date.now(),
      }
      assert.strictEqual(check(request).region, 'us-west-2')
      assert.deepEqual(
        refusal({ ...request, body: Buffer.concat([request.body, Buffer.from(' ')]) }),
        forged,
      )
    }
  }
})

test('joins a header that came twice as it was signed', async () => {
  const request = await sign({ headers: { 'x-amz-list': 'one,two' } })
  const twice = (values) => ({ ...request, headers: { ...request.headers, 'x-amz-list': values } })
  assert.strictEqual(check(twice(['one', ' two '])).region, 'us-east-1')
  assert.deepEqual(refusal(twice(['two', 'one'])), forged)
})

const header = (name, change) => (request) => ({
  ...request,
  headers: { ...request.headers, [name]: change(request.headers[name]) },
})
const authorization = (pattern, replacement) =>
  header('authorization', (text) => text.replace(pattern, replacement))
const without = (name) => header(name, () => undefined)

/** Of a signed request, what is changed, the change, and what answers. */
const changes = [
  row('the method', (r) => ({ ...r, method: 'GET' }), forged),
  row('the path', (r) => ({ ...r, path: '/x' }), forged),
  row('a query that was not there', (r) => ({ ...r, path: '/?a=1' }), forged),
  row('a query that cannot be decoded', (r) => ({ ...r, path: '/?a=%zz' }), forged),
  row(
    'one byte of the body',
    (r) => ({ ...r, body: Buffer.from(r.body.toString().replace('a', 'b')) }),
    forged,
  ),
  row('no body', (r) => ({ ...r, body: Buffer.alloc(0) }), forged),
  row(
    'the host',
    header('host', () => '127.0.0.1:8081'),
    forged,
  ),
  row(
    'the content type, which this client signs',
    header('content-type', () => 'text/plain'),
    forged,
  ),
  row(
    'the operation',
    header('x-amz-target', () => 'TrentService.Decrypt'),
    forged,
  ),
  row(
    'the body hash',
    header('x-amz-content-sha256', (hash) => hash.replace(/./g, '0')),
    forged,
  ),
  row(
    'the time, by a second',
    header('x-amz-date', () => '20260304T050608Z'),
    forged,
  ),
  row(
    'the time, to another day',
    header('x-amz-date', () => '20260305T050607Z'),
    incomplete,
  ),
  row(
    'a time that does not exist',
    header('x-amz-date', () => '20260304T256107Z'),
    incomplete,
  ),
  row('no time', without('x-amz-date'), incomplete),
  row('no operation', without('x-amz-target'), forged),
  row('no host', without('host'), forged),
  row(
    'an x-amz header that is not signed',
    header('x-amz-extra', () => '1'),
    [
      'InvalidSignatureException',
      'There were headers present in the request which were not signed: x-amz-extra',
    ],
  ),
  row(
    'a session token that nobody has',
    header('x-amz-security-token', () => 'token'),
    invalidToken,
  ),
  row('no Authorization', without('authorization'), [
    'MissingAuthenticationTokenException',
    'Missing Authentication Token',
  ]),
  row('another algorithm', authorization('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA512'), incomplete),
  row('another access key', authorization(plain.accessKeyId, 'LOCALOTHER'), invalidToken),
  row(
    'an access key that is a member of every object',
    authorization(plain.accessKeyId, '__proto__'),
    invalidToken,
  ),
  row(
    'the access key of temporary credentials, without its token',
    authorization(plain.accessKeyId, temporary.accessKeyId),
    invalidToken,
  ),
  row('the Region of the scope', authorization('us-east-1', 'us-east-2'), forged),
  row('the service of the scope', authorization('/kms/', '/s3/'), [
    'InvalidSignatureException',
    "Credential should be scoped to correct service: 'kms'.",
  ]),
  row('the day of the scope', authorization('/20260304/', '/20260303/'), incomplete),
  row('the end of the scope', authorization('aws4_request', 'aws4_requests'), incomplete),
  row('signed headers without the host', authorization(';host', ''), incomplete),
  row('signed headers without the content type', authorization('content-type;', ''), forged),
  row(
    'signed headers in another order',
    authorization('content-type;host', 'host;content-type'),
    incomplete,
  ),
  row(
    'a signed header that did not come',
    authorization('content-type;', 'content-type;cookie;'),
    forged,
  ),
  row(
    'a header signed twice',
    authorization('content-type;', 'content-type;content-type;'),
    incomplete,
  ),
  row(
    'the first digit of the signature',
    authorization(/Signature=(.)/, (_, digit) => `Signature=${digit === '0' ? '1' : '0'}`),
    forged,
  ),
  row(
    'the last digit of the signature',
    authorization(/(.)$/, (digit) => (digit === '0' ? '1' : '0')),
    forged,
  ),
  row('a signature that is too short', authorization(/.$/, ''), incomplete),
  row(
    'a signature in capitals',
    authorization(/Signature=.*/, (text) => `Signature=${text.slice(10).toUpperCase()}`),
    incomplete,
  ),
  row(
    'two Authorization headers',
    header('authorization', (text) => [text, text]),
    incomplete,
  ),
]

for (const [name, change, expected] of changes) {
  test(`refuses a changed request: ${name}`, async () => {
    const request = await sign()
    assert.strictEqual(refusal(request), 'accepted')
    const changed = change(request)
    assert.notDeepEqual(changed, request)
    assert.deepEqual(refusal(changed), expected)
  })
}

test('refuses every change of any one character of the signed headers and of the Authorization header', async () => {
  const request = await sign({ credentials: temporary })
  let count = 0
  for (const [name, value] of Object.entries(request.headers)) {
    for (let i = 0; i < value.length; i++) {
      const changed = value.slice(0, i) + (value[i] === 'x' ? 'y' : 'x') + value.slice(i + 1)
      assert.notStrictEqual(
        refusal(header(name, () => changed)(request)),
        'accepted',
        `${name} at ${i}`,
      )
      count++
    }
  }
  assert.ok(count > 400, `${count} changes`)
})

test('temporary credentials need their own token', async () => {
  for (const token of [
    undefined,
    '',
    `${temporary.sessionToken}=`,
    temporary.sessionToken.slice(1),
  ]) {
    assert.deepEqual(
      refusal(header('x-amz-security-token', () => token)(await sign({ credentials: temporary }))),
      invalidToken,
    )
  }
})

test('a signature with another secret is refused', async () => {
  assert.deepEqual(
    refusal(await sign({ credentials: { ...plain, secretAccessKey: 'sealdrop-local-kmS' } })),
    forged,
  )
})

test('a signature lives five minutes, either way', async () => {
  const minutes = 60_000
  for (const offset of [-5 * minutes, 0, 5 * minutes])
    assert.strictEqual(refusal(await sign({ date: now + offset })), 'accepted')
  assert.deepEqual(refusal(await sign({ date: now - 5 * minutes - 1000 })), [
    'InvalidSignatureException',
    'Signature expired: 20260304T050106Z is now earlier than 20260304T050107Z ' +
      '(20260304T050607Z - 5 min.)',
  ])
  assert.deepEqual(refusal(await sign({ date: now + 5 * minutes + 1000 })), [
    'InvalidSignatureException',
    'Signature not yet current: 20260304T051108Z is still later than 20260304T051107Z ' +
      '(20260304T050607Z + 5 min.)',
  ])
})

test('Regions that are not here are refused where the caller says which are', async () => {
  const request = await sign({ region: 'eu-west-1' })
  assert.strictEqual(check(request, { regions: ['us-east-1', 'eu-west-1'] }).region, 'eu-west-1')
  assert.deepEqual(refusal(request, { regions: ['us-east-1'] }), [
    'InvalidSignatureException',
    "Credential should be scoped to a valid region, not 'eu-west-1'. The local KMS runs in us-east-1.",
  ])
})

test('a body hash that is not of the body is refused, however well it is signed', () => {
  const body = Buffer.from('{}')
  const sha256 = (data) => createHash('sha256').update(data).digest('hex')
  const hmac = (key, data) => createHmac('sha256', key).update(data).digest()
  const signedBy = (stated) => {
    const headers = {
      host: '127.0.0.1',
      'x-amz-content-sha256': stated,
      'x-amz-date': '20260304T050607Z',
    }
    const names = Object.keys(headers).join(';')
    const canonical = [
      'POST',
      '/',
      '',
      ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
      '',
      names,
      sha256(body),
    ].join('\n')
    const scope = ['20260304', 'us-east-1', 'kms', 'aws4_request']
    const signature = hmac(
      scope.reduce(hmac, `AWS4${plain.secretAccessKey}`),
      ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope.join('/'), sha256(canonical)].join('\n'),
    ).toString('hex')
    return {
      method: 'POST',
      path: '/',
      body,
      now,
      headers: {
        ...headers,
        authorization:
          `AWS4-HMAC-SHA256 Credential=${plain.accessKeyId}/${scope.join('/')}, ` +
          `SignedHeaders=${names}, Signature=${signature}`,
      },
    }
  }
  assert.strictEqual(refusal(signedBy(sha256(body))), 'accepted')
  assert.deepEqual(refusal(signedBy(sha256('other'))), forged)
})

test('content-type may come unsigned, as in AWS', async () => {
  const request = await sign()
  const signer = signerOf()
  const { 'content-type': type, authorization: _, ...headers } = request.headers
  const signed = await signer.sign(
    {
      method: 'POST',
      path: '/',
      headers,
      body: request.body,
      hostname: '127.0.0.1',
      protocol: 'http:',
    },
    { signingDate: new Date(now) },
  )
  assert.strictEqual(
    refusal({ ...request, headers: { ...signed.headers, 'content-type': type } }),
    'accepted',
  )
})
