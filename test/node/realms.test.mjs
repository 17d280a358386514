// Identity across realms: bytes of a vm context, objects behind a proxy, and key sets of a second
// copy of the package. jsdom, happy-dom, Vue and MobX themselves: npm run test:frameworks.
import test from 'node:test'
import { createECDH, generateKeyPairSync, sign } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import { assert } from 'chai'
import * as S from 'sealdrop'
import { isDate } from '#dist/errors/guard.js'
import { bytesOf, viewOf } from '#dist/bytes/bytes.js'
import { filePath } from '#dist/files/file-path.js'
import { fails } from '../support/host.js'

/** A second copy of the package, as a page has it that loads the script beside a bundle. */
const copy = await import(`${new URL('../../dist/sealdrop.min.mjs', import.meta.url)}`)
const realm = runInNewContext('globalThis')
const trust = S.inHand()
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const arn = 'arn:aws:kms:us-east-1:111122223333:key/1'
const spki = rsa.publicKey.export({ type: 'spki', format: 'der' })
const keys = S.importKeySet(spki, { trust, use: 'enc', arn })
const other = (list) => realm.Uint8Array.from([...list])

/** Bytes whose buffer went to somebody else: they have none any more. */
function transferred(bytes) {
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}

test('bytes of another realm are bytes, whatever they say of themselves', () => {
  const named = Object.defineProperty(new Uint8Array([1]), Symbol.toStringTag, { value: 'Other' })
  class Own extends Uint8Array {
    get [Symbol.toStringTag]() {
      return /** @type {any} */ ('Own')
    }
  }
  for (const bytes of [
    other([1]),
    other([1]).buffer,
    new realm.ArrayBuffer(1),
    Buffer.from([1]),
    named,
    new Own(1),
  ])
    assert.equal(viewOf(bytes)?.length, 1)
  for (const none of [
    undefined,
    null,
    'a',
    1,
    {},
    [],
    [1],
    new Map(),
    new DataView(new ArrayBuffer(1)),
    new realm.Uint16Array(1),
    new Uint8ClampedArray(1),
    { [Symbol.toStringTag]: 'Uint8Array', length: 1, 0: 1 },
    Object.create(Uint8Array.prototype),
    Object.create(realm.Uint8Array.prototype),
    { [Symbol.toStringTag]: 'ArrayBuffer', length: 1, 0: 1 },
    new Proxy(new Uint8Array(1), {}),
    transferred(new Uint8Array(3)),
    transferred(new Uint8Array(3)).buffer,
  ])
    assert.isUndefined(viewOf(none))
})

test('what is checked is a copy', () => {
  for (const bytes of [new Uint8Array([1]), other([1])]) {
    const taken = bytesOf(bytes)
    bytes[0] = 2
    assert.equal(taken?.[0], 1)
  }
  const buffer = new ArrayBuffer(1)
  const taken = bytesOf(buffer)
  new Uint8Array(buffer)[0] = 2
  assert.equal(taken?.[0], 0)
})

test('Dates and errors of another realm are such, and what only looks like one is none', () => {
  assert.ok(isDate(new realm.Date()))
  for (const none of [new realm.Date(NaN), new Date(NaN), {}, 0, '2026', null])
    assert.notOk(isDate(none))
  assert.notOk(isDate({ [Symbol.toStringTag]: 'Date' }))
  const error = Object.assign(new realm.Error('x'), {
    name: 'SealdropError',
    code: 'rejected',
    retryable: false,
  })
  assert.ok(S.isSealdropError(error))
  const parsed = { name: 'SealdropError', code: 'rejected', retryable: false }
  assert.notOk(S.isSealdropError(parsed))
  assert.notOk(S.isSealdropError(new realm.Error('x')))
})

test('a URL of another realm is a path where it is a file: URL', () => {
  // jsdom's URL is a class of its own, which node:url does not know
  class Url {
    href = 'file:///tmp/a%20b'
    protocol = 'file:'
    get [Symbol.toStringTag]() {
      return 'URL'
    }
  }
  assert.equal(filePath(/** @type {any} */ (new Url()), 'expected'), '/tmp/a b')
})

