// A key set in the verbs of jose: over real HTTP, with sets that a root signed, and with keys that
// sealdrop's own verbs would not take.
import { createServer } from 'node:http'
import test from 'node:test'
import { assert } from 'chai'
import * as jose from 'jose'
import * as door from 'sealdrop'
import { joseKeys } from 'sealdrop/jose'
import { createSigner } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { keySetOf, outcomeOf, publicJwk, signatureKeys } from '../support/host.js'
import { portOf } from '../support/listen.mjs'
import { rawSign, signJws } from '../support/sign.js'
import { hour, mapStore, signedSets } from '../support/signed-sets.js'
import { wrong } from '../support/types.mjs'

const { compactVerify, errors, jwtVerify } = jose
const { fetchKeySet, importKeySet, inHand, overHttps, pinned, signedBy, verify, verifyJwt } = door
const { rootJwk, signedSet } = signedSets(wrong({ assert, door, jose }))
const seconds = Math.floor(Date.now() / 1000)
const expected = { issuer: 'us', audience: 'you' }
const claims = { iss: 'us', aud: 'you', iat: seconds, exp: seconds + 3_600 }
const jwk = publicJwk('P-256-sig', { kid: 'first' })
const token = (o = {}, header = {}, alg = 'ES256') =>
  signJws(alg, { alg, kid: 'first', ...header }, JSON.stringify({ ...claims, ...o }))
const setOf = (...jwks) => importKeySet(keySetOf(...jwks), { trust: inHand() })

/** A host of key sets, what it serves, and how often it was asked. */
async function host(t, document) {
  const state = { document, asked: 0 }
  const server = createServer((_request, response) => {
    state.asked++
    response.setHeader('cache-control', 'max-age=60').end(state.document)
  })
  const url = `http://127.0.0.1:${await portOf(server)}/keys.json`
  t.after(() => server.close())
  return { state, url }
}

/** The error that jose throws, whose cause is ours. */
async function refused(work, JoseError, code, pattern) {
  const error = await work.then(
    () => assert.fail('it was taken'),
    (found) => found,
  )
  assert.instanceOf(error, JoseError)
  assert.equal(error.cause.code, code, error.message)
  assert.match(error.message, pattern)
}

test('every algorithm of signatures verifies in both verbs, by the key that sealdrop takes', async () => {
  for (const alg of Object.keys(signatureKeys)) {
    const keys = setOf(publicJwk(signatureKeys[alg], { alg, kid: 'first' }))
    const signed = await token({}, {}, alg)
    const work = jwtVerify(signed, joseKeys(keys), expected)
    if (alg.startsWith('ML') && !('supports' in SubtleCrypto)) {
      await refused(work, errors.JOSENotSupported, 'unsupported_runtime', /ML-DSA/)
      continue
    }
    assert.equal((await work).payload.iss, 'us')
    assert.equal((await compactVerify(signed, joseKeys(keys))).protectedHeader.alg, alg)
    assert.equal((await verifyJwt(keys, signed, expected)).key.alg, alg)
    const changed = `${signed.slice(0, signed.indexOf('.') + 4)}A${signed.slice(signed.indexOf('.') + 5)}`
    await jwtVerify(changed, joseKeys(keys), expected).then(
      () => assert.fail('it verified'),
      (error) => assert.instanceOf(error, errors.JWSSignatureVerificationFailed),
    )
  }
})

test('what KMS signed verifies, by its kid and without one', async (t) => {
  const local = await startLocalKms({
    keys: [{ alias: 'alias/a', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }],
  })
  t.after(() => local.close())
  const signer = createSigner({ kms: local.clientConfig, key: 'alias/a' })
  const key = await import('sealdrop/kms').then(({ publicJwk: publicOf }) =>
    publicOf({ kms: local.clientConfig, key: 'alias/a' }),
  )
  const signed = await signer.signJwt({ iss: 'us', aud: 'you' }, { expiresIn: 60_000 })
  const keys = joseKeys(importKeySet(key, { trust: pinned([key]) }))
  const { key: used } = await jwtVerify(signed, keys, { ...expected, typ: 'JWT' })
  assert.deepEqual([used.type, used.usages], ['public', ['verify']])
  const value = await signer.sign({ order: 7 })
  const { payload } = await compactVerify(value, keys)
  assert.include(new TextDecoder().decode(payload), '"order":7')
  await jwtVerify(value, keys, { typ: 'JWT' }).then(
    () => assert.fail('a value passed for a token'),
    (error) => assert.instanceOf(error, errors.JWTClaimValidationFailed),
  )
  await compactVerify(await token({}, { kid: undefined }), joseKeys(setOf(jwk)))
})

