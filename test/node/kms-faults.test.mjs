// What KMS can refuse, caused in the local KMS where it can be, by a false KMS over HTTP where it
// cannot.
import test from 'node:test'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import {
  CancelKeyDeletionCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { KmsPort } from '#dist/kms/port/port.js'
import { importKeySet, inHand, seal, sealFields } from 'sealdrop'
import { createOpener, createPublisher, createSigner } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { raw } from '../local-kms/helpers.mjs'
import { countingKms } from '../support/counting-kms.mjs'
import { fails } from '../support/host.js'
import { listeningPort, wrong } from '../support/types.mjs'

const local = await startLocalKms({
  keys: [
    { alias: 'alias/rsa', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
    { alias: 'alias/ecc', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
    { alias: 'alias/sig', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
  ],
})
const { client, since } = countingKms(local.clientConfig)
test.after(() => local.close())
const publisher = createPublisher({
  kms: client,
  keys: [{ key: 'alias/rsa' }, { key: 'alias/ecc' }],
})
const { jwks: published } = await publisher.documents()
const keys = importKeySet(published, { trust: inHand() })
const value = (prefer) =>
  seal(importKeySet(published, { trust: inHand(), prefer: [prefer] }), 'x', { context: {} })

test('a client that was still to be made when its signer or opener closed is ended too', async (t) => {
  const ended = t.mock.method(KMSClient.prototype, 'destroy').mock
  const signer = createSigner({ kms: local.clientConfig, key: 'alias/sig' })
  const opener = createOpener({ kms: local.clientConfig, keys: ['alias/rsa'] })
  for (const one of [signer, opener]) {
    ended.resetCalls()
    const ready = one.ready() // its client is made when the AWS SDK is there
    await one.close()
    await ready.catch(() => {})
    assert.isAtLeast(ended.callCount(), 1)
  }
})

test('calls that had no client yet when the port closed end side by side, each sent once', async (t) => {
  const ended = t.mock.method(KMSClient.prototype, 'destroy').mock
  const port = new KmsPort({ ...local.clientConfig, maxAttempts: 1 })
  local.faults.add({ kind: 'latency', latency: 300, operation: 'DescribeKey', key: 'alias/ecc' })
  t.after(() => local.faults.clear())
  const calls = ['alias/ecc', 'alias/rsa'].map((alias) => port.describe(alias))
  port.close()
  const settled = await Promise.allSettled(calls)
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'fulfilled'],
  )
  assert.equal(ended.callCount(), 1)
})

/**
 * A call that reached the false KMS; `pass` answers as the local one does.
 *
 * @typedef {object} Call
 * @property {string} operation
 * @property {any} body
 * @property {import('node:http').ServerResponse} res
 * @property {() => void} pass
 */

/**
 * A KMS that answers what a test says: for faults that the local one cannot have.
 *
 * @param {any} t
 * @param {(call: Call) => unknown} answer
 */
async function falseKms(t, answer) {
  /** @type {string[]} */
  const requests = []
  const server = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk) => {
      body += chunk
    })
    req.on('end', () => {
      const operation = String(req.headers['x-amz-target']).split('.')[1]
      requests.push(operation)
      answer({ operation, body: JSON.parse(body), res, pass: () => forward(req, body, res) })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const kms = {
    ...local.clientConfig,
    endpoint: `http://127.0.0.1:${listeningPort(server)}`,
    maxAttempts: 1,
  }
  return { kms, requests }
}

/**
 * The local KMS's own answer, for operations that a test does not falsify: every header goes along,
 * since the signature covers them.
 */
function forward(req, body, res) {
  request(local.url, { method: 'POST', headers: req.headers }, (answer) => {
    res.writeHead(answer.statusCode ?? 0, { 'content-type': answer.headers['content-type'] })
    answer.pipe(res)
  }).end(body)
}
const fault = (res, status, body) =>
  res
    .writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
    .end(typeof body === 'string' ? body : JSON.stringify(body))

const opener = createOpener({ kms: client, keys: ['alias/rsa', 'alias/ecc'] })
await opener.ready()

test('class A failures and a wrong context cost no KMS call', async () => {
  const jwe = await seal(keys, 'x', { context: { a: '1' } })
  since()
  await fails(assert, opener.open(jwe, { context: {} }), 'context_mismatch')
  await fails(assert, opener.open('x', { context: {} }), 'malformed')
  await fails(assert, opener.open(jwe, wrong({})), 'invalid_argument')
  const ofAnotherKey = jwe.replace(/^[^.]+/, (head) =>
    Buffer.from(Buffer.from(head, 'base64url').toString().replace('"kid":"', '"kid":"x')).toString(
      'base64url',
    ),
  )
  await fails(assert, opener.open(ofAnotherKey, { context: { a: '1' } }), 'key_not_found')
  const sealed = await sealFields(keys, { a: 1, b: 2 }, { context: {}, fields: ['a', 'b'] })
  await fails(
    assert,
    opener.openFields({ ...sealed, b: 2 }, { context: {}, fields: ['a', 'b'] }),
    'rejected',
  )
  await fails(
    assert,
    opener.openFields({ a: sealed.b, b: sealed.a }, { context: {}, fields: ['a', 'b'] }),
    'context_mismatch',
  )
  assert.deepEqual(since(), [])
})

test('a changed value costs exactly one call and is rejected, by RSA and by ECDH alike', async () => {
  const errors = []
  for (const [alg, operation] of [
    ['RSA-OAEP-256', 'Decrypt'],
    ['ECDH-ES+A256KW', 'DeriveSharedSecret'],
  ]) {
    const segments = (await value(alg)).split('.')
    for (const index of [1, 2, 3, 4]) {
      const bytes = Buffer.from(segments[index], 'base64url')
      bytes[0] ^= 1
      since()
      errors.push(
        await fails(
          assert,
          opener.open(segments.with(index, bytes.toString('base64url')).join('.'), { context: {} }),
          'rejected',
        ),
      )
      assert.deepEqual(since(), [operation])
    }
  }
  assert.equal(new Set(errors.map(({ message }) => message)).size, 1)
  assert.isTrue(errors.every(({ cause }) => cause === undefined))
})

test('a disabled key is key_unusable until it is enabled, one pending deletion says so', async () => {
  const KeyId = local.keys['alias/ecc']
  const jwe = await value('ECDH-ES+A256KW')
  await client.send(new DisableKeyCommand({ KeyId }))
  await fails(assert, opener.open(jwe, { context: {} }), 'key_unusable', /disabled/)
  await fails(
    assert,
    createOpener({ kms: client, keys: ['alias/ecc'] }).ready(),
    'key_unusable',
    /disabled/,
  )
  await client.send(new ScheduleKeyDeletionCommand({ KeyId }))
  await fails(assert, opener.open(jwe, { context: {} }), 'key_unusable', /pending deletion/)
  await client.send(new CancelKeyDeletionCommand({ KeyId }))
  await fails(assert, opener.open(jwe, { context: {} }), 'key_unusable', /disabled/)
  await client.send(new EnableKeyCommand({ KeyId }))
  assert.equal((await opener.open(jwe, { context: {} })).text(), 'x')
})

test('a key that did not load does not keep the others from opening, and the error of an unknown kid names it', async () => {
  const partial = createOpener({ kms: client, keys: ['alias/nowhere', 'alias/rsa'] })
  await fails(assert, partial.ready(), 'key_unusable', /alias\/nowhere.*NotFoundException/)
  assert.equal((await partial.open(await value('RSA-OAEP-256'), { context: {} })).text(), 'x')
  await fails(
    assert,
    partial.open(await value('ECDH-ES+A256KW'), { context: {} }),
    'key_not_found',
    /alias\/nowhere/,
  )
})

test('a signing key in an opener, and an unknown key in a publisher, are named', async () => {
  await fails(
    assert,
    createOpener({ kms: client, keys: ['alias/sig'] }).ready(),
    'key_unusable',
    /signs/,
  )
  await fails(
    assert,
    createPublisher({ kms: client, keys: [{ key: 'alias/nowhere' }] }).documents(),
    'key_unusable',
    /NotFound/,
  )
  await fails(
    assert,
    createPublisher({ kms: client, keys: [{ key: 'alias/sig', use: 'enc' }] }).documents(),
    'invalid_argument',
    /sig/,
  )
})

test('a disabled key is left out of what is published, and with no key left nothing is', async () => {
  const KeyId = local.keys['alias/rsa']
  await client.send(new DisableKeyCommand({ KeyId }))
  const { jwks } = await createPublisher({
    kms: client,
    keys: [{ key: 'alias/rsa' }, { key: 'alias/ecc' }],
  }).documents()
  assert.deepEqual(
    JSON.parse(jwks).keys.map(({ kty }) => kty),
    ['EC'],
  )
  await fails(
    assert,
    createPublisher({ kms: client, keys: [{ key: 'alias/rsa' }] }).documents(),
    'key_unusable',
    /none/,
  )
  await client.send(new EnableKeyCommand({ KeyId }))
})

test('KMS that cannot be reached is kms_unavailable and retryable', async () => {
  const kms = { ...local.clientConfig, endpoint: 'http://127.0.0.1:9', maxAttempts: 1 }
  const error = await fails(
    assert,
    createOpener({ kms, keys: ['alias/rsa'] }).ready(),
    'kms_unavailable',
  )
  assert.isTrue(error.retryable)
  await fails(assert, createSigner({ kms, key: 'alias/sig' }).sign('x'), 'kms_unavailable')
})

/** What KMS answers, and what it is to the caller. */
/** @type {[status: number, type: string, code: string, retryable: boolean][]} */
const faults = [
  [400, 'AccessDeniedException', 'kms_denied', false],
  [400, 'ThrottlingException', 'kms_throttled', true],
  [400, 'LimitExceededException', 'kms_throttled', true],
  [400, 'UnrecognizedClientException', 'kms_denied', false],
  [400, 'ExpiredTokenException', 'kms_denied', false],
  [400, 'ValidationException', 'kms_unexpected', false],
  [400, 'SomethingNewException', 'kms_unexpected', false],
  [400, 'KMSInvalidStateException', 'key_unusable', false],
  [500, 'KeyUnavailableException', 'kms_unavailable', true],
  [500, 'KMSInternalException', 'kms_unavailable', true],
  [503, 'DependencyTimeoutException', 'kms_unavailable', true],
  [503, 'NewServerException', 'kms_unavailable', true],
  [200, 'a web page', 'kms_unexpected', false],
]
/** What some of them say more. */
const messages = {
  AccessDeniedException: 'User: x is not authorized',
  ThrottlingException: 'Rate exceeded',
  ValidationException: 'no',
}
const bodyOf = (type) => {
  if (type === 'a web page') return '<html>proxy</html>'
  const message = messages[type]
  return { __type: type, ...(message && { message }) }
}
for (const [status, type, code, retryable] of faults) {
  test(`KMS answering ${status} ${type} is ${code}`, async (t) => {
    const { kms } = await falseKms(t, ({ operation, res, pass }) =>
      operation === 'Decrypt' ? fault(res, status, bodyOf(type)) : pass(),
    )
    const one = createOpener({ kms, keys: ['alias/rsa'] })
    const error = await fails(
      assert,
      one.open(await value('RSA-OAEP-256'), { context: {} }),
      code,
      /kms:Decrypt on arn/,
    )
    assert.equal(error.retryable, retryable)
  })
}

/** An answer without these members. */
const without =
  (...members) =>
  (answer) =>
    Object.fromEntries(Object.entries(answer).filter(([name]) => !members.includes(name)))
const wrongAnswers = {
  'another key': (answer) => ({ ...answer, KeyId: answer.KeyId.replace(/.$/, 'x') }),
  'no key': without('KeyId'),
  'another algorithm': (answer) => ({
    ...answer,
    ...(answer.EncryptionAlgorithm && { EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' }),
    ...(answer.KeyAgreementAlgorithm && { KeyAgreementAlgorithm: 'X' }),
    ...(answer.SigningAlgorithm && { SigningAlgorithm: 'ECDSA_SHA_384' }),
  }),
  'no bytes': without('Plaintext', 'SharedSecret', 'Signature'),
}
for (const [what, change] of Object.entries(wrongAnswers)) {
  test(`an answer of KMS for ${what} is kms_unexpected`, async (t) => {
    const { kms } = await falseKms(t, ({ operation, res, pass, body: sent }) => {
      if (!['Decrypt', 'DeriveSharedSecret', 'Sign'].includes(operation)) return pass()
      return realAnswer(operation, sent).then((answer) => fault(res, 200, change(answer)))
    })
    const one = createOpener({ kms, keys: ['alias/rsa', 'alias/ecc'] })
    await fails(
      assert,
      one.open(await value('RSA-OAEP-256'), { context: {} }),
      'kms_unexpected',
      /Decrypt/,
    )
    await fails(
      assert,
      one.open(await value('ECDH-ES+A256KW'), { context: {} }),
      'kms_unexpected',
      /DeriveSharedSecret/,
    )
    await fails(assert, createSigner({ kms, key: 'alias/sig' }).sign('x'), 'kms_unexpected', /Sign/)
  })
}

/** The true answer, as JSON on the wire. */
async function realAnswer(operation, body) {
  const answer = await raw(local, { operation, body })
  assert.equal(answer.status, 200)
  return answer.json()
}

for (const length of [0, 31, 33, 80]) {
  test(`a plaintext of ${length} bytes is not taken for a data key`, async (t) => {
    const { kms, requests } = await falseKms(t, async ({ operation, res, pass, body }) => {
      if (operation !== 'Decrypt') return pass()
      return fault(res, 200, {
        ...(await realAnswer(operation, body)),
        Plaintext: Buffer.alloc(length).toString('base64'),
      })
    })
    await fails(
      assert,
      createOpener({ kms, keys: ['alias/rsa'] }).open(await value('RSA-OAEP-256'), { context: {} }),
      'rejected',
    )
    assert.deepEqual(requests, ['GetPublicKey', 'Decrypt'])
  })
}

test('an aborted call rejects with its reason', async (t) => {
  const { kms } = await falseKms(t, ({ operation, pass }) => {
    if (operation !== 'Decrypt') pass()
  })
  const control = new AbortController()
  const one = createOpener({ kms, keys: ['alias/rsa'] })
  await one.ready()
  const pending = one
    .open(await value('RSA-OAEP-256'), { context: {}, signal: control.signal })
    .then(
      () => undefined,
      (e) => e,
    )
  setTimeout(() => control.abort(new Error('enough')), 50)
  assert.equal((await pending).message, 'enough')
})

test('options that cannot work are refused when the opener is made, and a closed one says so', async () => {
  const refused = [
    { keys: [] },
    { keys: 'alias/x' },
    { keys: ['a'], maxAge: 0 },
    { keys: ['a'], maxFrameLength: 0 },
    { keys: ['a'], maxFrameLength: 2 ** 31 },
    { keys: ['a'], replay: { claim: async () => true } },
    { keys: ['a'], cache: { entries: 0, maxAge: 1, uses: 1 } },
    { keys: ['a'], cache: { entries: 1, maxAge: 1 } },
  ]
  for (const o of refused) await fails(assert, () => createOpener(wrong(o)), 'invalid_argument')
  await fails(assert, () => createSigner(wrong({})), 'invalid_argument', /key/)
  await fails(assert, () => createPublisher({ keys: [] }), 'invalid_argument', /keys/)
  const one = createOpener({ kms: client, keys: ['alias/rsa'] })
  await one.close()
  await fails(assert, one.open(await value('RSA-OAEP-256'), { context: {} }), 'closed')
})

test('no error or event of a failure holds what was sealed', async (t) => {
  const secret = 'MARKER-4111-1111'
  const seen = []
  const { kms } = await falseKms(t, ({ operation, res, pass }) =>
    operation === 'Decrypt'
      ? fault(res, 400, { __type: 'AccessDeniedException', message: 'no' })
      : pass(),
  )
  const one = createOpener({
    kms,
    keys: ['alias/rsa'],
    onEvent: (event) => {
      seen.push(JSON.stringify(event))
      throw new Error('an observer that fails changes nothing')
    },
  })
  const jwe = await seal(keys, secret, { context: {} })
  const error = await fails(assert, one.open(jwe, { context: {} }), 'kms_denied')
  assert.equal(seen.length, 1)
  for (const text of [...seen, error.message, error.stack])
    for (const part of [secret, ...jwe.split('.').slice(1)]) assert.notInclude(text, part)
})
