// The page's half of links where no server is needed: what is taken from an address, and what a
// transport sends.
import test from 'node:test'
import { assert } from 'chai'
import { takeDropLink, uploadAll, uploadSealed, uploadTransport } from 'sealdrop/upload'
import * as door from 'sealdrop'
import { fails, keysInHand } from '../support/host.js'
import { wrong } from '../support/types.mjs'

const page = 'https://app.example.com/send?claim=7'
const claims = { sub: 'acme', ctx: { claim: '7' }, exp: 2_000_000_000, files: 3 }
const tokenOf = (payload) =>
  `e30.${Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)).toString('base64url')}.c2lnbmF0dXJl`

/** An address bar. @returns what of it the page's scripts changed */
function at(t, href) {
  const history = {
    state: { kept: 1 },
    replaceState: (state, _, url) => void told.push([state, url]),
  }
  const told = /** @type {unknown[]} */ ([])
  Object.assign(globalThis, { location: { href }, history })
  t.after(() => {
    Reflect.deleteProperty(globalThis, 'location')
    Reflect.deleteProperty(globalThis, 'history')
  })
  return told
}

test('a link is taken from the address, which keeps everything else, and its state', (t) => {
  const token = tokenOf(claims)
  const told = at(t, `${page}#drop=${token}`)
  const { expires, ...said } = takeDropLink() ?? {}
  assert.deepEqual(expires, new Date(2_000_000_000_000))
  const limits = { files: 3, bytes: undefined }
  assert.deepEqual(said, { token, subject: 'acme', context: { claim: '7' }, ...limits })
  assert.deepEqual(told, [[{ kept: 1 }, page]])
})

test('a link whose sign was escaped on its way is taken too', (t) => {
  const token = tokenOf(claims)
  for (const sign of ['%3D', '%3d']) {
    const told = at(t, `${page}#drop${sign}${token}`)
    assert.equal(takeDropLink()?.token, token)
    assert.deepEqual(told, [[{ kept: 1 }, page]])
  }
})

test('where there is no link, nothing is taken and nothing is changed', (t) => {
  assert.isUndefined(takeDropLink(), 'without a page')
  for (const hash of ['', '#', '#top', '#adrop=x', '#drop']) {
    const told = at(t, page + hash)
    assert.isUndefined(takeDropLink(), hash)
    assert.deepEqual(told, [])
  }
})

test('a damaged link is malformed, leaves the address too, and is told to nobody', async (t) => {
  const token = tokenOf(claims)
  const damaged = [
    '',
    'hidden-text',
    token.slice(0, 20),
    tokenOf('hidden-text'),
    tokenOf([]),
    tokenOf({ ...claims, sub: 7 }),
    tokenOf({ ...claims, ctx: { claim: 7 } }),
    tokenOf({ ctx: {} }),
    ...['1', -1, null, 1e12].map((exp) => tokenOf({ ...claims, exp })),
    ...['1', 0, -1, 1.5, null].flatMap((limit) => [
      tokenOf({ ...claims, files: limit }),
      tokenOf({ ...claims, bytes: limit }),
    ]),
    `${token}&utm_source=mail`,
    `${token})`,
    `${token}.`,
    `${token}.e30`,
    `${token}#drop=${token}`,
    token.slice(0, token.lastIndexOf('.')),
    token.slice(0, token.lastIndexOf('.') + 1),
    token.slice(token.indexOf('.')),
  ]
  for (const text of damaged) {
    const told = at(t, `${page}#drop=${text}`)
    await fails(assert, takeDropLink, 'malformed', /^link: copy all of it((?!hidden).)*$/)
    assert.deepEqual(told, [[{ kept: 1 }, page]], text)
  }
})

test('the token takes the place of an authorization in headers, and goes along with nothing else', async () => {
  const seen = []
  const transport = uploadTransport('https://app.example.com/uploads', {
    headers: { Authorization: 'Bearer of-the-app', 'x-app': '1' },
    fetch: async (url, init) => {
      seen.push([url, Object.fromEntries(new Headers(init?.headers)), init?.body])
      return Response.json({ aborted: true })
    },
  })
  const link = tokenOf(claims)
  await transport.ask('abort', { session: 'a' }, { link })
  await transport.ask('abort', { session: 'a' })
  const [[url, headers, body], [, others]] = seen
  assert.equal(headers.authorization, `Bearer ${link}`)
  assert.equal(headers['x-app'], '1')
  assert.equal(others.authorization, 'Bearer of-the-app')
  assert.notInclude(url + body, link)
  await fails(
    assert,
    () => transport.ask('abort', { session: 'a' }, wrong({ token: 1 })),
    'invalid_argument',
  )
})

test('what is no link is refused before anything is sent', async () => {
  const keys = keysInHand(door, 'P-256-enc')
  const transport = uploadTransport('https://app.example.com/uploads')
  const file = new Blob(['a'])
  for (const link of [
    null,
    '',
    tokenOf(claims),
    {},
    { token: '' },
    { token: 'a b' },
    { token: 'a\nb' },
  ]) {
    const o = wrong({ context: {}, transport, link })
    await fails(assert, uploadSealed(keys, file, o), 'invalid_argument', /takeDropLink/)
    await fails(assert, () => uploadAll(keys, [], o), 'invalid_argument', /takeDropLink/)
  }
})
