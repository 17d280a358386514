// The whole job over real HTTP: the unmodified AWS client, the local KMS, every kind of key.
import test from 'node:test'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetPublicKeyCommand, UpdateAliasCommand, CreateKeyCommand } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import * as jose from 'jose'
import {
  fetchKeySet,
  importKeySet,
  inHand,
  overHttps,
  pinned,
  createSealer,
  seal,
  sealFields,
  verify,
  verifyJwt,
  verifyReceipt,
  verifySignature,
} from 'sealdrop'
import { createOpener, createPublisher, createSigner } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { keySetHandler } from 'sealdrop/serve'
import { fails } from '../support/host.js'
import { countingKms } from '../support/counting-kms.mjs'
import { listen } from '../support/listen.mjs'
import { sentOf } from '../support/sent.mjs'
import { present, wrong } from '../support/types.mjs'

/** @import { Value } from 'sealdrop' */
/** @import { Opened } from 'sealdrop/kms' */

const rows = [
  ...['RSA_2048', 'RSA_3072', 'RSA_4096'].map((spec) => ({
    alias: `alias/enc-${spec}`,
    spec,
    usage: 'ENCRYPT_DECRYPT',
  })),
  ...['ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521'].map((spec) => ({
    alias: `alias/enc-${spec}`,
    spec,
    usage: 'KEY_AGREEMENT',
  })),
  ...['RSA_2048', 'RSA_3072', 'RSA_4096', 'ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521'].map(
    (spec) => ({ alias: `alias/sig-${spec}`, spec, usage: 'SIGN_VERIFY' }),
  ),
]
const local = await startLocalKms({ keys: rows })
const { client, since } = countingKms(local.clientConfig)
const publisher = createPublisher({ kms: client, keys: rows.map(({ alias }) => ({ key: alias })) })
const site = await listen(keySetHandler(publisher))
const opener = createOpener({
  kms: client,
  keys: rows.filter(({ alias }) => alias.startsWith('alias/enc')).map(({ alias }) => alias),
})
test.after(async () => {
  await site.close()
  await local.close()
})

await opener.ready()
const keys = fetchKeySet(site.url, { trust: overHttps() })
const infos = await keys.list()
since()

for (const info of infos.filter(({ use }) => use === 'enc')) {
  test(`a value sealed to ${info.thumbprint.slice(0, 6)} (${info.alg}) is opened through KMS with exactly one call`, async () => {
    const chosen = fetchKeySet(site.url, { trust: pinned([info.thumbprint]) })
    /** @type {[value: Value, read: (o: Opened) => unknown][]} */
    const values = [
      [{ iban: 'DE00' }, (o) => o.json()],
      ['text', (o) => o.text()],
      [new Uint8Array([1, 2, 3]), (o) => o.bytes],
    ]
    for (const [value, read] of values) {
      const jwe = await seal(chosen, value, { context: { form: 'f' } })
      const opened = await opener.open(jwe, { context: { form: 'f' } })
      assert.deepEqual(read(opened), value)
      assert.equal(opened.key.thumbprint, info.thumbprint)
      assert.deepEqual(since(), [info.alg.startsWith('RSA') ? 'Decrypt' : 'DeriveSharedSecret'])
    }
  })
}

test('a published set names thumbprint, use, operations, algorithm and date, and no ARN', async () => {
  const set = JSON.parse((await publisher.documents()).jwks)
  assert.equal(set.keys.length, rows.length)
  for (const jwk of set.keys) {
    // an empty list would be "nothing is allowed" to joserfc, Authlib and web-token
    assert.sameMembers(Object.keys(jwk), [
      ...(jwk.kty === 'RSA' ? ['kty', 'n', 'e'] : ['kty', 'crv', 'x', 'y']),
      ...'kid use alg iat'.split(' '),
      ...(jwk.kty === 'EC' && jwk.use === 'enc' ? [] : ['key_ops']),
    ])
    assert.notDeepEqual(jwk.key_ops, [])
    assert.equal(jwk.kid, await jose.calculateJwkThumbprint(jwk))
    await jose.importJWK(jwk, jwk.alg)
  }
  const withArn = createPublisher({
    kms: client,
    keys: [{ key: rows[0].alias, withArn: true, use: 'enc' }],
  })
  assert.equal(
    JSON.parse((await withArn.documents()).jwks).keys[0].kms_arn,
    local.keys[rows[0].alias],
  )
})

