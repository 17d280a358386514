// indexedDbSets in real Chromium: a page that is opened again knows what it has seen.
import { assert } from 'chai'
import * as jose from 'jose'
import { fetchKeySet, indexedDbSets, seal, signedBy } from '#dist/doors/index.js'
import { fails, publicJwk } from '../support/host.js'
import { keyPairs } from '../vectors/keys.js'

const root = publicJwk('P-256-sig')
const start = 1_900_000_000_000
/** A database that no other page of this origin has. */
const newName = () => `sets ${crypto.randomUUID()}`

async function signedSet(ver, name = 'P-256-enc') {
  const claims = {
    iss: 'x',
    sub: 'default',
    ver,
    iat: start / 1000,
    exp: start / 1000 + 86_400,
    keys: [publicJwk(name)],
  }
  const header = { alg: 'ES256', typ: 'jwk-set+jwt', kid: await jose.calculateJwkThumbprint(root) }
  return new jose.CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader(header)
    .sign(await jose.importJWK(keyPairs['P-256-sig'], 'ES256'))
}
const page = (name, answer) =>
  fetchKeySet('https://keys.example/', {
    trust: signedBy([root], { store: indexedDbSets(name) }),
    now: () => start,
    fetch: async () => {
      if (answer) return new Response(answer)
      throw new TypeError('down')
    },
  })
const curve = async (keys) => {
  const { epk } = jose.decodeProtectedHeader(await seal(keys, 'x', { context: {} }))
  return /** @type {{ crv: string }} */ (epk).crv
}

test('a page that is opened again takes no older set, and has the newer one while the host is down', async () => {
  const name = newName()
  assert.equal(await curve(page(name, await signedSet(2, 'P-384-enc'))), 'P-384')
  assert.equal(await curve(page(name, await signedSet(1))), 'P-384')
  assert.equal(await curve(page(name)), 'P-384')
  assert.equal(await curve(page(name, await signedSet(3))), 'P-256')
})

test('of pages that load two sets at once the newer one stays, whichever ends last', async () => {
  const [older, newer] = [await signedSet(1), await signedSet(2, 'P-384-enc')]
  for (let round = 0; round < 20; round++) {
    const name = newName()
    const both = round % 2 ? [older, newer] : [newer, older]
    await Promise.all(both.map((set) => page(name, set).ready()))
    assert.equal(await curve(page(name)), 'P-384', `round ${round}`)
  }
})

test('a set takes the place only of the one that was read, in one transaction', async () => {
  const name = newName()
  const sets = Array.from({ length: 10 }, (_, i) => `set ${i}`)
  const told = await Promise.all(
    sets.map(async (set) => indexedDbSets(name).swap?.('id', set, undefined)),
  )
  assert.equal(new Set(told).size, 1)
  assert.include(sets, told[0])
  const store = indexedDbSets(name)
  assert.equal(await store.swap?.('id', 'next', 'other'), told[0])
  assert.equal(await store.get('id'), told[0])
  assert.equal(await store.swap?.('id', 'next', told[0]), 'next')
  assert.equal(await store.get('id'), 'next')
  await store.put('id', 'put')
  assert.equal(await store.get('id'), 'put')
})

test('one database does not know what another has seen', async () => {
  await curve(page(newName(), await signedSet(2, 'P-384-enc')))
  assert.equal(await curve(page(newName(), await signedSet(1))), 'P-256')
  await fails(assert, curve(page(newName())), 'keys_unreachable')
})

test('where the browser allows no IndexedDB it is output_failed', async () => {
  const real = Object.getOwnPropertyDescriptor(window, 'indexedDB')
  Object.defineProperty(window, 'indexedDB', {
    configurable: true,
    value: {
      open() {
        throw new DOMException('not allowed', 'SecurityError')
      },
    },
  })
  try {
    await fails(assert, curve(page(newName(), await signedSet(1))), 'output_failed', /IndexedDB/)
  } finally {
    if (real) Object.defineProperty(window, 'indexedDB', real)
    else Reflect.deleteProperty(window, 'indexedDB')
  }
})