test('a kid that is not there makes the set be fetched again, once in 30 s', async (t) => {
  const { state, url } = await host(t, keySetOf(publicJwk('P-384-sig')))
  let now = Date.now()
  const keys = joseKeys(fetchKeySet(url, { trust: overHttps(), now: () => now }))
  const work = async () => jwtVerify(await token(), keys, expected)
  await refused(work(), errors.JWKSNoMatchingKey, 'key_not_found', /"first"/)
  state.document = keySetOf(publicJwk('P-384-sig'), jwk)
  await refused(work(), errors.JWKSNoMatchingKey, 'key_not_found', /"first"/)
  assert.equal(state.asked, 1)
  now += 31_000
  await work()
  await work()
  assert.equal(state.asked, 2)
})

test('a signed set stands in for createRemoteJWKSet: an older one, and one that nobody signed, are not believed', async (t) => {
  const at = Date.now() - hour
  const document = (ver, name) =>
    signedSet({
      keys: [{ ...publicJwk(name), kid: 'first' }],
      claims: { ver, exp: (at + ver * hour) / 1000 },
      at,
    })
  const { state, url } = await host(t, await document(3, 'P-256-sig'))
  const store = mapStore()
  /** As after a restart. */
  const fresh = (now = Date.now) =>
    joseKeys(fetchKeySet(url, { trust: signedBy([rootJwk()], { store }), now }))
  const signed = await token()
  await jwtVerify(signed, fresh(), expected)
  state.document = await document(2, 'P-384-sig')
  await jwtVerify(signed, fresh(), expected)
  assert.equal(
    await outcomeOf(
      jwtVerify(
        signed,
        fresh(() => at + 4 * hour),
        expected,
      ),
    ),
    'keys_rolled_back',
  )
  for (const [served, code] of [
    [keySetOf(jwk), 'keys_malformed'],
    ['rubbish', 'keys_malformed'],
    [await signedSet({ alg: 'ES384', at }), 'keys_untrusted'],
  ]) {
    state.document = served
    const error = await jwtVerify(signed, fresh(), expected).catch((found) => found)
    assert.equal(error.name, 'SealdropError')
    assert.include([code, 'keys_untrusted'], error.code)
  }
})

/** What a key says, when the token says that it was signed, and what sealdrop's verify throws. */
/** @type {[says: object, iat: number | undefined, code: string][]} */
const rows = [
  [{}, seconds, 'done'],
  [{}, undefined, 'done'],
  [{ exp: seconds - 600 }, seconds, 'expired'],
  [{ exp: seconds - 600 }, seconds - 700, 'done'],
  [{ nbf: seconds + 600 }, seconds, 'expired'],
  [{ revoked: { revoked_at: seconds - 600, reason: 'superseded' } }, seconds, 'expired'],
  [{ revoked: { revoked_at: seconds - 600, reason: 'superseded' } }, seconds - 700, 'done'],
  [{ revoked: { revoked_at: seconds - 600, reason: 'superseded' } }, undefined, 'expired'],
  [
    { revoked: { revoked_at: seconds - 600, reason: 'compromised' } },
    seconds - 700,
    'key_unusable',
  ],
  [{ revoked: true }, seconds, 'expired'],
  [{ use: 'enc' }, seconds, 'key_not_found'],
  [{ key_ops: ['encrypt'] }, seconds, 'key_not_found'],
  [{ key_ops: ['verify'] }, seconds, 'done'],
  [{ alg: 'ES384' }, seconds, 'rejected'],
  [{ kid: 'second' }, seconds, 'key_not_found'],
]
for (const [says, iat, code] of rows) {
  test(`a key that says ${JSON.stringify(says)} of ${iat === undefined ? 'no time' : `${iat - seconds} s`} is ${code}, as in verify`, async () => {
    const keys = setOf({ ...jwk, ...says })
    for (const signed of [await token({ iat: undefined }, { iat }), await token({ iat })]) {
      const work = compactVerify(signed, joseKeys(keys))
      if (code === 'done') await work
      else await refused(work, errors.JWKSNoMatchingKey, code, /./)
    }
    const ours = verify(keys, await token({}, { iat }))
    assert.equal(await outcomeOf(ours), code)
    const jwt = verifyJwt(keys, await token({ iat }), expected)
    assert.equal(await outcomeOf(jwt), code)
  })
}