test('publishing asks KMS once for all requests of five minutes', async () => {
  const own = createPublisher({
    kms: client,
    keys: rows.slice(0, 2).map(({ alias }) => ({ key: alias })),
  })
  since()
  await Promise.all(Array.from({ length: 50 }, () => own.documents()))
  await own.documents()
  assert.sameMembers(since(), ['DescribeKey', 'DescribeKey', 'GetPublicKey', 'GetPublicKey'])
})

test('a thousand values of one sealer open with one call when the cache is on, and its bounds hold', async () => {
  const sealer = createSealer(keys)
  const jwes = await Promise.all(
    Array.from({ length: 1_000 }, (_, i) => sealer.seal(i, { context: {} })),
  )
  const open = async (cache) => {
    const cached = createOpener({ kms: client, keys: [infos[0].arn ?? rows[0].alias], cache })
    await cached.ready()
    since()
    for (const jwe of jwes) await cached.open(jwe, { context: {} })
    return since().length
  }
  assert.equal(await open({ entries: 10, maxAge: 60_000, uses: 100_000 }), 1)
  assert.equal(await open({ entries: 10, maxAge: 60_000, uses: 99 }), 10)
  const together = createOpener({
    kms: client,
    keys: [rows[0].alias],
    cache: { entries: 10, maxAge: 60_000, uses: 100_000 },
  })
  await together.ready()
  since()
  const opened = await Promise.all(jwes.map((jwe) => together.open(jwe, { context: {} })))
  assert.deepEqual(
    opened.map((one) => one.json()),
    jwes.map((_, i) => i),
  )
  assert.deepEqual(since(), ['Decrypt'])
})

test('a record of fields opens with one call', async () => {
  const record = { name: 'Ada', card: { number: '4111' }, items: [{ ssn: 1 }, { ssn: 2 }] }
  const fields = ['card.number', 'items.*.ssn']
  const sealed = await sealFields(keys, record, { context: { form: 'f' }, fields })
  assert.deepEqual(await opener.openFields(sealed, { context: { form: 'f' }, fields }), record)
  assert.deepEqual(since(), ['Decrypt'])
})

const algorithms = {
  RSA_2048: ['PS256', 'RS256'],
  RSA_3072: ['PS384', 'RS384'],
  RSA_4096: ['PS512', 'RS512'],
  ECC_NIST_P256: ['ES256'],
  ECC_NIST_P384: ['ES384'],
  ECC_NIST_P521: ['ES512'],
}
const folder = mkdtempSync(join(tmpdir(), 'sealdrop-'))
test.after(() => rmSync(folder, { recursive: true }))

/** What OpenSSL says of a signature over a message, under the key that KMS publishes. */
function openssl(spki, alg, message, signature) {
  const file = (name, bytes) => {
    writeFileSync(join(folder, name), bytes)
    return join(folder, name)
  }
  const pss = alg.startsWith('PS')
    ? ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest']
    : []
  const args = [
    'dgst',
    `-sha${alg.slice(2)}`,
    '-keyform',
    'DER',
    '-verify',
    file('key', spki),
    ...pss,
    '-signature',
    file('sig', signature),
    file('message', message),
  ]
  try {
    return execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim()
  } catch {
    return 'failed'
  }
}

/** r ‖ s to DER, by jose's dependency-free opposite: node:crypto. */
const der = (raw) => {
  const trim = (bytes) => {
    let hex =
      Buffer.from(bytes)
        .toString('hex')
        .replace(/^(00)+/, '') || '00'
    if (parseInt(hex.slice(0, 2), 16) > 127) hex = `00${hex}`
    return Buffer.from(hex, 'hex')
  }
  const part = (bytes) => Buffer.concat([Buffer.from([2, bytes.length]), bytes])
  const body = Buffer.concat([
    part(trim(raw.subarray(0, raw.length / 2))),
    part(trim(raw.subarray(raw.length / 2))),
  ])
  return Buffer.concat([
    Buffer.from(body.length > 127 ? [0x30, 0x81, body.length] : [0x30, body.length]),
    body,
  ])
}

