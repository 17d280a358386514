// How a server starts and closes, where it listens, and which options it refuses.
import { once } from 'node:events'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { assertRejects, clientOf, failure, raw, wrong } from './helpers.mjs'

/** @type {import('sealdrop/local-kms').LocalKms} */
let local
/** @type {number} */
let port
before(async () => {
  local = await startLocalKms()
  port = Number(new URL(local.url).port)
})
after(() => local.close())

test('the server listens on 127.0.0.1 only', async () => {
  const others = Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses.map(({ address }) => address))
    .filter((address) => address !== '127.0.0.1')
  const unreachable = ['ECONNREFUSED', 'EADDRNOTAVAIL', 'ENETUNREACH', 'EINVAL', 'EHOSTUNREACH']
  for (const address of [...others, '127.0.0.2']) {
    const socket = connect(port, address)
    const e = await failure(once(socket, 'connect'))
    socket.destroy()
    assert.include(unreachable, e.code, `${address} ${e}`)
  }
})

test('close lets a running operation finish, ends idle, silent and half-sent connections at once, and then nothing answers', async () => {
  const one = await startLocalKms()
  await clientOf(one)('ListKeys') // its connection stays open
  /** @returns {Promise<import('node:net').Socket>} */
  const opened = (text) =>
    new Promise((resolve) => {
      const socket = connect(Number(new URL(one.url).port), '127.0.0.1', () =>
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
  assert.strictEqual((await failure(raw(one, { operation: 'ListKeys' }))).code, 'ECONNREFUSED')
  for (const socket of sockets)
    if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve))
})

test('bad options are invalid_argument and name the option', async () => {
  const key = { alias: 'a', spec: 'RSA_2048', usage: 'SIGN_VERIFY' }
  /** An array with a hole in it. */
  const hole = Array(1)
  const bad = {
    port: [-1, 65_536, 1.5, '80', NaN, null],
    dir: ['', 5, null],
    region: ['', 'x', 'US-EAST-1', 5, '../x-1', null],
    now: [5, () => NaN, () => '1', () => new Date()],
    regions: ['us-east-1', hole, ['x']],
    credentials: [{}],
    seed: [5],
    faults: [{}, hole],
    onCall: ['x'],
    keys: [
      {},
      'x',
      null,
      [null],
      hole,
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
      const e = await failure(startLocalKms(wrong({ [name]: value })))
      const found = [e.name, e.code]
      assert.deepEqual(
        found,
        ['SealdropError', 'invalid_argument'],
        `${name} ${JSON.stringify(value)}`,
      )
      assert.ok(e.message.startsWith(name), e.message)
    }
  }
  await assertRejects(startLocalKms(wrong(null)), { code: 'invalid_argument' })
  await assertRejects(startLocalKms(wrong({ credential: '{}' })), {
    code: 'invalid_argument',
    message:
      'options: there is no "credential" among port dir region regions credentials seed now faults quota onCall keys',
  })
})

test('it refuses to start in production', async () => {
  const { NODE_ENV } = process.env
  process.env.NODE_ENV = 'production'
  try {
    const e = await failure(startLocalKms())
    assert.strictEqual(e.code, 'invalid_argument')
    assert.match(e.message, /NODE_ENV=production/)
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = NODE_ENV
  }
})

test('a port in use is a conflict', async () => {
  const e = await failure(startLocalKms({ port }))
  assert.deepEqual([e.name, e.code], ['SealdropError', 'conflict'])
  assert.match(e.message, new RegExp(`${port}`))
})
