// docs/guides/trust.md: its blocks of code are run, and what its tables and its picture say is
// true.
import test from 'node:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import * as jose from 'jose'
import { fetchKeySet, inspect, overHttps, pinned, seal, signedBy } from 'sealdrop'
import { publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import {
  assertImports,
  assertLinks,
  assertParse,
  documentAt,
  root,
  runModule,
} from '../support/documents.mjs'
import { fails, publicJwk as vector } from '../support/host.js'
import { present } from '../support/types.mjs'

const document = documentAt('docs/guides/trust.md')
const [hour, start] = [3_600_000, Math.floor(Date.now() / 1000) * 1000]
/**
 * The example key of RFC 7517 appendix A.2, whose public half stands in the document.
 *
 * @type {jose.JWK}
 */
const rfcRoot = {
  kty: 'EC',
  crv: 'P-256',
  x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
  y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
  d: '870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE',
}
/**
 * The public half of a key.
 *
 * @param {jose.JWK} jwk
 */
const publicHalf = ({ d: _secret, ...members }) => members
const rootJwk = publicHalf(rfcRoot)
/** A new root, as a JWK with its private half. */
const newRoot = async () =>
  jose.exportJWK((await jose.generateKeyPair('ES256', { extractable: true })).privateKey)
const enc = (name, more) => ({ ...vector(name), use: 'enc', ...more })
const thumbprint = (jwk) => jose.calculateJwkThumbprint(jwk)

/** A set as a root signs it. */
async function signedSet({
  by = rfcRoot,
  ver = 41,
  at = start,
  keys = [enc('P-256-enc')],
  claims = {},
  header = {},
} = {}) {
  const payload = {
    iss: 'https://example.com',
    sub: 'default',
    ver,
    iat: at / 1000,
    exp: at / 1000 + 86_400,
    keys,
    ...claims,
  }
  return new jose.CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'ES256', typ: 'jwk-set+jwt', kid: await thumbprint(by), ...header })
    .sign(await jose.importJWK(by, 'ES256'))
}
/** A store of sets in memory. */
const memoryStore = () => {
  const entries = new Map()
  return {
    get: async (id) => entries.get(id),
    put: async (id, set) => {
      entries.set(id, set)
    },
  }
}
const plain = (...keys) => JSON.stringify({ keys })
/**
 * A client whose host answers what `serve` says; `sealed` tells the thumbprint that it sealed to.
 */
function client(trust, answer) {
  const state = { at: start, answer }
  const keys = fetchKeySet('https://keys.example/', {
    trust,
    now: () => state.at,
    fetch: async () => {
      const found = await state.answer
      if (found instanceof Error) throw found
      return new Response(found)
    },
  })
  return {
    state,
    keys,
    sealed: async () => (await inspect(await seal(keys, 'x', { context: {} }))).recipients[0],
  }
}

test('every block parses, names what exists; what is linked, is there; the picture says in words what it shows', async () => {
  assertParse(document.code, 9)
  await assertImports(document, 15)
  assertLinks(document)
  const picture = readFileSync(new URL('docs/trust.svg', root), 'utf8')
  assert.match(picture, /role="img" aria-labelledby="t d"[\s\S]*<title id="t">[\s\S]*<desc id="d">/)
  assert.match(picture, /prefers-color-scheme: dark/)
  const [, described] = present(/<desc id="d">([^<]*)/.exec(picture))
  for (const word of [
    'overHttps',
    'signedBy',
    'pinned',
    'inHand',
    'keys_rolled_back',
    'keys_expired',
    'keys_unreachable',
  ])
    assert.include(described, word)
})

