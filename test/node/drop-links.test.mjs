// dropLinks where no S3 is needed: which links count at a handler, and what is told of those that
// do not. What goes in one PUT is begun and signed here; test/s3/links.mjs does the rest.
import test from 'node:test'
import { createHmac } from 'node:crypto'
import { S3Client } from '@aws-sdk/client-s3'
import { assert } from 'chai'
import { fetchKeySet, importKeySet, inHand, overHttps } from 'sealdrop'
import { createDropLink, createSigner, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { dropLinks, dynamoDbLinks, memoryLinks, redisLinks, uploadHandler } from 'sealdrop/s3'
import { ask, begun, cut, sealedBytes } from '../s3/messages.mjs'
import { fails } from '../support/host.js'
import { linkStoreSuite } from '../support/link-stores.js'
import { wrong } from '../support/types.mjs'

const day = 86_400_000
const local = await startLocalKms({
  keys: ['alias/links', 'alias/receipts'].map((alias) => ({
    alias,
    spec: 'ECC_NIST_P256',
    usage: 'SIGN_VERIFY',
  })),
})
test.after(() => local.close())
const kms = local.clientConfig
const jwk = await publicJwk({ kms, key: 'alias/links' })
const keys = importKeySet(jwk, { trust: inHand() })
const audience = 'https://app.example.com/uploads'
const credentials = { accessKeyId: 'key', secretAccessKey: 'the secret of AWS' }
const s3 = new S3Client({ region: 'us-east-1', endpoint: 'http://127.0.0.1:9', credentials })
const message = await sealedBytes(100)
const asked = cut(message.bytes).map((part) => part.asked)

const linkOf = (o = {}) =>
  createDropLink({
    kms,
    key: 'alias/links',
    page: 'https://app.example.com/send',
    audience,
    subject: 'acme',
    context: { claim: '7' },
    expiresIn: day,
    ...o,
  })

/** A handler whose events and output are kept. */
function handlerOf({ authorize, ...o } = /** @type {any} */ ({})) {
  /** @type {import('sealdrop/s3').UploadEvent[]} */
  const events = []
  const handler = uploadHandler({
    s3,
    bucket: 'uploads',
    prefix: 'inbox/',
    authorize: authorize ?? dropLinks({ keys, audience, ...o }),
    secrets: ['0123456789'.repeat(4)],
    origins: ['https://app.example.com'],
    onEvent: (event) => events.push(event),
  })
  return { handler, events }
}
const begin = (handler, token) => begun(handler, message, { token })

/**
 * A token, with some of its parts changed.
 *
 * @param {string} token
 * @param {{ header?: object, payload?: object, signature?: string }} parts
 */
function rewritten(token, { header, payload, signature }) {
  const [first = '', second = '', last = ''] = token.split('.')
  const change = (text, members) => {
    const form = JSON.stringify({ ...JSON.parse(atob(text)), ...members })
    return Buffer.from(form).toString('base64url')
  }
  const changed = [
    header ? change(first, header) : first,
    payload ? change(second, payload) : second,
  ]
  return [...changed, signature ?? last].join('.')
}

test('a link lets its holder begin and sign, under its prefix and subject', async () => {
  const { handler, events } = handlerOf()
  const { token, jti } = await linkOf({ prefix: 'acme/' })
  const { session, status } = await begin(handler, token)
  assert.equal(status, 200)
  assert.include(Buffer.from(session, 'base64url').toString('latin1'), jti)
  const answer = await ask(handler, 'sign', { session, parts: asked }, { token })
  assert.match(answer.parts[0].url, /\/inbox\/acme\/[\w-]{22}\?/)
  assert.deepEqual(
    events.map(({ status: found }) => found),
    [200, 200],
  )
})

const down = {
  reserve: async () => true,
  keep: async () => true,
  unkeep: async () => {},
  release: async () => {},
  revoke: async () => {},
  isRevoked: () => Promise.reject(new TypeError('hidden')),
}
const signer = createSigner({ kms, key: 'alias/links' })
test.after(() => signer.close())

/**
 * Links that do not count at `begin`, what is answered, and what the operator hears.
 *
 * @type {Record<string, [make: () => Promise<string>, expected: [number, string], reason: RegExp | undefined, o?: object]>}
 */
const refused = {
  'no link': [async () => 'acme', [403, 'rejected'], /JWS/],
  'of another key': [
    async () => (await linkOf({ key: 'alias/receipts' })).token,
    [403, 'rejected'],
    /key/,
  ],
  'of another handler': [
    async () => (await linkOf({ audience: `${audience}/x` })).token,
    [403, 'rejected'],
    /aud/,
  ],
  'of another context': [
    async () => (await linkOf({ context: { claim: '8' } })).token,
    [422, 'context_mismatch'],
    undefined,
  ],
  'of a context with more': [
    async () => (await linkOf({ context: { claim: '7', more: '' } })).token,
    [422, 'context_mismatch'],
    undefined,
  ],
  'of no context': [
    async () => (await linkOf({ context: {} })).token,
    [422, 'context_mismatch'],
    undefined,
  ],
  'whose time is over': [
    async () => (await linkOf({ now: () => Date.now() - day - 61_000 })).token,
    [410, 'expired'],
    undefined,
  ],
  'of tomorrow': [
    async () => (await linkOf({ now: () => Date.now() + day })).token,
    [403, 'rejected'],
    /future/,
  ],
  'of another type': [
    async () =>
      signer.signJwt(
        { iss: 'us', aud: audience, sub: 'acme', jti: 'x'.repeat(22) },
        { expiresIn: day },
      ),
    [403, 'rejected'],
    /typ/,
  ],
  'with alg none': [
    async () => rewritten((await linkOf()).token, { header: { alg: 'none' }, signature: '' }),
    [403, 'rejected'],
    /none/,
  ],
  'signed with its public key as a secret': [
    async () => {
      const token = rewritten((await linkOf()).token, { header: { alg: 'HS256' } })
      const input = token.slice(0, token.lastIndexOf('.'))
      const mac = createHmac('sha256', JSON.stringify(jwk)).update(input).digest('base64url')
      return `${input}.${mac}`
    },
    [403, 'rejected'],
    /HS256/,
  ],
  'that was changed': [
    async () => rewritten((await linkOf()).token, { payload: { sub: 'other' } }),
    [403, 'rejected'],
    /signature/,
  ],
  'with limits, and no store': [
    async () => (await linkOf({ files: 1 })).token,
    [403, 'rejected'],
    /no store/,
  ],
  'with a limit of bytes, and no store': [
    async () => (await linkOf({ bytes: 1e6 })).token,
    [403, 'rejected'],
    /no store/,
  ],
  'over its bytes': [
    async () => (await linkOf({ bytes: message.bytes.length - 1 })).token,
    [403, 'rejected'],
    /used up/,
    { store: memoryLinks() },
  ],
  'where the store fails': [
    async () => (await linkOf()).token,
    [503, 'output_failed'],
    /TypeError/,
    { store: down },
  ],
  'where the store does not say': [
    async () => (await linkOf()).token,
    [403, 'rejected'],
    /revoked/,
    { store: { ...down, isRevoked: async () => undefined } },
  ],
  'where the store counts by what is no true': [
    async () => (await linkOf({ files: 1 })).token,
    [403, 'rejected'],
    /used up/,
    { store: { ...down, isRevoked: async () => false, reserve: async () => 1 } },
  ],
  'where the key set cannot be reached': [
    async () => (await linkOf()).token,
    [503, 'keys_unreachable'],
    undefined,
    {
      keys: fetchKeySet('https://keys.example/keys.json', {
        trust: overHttps(),
        fetch: () => Promise.reject(new TypeError('hidden')),
      }),
    },
  ],
}

for (const [name, [make, expected, reason, o]] of Object.entries(refused))
  test(`a link ${name}: ${expected.join(' ')}, and the token is told to nobody`, async (t) => {
    const written = []
    for (const method of /** @type {const} */ (['log', 'warn', 'error', 'info', 'debug']))
      t.mock.method(console, method, (...args) => void written.push(args))
    const token = await make()
    const { handler, events } = handlerOf(o)
    const answer = await begin(handler, token)
    assert.deepEqual([answer.status, answer.code], expected)
    const [event] = events
    assert.deepEqual([event?.status, event?.code, events.length], [...expected, 1])
    if (reason) assert.match(event?.reason ?? '', reason)
    const told = JSON.stringify([answer, events, written])
    for (const part of token.split('.').filter((text) => text.length > 8))
      assert.notInclude(told, part)
    assert.deepEqual(written, [])
  })

test('without a link the answer is null, so that another authorize can stand before it', async () => {
  const { handler } = handlerOf()
  const request = (headers) => new Request(audience, { method: 'POST', headers })
  const authorize = dropLinks({ keys, audience })
  for (const headers of [{}, { authorization: 'Basic abc' }])
    assert.isNull(await authorize(wrong({ request: request(headers), op: 'list' })))
  const answer = await begun(handler, message, { token: '' })
  assert.deepEqual([answer.status, answer.code], [403, 'rejected'])
})

test('after begin the time of the link no longer counts; its id and subject do', async () => {
  const now = Date.now()
  const { handler } = handlerOf()
  const { handler: later } = handlerOf({ now: () => now + 2 * day })
  const link = await linkOf()
  const { session } = await begin(handler, link.token)
  const sign = (token, at = later) => ask(at, 'sign', { session, parts: asked }, { token })
  assert.equal((await begin(later, link.token)).code, 'expired')
  assert.equal((await sign(link.token)).status, 200)
  for (const other of [await linkOf(), await linkOf({ subject: 'other' })])
    assert.equal((await sign(other.token, handler)).code, 'rejected')
})

test('a session that was begun by a link goes on by this link only', async () => {
  const { handler } = handlerOf()
  const { token } = await linkOf()
  const { session } = await begin(handler, token)
  const by = (link) => handlerOf({ authorize: () => ({ subject: 'acme', ...link }) }).handler
  const sign = (at) => ask(at, 'sign', { session, parts: asked }, { token })
  for (const link of [{}, { link: '' }, { link: 'another' }])
    assert.equal((await sign(by(link))).code, 'rejected')
  assert.equal((await sign(handler)).status, 200)
})

test('what is revoked stops at the next verb, whichever it is', async () => {
  const store = memoryLinks()
  const { handler, events } = handlerOf({ store })
  const [link, other] = [await linkOf(), await linkOf()]
  const { session } = await begin(handler, link.token)
  const sign = () => ask(handler, 'sign', { session, parts: asked }, { token: link.token })
  assert.equal((await sign()).status, 200)
  await store.revoke(link.jti)
  const members = {
    sign: { parts: asked },
    list: {},
    complete: { sha256: asked[0]?.sha256 },
    abort: {},
    receipt: {},
  }
  for (const [op, more] of Object.entries(members)) {
    const { code } = await ask(handler, op, { session, ...more }, { token: link.token })
    assert.equal(code, 'rejected', op)
    assert.match(events.at(-1)?.reason ?? '', /revoked/)
  }
  assert.equal((await begin(handler, link.token)).code, 'rejected')
  assert.equal((await begin(handler, other.token)).status, 200)
})

test('a link of one file takes one, begun 16 times in all, in turn and at once', async () => {
  const { handler } = handlerOf({ store: memoryLinks() })
  const { token } = await linkOf({ files: 1 })
  for (let i = 0; i < 6; i++) assert.equal((await begin(handler, token)).status, 200)
  const all = await Promise.all(Array.from({ length: 20 }, () => begin(handler, token)))
  const counted = (wanted) => all.filter(({ status }) => status === wanted).length
  assert.deepEqual([counted(200), counted(403)], [10, 10])
  const second = await sealedBytes(100)
  assert.equal((await begun(handler, second, { token })).code, 'rejected')
  const { handler: fresh } = handlerOf({ store: memoryLinks() })
  const sealed = await Promise.all(Array.from({ length: 20 }, () => sealedBytes(50)))
  const raced = await Promise.all(sealed.map((one) => begun(fresh, one, { token })))
  assert.lengthOf(
    raced.filter(({ status }) => status === 200),
    1,
  )
})

test('a file that is begun again as a longer one counts again', async () => {
  const { handler } = handlerOf({ store: memoryLinks() })
  const { token } = await linkOf({ bytes: 2 * message.bytes.length })
  assert.equal((await begin(handler, token)).status, 200)
  // a header says how long its frames are, and not how many come
  const longer = { ...message, bytes: new Uint8Array(message.bytes.length + 100) }
  assert.equal((await begun(handler, longer, { token })).code, 'rejected')
})

test('what is wrong with options is said when they are given', async () => {
  /** @type {[o: unknown, named: RegExp][]} */
  const rows = [
    [undefined, /keys|KeySet|key set/],
    [{ audience }, /key set|keys/],
    [{ keys }, /audience/],
    [{ keys, audience: 'acme' }, /audience/],
    [{ keys, audience, store: {} }, /store/],
    [{ keys, audience, roots: [] }, /roots/],
  ]
  for (const [o, named] of rows)
    await fails(assert, () => dropLinks(wrong(o)), 'invalid_argument', named)
  for (const o of [undefined, {}, { redis: {} }, { redis: { call() {} }, prefix: 1 }])
    await fails(assert, () => redisLinks(wrong(o)), 'invalid_argument')
  const dynamoDb = { getItem() {}, updateItem() {} }
  for (const o of [undefined, {}, { dynamoDb: {}, table: 'a' }, { dynamoDb, table: '' }])
    await fails(assert, () => dynamoDbLinks(wrong(o)), 'invalid_argument')
})

test('a store that is down, or is silent, says so to whoever revokes', async (t) => {
  const redis = { call: () => Promise.reject(new Error('down')) }
  await fails(assert, redisLinks({ redis }).revoke('x'.repeat(22)), 'output_failed', /store/)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const silent = redisLinks({ redis: { call: () => new Promise(() => {}) } }).isRevoked('x')
  t.mock.timers.tick(10_000)
  await fails(assert, silent, 'output_failed', /store/)
})

test('the memory forgets a link after its end, and a revocation after a year', async () => {
  let now = 0
  const store = memoryLinks({ now: () => now })
  const use = { file: 'a', attempt: 'b', bytes: 1 }
  const limits = { files: 1, bytes: 9, attempts: 16 }
  const other = { ...use, file: 'c' }
  const jti = 'x'.repeat(22)
  assert.isTrue(await store.reserve(jti, use, limits, new Date(10)))
  assert.isFalse(await store.reserve(jti, other, limits, new Date(10)))
  await store.revoke(jti)
  now = 10
  assert.isTrue(await store.reserve(jti, other, limits, new Date(20)))
  now = 367 * day - 1
  assert.isTrue(await store.isRevoked(jti))
  now = 367 * day
  assert.isFalse(await store.isRevoked(jti))
})

linkStoreSuite({
  test,
  assert,
  fails,
  name: 'memory',
  make: async () => {
    const store = memoryLinks()
    return [store, store]
  },
})
