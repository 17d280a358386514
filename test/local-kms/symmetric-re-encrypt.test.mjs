// ReEncrypt between symmetric and RSA keys, through the AWS client.
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import {
  assertFaults,
  assertRejects,
  base64,
  clientIn,
  clientOf,
  noMessage,
  row,
  said,
} from './helpers.mjs'
import * as say from './messages.mjs'
import { refusedAs } from './messages.mjs'

const Plaintext = Buffer.from('a secret')
const symmetric = 'SYMMETRIC_DEFAULT'
const missing = '12345678-1234-1234-1234-123456789012'
/** @type {import('sealdrop/local-kms').LocalKms} */
let local
/** @type {import('./types.d.ts').Client} */
let kms
/** @type {Record<string, import('./types.d.ts').Answer<'CreateKey'>['KeyMetadata']>} */
const keys = {}
before(async () => {
  local = await startLocalKms({ regions: ['us-east-1', 'eu-west-1'] })
  kms = clientOf(local)
  const encrypting = { KeyUsage: 'ENCRYPT_DECRYPT' }
  const specs = {
    one: {},
    two: {},
    rsa: { ...encrypting, KeySpec: 'RSA_2048' },
    rsa2: { ...encrypting, KeySpec: 'RSA_3072' },
    signing: { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' },
    hmac: { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
    empty: { Origin: 'EXTERNAL' },
    off: {},
  }
  for (const [name, spec] of Object.entries(specs))
    keys[name] = (await kms('CreateKey', spec)).KeyMetadata
})
after(() => local.close())

const seal = async (name, more = {}) =>
  (await kms('Encrypt', { KeyId: keys[name].KeyId, Plaintext, ...more })).CiphertextBlob
const rsaAlgorithm = 'RSAES_OAEP_SHA_256'
const algorithmOf = (name) => (name.startsWith('rsa') ? rsaAlgorithm : undefined)
const contextOf = (name, value) => (name.startsWith('rsa') ? undefined : { value })

test('a ciphertext moves between keys of both kinds, in all directions, and to the same key', async () => {
  for (const [from, to] of [
    ['one', 'two'],
    ['one', 'rsa'],
    ['rsa', 'one'],
    ['rsa', 'rsa2'],
    ['rsa2', 'rsa'],
    ['one', 'one'],
  ]) {
    const sealed = await seal(from, {
      EncryptionAlgorithm: algorithmOf(from),
      EncryptionContext: contextOf(from, '1'),
    })
    const answer = await kms('ReEncrypt', {
      CiphertextBlob: sealed,
      SourceKeyId: keys[from].KeyId,
      SourceEncryptionAlgorithm: algorithmOf(from),
      SourceEncryptionContext: contextOf(from, '1'),
      DestinationKeyId: keys[to].KeyId,
      DestinationEncryptionAlgorithm: algorithmOf(to),
      DestinationEncryptionContext: contextOf(to, '2'),
    })
    const ids = {
      SourceKeyMaterialId: keys[from].CurrentKeyMaterialId,
      DestinationKeyMaterialId: keys[to].CurrentKeyMaterialId,
    }
    assert.deepEqual(
      said(answer, 'CiphertextBlob'),
      {
        SourceKeyId: keys[from].Arn,
        KeyId: keys[to].Arn,
        SourceEncryptionAlgorithm: algorithmOf(from) ?? symmetric,
        DestinationEncryptionAlgorithm: algorithmOf(to) ?? symmetric,
        ...Object.fromEntries(Object.entries(ids).filter(([, id]) => id)),
      },
      `${from} ${to}`,
    )
    const opened = await kms('Decrypt', {
      CiphertextBlob: answer.CiphertextBlob,
      KeyId: keys[to].KeyId,
      EncryptionAlgorithm: algorithmOf(to),
      EncryptionContext: contextOf(to, '2'),
    })
    assert.deepEqual(
      [Buffer.from(opened.Plaintext), opened.KeyMaterialId],
      [Plaintext, keys[to].CurrentKeyMaterialId],
    )
  }
})

test('a symmetric source need not be named, and a rotated key tells both of its materials', async () => {
  const { KeyId } = (await kms('CreateKey')).KeyMetadata
  const current = async () => (await kms('DescribeKey', { KeyId })).KeyMetadata.CurrentKeyMaterialId
  const first = await current()
  const { CiphertextBlob } = await kms('Encrypt', { KeyId, Plaintext })
  await kms('RotateKeyOnDemand', { KeyId })
  const moved = await kms('ReEncrypt', { CiphertextBlob, DestinationKeyId: KeyId })
  assert.deepEqual(
    [moved.SourceKeyMaterialId, moved.DestinationKeyMaterialId],
    [first, await current()],
  )
  assert.strictEqual(
    (await kms('Decrypt', { CiphertextBlob: moved.CiphertextBlob })).KeyMaterialId,
    await current(),
  )
})

test('what does not open is not sealed again, and each key must be there and fit', async () => {
  const CiphertextBlob = base64(await seal('one', { EncryptionContext: { a: 'b' } }))
  const input = {
    CiphertextBlob,
    SourceEncryptionContext: { a: 'b' },
    DestinationKeyId: keys.two.KeyId,
  }
  const usage = (name) =>
    `${keys[name].Arn} key usage is ${keys[name].KeyUsage} which is not valid for ReEncrypt.`
  await kms('DisableKey', { KeyId: keys.off.KeyId })
  const long = base64(
    (await kms('Encrypt', { KeyId: keys.one.KeyId, Plaintext: randomBytes(191) })).CiphertextBlob,
  )
  const changed = Buffer.from(CiphertextBlob, 'base64')
  changed[changed.length - 1] ^= 1
  const rsaBlob = base64(await seal('rsa', { EncryptionAlgorithm: rsaAlgorithm }))
  const reEncrypt = (more, message) => row('ReEncrypt', { ...input, ...more }, message)
  const toRsa = {
    DestinationKeyId: keys.rsa.KeyId,
    DestinationEncryptionAlgorithm: rsaAlgorithm,
  }
  const fromRsa = {
    CiphertextBlob: rsaBlob,
    SourceKeyId: keys.rsa.KeyId,
    SourceEncryptionAlgorithm: rsaAlgorithm,
  }
  const otherHash = {
    SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
    SourceEncryptionContext: undefined,
  }
  const keyless =
    `KeyId is required with EncryptionAlgorithm ${rsaAlgorithm}: an asymmetric ciphertext does ` +
    'not name its key.'
  const tooLong = say.tooLong(rsaAlgorithm, 'RSA_2048', 190)
  await assertFaults(local, [
    ...refusedAs('InvalidCiphertextException', [
      ...[undefined, {}, { a: 'c' }, { a: 'b', c: '' }].map((SourceEncryptionContext) =>
        reEncrypt({ SourceEncryptionContext }, noMessage),
      ),
      reEncrypt({ CiphertextBlob: base64(changed) }, noMessage),
      reEncrypt({ CiphertextBlob: rsaBlob }, noMessage),
      reEncrypt({ ...fromRsa, ...otherHash }, noMessage),
    ]),
    ...refusedAs(
      'IncorrectKeyException',
      ['two', 'rsa', 'signing', 'hmac', 'empty', 'off'].map((name) =>
        reEncrypt({ SourceKeyId: keys[name].KeyId }, say.incorrectKey),
      ),
    ),
    ...refusedAs('InvalidKeyUsageException', [
      reEncrypt({ DestinationKeyId: keys.signing.KeyId }, usage('signing')),
      reEncrypt({ DestinationKeyId: keys.hmac.KeyId }, usage('hmac')),
      reEncrypt({ DestinationKeyId: keys.rsa.KeyId }, say.noAlgorithm(symmetric, 'RSA_2048')),
      reEncrypt(
        { DestinationEncryptionAlgorithm: rsaAlgorithm },
        say.noAlgorithm(rsaAlgorithm, symmetric),
      ),
    ]),
    ...refusedAs('KMSInvalidStateException', [
      reEncrypt({ DestinationKeyId: keys.empty.KeyId }, say.pendingImport(keys.empty.Arn)),
    ]),
    ...refusedAs('DisabledException', [
      reEncrypt({ DestinationKeyId: keys.off.KeyId }, say.disabled(keys.off.Arn)),
    ]),
    ...refusedAs('NotFoundException', [
      reEncrypt(
        { DestinationKeyId: missing },
        say.noKey(`arn:aws:kms:us-east-1:111122223333:key/${missing}`),
      ),
    ]),
    ...refusedAs('ValidationException', [
      reEncrypt({ CiphertextBlob: rsaBlob, SourceEncryptionAlgorithm: rsaAlgorithm }, keyless),
      reEncrypt({ ...toRsa, DestinationEncryptionContext: { a: 'b' } }, say.noContext),
      reEncrypt(fromRsa, say.noContext),
      ['ReEncrypt', { CiphertextBlob: long, ...toRsa }, tooLong],
      ['ReEncrypt', { DestinationKeyId: missing }, say.isNull('ciphertextBlob')],
      ['ReEncrypt', { CiphertextBlob }, say.isNull('destinationKeyId')],
    ]),
  ])
})

test('the state of the source counts too', async () => {
  const { KeyId, Arn } = (await kms('CreateKey')).KeyMetadata
  const CiphertextBlob = base64((await kms('Encrypt', { KeyId, Plaintext })).CiphertextBlob)
  const rows = (name, message) =>
    [undefined, KeyId].map((SourceKeyId) =>
      row(
        'ReEncrypt',
        { CiphertextBlob, SourceKeyId, DestinationKeyId: keys.one.KeyId },
        name,
        message,
      ),
    )
  await kms('DisableKey', { KeyId })
  await assertFaults(local, rows('DisabledException', say.disabled(Arn)))
  await kms('ScheduleKeyDeletion', { KeyId })
  await assertFaults(local, rows('KMSInvalidStateException', say.pendingDeletion(Arn)))
})

test('only the copy of a multi-Region key opens in another Region', async () => {
  const there = clientIn(local, 'eu-west-1')
  const { KeyId } = (await kms('CreateKey', { MultiRegion: true })).KeyMetadata
  await kms('ReplicateKey', { KeyId, ReplicaRegion: 'eu-west-1' })
  const target = (await there('CreateKey')).KeyMetadata
  const moved = await there('ReEncrypt', {
    CiphertextBlob: (await kms('Encrypt', { KeyId, Plaintext })).CiphertextBlob,
    DestinationKeyId: target.KeyId,
  })
  assert.strictEqual(
    Buffer.from(
      (await there('Decrypt', { CiphertextBlob: moved.CiphertextBlob, KeyId: target.Arn }))
        .Plaintext,
    ).toString(),
    'a secret',
  )
  await assertRejects(
    there('ReEncrypt', { CiphertextBlob: await seal('one'), DestinationKeyId: target.KeyId }),
    { name: 'AccessDeniedException', message: say.hiddenKey },
  )
  await assertRejects(
    kms('ReEncrypt', { CiphertextBlob: moved.CiphertextBlob, DestinationKeyId: KeyId }),
    { name: 'AccessDeniedException', message: say.hiddenKey },
  )
})

test('a dry run looks at both keys and the ciphertext, or at both keys only', async () => {
  const CiphertextBlob = base64(await seal('one'))
  const DestinationKeyId = keys.two.KeyId
  const run = { DryRun: true, DestinationKeyId }
  const permissions = { ...run, DryRunModifiers: ['IGNORE_CIPHERTEXT'] }
  const both = { SourceKeyId: keys.one.KeyId }
  const fromRsa = {
    SourceKeyId: keys.rsa.KeyId,
    SourceEncryptionAlgorithm: rsaAlgorithm,
    CiphertextBlob: base64('x'),
  }
  const reEncrypt = (body, message) => row('ReEncrypt', body, message)
  await assertFaults(local, [
    ...refusedAs('DryRunOperationException', [
      reEncrypt({ ...run, CiphertextBlob }, say.dryRun),
      reEncrypt({ ...permissions, ...both }, say.dryRun),
      reEncrypt({ ...permissions, ...fromRsa }, say.dryRun),
    ]),
    ...refusedAs('InvalidCiphertextException', [
      reEncrypt({ ...run, CiphertextBlob, SourceEncryptionContext: { a: 'b' } }, noMessage),
    ]),
    ...refusedAs('ValidationException', [
      reEncrypt({ ...run, ...both }, say.isNull('ciphertextBlob')),
      reEncrypt({ ...permissions, CiphertextBlob }, say.isNull('sourceKeyId')),
    ]),
    ...refusedAs('DisabledException', [
      reEncrypt({ ...permissions, SourceKeyId: keys.off.KeyId }, say.disabled(keys.off.Arn)),
      reEncrypt(
        { ...permissions, ...both, DestinationKeyId: keys.off.KeyId },
        say.disabled(keys.off.Arn),
      ),
    ]),
  ])
})

test('it is a use of both keys', async () => {
  const made = [
    (await kms('CreateKey')).KeyMetadata.KeyId,
    (await kms('CreateKey')).KeyMetadata.KeyId,
  ]
  const { CiphertextBlob } = await kms('Encrypt', { KeyId: made[0], Plaintext })
  await kms('ReEncrypt', { CiphertextBlob, DestinationKeyId: made[1] })
  for (const KeyId of made)
    assert.strictEqual(
      (await kms('GetKeyLastUsage', { KeyId })).KeyLastUsage.Operation,
      'ReEncrypt',
    )
})