test('every block of code does its job', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sealdrop-trust-'))
  const local = await startLocalKms({
    keys: [{ alias: 'alias/root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }],
  })
  t.after(async () => {
    await local.close()
    rmSync(folder, { recursive: true })
  })
  const [key, next] = [enc('P-256-enc'), enc('P-384-enc')]
  const signed = await signedSet({ keys: [key] })
  const publicKey = await jose.importJWK(vector('P-256-enc'), 'ECDH-ES', { extractable: true })
  const spki = await jose.exportSPKI(/** @type {CryptoKey} */ (publicKey))
  writeFileSync(join(folder, 'key.pem'), spki)
  const { PublicKey, ...answer } = await new KMSClient(local.clientConfig).send(
    new GetPublicKeyCommand({ KeyId: 'alias/root' }),
  )
  writeFileSync(
    join(folder, 'root.json'),
    JSON.stringify({ ...answer, PublicKey: Buffer.from(present(PublicKey)).toString('base64') }),
  ) // as the AWS CLI prints it
  const rootKid = present((await publicJwk({ kms: local.clientConfig, key: 'alias/root' })).kid)
  /** Node has no IndexedDB: a store in memory stands in for it, or one that fails. */
  const memory = `
    const memory = new Map()
    const indexedDbSets = () => ({
      get: async (id) => memory.get(id),
      put: async (id, set) => { memory.set(id, set) },
    })
`
  const failing = `
    const indexedDbSets = () => ({
      get: async () => { throw Object.assign(new Error('not allowed'), { code: 'x' }) },
      put: async () => {},
    })
`
  const withStore = (code, store) => store + code.replace(', indexedDbSets', '')
  const serve = (served) => `
    globalThis.location = { href: 'https://example.com/' }
    globalThis.fetch = async () => new Response(${JSON.stringify(served)})
`
  const sealTo = (keys) => `
    import { seal as sealIt, inspect as look } from 'sealdrop'
    const sealedNow = await sealIt(${keys}, 'x', { context: {} })
    console.log((await look(sealedNow)).recipients[0])`
  const pins = async (code) =>
    code
      .replace('tCcJB9PbNFtcJJ5m-aUnPWgykK0CCcIZcoXvNPr4pdc', await thumbprint(key))
      .replace('eR5Nf5psFDYzcvX_qIxvyD-wQ3pP5BTnydi8oXl9hRA', await thumbprint(next))
  const expected = await thumbprint(key)
  /** Which block it is, the program that it becomes, and what this says. */
  /** @type {[RegExp, (code: string) => Promise<string>, string][]} */
  const runs = [
    [/two people can compare/, async (code) => code, await thumbprint(rootJwk)],
    [
      /name: 'default'/,
      async (code) => serve(signed) + withStore(code, memory) + sealTo('keys'),
      expected,
    ],
    [
      /keysOf/,
      async (code) =>
        serve(signed) + withStore(code, memory) + sealTo(`keysOf([${JSON.stringify(rootJwk)}])`),
      expected,
    ],
    [
      /output_failed/,
      async (code) =>
        serve(signed) +
        withStore(code, failing) +
        sealTo(`await open(${JSON.stringify(rootJwk)}, 'https://example.com/')`),
      expected,
    ],
    [
      /pinned\(\[current, next\]\)/,
      async (code) => serve(plain(next, key)) + (await pins(code)) + sealTo('keys'),
      expected,
    ],
    [/overHttps\(\)/, async (code) => serve(plain(key)) + code + sealTo('keys'), expected],
    [/key\.pem/, async (code) => code + sealTo('keys'), expected],
    [/publicJwk/, async (code) => code, rootKid],
    [/root\.json/, async (code) => code, rootKid],
  ]
  for (const code of document.code) {
    const found = runs.filter(([pattern]) => pattern.test(code))
    assert.equal(found.length, 1, code)
    const [[, program, says]] = found
    const resolved = (await program(code)).replace(
      /from '(sealdrop[^']*)'/g,
      (_all, door) => `from '${import.meta.resolve(door)}'`,
    )
    const { status, output } = await runModule(resolved, { cwd: folder, env: local.env })
    assert.equal(status, 0, `${code}\n${output}`)
    assert.include(output.trim().split(/\s+/), says, code)
  }
  assert.equal(document.code.length, runs.length)
})

