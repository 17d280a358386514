// The publisher over time, against the local KMS: what it serves when keys go and when KMS does.
import test from 'node:test'
import {
  CreateKeyCommand,
  DeleteAliasCommand,
  DisableKeyCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms'
import { assert } from 'chai'
import * as jose from 'jose'
import { importKeySet, inHand, seal, verifyJwt } from 'sealdrop'
import { createOpener, createPublisher, createSigner } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { countingKms } from '../support/counting-kms.mjs'
import { fails } from '../support/host.js'
import { awsError, intercept } from '../support/intercept.mjs'
import { present } from '../support/types.mjs'

const minute = 60_000
const set = async (t) => {
  const local = await startLocalKms({
    keys: [
      { alias: 'alias/a', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
      { alias: 'alias/b', spec: 'ECC_NIST_P384', usage: 'KEY_AGREEMENT' },
    ],
  })
  t.after(() => local.close())
  return { local, ...countingKms(local.clientConfig) }
}
/**
 * Moves time for the publisher; requests are signed at the machine's time as before, which the
 * local KMS goes by.
 */
const mocked = new WeakSet()
function later(t, client, milliseconds) {
  if (!mocked.has(t)) t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  mocked.add(t)
  t.mock.timers.setTime(Date.now() + milliseconds)
  if (client) client.config.systemClockOffset -= milliseconds
}
const curves = async (publisher) =>
  JSON.parse((await publisher.documents()).jwks).keys.map(({ crv }) => crv)

test('a key that is disabled, or whose alias is gone, leaves the set at the next load, the others stay', async (t) => {
  const { local, client } = await set(t)
  const publisher = createPublisher({ kms: client, keys: [{ key: 'alias/a' }, { key: 'alias/b' }] })
  assert.deepEqual(await curves(publisher), ['P-256', 'P-384'])
  await client.send(new DisableKeyCommand({ KeyId: local.keys['alias/a'] }))
  assert.deepEqual(
    await curves(publisher),
    ['P-256', 'P-384'],
    'KMS is not asked again within five minutes',
  )
  later(t, client, 5 * minute + 1)
  assert.deepEqual(await curves(publisher), ['P-384'])
  await client.send(new DeleteAliasCommand({ AliasName: 'alias/a' }))
  later(t, client, 5 * minute + 1)
  assert.deepEqual(await curves(publisher), ['P-384'])
})

test('when the last key is pending deletion nothing is published any more', async (t) => {
  const { local, client } = await set(t)
  const publisher = createPublisher({ kms: client, keys: [{ key: 'alias/a' }] })
  await publisher.documents()
  await client.send(new ScheduleKeyDeletionCommand({ KeyId: local.keys['alias/a'] }))
  later(t, client, 5 * minute + 1)
  await fails(assert, publisher.documents(), 'key_unusable', /none/)
})

test('while KMS cannot be reached the documents live on for their lifetime, and no longer', async (t) => {
  const { local } = await set(t)
  const publisher = createPublisher({
    kms: { ...local.clientConfig, maxAttempts: 1 },
    keys: [{ key: 'alias/a' }],
    lifetime: 60 * minute,
  })
  await publisher.documents()
  await local.close()
  later(t, undefined, 30 * minute)
  assert.deepEqual(await curves(publisher), ['P-256'])
  later(t, undefined, 31 * minute)
  await fails(assert, publisher.documents(), 'kms_unavailable')
})

test('requests from outside cause no KMS call while a failure is fresh', async (t) => {
  const { client, since } = await set(t)
  const publisher = createPublisher({ kms: client, keys: [{ key: 'alias/nowhere' }] })
  for (let i = 0; i < 20; i++) await fails(assert, publisher.documents(), 'key_unusable')
  assert.deepEqual(since(), ['DescribeKey'])
  const opener = createOpener({ kms: client, keys: ['alias/nowhere'] })
  const head = Buffer.from('{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"x"}')
  const jwe = `${head.toString('base64url')}.AA.AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA`
  for (let i = 0; i < 20; i++)
    await fails(assert, opener.open(jwe, { context: {} }), 'key_unusable', /nowhere/)
  assert.deepEqual(since(), ['GetPublicKey'])
})

test('a key that is named twice, by alias and by ARN, stands once, so that every client can read the set', async (t) => {
  const { local, client } = await set(t)
  const publisher = createPublisher({
    kms: client,
    keys: [{ key: 'alias/a' }, { key: local.keys['alias/a'] }, { key: 'alias/b' }],
  })
  assert.deepEqual(await curves(publisher), ['P-256', 'P-384'])
  await importKeySet((await publisher.documents()).jwks, { trust: inHand() }).ready()
})

test('an RSA key that signs with two algorithms is published for both, and clients verify both', async (t) => {
  const key = 'alias/tokens'
  const local = await startLocalKms({
    keys: [{ alias: key, spec: 'RSA_2048', usage: 'SIGN_VERIFY' }],
  })
  t.after(() => local.close())
  const kms = local.clientConfig
  const publisher = createPublisher({
    kms,
    keys: [
      { key, alg: 'RS256' },
      { key },
      { key: local.keys[key], alg: 'PS256', withArn: true },
      { key, alg: 'RS256' },
    ],
  })
  const { jwks } = await publisher.documents()
  const rows = JSON.parse(jwks).keys
  assert.deepEqual(
    rows.map(({ alg, kms_arn: arn }) => [alg, arn]),
    [
      ['RS256', undefined],
      ['PS256', local.keys[key]],
    ],
  )
  assert.equal(rows[0].kid, rows[1].kid)
  const keys = importKeySet(jwks, { trust: inHand() })
  for (const algorithm of ['RS256', 'PS256']) {
    const signer = createSigner({ kms, key, algorithm })
    const token = await signer.signJwt({ iss: 'us', aud: 'you' }, { expiresIn: 60_000 })
    await signer.close()
    const expected = { issuer: 'us', audience: 'you' }
    assert.equal((await verifyJwt(keys, token, expected)).key.alg, algorithm)
    const found = await jose.jwtVerify(token, jose.createLocalJWKSet(JSON.parse(jwks)), expected)
    assert.equal(found.protectedHeader.alg, algorithm)
  }
})

test('more keys than clients take are not published', async (t) => {
  const local = await startLocalKms({
    keys: Array.from({ length: 33 }, (_, i) => ({
      alias: `alias/${i}`,
      spec: 'ECC_NIST_P256',
      usage: 'KEY_AGREEMENT',
    })),
  })
  t.after(() => local.close())
  const publisherOf = (count) =>
    createPublisher({
      kms: local.clientConfig,
      keys: Array.from({ length: count }, (_, i) => ({ key: `alias/${i}` })),
    })
  assert.lengthOf(
    await importKeySet((await publisherOf(32).documents()).jwks, { trust: inHand() }).list(),
    32,
  )
  await fails(assert, publisherOf(33).documents(), 'too_large', /33 keys.*clients take 32 keys/)
})

test('a key that could not be loaded for now is not mistaken for one of another company', async (t) => {
  const { local, client } = await set(t)
  const throttled = new KMSClient({ ...local.clientConfig, maxAttempts: 1 })
  intercept(throttled, async (_operation, { KeyId }, go) => {
    if (KeyId === 'alias/b') throw awsError('ThrottlingException')
    return go()
  })
  const opener = createOpener({ kms: throttled, keys: ['alias/a', 'alias/b'] })
  const { jwks } = await createPublisher({ kms: client, keys: [{ key: 'alias/b' }] }).documents()
  const jwe = await seal(importKeySet(jwks, { trust: inHand() }), 'x', { context: {} })
  const error = await fails(assert, opener.open(jwe, { context: {} }), 'kms_throttled')
  assert.isTrue(error.retryable)
})

test('callers that come at any moment of a load all get the same documents', async (t) => {
  const { client, since } = await set(t)
  const publisher = createPublisher({ kms: client, keys: [{ key: 'alias/a' }] })
  const first = publisher.documents()
  let done = false
  const settled = first.then(() => {
    done = true
  })
  const others = []
  while (!done) {
    others.push(publisher.documents())
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
  await settled
  const documents = await Promise.all(others)
  assert.isAbove(documents.length, 0)
  for (const found of documents) assert.equal(found, await first)
  assert.sameMembers(since(), ['DescribeKey', 'GetPublicKey'])
})

test('after a key went and KMS answered oddly once, the others are published again', async (t) => {
  const { local, client } = await set(t)
  let odd = false
  intercept(client, async (_operation, _input, go) => {
    if (odd) throw awsError('SomethingNewException')
    return go()
  })
  const publisher = createPublisher({
    kms: client,
    keys: [{ key: 'alias/a' }, { key: 'alias/b' }],
    lifetime: 10 * minute,
  })
  await publisher.documents()
  await client.send(new DeleteAliasCommand({ AliasName: 'alias/a' }))
  later(t, client, 5 * minute + 1)
  assert.deepEqual(await curves(publisher), ['P-384'])
  odd = true
  later(t, client, 11 * minute)
  await fails(assert, publisher.documents(), 'kms_unexpected')
  odd = false
  later(t, client, 31_000)
  assert.deepEqual(await curves(publisher), ['P-384'])
  assert.isString(local.url)
})

test('a key that is disabled between two questions is left out, the others stay', async (t) => {
  const { local, client } = await set(t)
  const publisher = createPublisher({ kms: client, keys: [{ key: 'alias/a' }, { key: 'alias/b' }] })
  await publisher.documents()
  intercept(client, async (operation, { KeyId }, go) => {
    if (operation === 'GetPublicKey' && KeyId === local.keys['alias/a'])
      throw awsError('DisabledException')
    return go()
  })
  later(t, client, 5 * minute + 1)
  assert.deepEqual(await curves(publisher), ['P-384'])
})

test('an answer about another key than its ARN was asked for is kms_unexpected', async (t) => {
  const { local, client } = await set(t)
  const [a, b] = [local.keys['alias/a'], local.keys['alias/b']]
  for (const swapped of ['DescribeKey', 'GetPublicKey']) {
    const kms = new KMSClient({ ...local.clientConfig, maxAttempts: 1 })
    intercept(kms, (operation, input, go) =>
      go(operation === swapped ? { ...input, KeyId: b } : input),
    )
    await fails(
      assert,
      createPublisher({ kms, keys: [{ key: a }] }).documents(),
      'kms_unexpected',
      new RegExp(swapped),
    )
  }
  assert.isOk(client)
})

test('the public key is asked of the ARN that was described, so that an alias that moves meanwhile mixes nothing', async (t) => {
  const { local, client } = await set(t)
  const { KeyMetadata } = await new KMSClient(local.clientConfig).send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }),
  )
  const TargetKeyId = present(KeyMetadata?.KeyId)
  intercept(client, async (operation, _input, go) => {
    const answer = await go()
    if (operation === 'DescribeKey')
      await client.send(new UpdateAliasCommand({ AliasName: 'alias/a', TargetKeyId }))
    return answer
  })
  const publisher = createPublisher({ kms: client, keys: [{ key: 'alias/a', withArn: true }] })
  const [jwk] = JSON.parse((await publisher.documents()).jwks).keys
  assert.equal(jwk.kms_arn, local.keys['alias/a'])
  const byArn = createPublisher({
    kms: local.clientConfig,
    keys: [{ key: local.keys['alias/a'] }],
  })
  const [direct] = JSON.parse((await byArn.documents()).jwks).keys
  assert.equal(jwk.kid, direct.kid)
})
