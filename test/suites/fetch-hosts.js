import { fails } from '../support/host.js'

/**
 * Hosts with less than a browser: a fetch whose answers have no web stream, statuses by their
 * meaning, and failures by their name.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function fetchHostsSuite({ test, assert, door, fixture }) {
  const { fetchKeySet, overHttps } = door
  const trust = overHttps()
  const url = 'https://keys.example/jwks'
  const document = async () => (await fetch(`${fixture}good`)).text()
  const loaded = (answer) => fetchKeySet(url, { trust, fetch: async () => answer }).list()
  /** An answer as React Native and mocks give it. */
  const bare = (text, o = {}) => ({
    status: 200,
    headers: new Headers(o.length === undefined ? {} : { 'content-length': `${o.length}` }),
    text: async () => text,
    ...o,
  })

  test('an answer without a web stream is read by text()', async () => {
    const text = await document()
    for (const body of [undefined, null, { pipe() {}, on() {} }])
      assert.isNotEmpty(await loaded(bare(text, { body })))
    assert.isNotEmpty(await loaded(bare(`\ufeff${text}`)))
    for (const headers of [undefined, {}, { 'content-length': '5' }])
      assert.isNotEmpty(await loaded(bare(text, { headers })), 'a mock without headers')
  })

  test('such an answer is limited by its announced length before, and by its length after', async () => {
    let read = 0
    const text = async () => {
      read++
      return ' '.repeat(70_000)
    }
    await fails(assert, loaded(bare('', { text, length: 65_537 })), 'keys_malformed', /65536 bytes/)
    assert.equal(read, 0)
    await fails(assert, loaded(bare('', { text })), 'keys_malformed', /65536 bytes/)
    assert.equal(read, 1)
  })

  test('an answer that cannot be read says what is missing', () =>
    fails(assert, loaded({ ...bare(''), text: undefined }), 'unsupported_runtime', /text\(\)/))

  test('what is no function is no fetch', async () => {
    const keys = fetchKeySet(url, { trust, fetch: /** @type {any} */ (42) })
    await fails(assert, keys.list(), 'unsupported_runtime', /no fetch/)
  })

  test('a byte order mark over HTTP is no part of the set', async () => {
    const bytes = new TextEncoder().encode(`\ufeff${await document()}`)
    assert.isNotEmpty(await loaded(new Response(bytes)))
  })

  test('statuses: only redirects are called such, and 408, 429 and 5xx are worth another try', async () => {
    for (const [status, redirect, retryable] of /** @type {const} */ ([
      [204, false, false],
      [206, false, false],
      [301, true, false],
      [304, true, false],
      [400, false, false],
      [404, false, false],
      [408, false, true],
      [429, false, true],
      [500, false, true],
      [503, false, true],
    ])) {
      const error = await fails(assert, loaded({ ...bare('{}'), status }), 'keys_unreachable')
      assert.equal(/redirect/.test(error.message), redirect, `${status}`)
      assert.equal(error.retryable, retryable, `${status}`)
    }
  })

  test('only a failed connection is called one; other exceptions keep their name, and not their words', async () => {
    const failing = (error) => () => Promise.reject(error)
    const words = async (error) => {
      const keys = fetchKeySet(url, { trust, fetch: failing(error) })
      return (await fails(assert, keys.list(), 'keys_unreachable')).message
    }
    assert.match(
      await words(new TypeError('Failed to fetch')),
      /no connection, or blocked by CORS or CSP$/,
    )
    const own = Object.assign(new Error('SECRET'), { name: 'ProxyAuthenticationError' })
    const found = await words(own)
    assert.match(found, /"ProxyAuthenticationError"$/)
    assert.notInclude(found, 'SECRET')
    assert.match(await words('text'), /"undefined"$/)
  })
}