test('the table of what each stops', async () => {
  const [mine, foreign] = [enc('P-256-enc'), enc('P-384-enc')]
  const pin = await thumbprint(mine)
  const otherRoot = await newRoot()
  const signed = await signedSet()
  const choices = {
    overHttps: () => overHttps(),
    signedBy: () => signedBy([rootJwk]),
    pinned: () => pinned([pin]),
  }
  /** A code, or the key that is sealed to. */
  const outcome = async (choice, answer, at = start) => {
    const one = client(choices[choice](), answer)
    one.state.at = at
    return one.sealed().catch(({ code }) => code)
  }
  /** @type {[string, string | Error, string, string, number?][]} */
  const cases = [
    ['swap', plain(foreign), 'overHttps', await thumbprint(foreign)],
    [
      'swap',
      signed.replace(/\.[^.]+\./, `.${(await signedSet({ keys: [foreign] })).split('.')[1]}.`),
      'signedBy',
      'keys_untrusted',
    ],
    ['swap', plain(foreign), 'pinned', 'keys_untrusted'],
    ['swap beside', plain(foreign, mine), 'pinned', pin],
    ['strip', plain(mine), 'signedBy', 'keys_untrusted'],
    ['another root', await signedSet({ by: otherRoot }), 'signedBy', 'keys_untrusted'],
    ['a signed set', signed, 'pinned', 'keys_malformed'],
    [
      'a receipt',
      await signedSet({ header: { typ: 'sealdrop-receipt+jwt' } }),
      'signedBy',
      'keys_untrusted',
    ],
    ['other tenant', await signedSet({ claims: { sub: 'other' } }), 'signedBy', 'keys_untrusted'],
    ['other tenant', plain(foreign), 'pinned', 'keys_untrusted'],
    ['freeze', signed, 'signedBy', pin, start + 23 * hour],
    ['freeze', signed, 'signedBy', 'keys_expired', start + 25 * hour],
    ['freeze', plain(mine), 'overHttps', pin, start + 9_999 * hour],
    ['freeze', plain(mine), 'pinned', pin, start + 9_999 * hour],
    [
      'too long',
      await signedSet({ claims: { exp: start / 1000 + 8 * 86_400 } }),
      'signedBy',
      'keys_untrusted',
    ],
    ['future', await signedSet({ at: start + 25 * hour }), 'signedBy', 'keys_expired'],
    ['dates', plain({ ...mine, exp: 1 }), 'pinned', 'no_usable_key'],
    ['rubbish', '<html>', 'overHttps', 'keys_malformed'],
    ['rubbish', '<html>', 'signedBy', 'keys_malformed'],
    ['rubbish', '{}', 'signedBy', 'keys_untrusted'],
    ['rubbish', 'x', 'pinned', 'keys_malformed'],
    ['nothing', new TypeError('down'), 'overHttps', 'keys_unreachable'],
    ['nothing', new TypeError('down'), 'signedBy', 'keys_unreachable'],
    ['nothing', new TypeError('down'), 'pinned', 'keys_unreachable'],
  ]
  for (const [what, answer, choice, says, at] of cases)
    assert.equal(await outcome(choice, answer, at), says, `${what} ${choice}`)
  for (const choice of ['overHttps', 'pinned']) {
    const one = client(choices[choice](), plain(mine))
    await one.sealed()
    one.state.answer = new TypeError('down')
    one.state.at += 24 * hour - 1
    assert.equal(await one.sealed(), pin)
    one.state.at += 1
    await fails(assert, one.sealed(), 'keys_unreachable')
  }
})

test('the life of a signed set, as the picture has it', async () => {
  const [old, fresh] = [enc('P-256-enc'), enc('P-384-enc')]
  const [set41, set42] = [
    await signedSet({ ver: 41, keys: [old] }),
    await signedSet({ ver: 42, at: start + 6 * hour, keys: [fresh] }),
  ]
  const trust = () => signedBy([rootJwk], { store: memoryStore() })
  const at = async (one, hours, answer = one.state.answer) => {
    one.state.at = start + hours * hour
    one.state.answer = answer
    return one.sealed().catch(({ code }) => code)
  }
  const seen = client(trust(), set41)
  assert.equal(await at(seen, 0), await thumbprint(old))
  assert.equal(await at(seen, 6.5, set42), await thumbprint(fresh))
  for (const hours of [7, 25, 29.9])
    assert.equal(await at(seen, hours, set41), await thumbprint(fresh), `${hours}`)
  assert.equal(await at(seen, 30.1), 'keys_rolled_back')
  const first = client(trust(), set41)
  for (const hours of [7, 23.9]) assert.equal(await at(first, hours), await thumbprint(old))
  assert.equal(await at(first, 24.1), 'keys_expired')
  const cut = client(trust(), set41)
  await at(cut, 0)
  await at(cut, 6.5, set42)
  assert.equal(await at(cut, 29.9, new TypeError('down')), await thumbprint(fresh))
  assert.equal(await at(cut, 30.1), 'keys_unreachable')
})

test('a compromised root has to leave the pages: its forged set is kept, then the true ones are refused; without it, nothing of it is looked at, also in the store', async () => {
  const spare = await newRoot()
  const spareJwk = publicHalf(spare)
  const store = memoryStore()
  const [mine, foreign] = [enc('P-256-enc'), enc('P-384-enc')]
  const forged = await signedSet({
    ver: Number.MAX_SAFE_INTEGER,
    at: start + 23 * hour,
    claims: { exp: start / 1000 + 23 * 3_600 + 7 * 86_400 },
    keys: [foreign],
  })
  const both = client(signedBy([rootJwk, spareJwk], { store }), forged)
  assert.equal(await both.sealed(), await thumbprint(foreign))
  both.state.answer = signedSet({ by: spare, ver: 43, at: start + hour, keys: [mine] })
  both.state.at += hour
  assert.equal(await both.sealed(), await thumbprint(foreign), 'kept while it lives')
  both.state.at = start + 8 * 24 * hour
  both.state.answer = signedSet({ by: spare, ver: 44, at: both.state.at, keys: [mine] })
  await fails(assert, both.sealed(), 'keys_rolled_back')
  const mended = client(
    signedBy([spareJwk], { store }),
    signedSet({ by: spare, ver: 43, keys: [mine] }),
  )
  assert.equal(await mended.sealed(), await thumbprint(mine))
})