test('every verb takes bytes of another realm', async () => {
  const value = other([1, 2, 3])
  const drain = async ({ readable }) => {
    for await (const chunk of readable) void chunk
  }
  for (const bytes of [value, value.buffer]) {
    await S.seal(keys, bytes, { context: {} })
    await drain(await S.sealStream(keys, bytes, { context: {} }))
  }
  const chunks = async function* () {
    yield value
    yield value.buffer
  }
  await drain(await S.sealStream(keys, chunks(), { context: {} }))
  const source = { size: 3, read: async (start, end) => value.slice(start, end) }
  await drain(await S.sealStream(keys, source, { context: {} }))
  for (const der of [
    other(spki),
    other(spki).buffer,
    { PublicKey: other(spki), KeyUsage: 'ENCRYPT_DECRYPT' },
  ])
    assert.lengthOf(await S.importKeySet(der, { trust, use: 'enc' }).list(), 1)
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signers = S.importKeySet(ec.publicKey.export({ type: 'spki', format: 'der' }), {
    trust,
    use: 'sig',
  })
  const message = Buffer.from('abc')
  const signature = sign('sha256', message, ec.privateKey)
  for (const given of [
    { message: other(message), signature: other(signature) },
    { message: other(message).buffer, signature: other(signature).buffer },
  ])
    await S.verifySignature(signers, { ...given, alg: 'ES256' })
})

test('bytes that are none any more, or behind a proxy, are refused and not sealed as something else', async () => {
  for (const bytes of [
    transferred(new Uint8Array(3)),
    transferred(new Uint8Array(3)).buffer,
    new Proxy(new Uint8Array(3), {}),
    { [Symbol.toStringTag]: 'ArrayBuffer', secret: 1 },
  ]) {
    await fails(assert, S.seal(keys, bytes, { context: {} }), 'invalid_argument')
    await fails(assert, S.sealStream(keys, /** @type {any} */ (bytes), { context: {} }), [
      'invalid_argument',
    ])
  }
})

test('what is no source of keys says what it is', async () => {
  for (const [source, kind] of /** @type {const} */ ([
    [new Map([['keys', []]]), 'Map'],
    [new Uint16Array(3), 'Uint16Array'],
    [createECDH('prime256v1'), 'ECDH'],
    [[], 'Array'],
    [new Date(), 'Date'],
  ]))
    await fails(
      assert,
      (async () => S.importKeySet(source, { trust }).ready())(),
      kind === 'ECDH' ? 'keys_malformed' : 'invalid_argument',
      kind === 'ECDH' ? /none of the members/ : new RegExp(`found ${kind}$`),
    )
})

test('a key set of a second copy of the package works, and one of another version is refused', async () => {
  const theirs = copy.importKeySet(spki, { trust: copy.inHand(), use: 'enc', arn })
  await S.seal(/** @type {any} */ (theirs), 'x', { context: {} })
  await copy.seal(/** @type {any} */ (keys), 'x', { context: {} })
  const brand = Symbol.for('sealdrop.keySet')
  for (const bad of [
    { ...JSON.parse(JSON.stringify(keys)) },
    { keys: [] },
    { [brand]: () => undefined },
    null,
    undefined,
    5,
  ])
    await fails(
      assert,
      S.seal(/** @type {any} */ (bad), 'x', { context: {} }),
      'invalid_argument',
      /this version of sealdrop/,
    )
})

test('methods work without their object, and behind any proxy', async () => {
  const behind = (object) => new Proxy(object, {})
  const set = behind(S.importKeySet(spki, { trust: behind(trust), use: 'enc', arn }))
  const { list } = set
  assert.lengthOf(await list(), 1)
  const { seal } = behind(S.createSealer(set))
  await seal('x', { context: {} })
  const sealer = behind(await S.createFileSealer(set, new Blob(['abc']), { context: {} }))
  const { slice, close } = sealer
  assert.lengthOf(await slice(0, sealer.length), sealer.length)
  await close()
})
