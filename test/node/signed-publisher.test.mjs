// A publisher with a root, against the local KMS, over real HTTP, read by fetchKeySet with signedBy
// and by jose.
import test from 'node:test'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DisableKeyCommand } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import * as jose from 'jose'
import { fetchKeySet, seal, signedBy } from 'sealdrop'
import { fileSets } from 'sealdrop/fs'
import { createOpener, createPublisher, createSigner, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { keySetHandler } from 'sealdrop/serve'
import { countingKms } from '../support/counting-kms.mjs'
import { fails } from '../support/host.js'
import { listen } from '../support/listen.mjs'
import { present, wrong } from '../support/types.mjs'

const minute = 60_000
const hour = 60 * minute

async function set(t, { rootSpec = 'ECC_NIST_P256' } = {}) {
  const local = await startLocalKms({
    keys: [
      { alias: 'alias/root', spec: rootSpec, usage: 'SIGN_VERIFY' },
      { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
      { alias: 'alias/next', spec: 'ECC_NIST_P384', usage: 'KEY_AGREEMENT' },
      { alias: 'alias/receipts', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
    ],
  })
  t.after(() => local.close())
  const clock = { at: Date.now() }
  const kms = countingKms(local.clientConfig)
  const publish = (o = {}) =>
    createPublisher({
      kms: kms.client,
      root: 'alias/root',
      keys: [{ key: 'alias/claims' }, { key: 'alias/receipts' }],
      now: () => clock.at,
      ...o,
    })
  const root = await publicJwk({ kms: local.clientConfig, key: 'alias/root' })
  return { local, clock, publish, root, ...kms }
}
const claimsOf = (jws) => jose.decodeJwt(jws)

for (const rootSpec of [
  'ECC_NIST_P256',
  'ECC_NIST_P384',
  'ECC_NIST_P521',
  'RSA_2048',
  'RSA_4096',
]) {
  test(`a set that a root of ${rootSpec} signed is verified by jose, and says what the profile asks for`, async (t) => {
    const { publish, root, clock } = await set(t, { rootSpec })
    const { jws, jwks, expires } = await publish().documents()
    const { protectedHeader, payload } = await jose.compactVerify(
      present(jws),
      await jose.importJWK(root),
    )
    assert.deepEqual(protectedHeader, { alg: root.alg, kid: root.kid, typ: 'jwk-set+jwt' })
    const { keys, ...claims } = JSON.parse(Buffer.from(payload).toString())
    const iat = Math.floor(clock.at / 1000)
    assert.deepEqual(claims, {
      iss: `urn:ietf:params:oauth:jwk-thumbprint:sha-256:${root.kid}`,
      sub: 'default',
      ver: iat,
      iat,
      exp: Math.floor((clock.at + 24 * hour) / 1000),
    })
    assert.deepEqual({ keys }, JSON.parse(jwks))
    assert.equal(expires.getTime(), claims.exp * 1000)
  })
}

test('the same set is signed once for a quarter of its lifetime however many ask, again when it changed, and each signature has an ETag of its own', async (t) => {
  const { publish, clock, calls, client, local } = await set(t)
  const publisher = publish()
  const signs = () => calls.filter((name) => name === 'Sign').length
  const first = await publisher.documents()
  for (let i = 0; i < 50; i++) await publisher.documents()
  assert.equal(signs(), 1)
  clock.at += 5 * minute + 1
  assert.equal((await publisher.documents()).jws, first.jws)
  assert.equal(signs(), 1)
  clock.at += 6 * hour
  const again = await publisher.documents()
  assert.notEqual(again.jws, first.jws)
  assert.notEqual(again.etag, first.etag)
  assert.equal(again.jwks, first.jwks)
  assert.isAbove(claimsOf(again.jws).ver, claimsOf(first.jws).ver)
  await client.send(new DisableKeyCommand({ KeyId: local.keys['alias/receipts'] }))
  clock.at += 5 * minute + 1
  assert.equal(claimsOf((await publisher.documents()).jws).keys.length, 1)
  assert.equal(signs(), 3)
})

test('where the clock is set back the set is signed again at once, and its counter does not go back', async (t) => {
  const { publish, clock, client, local } = await set(t)
  const publisher = publish()
  clock.at += 10 * 24 * hour
  const first = claimsOf((await publisher.documents()).jws)
  clock.at -= 10 * 24 * hour
  const second = claimsOf((await publisher.documents()).jws)
  assert.equal(second.iat, Math.floor(clock.at / 1000))
  await client.send(new DisableKeyCommand({ KeyId: local.keys['alias/receipts'] }))
  clock.at += 5 * minute + 1
  const third = claimsOf((await publisher.documents()).jws)
  assert.isTrue(third.ver > second.ver && second.ver > first.ver)
})

test('while the root cannot sign, a key that was taken back leaves the plain set all the same', async (t) => {
  const { publish, clock, client, local } = await set(t)
  const publisher = publish()
  const first = await publisher.documents()
  local.faults.add({ kind: 'unavailable', operation: 'Sign' })
  await client.send(new DisableKeyCommand({ KeyId: local.keys['alias/receipts'] }))
  clock.at += 5 * minute + 1
  const next = await publisher.documents()
  assert.deepEqual(
    [JSON.parse(next.jwks).keys.length, next.jws, next.expires],
    [1, first.jws, first.expires],
  )
  assert.notEqual(next.etag, first.etag)
  local.faults.clear()
  clock.at += 30_001
  assert.equal(claimsOf((await publisher.documents()).jws).keys.length, 1)
})

test('whoever asks while the set is made anew has what is known, also where no promise is shared', async (t) => {
  Reflect.set(globalThis, 'WebSocketPair', class {}) // as in workerd
  t.after(() => {
    Reflect.deleteProperty(globalThis, 'WebSocketPair')
  })
  const { publish, clock, calls, since } = await set(t)
  const publisher = publish()
  await publisher.documents()
  since()
  clock.at += 7 * hour
  await Promise.all(Array.from({ length: 50 }, () => publisher.documents()))
  assert.equal(calls.filter((name) => name === 'Sign').length, 1)
})

test('over real HTTP: fetchKeySet asks for the signed set, seals to it, and the opener opens', async (t) => {
  const { publish, root, local } = await set(t)
  const { url, close } = await listen(
    keySetHandler(publish({ name: 'claims', issuer: 'https://claims.example' })),
  )
  t.after(close)
  const folder = await mkdtemp(join(tmpdir(), 'sealdrop-sets-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const trust = () =>
    signedBy([root], {
      name: 'claims',
      issuer: 'https://claims.example',
      store: fileSets(join(folder, 'made')),
    })
  const keys = fetchKeySet(url, { trust: trust() })
  const sealed = await seal(keys, 'hello', { context: {} })
  const opener = createOpener({ kms: local.clientConfig, keys: ['alias/claims'] })
  t.after(() => opener.close())
  assert.equal((await opener.open(sealed, { context: {} })).text(), 'hello')
  const plain = await fetch(url, { headers: { accept: 'application/jwk-set+json' } })
  assert.equal(plain.headers.get('content-type'), 'application/jwk-set+json')
  assert.equal(
    (await fetch(url, { headers: { accept: 'application/jwk-set+jwt' } })).headers.get(
      'content-type',
    ),
    'application/jwk-set+jwt',
  )
  await fails(
    assert,
    seal(fetchKeySet(url, { trust: signedBy([root]) }), 'x', { context: {} }),
    'keys_untrusted',
    /"claims", expected "default"/,
  )

  const files = await readdir(join(folder, 'made'))
  assert.equal(files.length, 1)
  await close()
  assert.match(
    await seal(fetchKeySet(url, { trust: trust() }), 'while the host is down', { context: {} }),
    /^ey/,
  )
  await writeFile(join(folder, 'made', files[0]), '{"keys":[]}')
  await fails(
    assert,
    seal(fetchKeySet(url, { trust: trust() }), 'x', { context: {} }),
    'keys_unreachable',
  )
})

test('fileSets says when it cannot keep or read', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sealdrop-sets-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'file'), '')
  await fails(
    assert,
    fileSets(join(folder, 'file', 'under')).put('id', 'set'),
    'output_failed',
    /ENOTDIR|EEXIST/,
  )
  await fails(assert, fileSets(join(folder, 'file', 'under')).get('id'), 'source_failed', /ENOTDIR/)
  for (const path of ['', 5, undefined])
    await fails(assert, () => fileSets(wrong(path)), 'invalid_argument', /folder/)
  const sets = fileSets(new URL(`file://${folder}/`))
  await sets.put('../../x', 'one')
  await sets.put('../../x', 'two')
  assert.equal(await sets.get('../../x'), 'two')
  assert.equal(await sets.get('other'), undefined)
  assert.deepEqual((await readdir(folder)).length, 2)
  const kept = present((await readdir(folder)).find((name) => name.endsWith('.jwt')))
  assert.equal(await readFile(join(folder, kept), 'utf8'), 'two')
})

test('neither the name nor the issuer of a set has a lone surrogate', async (t) => {
  const { publish } = await set(t)
  for (const o of [{ name: 'a\ud800' }, { issuer: '\udc00' }])
    await fails(
      assert,
      async () => publish(o).documents(),
      'invalid_argument',
      /name and issuer: expected text without lone surrogates/,
    )
})

test('a root signs key sets and nothing else', async (t) => {
  const { publish, local } = await set(t)
  await fails(
    assert,
    publish({ keys: [{ key: 'alias/claims' }, { key: 'alias/root' }] }).documents(),
    'invalid_argument',
    /root: it is one of the keys/,
  )
  await fails(assert, publish({ root: 'alias/claims' }).documents(), 'key_unusable', /SIGN_VERIFY/)
  await fails(assert, publish({ root: 'alias/missing' }).documents(), 'key_unusable')
  const signer = createSigner({ kms: local.clientConfig, key: 'alias/receipts' })
  t.after(() => signer.close())
  for (const typ of ['jwk-set+jwt', 'JWK-SET+jwt', 'application/jwk-set+jwt'])
    await fails(assert, signer.sign({ keys: [] }, { typ }), 'invalid_argument', /reserved/)
})

test('wrong options are invalid_argument, before KMS is asked', async (t) => {
  const { publish } = await set(t)
  for (const o of [
    { root: '' },
    { root: 5 },
    { name: '' },
    { issuer: '' },
    { lifetime: 14 * minute },
    { lifetime: 7 * 24 * hour + 1 },
  ])
    await fails(assert, () => publish(o), 'invalid_argument')
})

test('while KMS cannot sign, the set that is signed lives on until it expires, and is then not served', async (t) => {
  const { publish, clock, local, root } = await set(t)
  const publisher = publish({ lifetime: hour })
  const { jws } = await publisher.documents()
  local.faults.add({ kind: 'unavailable' })
  clock.at += 50 * minute
  assert.equal((await publisher.documents()).jws, jws)
  const handler = keySetHandler(publisher)
  clock.at += 11 * minute
  await fails(assert, publisher.documents(), 'kms_unavailable')
  assert.equal((await handler(new Request('https://keys.example/'))).status, 503)
  assert.equal(root.use, 'sig')
})

test('two publishers side by side, of which one stops: who saw the one goes on with the other', async (t) => {
  const { publish, clock, root } = await set(t)
  const [one, two] = [publish(), publish()]
  let host = one
  const handler = (request) => keySetHandler({ documents: () => host.documents() })(request)
  const keys = fetchKeySet('https://keys.example/', {
    trust: signedBy([root]),
    now: () => clock.at,
    fetch: (url, init) => handler(new Request(url, init)),
  })
  await two.documents()
  clock.at += hour
  await seal(keys, 'x', { context: {} })
  host = two // its set is an hour older
  for (let hours = 0; hours < 48; hours++) {
    clock.at += hour
    await seal(keys, 'x', { context: {} })
  }
})
