import { fails, keySetOf, publicJwk } from '../support/host.js'

/**
 * Fetching, caching and refreshing: over real HTTP where HTTP matters, over a counted fetch where
 * time does.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function fetchSuite({ test, assert, door, fixture }) {
  const { fetchKeySet, overHttps, seal, verify } = door
  const trust = overHttps()
  const sealed = (keys) => seal(keys, 'x', { context: {} })

  test('a published set is fetched and sealed to', async () => {
    assert.match(await sealed(fetchKeySet(`${fixture}good`, { trust })), /^ey/)
    assert.match(await sealed(fetchKeySet(new URL(`${fixture}atLimit`), { trust })), /^ey/)
  })

  /** Path to the code, the message, and whether it can be tried again. */
  /** @type {Record<string, [string, RegExp, boolean]>} */
  const bad = {
    missing: ['keys_unreachable', /404/, false],
    broken: ['keys_unreachable', /500/, true],
    busy: ['keys_unreachable', /429/, true],
    redirect: ['keys_unreachable', /redirect/, false],
    html: ['keys_malformed', /web page/, false],
    empty: ['keys_malformed', /other text/, false],
    text: ['keys_malformed', /JSON/, false],
    big: ['keys_malformed', /65536/, false],
    silent: ['keys_unreachable', /within 300 ms/, true],
    endless: ['keys_unreachable', /within 300 ms/, true],
  }
  for (const [path, [code, message, retryable]] of Object.entries(bad)) {
    test(`a key set that is ${path} is ${code}`, async () => {
      const timeout = /silent|endless/.test(path) ? 300 : 30_000 // short only where it must run out
      const error = await fails(
        assert,
        sealed(fetchKeySet(fixture + path, { trust, timeout })),
        code,
        message,
      )
      assert.equal(error.retryable, retryable)
    })
  }

  test('a host that is not there is keys_unreachable and retryable', async () => {
    const error = await fails(
      assert,
      sealed(fetchKeySet('http://127.0.0.1:9/keys', { trust })),
      'keys_unreachable',
      /no connection/,
    )
    assert.isTrue(error.retryable)
  })

  test('an aborted call rejects with its reason while the fetch goes on for others', async () => {
    const keys = fetchKeySet(`${fixture}silent`, { trust, timeout: 400 })
    const control = new AbortController()
    const aborted = keys.ready({ signal: control.signal }).then(
      () => undefined,
      (e) => e,
    )
    const other = keys.ready().then(
      () => undefined,
      (e) => e,
    )
    control.abort(new Error('mine'))
    assert.equal((await aborted).message, 'mine')
    assert.equal((await other).code, 'keys_unreachable')
  })

  const document = keySetOf(publicJwk('RSA-2048-enc'), publicJwk('P-256-sig', { alg: 'ES256' }))
  /** A fetch that counts, answers what `answer` says, and a clock. */
  const counted = (headers = {}, o = {}) => {
    /** @type {{ calls: number, at: number, answer: () => Response, last?: any }} */
    const state = {
      calls: 0,
      at: 1_900_000_000_000,
      answer: () => new Response(document, { headers }),
    }
    const keys = fetchKeySet('https://keys.example/', {
      trust,
      now: () => state.at,
      fetch: async (url, init) => {
        state.calls++
        state.last = { url, init }
        return state.answer()
      },
      ...o,
    })
    return { state, keys }
  }

  test('the request follows no redirect, carries no credentials, and nothing is fetched before it is used', async () => {
    const { state, keys } = counted({}, { headers: { authorization: 'Bearer t' } })
    assert.equal(state.calls, 0)
    await sealed(keys)
    const { url, init } = state.last
    assert.equal(url, 'https://keys.example/')
    assert.equal(init.redirect, 'manual')
    assert.equal(init.credentials, 'credentials' in Request.prototype ? 'omit' : undefined)
    assert.deepEqual(Object.keys(init.headers).sort(), ['accept', 'authorization'])
  })

  test('a set is fresh for 10 minutes, or for as long as the server says, or for maxAge when that is shorter', async () => {
    const minutes = 60_000
    /** @type {[Record<string, string>, object, number][]} */
    const rows = [
      [{}, {}, 10 * minutes],
      [{ 'cache-control': 'public, max-age=60' }, {}, minutes],
      [{ 'cache-control': 'max-age=3600', age: '600' }, {}, 50 * minutes],
      [{ 'cache-control': 'no-store' }, {}, minutes / 2],
      [{ 'cache-control': 'max-age=999999' }, {}, 1440 * minutes],
      [{ 'cache-control': 'max-age=3600' }, { maxAge: 5 * minutes }, 5 * minutes],
    ]
    for (const [headers, options, fresh] of rows) {
      const { state, keys } = counted(headers, options)
      await sealed(keys)
      state.at += fresh - 1
      await sealed(keys)
      assert.equal(state.calls, 1, JSON.stringify([headers, options]))
      state.at += 1
      await sealed(keys)
      assert.equal(state.calls, 2, JSON.stringify([headers, options]))
    }
  })

  test('many callers share one request', async () => {
    const { state, keys } = counted()
    await Promise.all(Array.from({ length: 100 }, () => sealed(keys)))
    assert.equal(state.calls, 'WebSocketPair' in globalThis ? 100 : 1)
  })

  test('while the host is down a set is served for 24 hours, asking again at most every 30 s, and then no longer', async () => {
    const { state, keys } = counted()
    await sealed(keys)
    state.answer = () => {
      throw new TypeError('down')
    }
    state.at += 600_000
    await sealed(keys)
    await sealed(keys)
    assert.equal(state.calls, 2)
    state.at += 30_000
    await sealed(keys)
    assert.equal(state.calls, 3)
    state.at += 24 * 3_600_000
    await fails(assert, sealed(keys), 'keys_unreachable')
    state.answer = () => new Response(document)
    await sealed(keys)
  })

  const withdrawals = {
    'an empty set': '{"keys":[]}',
    'no key to seal to': keySetOf(publicJwk('P-256-sig', { alg: 'ES256' })),
    'a web page': '<html>',
    'status 410': undefined,
    'status 404': undefined,
  }
  for (const [what, body] of Object.entries(withdrawals)) {
    test(`a host that is up and answers ${what} is not taken to be down`, async () => {
      const { state, keys } = counted()
      await sealed(keys)
      state.answer = () =>
        body === undefined
          ? new Response('', { status: Number(what.slice(-3)) })
          : new Response(body)
      state.at += 600_000
      for (let i = 0; i < 2; i++)
        await fails(assert, sealed(keys), ['no_usable_key', 'keys_malformed', 'keys_unreachable'])
    })
  }

  test('an error shows no query of the URL, which may hold a token', async () => {
    const error = await fails(
      assert,
      sealed(fetchKeySet(`${fixture}missing?token=SECRET`, { trust })),
      'keys_unreachable',
      /missing/,
    )
    assert.notInclude(error.message, 'SECRET')
  })

  test('a timeout or age that is no number of milliseconds is refused', async () => {
    for (const o of [
      { timeout: 0 },
      { timeout: 1.5 },
      { timeout: Infinity },
      { maxAge: NaN },
      { maxAge: -1 },
    ])
      await fails(
        assert,
        () => fetchKeySet(`${fixture}good`, { trust, ...o }),
        'invalid_argument',
        /milliseconds/,
      )
  })

  test('refresh loads at once, and throws while keeping what is held', async () => {
    const { state, keys } = counted()
    await keys.ready()
    await keys.refresh()
    assert.equal(state.calls, 2)
    state.answer = () => new Response('<html>')
    await fails(assert, keys.refresh(), 'keys_malformed')
    await sealed(keys)
  })

  test('an unknown kid fetches the set again, at most once in 30 s', async () => {
    const { state, keys } = counted()
    const head = btoa('{"alg":"ES256","kid":"other"}').replace(/=/g, '')
    const unknown = `${head}.e30.${'A'.repeat(86)}`
    await keys.ready()
    await fails(assert, verify(keys, unknown), 'key_not_found', /"other"/)
    assert.equal(state.calls, 1, 'the set was fetched just now')
    state.at += 30_000
    await fails(assert, verify(keys, unknown), 'key_not_found')
    assert.equal(state.calls, 2)
    await fails(assert, verify(keys, unknown), 'key_not_found')
    assert.equal(state.calls, 2)
  })
}
