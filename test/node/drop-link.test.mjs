// createDropLink: what a link says, and what never passes for one or another thing, against the
// local KMS.
import test from 'node:test'
import { assert } from 'chai'
import { importKeySet, inHand, inspect, verifyJwt, verifyReceipt, verifyStream } from 'sealdrop'
import { createDropLink, createSigner, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { verifyDropLink } from '#dist/verify/drop-link.js'
import { fails } from '../support/host.js'
import { wrong } from '../support/types.mjs'

const key = 'alias/links'
const local = await startLocalKms({
  keys: [
    { alias: key, spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
    { alias: 'alias/ed', spec: 'ECC_NIST_EDWARDS25519', usage: 'SIGN_VERIFY' },
    { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
  ],
})
test.after(() => local.close())
const kms = local.clientConfig
const keys = importKeySet(await publicJwk({ kms, key }), { trust: inHand() })
const day = 86_400_000
const audience = 'https://app.example.com/uploads'
const good = {
  kms,
  key,
  page: 'https://app.example.com/send?claim=7',
  audience,
  subject: 'acme',
  context: { claim: '7' },
  expiresIn: 14 * day,
}
const part = (token, at) => JSON.parse(Buffer.from(token.split('.')[at], 'base64url').toString())
const now = Date.UTC(2031, 0, 1)

test('a link says who may send what, where to, and until when; the token stands behind # only', async () => {
  const limits = { prefix: 'acme/', files: 3, bytes: 1_000_000 }
  const link = await createDropLink({ ...good, ...limits, now: () => now })
  const [address, fragment] = link.url.split('#')
  assert.deepEqual([address, fragment], [good.page, `drop=${link.token}`])
  const header = part(link.token, 0)
  assert.deepEqual(Object.keys(header), ['alg', 'kid', 'typ'])
  assert.equal(header.typ, 'sealdrop-drop+jwt')
  const { iss, jti, ...claims } = part(link.token, 1)
  assert.equal(iss, `urn:ietf:params:oauth:jwk-thumbprint:sha-256:${header.kid}`)
  assert.match(jti, /^[\w-]{22}$/)
  assert.equal(link.jti, jti)
  assert.deepEqual(link.expires, new Date(now + good.expiresIn))
  const times = { iat: now / 1000, exp: (now + good.expiresIn) / 1000 }
  assert.deepEqual(claims, { aud: audience, sub: 'acme', ctx: { claim: '7' }, ...times, ...limits })
  const found = await verifyDropLink(keys, link.token, { audience, now })
  assert.deepEqual({ ...found }, part(link.token, 1))
  const another = await createDropLink({ ...good, page: 'http://127.0.0.1:8/x' })
  assert.notEqual(another.jti, jti)
  assert.notProperty(part(another.token, 1), 'files')
})

test('a link passes for nothing else, and nothing else is signed as one', async (t) => {
  const { token } = await createDropLink(good)
  const { sub, iss } = part(token, 1)
  await fails(assert, verifyJwt(keys, token, { issuer: iss, audience }), 'rejected', /typ/)
  const sent = { messageId: sub, digest: sub }
  await fails(assert, verifyReceipt(keys, token, { sent }), 'rejected', /typ/)
  await fails(assert, verifyStream(keys, `${token}\n`, new Blob([])), 'rejected', /typ/)
  assert.equal((await inspect(token)).kind, 'jws')
  const signer = createSigner({ kms, key })
  t.after(() => signer.close())
  for (const typ of ['sealdrop-drop+jwt', 'application/Sealdrop-Drop+jwt']) {
    await fails(assert, signer.sign({}, { typ }), 'invalid_argument', /reserved/)
    await fails(assert, signer.signJwt({}, { typ, expiresIn: 1 }), 'invalid_argument', /reserved/)
  }
  const jwt = await signer.signJwt({ iss, aud: audience, sub }, { expiresIn: day })
  const asLink = verifyDropLink(keys, jwt, { audience, now: Date.now() })
  await fails(assert, asLink, 'rejected', /typ/)
})

const noKms = () => {
  throw new Error('KMS was asked')
}

test('what is wrong with options is said before KMS is asked', async () => {
  /** @type {Record<string, unknown[]>} */
  const rows = {
    key: [undefined, '', 1],
    page: [undefined, '', '/send', 'http://app.example.com/', `${good.page}#x`, `${good.page}#`],
    audience: [undefined, 'acme', 'ftp://a.example/', 'https://me:pw@a.example/', `${audience}#a`],
    subject: [undefined, '', 'x'.repeat(1_025), 7],
    context: [undefined, 'claim', { claim: 7 }],
    expiresIn: [undefined, 0, -1, '5', Infinity, Number.NaN, 366 * day + 1],
    prefix: ['acme', '/acme/', '../', 7],
    files: [0, 1.5, '3', -1],
    bytes: [0, 1.5, '3', 2 ** 53],
    link: ['x'],
  }
  for (const [name, values] of Object.entries(rows))
    for (const value of values)
      await fails(
        assert,
        () => createDropLink(wrong({ ...good, kms: noKms, [name]: value })),
        'invalid_argument',
        new RegExp(name),
      )
  await fails(assert, () => createDropLink(wrong(undefined)), 'invalid_argument')
  await createDropLink({ ...good, expiresIn: 366 * day, audience: new URL(audience) })
})

test('a key that does not sign is refused, and a link that no header holds', async () => {
  await fails(assert, createDropLink({ ...good, key: 'alias/claims' }), 'key_unusable')
  const of = (length, o = {}) =>
    createDropLink({ ...good, ...o, context: { note: 'x'.repeat(length) } })
  await fails(assert, of(3_500, { key: 'alias/ed' }), 'too_large', /Ed25519/)
  const codeOf = (length) => of(length, { kms: noKms }).catch(({ code }) => code)
  let fits = 4_000
  while (fits < 6_000 && (await codeOf(fits + 1)) !== 'too_large') fits++
  await of(fits)
  await fails(assert, of(fits + 1, { kms: noKms }), 'too_large', /7680 characters/)
})

test('the algorithm can be named, by either name', async () => {
  const { token } = await createDropLink({ ...good, algorithm: 'ECDSA_SHA_256' })
  assert.equal(part(token, 0).alg, 'ES256')
  await fails(assert, createDropLink({ ...good, alg: 'PS256' }), 'invalid_argument')
})