/** A compact JWS over any payload segment, as `signJws` would make it. */
async function over(header, segment) {
  const head = jose.base64url.encode(JSON.stringify({ alg: 'ES256', kid: 'first', ...header }))
  const made = await rawSign('ES256', new TextEncoder().encode(`${head}.${segment}`))
  return [head, segment, jose.base64url.encode(made)]
}

test('of two times the key must fit each, and one that is not read as jose reads it is refused', async () => {
  const text = JSON.stringify(claims)
  const old = seconds - 700
  const says = [
    { exp: seconds - 600 },
    { revoked: { revoked_at: seconds - 600, reason: 'superseded' } },
  ]
  for (const said of says) {
    const keys = joseKeys(setOf({ ...jwk, ...said }))
    const given = { ...expected, maxTokenAge: 60 }
    for (const header of [{ iat: old }, { iat: false }, { iat: -1 }, { iat: null }, { iat: '1' }]) {
      const work = jwtVerify(await token({}, header), keys, given)
      const error = await work.catch((cause) => cause)
      assert.instanceOf(error, errors.JWKSNoMatchingKey, JSON.stringify(header))
    }
    for (const segment of [
      jose.base64url.encode(`\ufeff${text}`),
      `${jose.base64url.encode(`${text} `)}==`,
      jose.base64url.encode(JSON.stringify({ ...claims, iat: `${old}` })),
    ]) {
      const error = await jwtVerify((await over({}, segment)).join('.'), keys, given).catch(
        (cause) => cause,
      )
      assert.instanceOf(error, errors.JWKSNoMatchingKey, segment)
    }
    const [head, , signature] = await over({ b64: false, crit: ['b64'] }, text)
    const plain = { protected: head, payload: text, signature }
    const error = await jose.flattenedVerify(plain, keys).catch((cause) => cause)
    assert.instanceOf(error, errors.JWKSNoMatchingKey)
  }
  const [head, , signature] = await over({ b64: false, crit: ['b64'] }, text)
  await jose.flattenedVerify({ protected: head, payload: text, signature }, joseKeys(setOf(jwk)))
  await jwtVerify(await token({}, { iat: seconds }), joseKeys(setOf(jwk)), expected)
})

test('what is missing of the set itself is thrown as it is', async () => {
  const fetch = async () => wrong({ status: 200 })
  const keys = fetchKeySet('https://keys.example/', { trust: overHttps(), fetch })
  const error = await jwtVerify(await token(), joseKeys(keys), expected).catch((cause) => cause)
  assert.equal(error.code, 'unsupported_runtime')
})

test('another row that takes the key back, another algorithm and several keys are refused', async () => {
  const back = setOf(jwk, { ...jwk, kid: 'other', revoked: true })
  await refused(
    compactVerify(await token(), joseKeys(back)),
    errors.JWKSNoMatchingKey,
    'expired',
    /taken back/,
  )
  const rsa = setOf(publicJwk('RSA-2048-sig', { kid: 'first', alg: 'PS256' }))
  const other = await token({}, {}, 'RS256')
  await refused(compactVerify(other, joseKeys(rsa)), errors.JWKSNoMatchingKey, 'rejected', /RS256/)
  const second = await jose.generateKeyPair('ES256', { extractable: true })
  const two = setOf(jwk, { ...(await jose.exportJWK(second.publicKey)), use: 'sig', kid: 'first' })
  await refused(
    compactVerify(await token(), joseKeys(two)),
    errors.JWKSNoMatchingKey,
    'key_not_found',
    /"first"/,
  )
})

test('a token of an algorithm that KMS has not is not supported, and never a secret', async () => {
  const secret = new TextEncoder().encode('a secret of thirty-two bytes....')
  const hmac = await new jose.SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret)
  const code = 'unsupported_algorithm'
  await refused(jwtVerify(hmac, joseKeys(setOf(jwk))), errors.JOSENotSupported, code, /HS256/)
  await refused(joseKeys(setOf(jwk))(), errors.JOSENotSupported, code, /none/)
})

test('what is no key set is refused at once', () => {
  for (const bad of [undefined, {}, { keys: [] }, 'https://keys.example'])
    assert.throws(() => joseKeys(wrong(bad)), /fetchKeySet or importKeySet/)
})
