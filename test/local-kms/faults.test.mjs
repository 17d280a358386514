// Each refusal of the tables beside this file, on the wire and through the client.
import { after, before, test } from 'node:test'
import * as aws from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { callRows } from './fault-rows-of-calls.mjs'
import { keyRows } from './fault-rows-of-keys.mjs'
import { assertFaults, clientOf, failure, forClient, raw } from './helpers.mjs'

/** @import { LocalKms } from 'sealdrop/local-kms' */
/** @import { Client, FaultRow } from './types.d.ts' */

/** @type {LocalKms} */
let local
/** @type {Client} */
let kms
/** @type {FaultRow[]} */
let rows
/** @type {Record<string, string>} */
const arn = {}
before(async () => {
  local = await startLocalKms()
  kms = clientOf(local)
  const specs = {
    enc: ['RSA_2048', 'ENCRYPT_DECRYPT'],
    rsa: ['RSA_2048', 'SIGN_VERIFY'],
    ec: ['ECC_NIST_P256', 'SIGN_VERIFY'],
    ec2: ['ECC_NIST_P256', 'SIGN_VERIFY'],
    ecdh: ['ECC_NIST_P256', 'KEY_AGREEMENT'],
    full: ['ECC_NIST_P256', 'SIGN_VERIFY'],
    offEnc: ['RSA_2048', 'ENCRYPT_DECRYPT'],
    off: ['ECC_NIST_P256', 'SIGN_VERIFY'],
    offEcdh: ['ECC_NIST_P256', 'KEY_AGREEMENT'],
    goneEnc: ['RSA_2048', 'ENCRYPT_DECRYPT'],
    gone: ['ECC_NIST_P256', 'SIGN_VERIFY'],
    goneEcdh: ['ECC_NIST_P256', 'KEY_AGREEMENT'],
  }
  for (const [name, [KeySpec, KeyUsage]] of Object.entries(specs))
    arn[name] = (await kms('CreateKey', { KeySpec, KeyUsage })).KeyMetadata.Arn
  for (const name of ['offEnc', 'off', 'offEcdh']) await kms('DisableKey', { KeyId: arn[name] })
  for (const name of ['goneEnc', 'gone', 'goneEcdh'])
    await kms('ScheduleKeyDeletion', { KeyId: arn[name] })
  await kms('CreateAlias', { AliasName: 'alias/taken', TargetKeyId: arn.ec })
  for (let i = 0; i < 50; i++)
    await kms('CreateAlias', { AliasName: `alias/full-${i}`, TargetKeyId: arn.full })
  rows = [...keyRows(arn), ...callRows(arn)]
})
after(() => local.close())

test('the table has its rows', () => assert.ok(rows.length > 120, `${rows.length}`))

test('every row answers HTTP 400 with exactly this __type and message on the wire', async () => {
  await assertFaults(local, rows)
})

test('every row surfaces in the AWS client by its name, without a retry', async () => {
  for (const [operation, input, name] of rows) {
    const e = await failure(kms(operation, forClient(input)))
    assert.strictEqual(e.name, name, operation)
    assert.deepEqual(
      [e.$metadata.httpStatusCode, e.$metadata.attempts],
      [400, name === 'LimitExceededException' ? 3 : 1],
      operation,
    )
    assert.match(e.$metadata.requestId, /^[0-9a-f-]{36}$/)
  }
})

test('what the rows refused changed nothing', async () => {
  const { Aliases, Truncated } = await kms('ListAliases', { Limit: 100 })
  assert.deepEqual(
    [
      Aliases.length,
      Truncated,
      Aliases.find(({ AliasName }) => AliasName === 'alias/taken')?.TargetKeyId,
    ],
    [51, false, arn.ec.split('/')[1]],
  )
  assert.strictEqual((await kms('ListKeys')).Keys.length, 12)
})

test('every operation of the AWS client is either answered or said to be missing', async () => {
  const names = Object.keys(aws)
    .filter((name) => /^[A-Z]\w+Command$/.test(name))
    .map((name) => name.slice(0, -7))
  assert.ok(names.length > 50)
  const missingHere = []
  for (const operation of names) {
    const { json } = await raw(local, {
      operation,
      body: {
        Limit: 'x',
        KeyId: 5,
        AliasName: 5,
        Description: 5,
        NumberOfBytes: 'x',
        DestinationKeyId: 5,
      },
    })
    if (json().__type === 'UnsupportedOperationException') missingHere.push(operation)
    else assert.strictEqual(json().__type, 'SerializationException', operation)
  }
  assert.strictEqual(names.length - missingHere.length, 50)
})
