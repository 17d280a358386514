// Faults on demand and the trail, as clients meet them: the unmodified AWS client, and the
// companion's opener.
import { after, before, beforeEach, describe, test } from 'node:test'
import { assert } from 'chai'
import { KMSClient, ListKeysCommand, SignCommand } from '@aws-sdk/client-kms'
import { importKeySet, inHand, seal } from 'sealdrop'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import {
  assertThrows,
  base64,
  clientIn,
  clientOf,
  failure,
  raw,
  row,
  there,
  wrong,
} from './helpers.mjs'

/** @import { FaultKind, FaultRule } from 'sealdrop/local-kms' */

/** @type {import('sealdrop/local-kms').LocalKms} */
let local
/** @type {import('./types.d.ts').Client} */
let kms
/** @type {import('sealdrop/local-kms').TrailRecord[]} */
const trail = []
before(async () => {
  local = await startLocalKms({
    regions: ['us-east-1', 'eu-west-1'],
    onCall: (entry) => trail.push(entry),
    keys: [
      { alias: 'sign', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
      { alias: 'other', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
      { alias: 'open', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
    ],
  })
  kms = clientOf(local)
})
after(() => local.close())
beforeEach(() => {
  local.faults.clear()
  trail.length = 0
})

const message = {
  Message: Buffer.from('x'),
  SigningAlgorithm: /** @type {const} */ ('ECDSA_SHA_256'),
}
const sign = (KeyId = 'alias/sign', options = {}) =>
  new KMSClient({ ...local.clientConfig, ...options }).send(new SignCommand({ KeyId, ...message }))
/** @param {FaultKind[]} kinds */
const kindsOf = (...kinds) => kinds
const struck = (id) => local.faults.list().find((fault) => fault.id === id)?.struck

describe('faults', () => {
  /** @type {[FaultKind, string, number][]} */
  const retried = [
    ['throttle', 'ThrottlingException', 400],
    ['internal', 'KMSInternalException', 500],
    ['unavailable', 'DependencyTimeoutException', 503],
  ]
  for (const [kind, name, status] of retried) {
    test(`${kind}: the client tries again and gets through after two, and gives up as ${name} when it does not end`, async () => {
      const twice = local.faults.add({ kind, operation: 'Sign', count: 2 })
      assert.strictEqual((await sign()).$metadata.attempts, 3)
      assert.strictEqual(struck(twice), 2)
      const forever = local.faults.add({ kind, operation: 'Sign' })
      const e = await failure(sign())
      assert.deepEqual(
        [e.name, e.$metadata.httpStatusCode, e.$metadata.attempts, struck(forever)],
        [name, status, 3, 3],
      )
      assert.strictEqual(local.faults.remove(forever), true)
      await sign()
    })
  }

  test('a rule for a key strikes it by each of its names and no other key', async () => {
    for (const key of [local.keys.sign, local.keys.sign.split('/')[1], 'alias/sign']) {
      const id = local.faults.add({ kind: 'throttle', key })
      await Promise.all(
        [local.keys.sign, local.keys.sign.split('/')[1], 'alias/sign'].map((name) =>
          failure(sign(name, { maxAttempts: 1 })),
        ),
      )
      await sign('alias/other')
      assert.strictEqual(struck(id), 3, key)
      local.faults.clear()
    }
  })

  test('a rule for a key strikes it where only the ciphertext or the grant token names it', async () => {
    const { KeyId, Arn: key } = (await kms('CreateKey')).KeyMetadata
    const { CiphertextBlob } = await kms('Encrypt', { KeyId, Plaintext: Buffer.from('x') })
    const { GrantToken } = await kms('CreateGrant', {
      KeyId,
      GranteePrincipal: 'arn:aws:iam::111122223333:root',
      Operations: ['Decrypt'],
    })
    const id = local.faults.add({ kind: 'throttle', key, count: 2 })
    for (const [operation, body] of [
      row('Decrypt', { CiphertextBlob: base64(CiphertextBlob) }),
      row('RetireGrant', { GrantToken }),
    ]) {
      const { json } = await raw(local, { operation, body })
      assert.strictEqual(json().__type, 'ThrottlingException', operation)
    }
    assert.strictEqual(struck(id), 2)
    await kms('Decrypt', { CiphertextBlob })
  })

  test('timeout: no answer, until the client gives up; and close waits for none', async () => {
    const one = await startLocalKms({ faults: [{ kind: 'timeout', operation: 'ListKeys' }] })
    const e = await failure(
      new KMSClient({
        ...one.clientConfig,
        maxAttempts: 1,
        requestHandler: { requestTimeout: 200, throwOnRequestTimeout: true },
      }).send(new ListKeysCommand({})),
    )
    assert.strictEqual(e.name, 'TimeoutError')
    const waiting = raw(one, { operation: 'ListKeys' }).then(
      () => 'answered',
      () => 'ended',
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    const start = performance.now()
    await one.close()
    assert.strictEqual(await waiting, 'ended')
    assert.ok(performance.now() - start < 5_000)
  })

  test('reset and half: the connection ends, and the client tries again', async () => {
    for (const kind of kindsOf('reset', 'half')) {
      const id = local.faults.add({ kind, operation: 'Sign', count: 1 })
      assert.ok(there((await sign()).Signature).length > 60, kind)
      assert.strictEqual(struck(id), 1)
      local.faults.add({ kind, operation: 'Sign' })
      assert.match(
        String((await failure(sign(undefined, { maxAttempts: 1 }))).code ?? ''),
        /ECONNRESET|ABORTED/i,
        kind,
      )
      local.faults.clear()
    }
  })

  test('a rule for a Region that this server has not could never strike, and is refused', async () => {
    /** @type {FaultRule[]} */
    const rules = [
      { kind: 'region-down', region: 'ap-south-1' },
      { kind: 'throttle', key: 'arn:aws:kms:ap-south-1:111122223333:alias/sign' },
    ]
    for (const rule of rules) {
      assertThrows(() => local.faults.add(rule), {
        code: 'invalid_argument',
        message: /this server has no Region ap-south-1, it has us-east-1, eu-west-1$/,
      })
    }
    assert.strictEqual(
      (await failure(startLocalKms({ faults: [{ kind: 'region-down', region: 'eu-west-1' }] })))
        .message,
      'faults[0].region: this server has no Region eu-west-1, it has us-east-1',
    )
    assert.deepEqual(local.faults.list(), [])
  })

  test('latency: the right answer, late', async () => {
    local.faults.add({ kind: 'latency', latency: 300, operation: 'Sign' })
    const start = performance.now()
    await sign()
    assert.ok(performance.now() - start >= 290)
  })

  test('a Region that is down resets its calls, and the other works', async () => {
    local.faults.add({ kind: 'region-down', region: 'eu-west-1' })
    await failure(clientIn(local, 'eu-west-1')('ListKeys'))
    assert.ok((await kms('ListKeys')).Keys.length >= 3)
  })

  test('what the opener makes of a wrong KeyId, a plaintext of a wrong length, throttling and a silent KMS', async () => {
    const { jwks } = await createPublisher({
      kms: local.clientConfig,
      keys: [{ key: 'alias/open' }],
    }).documents()
    const sealed = await seal(importKeySet(jwks, { trust: inHand() }), 'x', { context: {} })
    const codes = {}
    const quick = new KMSClient({
      ...local.clientConfig,
      maxAttempts: 1,
      requestHandler: { requestTimeout: 300, throwOnRequestTimeout: true },
    })
    const kinds = kindsOf(
      'wrong-key-id',
      'wrong-length',
      'throttle',
      'internal',
      'unavailable',
      'timeout',
      'reset',
      'half',
    )
    for (const kind of kinds) {
      const opener = createOpener({ kms: quick, keys: ['alias/open'] })
      await opener.ready()
      const id = local.faults.add({ kind, operation: 'Decrypt' })
      codes[kind] = (await failure(opener.open(sealed, { context: {} }))).code
      assert.strictEqual(struck(id), 1, kind)
      local.faults.clear()
      assert.strictEqual((await opener.open(sealed, { context: {} })).text(), 'x')
      await opener.close()
    }
    assert.deepEqual(codes, {
      'wrong-key-id': 'kms_unexpected',
      'wrong-length': 'rejected',
      throttle: 'kms_throttled',
      internal: 'kms_unavailable',
      unavailable: 'kms_unavailable',
      timeout: 'kms_unavailable',
      reset: 'kms_unavailable',
      half: 'kms_unavailable',
    })
  })

  test('over the wire too: AddFault, ListFaults, RemoveFault, ClearFaults', async () => {
    const ask = async (operation, body = {}) =>
      (await raw(local, { target: `SealdropLocalKms.${operation}`, body })).text
    const { FaultId } = JSON.parse(
      await ask('AddFault', { Kind: 'throttle', Operation: 'Sign', Count: 1 }),
    )
    assert.strictEqual(
      (await failure(sign(undefined, { maxAttempts: 1 }))).name,
      'ThrottlingException',
    )
    assert.deepEqual(JSON.parse(await ask('ListFaults')).Faults, [
      { FaultId, Kind: 'throttle', Operation: 'Sign', Count: 1, Struck: 1 },
    ])
    assert.strictEqual(await ask('RemoveFault', { FaultId }), '')
    assert.strictEqual(
      JSON.parse(await ask('RemoveFault', { FaultId })).__type,
      'NotFoundException',
    )
    assert.strictEqual(await ask('ClearFaults'), '')
    assert.strictEqual(
      JSON.parse(await ask('AddFault', { Kind: 'flood' })).__type,
      'ValidationException',
    )
    assert.strictEqual(JSON.parse(await ask('Sign')).__type, 'UnknownOperationException')
  })
})

describe('the trail', () => {
  test('has an entry for each call: who, what, which key, and how it ended', async () => {
    await sign()
    await failure(sign('alias/missing'))
    await raw(local, { operation: 'ListKeys', headers: { authorization: undefined } })
    await raw(local, { operation: 'Sign', body: '{' })
    const [signed, missing, unsigned] = trail
    assert.deepEqual(
      [
        signed.eventName,
        signed.awsRegion,
        signed.userIdentity.arn,
        signed.errorCode,
        signed.resources,
      ],
      [
        'Sign',
        'us-east-1',
        'arn:aws:iam::111122223333:root',
        undefined,
        [{ accountId: '111122223333', type: 'AWS::KMS::Key', ARN: local.keys.sign }],
      ],
    )
    assert.deepEqual(signed.requestParameters, {
      keyId: 'alias/sign',
      signingAlgorithm: 'ECDSA_SHA_256',
    })
    assert.deepEqual(
      [missing.eventName, missing.errorCode, missing.resources],
      ['Sign', 'NotFoundException', []],
    )
    assert.deepEqual(
      [unsigned.eventName, unsigned.errorCode, unsigned.userIdentity.type],
      ['ListKeys', 'MissingAuthenticationTokenException', 'Unknown'],
    )
    assert.strictEqual(trail.length, 4)
    assert.strictEqual(new Set(trail.map(({ requestID }) => requestID)).size, 4)
  })

  test('names aliases and new keys, and both keys of ReEncrypt', async () => {
    const { Arn } = (await kms('CreateKey')).KeyMetadata
    const alias = Arn.replace(/key\/.*/, 'alias/in-the-trail')
    await kms('CreateAlias', { AliasName: 'alias/in-the-trail', TargetKeyId: Arn })
    await kms('DeleteAlias', { AliasName: 'alias/in-the-trail' })
    const to = (await kms('CreateKey')).KeyMetadata.Arn
    const { CiphertextBlob } = await kms('Encrypt', { KeyId: Arn, Plaintext: Buffer.from('x') })
    await kms('ReEncrypt', { CiphertextBlob, DestinationKeyId: to })
    assert.deepEqual(
      trail.map(({ eventName, resources }) => [eventName, resources.map(({ ARN }) => ARN)]),
      [
        ['CreateKey', [Arn]],
        ['CreateAlias', [Arn, alias]],
        ['DeleteAlias', [alias, Arn]],
        ['CreateKey', [to]],
        ['Encrypt', [Arn]],
        ['ReEncrypt', [Arn, to]],
      ],
    )
  })

  test('says who sent what is not JSON, and when a fault kept an operation from being done', async () => {
    await raw(local, { operation: 'Sign', body: '{' })
    assert.deepEqual(
      [trail[0].eventName, trail[0].errorCode, trail[0].userIdentity.arn],
      ['Sign', 'SerializationException', 'arn:aws:iam::111122223333:root'],
    )
    const kinds = kindsOf('throttle', 'internal', 'unavailable', 'reset', 'half', 'wrong-key-id')
    for (const kind of kinds) {
      trail.length = 0
      local.faults.add({ kind, operation: 'Sign', count: 1 })
      await sign(undefined, { maxAttempts: 1 }).catch(() => {})
      assert.strictEqual(trail.length, 1, kind)
      assert.strictEqual(
        trail[0].errorCode !== undefined,
        !['half', 'wrong-key-id'].includes(kind),
        `${kind} ${trail[0].errorCode}`,
      )
    }
  })

  test('its request id is the one in the answer', async () => {
    const { $metadata } = await sign()
    assert.strictEqual(trail[0].requestID, $metadata.requestId)
  })

  test('holds nothing that was signed or sealed, nor what came of it', async () => {
    const Plaintext = Buffer.from('very private')
    const { CiphertextBlob } = await kms('Encrypt', {
      KeyId: 'alias/open',
      Plaintext,
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    })
    await kms('Decrypt', {
      KeyId: 'alias/open',
      CiphertextBlob,
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    })
    const { Signature } = await kms('Sign', { KeyId: 'alias/sign', ...message, Message: Plaintext })
    const text = JSON.stringify(trail)
    for (const secret of [Plaintext, Buffer.from(CiphertextBlob), Buffer.from(Signature)])
      for (const form of /** @type {const} */ (['base64', 'hex', 'latin1']))
        assert.ok(!text.includes(secret.toString(form).slice(0, 12)), form)
    assert.strictEqual(trail.length, 3)
  })

  test('what its reader throws stops nothing', async () => {
    const warnings = []
    process.on('warning', (warning) => warnings.push(String(warning.message)))
    const one = await startLocalKms({
      onCall: () => {
        throw new Error('reader')
      },
    })
    assert.strictEqual((await clientOf(one)('ListKeys')).Keys.length, 0)
    await one.close()
    const late = async () => {
      throw new Error('late reader')
    }
    const two = await startLocalKms({ onCall: wrong(late) })
    assert.strictEqual((await clientOf(two)('ListKeys')).Keys.length, 0)
    await two.close()
    await new Promise((resolve) => setImmediate(resolve))
    for (const reader of ['reader', 'late reader'])
      assert.ok(
        warnings.some((text) => text.includes(`onCall of the local KMS failed: Error: ${reader}`)),
        reader,
      )
  })
})