for (const [spec, algs] of Object.entries(algorithms)) {
  for (const alg of algs) {
    test(`${alg} by KMS is one Sign call, and we, jose and OpenSSL verify it`, async () => {
      const key = `alias/sig-${spec}`
      const signer = createSigner({ kms: client, key, algorithm: alg })
      await signer.ready()
      const { PublicKey, KeyId } = await client.send(new GetPublicKeyCommand({ KeyId: key }))
      since()
      const jws = await signer.sign({ total: 5 }, { typ: 'order+json' })
      assert.deepEqual(since(), ['Sign'])
      const known = importKeySet(
        { PublicKey, KeyId, KeyUsage: 'SIGN_VERIFY' },
        { trust: inHand(), alg },
      )
      const verified = await verify(known, jws, { typ: 'order+json' })
      assert.deepEqual(verified.json(), { total: 5 })
      assert.equal(verified.key.arn, KeyId)
      const [jwk] = JSON.parse(
        (await createPublisher({ kms: client, keys: [{ key, alg }] }).documents()).jwks,
      ).keys
      const foreign = await jose.compactVerify(jws, await jose.importJWK(jwk, alg))
      assert.equal(Buffer.from(foreign.payload).toString(), '{"total":5}')
      const [head, payload, signature] = jws.split('.')
      const raw = Buffer.from(signature, 'base64url')
      const asKms = alg.startsWith('ES') ? der(raw) : raw
      assert.equal(openssl(PublicKey, alg, `${head}.${payload}`, asKms), 'Verified OK')
      assert.equal(openssl(PublicKey, alg, `${head}.${payload}x`, asKms), 'failed')
      await verifySignature(known, {
        message: `${head}.${payload}`,
        signature: asKms,
        algorithm: alg,
        key: KeyId,
      })
      const claimed = { iss: 'us', aud: 'you', n: 1 }
      const token = await signer.signJwt(claimed, { expiresIn: 60_000 })
      const believed = await verifyJwt(known, token, { issuer: 'us', audience: 'you' })
      assert.propertyVal(believed.claims, 'n', 1)
      const { payload: claims, protectedHeader } = await jose.jwtVerify(
        token,
        await jose.importJWK(jwk, alg),
        { issuer: 'us', audience: 'you', typ: 'JWT' },
      )
      assert.equal(present(claims.exp) - present(claims.iat), 60)
      assert.equal(protectedHeader.kid, jwk.kid)
    })
  }
}

test('a receipt by KMS verifies for the value that was sent, and for no other', async () => {
  const signer = createSigner({ kms: client, key: 'alias/sig-ECC_NIST_P256' })
  const jwe = await seal(keys, 'x', { context: { form: 'f' } })
  const sent = await sentOf(jwe)
  const { key } = await opener.open(jwe, { context: { form: 'f' } })
  const receipt = await signer.signReceipt({
    ...sent,
    context: present(sent.context),
    stage: 'opened',
    key: key.thumbprint,
  })
  const proof = await verifyReceipt(keys, receipt, { sent })
  assert.equal(proof.trust, 'https')
  const claims = jose.decodeJwt(receipt)
  assert.deepInclude(claims, {
    messageId: sent.messageId,
    digest: sent.digest,
    length: jwe.length,
    stage: 'opened',
    key: key.thumbprint,
    ctx: { form: 'f' },
  })
  assert.match(present(claims.iss), /^urn:ietf:params:oauth:jwk-thumbprint:sha-256:/)
  const other = await sentOf(await seal(keys, 'x', { context: { form: 'f' } }))
  await fails(assert, verifyReceipt(keys, receipt, { sent: other }), 'rejected')
})

