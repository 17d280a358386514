// Hosts that lack a global: each is taken away before a fresh copy of the package is loaded.
import test from 'node:test'
import { execFile, execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import { promisify } from 'node:util'
import { assert } from 'chai'
import { binary, fromUtf8, utf8 } from '#dist/bytes/text.js'
import { portOf } from '../support/listen.mjs'

const bundle = new URL('../../dist/sealdrop.min.mjs', import.meta.url).href

/**
 * Runs a program in a process that first loses something, and gives what it printed.
 *
 * Node loads its fetch when it is first named, and needs the globals for that.
 */
const without = (loss, program) =>
  execFileSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `void Request; ${loss}; const S = await import('${bundle}'); ${program}`,
    ],
    { encoding: 'utf8' },
  ).trim()

const sealing = `
  const { publicKey } = await crypto.subtle.generateKey(
    { name: 'RSA-OAEP', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
    true, ['encrypt', 'decrypt'])
  const jwk = { ...(await crypto.subtle.exportKey('jwk', publicKey)), use: 'enc' }
  delete jwk.key_ops; delete jwk.alg
  const text = JSON.stringify({ keys: [jwk] })
  const answer = { status: 200, headers: { get() {} }, text: async () => text }
  const keys = S.fetchKeySet('https://keys.example/jwks', { trust: S.overHttps(), fetch: async () => answer })
  console.log((await S.seal(keys, 'Zoë €', { context: { straße: 'Köln' } })).split('.').length)`

for (const loss of [
  'delete globalThis.TextEncoder',
  'delete globalThis.TextDecoder',
  'delete globalThis.Request',
  'delete AbortSignal.timeout',
  'delete globalThis.ReadableStream',
  'delete globalThis.structuredClone',
])
  test(`it seals after: ${loss}`, () => assert.equal(without(loss, sealing), '5'))

test('without fetch it says so', () => {
  const program = `
    const keys = S.fetchKeySet('https://keys.example/jwks', { trust: S.overHttps() })
    console.log(await keys.list().catch(({ code, message }) => code + ' ' + message))`
  assert.match(without('delete globalThis.fetch', program), /^unsupported_runtime .*fetch/)
})

/** Decoders that do less: React Native's ignores fatal, Hermes' throws, others are not there. */
const decoders = {
  'one that ignores fatal': class {
    decode(bytes) {
      return new TextDecoder().decode(bytes)
    }
  },
  'one that throws': class {
    constructor(_label, o) {
      if (o?.fatal) throw new TypeError('fatal is unsupported')
    }
  },
  none: undefined,
}

for (const [name, decoder] of Object.entries(decoders))
  test(`UTF-8 is read as strictly with ${name}`, (t) => {
    const texts = ['', 'Zoë €', '\ufeffa', '\u{1f600}', '\ufffd', 'a\0b', 'x'.repeat(100_000)]
    const bytes = texts.map((text) => utf8(text))
    const own = globalThis.TextDecoder
    t.after(() => {
      globalThis.TextDecoder = own
    })
    globalThis.TextDecoder = /** @type {any} */ (decoder)
    const found = bytes.map((part) => fromUtf8(part))
    const bad = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf4, 0x90, 0x80, 0x80]]
    const refused = bad.map((part) => fromUtf8(Uint8Array.from(part)))
    globalThis.TextDecoder = own
    assert.deepEqual(found, texts)
    assert.deepEqual(
      refused,
      bad.map(() => undefined),
    )
  })

test('UTF-8 is written alike without a TextEncoder', (t) => {
  const own = globalThis.TextEncoder
  t.after(() => {
    globalThis.TextEncoder = own
  })
  for (const text of ['', 'Zoë €', '\u{1f600}\ufeff', '\0\x7f\x80\u07ff\u0800\uffff']) {
    globalThis.TextEncoder = own
    const expected = new TextEncoder().encode(text)
    globalThis.TextEncoder = /** @type {any} */ (undefined)
    assert.deepEqual([...utf8(text)], [...expected])
    assert.equal(binary(expected).length, expected.length)
  }
})

test('a timeout holds without AbortSignal.timeout, and one of a year does not end at once', async (t) => {
  const server = createServer((_request, response) => {
    setTimeout(() => response.end('{}'), 300).unref()
  })
  const url = `http://127.0.0.1:${await portOf(server)}/`
  t.after(() => server.close())
  const program = (timeout) => `
    const keys = S.fetchKeySet('${url}', { trust: S.overHttps(), timeout: ${timeout} })
    console.log(await keys.list().catch(({ code, message }) => code + ' ' + message))`
  // not by execFileSync, since the server runs in this process
  const run = async (timeout) => {
    const code = `delete AbortSignal.timeout; const S = await import('${bundle}'); ${program(timeout)}`
    const args = ['--input-type=module', '-e', code]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    return stdout.trim()
  }
  assert.match(await run(50), /^keys_unreachable .*no answer within 50 ms$/)
  assert.match(await run(31_536_000_000), /^keys_malformed/)
})