test('a signer refuses types that mean something to Sealdrop, and receipts that say nothing', async () => {
  const signer = createSigner({ kms: client, key: 'alias/sig-ECC_NIST_P256' })
  for (const typ of [
    'jwk-set+jwt',
    'jwk-set-history+jwt',
    'application/sealdrop-receipt+jwt',
    'SEALDROP-FILE+JWT',
  ]) {
    await fails(assert, signer.sign('x', { typ }), 'invalid_argument', /reserved/)
    await fails(
      assert,
      signer.signJwt({}, { expiresIn: 1_000, typ }),
      'invalid_argument',
      /reserved/,
    )
  }
  const typ = 'a\ud800'
  const lone = /lone surrogate/
  await fails(assert, signer.sign('x', { typ }), 'invalid_argument', lone)
  await fails(assert, signer.signJwt({}, { expiresIn: 1_000, typ }), 'invalid_argument', lone)
  await fails(assert, signer.signJwt({ sub: typ }, { expiresIn: 1_000 }), 'invalid_argument', lone)
  for (const bad of [{}, { expiresIn: 0 }, { expiresIn: Infinity }])
    await fails(assert, signer.signJwt({}, wrong(bad)), 'invalid_argument', /expiresIn/)
  await fails(assert, signer.signJwt({ exp: 1 }, { expiresIn: 1_000 }), 'invalid_argument', /exp/)
  const good = { messageId: 'a', digest: 'b', length: 1, context: {}, stage: 'opened' }
  for (const bad of [
    { messageId: '' },
    { digest: 5 },
    { length: -1 },
    { stage: 'gone' },
    { context: undefined },
  ])
    await fails(assert, signer.signReceipt(wrong({ ...good, ...bad })), 'invalid_argument')
  await fails(
    assert,
    createSigner({ kms: client, key: 'alias/sig-ECC_NIST_P256', algorithm: 'ES384' }).ready(),
    'invalid_argument',
    /ECDSA_SHA_256/,
  )
  await fails(
    assert,
    createSigner({ kms: client, key: 'alias/enc-RSA_2048' }).ready(),
    'key_unusable',
    /SIGN_VERIFY/,
  )
  await signer.close()
  await fails(assert, signer.sign('x'), 'closed')
})

test('what was sealed before the alias moved still opens for an opener that holds both keys', async () => {
  const alias = 'alias/enc-ECC_NIST_P256'
  const before = local.keys[alias]
  const old = await seal(
    fetchKeySet(site.url, { trust: overHttps(), prefer: ['ECDH-ES+A256KW'] }),
    'old',
    { context: {} },
  )
  const { KeyMetadata } = await client.send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }),
  )
  await client.send(new UpdateAliasCommand({ AliasName: alias, TargetKeyId: KeyMetadata?.KeyId }))
  const moved = createOpener({ kms: client, keys: [alias, before] })
  assert.equal((await moved.open(old, { context: {} })).text(), 'old')
  assert.equal((await opener.open(old, { context: {} })).text(), 'old', 'an alias is resolved once')
  await fails(
    assert,
    createOpener({ kms: client, keys: [alias] }).open(old, { context: {} }),
    'key_not_found',
  )
})

test('clients are made by configuration, by function of the Region, or given, and the Region of an ARN is used', async () => {
  const arn = local.keys['alias/enc-RSA_2048']
  const jwe = await seal(fetchKeySet(site.url, { trust: overHttps() }), 'x', { context: {} })
  /** @type {string[]} */
  const regions = []
  for (const kms of [
    local.clientConfig,
    client,
    (region) => {
      regions.push(region)
      return client
    },
  ]) {
    const one = createOpener({ kms, keys: [arn] })
    assert.equal((await one.open(jwe, { context: {} })).text(), 'x')
    await one.close()
  }
  assert.deepEqual(regions, ['us-east-1'])
  await fails(
    assert,
    createOpener({ kms: () => client, keys: ['alias/x'] }).ready(),
    'invalid_argument',
    /ARN/,
  )
  await fails(
    assert,
    createOpener({ kms: client, keys: [arn.replace('us-east-1', 'eu-west-1')] }).ready(),
    'invalid_argument',
    /us-east-1/,
  )
})
