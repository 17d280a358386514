// `createArchiveReader` over the local KMS: what it opens, and what it refuses before and after the
// one call.
import test, { beforeEach } from 'node:test'
import {
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GenerateDataKeyCommand,
  ReplicateKeyCommand,
} from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { createArchiveReader, createOpener, createResealer } from 'sealdrop/kms'
import { archives, bytesOf, codeOf, failureOf, own } from '../support/archives.mjs'
import { kmsThrough } from '../support/kms-through.mjs'
import { utf8 } from '../support/message-format.js'
import { writeMessage } from '../support/message-writer.js'
import { headerOf, pattern } from '../support/sealed-files.js'
import { present, wrong } from '../support/types.mjs'

const world = await archives(test)
const { local, client, since, admin, arn, reader, opened, archived, read } = world
beforeEach(() => {
  local.faults.clear()
  since()
})
const content = pattern(10_500)
const archive = await archived(content, { frameLength: 1_000 })
const other = await archived(pattern(10_500, 2), { frameLength: 1_000 })
const foreignReader = createArchiveReader({ kms: client, keys: [arn], foreign: true })
test.after(() => foreignReader.close())

/**
 * A message that is written from the specification, under a data key of KMS.
 *
 * @param {{ context?: object, asked?: object, key?: string, arn?: string, [wrong: string]: any }} o
 */
async function written({ context = {}, asked = context, key = arn, arn: named = arn, ...o } = {}) {
  const { Plaintext, CiphertextBlob } = await admin.send(
    new GenerateDataKeyCommand({
      KeyId: key,
      KeySpec: 'AES_256',
      EncryptionContext: wrong(asked),
    }),
  )
  const found = [utf8('aws-kms'), utf8(named), new Uint8Array(present(CiphertextBlob))]
  const { dataKeys = (one) => [one], ...fault } = o
  const { message } = await writeMessage({
    context: wrong(context),
    plaintext: content,
    frameLength: 1_000,
    dataKey: new Uint8Array(present(Plaintext)),
    wrong: { dataKeys: (ecc) => dataKeys(found, ecc[0]), ...fault },
  })
  return message
}
const whole = {
  ...own,
  'sealdrop:message-id': archive.original.messageId,
  'sealdrop:header': archive.original.headerDigest,
}

/**
 * What is refused by what everybody can read: code, words, what is read, and how.
 *
 * @type {Record<string, [code: string, words: RegExp, bytes: Uint8Array<ArrayBuffer>, o?: object]>}
 */
const publicly = {
  'another context': [
    'context_mismatch',
    /"year"/,
    archive.bytes,
    { context: { store: 'claims' } },
  ],
  'a function that says no': ['context_mismatch', /./, archive.bytes, { context: () => false }],
  'another archive in its place, by its message id': [
    'context_mismatch',
    /sealdrop:message-id/,
    other.bytes,
    { original: { messageId: archive.original.messageId } },
  ],
  'another archive in its place, by its header': [
    'context_mismatch',
    /sealdrop:header/,
    other.bytes,
    { original: { headerDigest: archive.original.headerDigest } },
  ],
  'a file that was sealed to the RSA key': [
    'key_not_found',
    /aws-kms-rsa.*createOpener/,
    await world.sealed(content, { keys: world.sets.rsa }),
  ],
  'a file that was sealed to the ECC key': [
    'key_not_found',
    /raw-ecdh.*createOpener/,
    await world.sealed(content),
  ],
  'a second data key beside it': [
    'malformed',
    /one data key, found 2/,
    await written({ context: whole, dataKeys: (one, ecc) => [one, ecc] }),
  ],
  'the same data key twice': [
    'malformed',
    /one data key, found 2/,
    await written({ context: whole, dataKeys: (one) => [one, one] }),
  ],
  'a key that is not on the list': [
    'key_not_found',
    /not among the keys/,
    await written({ context: whole, key: 'alias/other', arn: local.keys['alias/other'] }),
  ],
  'the same key id in another Region, which is no multi-Region key': [
    'key_not_found',
    /eu-west-1/,
    await written({ context: whole, arn: arn.replace('us-east-1', 'eu-west-1') }),
  ],
  'an alias in place of an ARN': [
    'malformed',
    /key ARN/,
    await written({ context: whole, arn: arn.replace(/key.*/, 'alias/archive') }),
  ],
  'a ciphertext of no bytes': [
    'malformed',
    /1 to 6144/,
    await written({
      context: whole,
      dataKeys: ([provider, info]) => [[provider, info, new Uint8Array()]],
    }),
  ],
  'a ciphertext that is too long': [
    'malformed',
    /1 to 6144/,
    await written({
      context: whole,
      dataKeys: ([provider, info]) => [[provider, info, new Uint8Array(6_145)]],
    }),
  ],
  'no original': ['context_mismatch', /foreign: true/, await written({ context: own })],
  'one half of an original': [
    'context_mismatch',
    /not both/,
    await written({ context: { ...own, 'sealdrop:header': archive.original.headerDigest } }),
  ],
  'an original that is none': [
    'context_mismatch',
    /sealdrop:header/,
    await written({ context: { ...whole, 'sealdrop:header': 'short' } }),
  ],
  'another reserved member': [
    'context_mismatch',
    /sealdrop:path/,
    await written({ context: { ...whole, 'sealdrop:path': '/a' } }),
  ],
  'a context that is too long for KMS': [
    'too_large',
    /8192/,
    await written({ context: { ...whole, long: 'x'.repeat(8_192) }, asked: whole }),
    { context: () => true },
  ],
  "the signed suite, the default of AWS's SDKs": [
    'unsupported_algorithm',
    /0x0578.*AES_256_GCM_HKDF_SHA512_COMMIT_KEY \(0x0478\)/,
    await written({ context: whole, suite: 0x0578 }),
  ],
}
const { length: headerLength } = headerOf(archive.bytes)
const turned = (place) => {
  const bytes = archive.bytes.slice()
  bytes[place] ^= 1
  return bytes
}
/** Before content type, frame length, commitment and tag. */
const inBlob = headerLength - 54
/** What is refused by what KMS or the data key says. */
const privately = {
  'a bit of the commitment': turned(headerLength - 17),
  'a bit of the header tag': turned(headerLength - 1),
  'a bit of the message id': turned(3),
  'the last bit of what KMS wrapped': turned(inBlob),
  'a bit in the middle of what KMS wrapped': turned(inBlob - 40),
  'a data key of another context': await written({ context: whole, asked: { ...whole, a: 'b' } }),
  'a data key of another key': await written({ context: whole, key: 'alias/other' }),
  'a data key of 16 bytes': await (async () => {
    const { CiphertextBlob } = await admin.send(
      new GenerateDataKeyCommand({ KeyId: arn, KeySpec: 'AES_128', EncryptionContext: whole }),
    )
    const blob = new Uint8Array(present(CiphertextBlob))
    return written({ context: whole, dataKeys: ([provider, info]) => [[provider, info, blob]] })
  })(),
  'a random ciphertext': await written({
    context: whole,
    dataKeys: ([provider, info]) => [[provider, info, pattern(180)]],
  }),
}
test('it opens what was written by hand from the specification', async () => {
  assert.deepEqual(await read(await written({ context: whole })), content)
})

test('a part of an archive', async () => {
  for (const [start, end] of [
    [0, Infinity],
    [999, 1_001],
    [10_400, 99_999],
    [20_000, 30_000],
  ]) {
    const part = await reader.openRange(new Blob([archive.bytes]), start, end, {
      context: own,
      original: archive.original,
    })
    const expected = content.slice(start, Math.min(end, content.length))
    assert.equal(part.length, expected.length)
    assert.deepEqual(part.original, archive.original)
    assert.deepEqual(await bytesOf(part.readable), expected)
    assert.deepEqual(since(), ['Decrypt'])
  }
})

test('the digest of an archive, where it is wanted', async () => {
  const found = await reader.openStream(archive.bytes, { context: own, digest: true })
  await bytesOf(found.readable)
  assert.equal(await found.digest, await archive.digest)
  assert.equal(await found.sealedLength, archive.bytes.length)
  const without = await reader.openStream(archive.bytes, { context: own })
  assert.equal((await failureOf(without.digest)).code, 'invalid_argument')
})

for (const [name, [code, words, bytes, o = {}]] of Object.entries(publicly))
  test(`${name} is ${code}, without a KMS call`, async () => {
    const options = wrong({ context: own, ...o })
    const failures = [
      await failureOf(reader.openStream(bytes, options)),
      await failureOf(reader.openRange(new Blob([bytes]), 0, 9, options)),
    ]
    for (const failure of failures) {
      assert.equal(failure.code, code)
      assert.match(failure.message, words)
    }
    assert.deepEqual(since(), [])
  })

test('whatever depends on the data key is one answer after one call', async () => {
  const answers = new Set()
  for (const [name, bytes] of Object.entries(privately)) {
    since()
    const failure = await failureOf(reader.openStream(bytes, { context: own }))
    assert.equal(failure.code, 'rejected', name)
    assert.deepEqual(since(), ['Decrypt'], name)
    answers.add(JSON.stringify(failure))
  }
  assert.lengthOf([...answers], 1)
})

test('no byte of a frame that was changed is handed out, and a cut one fails', async () => {
  const failure = await failureOf(read(turned(archive.bytes.length - 1)))
  assert.deepEqual([failure.code, failure.whose], ['rejected', 'sender'])
  const cut = archive.bytes.subarray(0, archive.bytes.length - 600)
  assert.equal((await failureOf(read(cut))).code, 'malformed')
  const longer = new Blob([archive.bytes, 'x'])
  assert.equal((await failureOf(read(longer))).code, 'malformed')
})

test('an answer of another key than was asked is not believed', async () => {
  for (const change of [
    { KeyId: local.keys['alias/other'] },
    { KeyId: arn.replace('us-east-1', 'eu-west-1') },
    { KeyId: undefined },
    { EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' },
    { Plaintext: undefined },
  ]) {
    const kms = kmsThrough(client, async (_, send) => ({ ...(await send()), ...change }))
    const by = createArchiveReader({ kms, keys: [arn] })
    const { code } = await failureOf(by.openStream(archive.bytes, { context: own }))
    assert.equal(code, 'kms_unexpected', JSON.stringify(change))
  }
})

test("what AWS's SDKs wrote by themselves is read where that is wanted", async () => {
  const contexts = /** @type {Record<string, string>[]} */ ([{}, { a: 'b' }])
  for (const context of contexts) {
    const bytes = await written({ context })
    const found = await foreignReader.openStream(bytes, { context })
    assert.notProperty(found, 'original')
    assert.deepEqual(found.context, context)
    assert.deepEqual(await bytesOf(found.readable), content)
    const { original } = archive
    const failure = await failureOf(foreignReader.openStream(bytes, { context, original }))
    assert.equal(failure.code, 'context_mismatch')
  }
  const ours = await foreignReader.openStream(archive.bytes, { context: own })
  assert.deepEqual(ours.original, archive.original)
  await ours.readable.cancel()
  const half = await written({ context: { 'sealdrop:header': archive.original.headerDigest } })
  const failure = await failureOf(foreignReader.openStream(half, { context: {} }))
  assert.equal(failure.code, 'context_mismatch')
})

test('no opener opens an archive: it is refused without a call, and the reader is named', async () => {
  const loaded = createOpener({ kms: client, keys: ['alias/rsa', 'alias/ecc'] })
  await loaded.ready()
  const fresh = createOpener({ kms: client, keys: ['alias/rsa'] })
  since()
  for (const opener of [loaded, fresh]) {
    const failure = await failureOf(opener.openStream(archive.bytes, { context: own }))
    assert.equal(failure.code, 'key_not_found')
    assert.match(failure.message, /createArchiveReader/)
    assert.deepEqual(since(), [])
    await opener.close()
  }
})

test('a replica in another Region reads it, also where the first is down or disabled', async () => {
  const { KeyMetadata } = await admin.send(new CreateKeyCommand({ MultiRegion: true }))
  const { Arn: primary = '', KeyId } = KeyMetadata ?? {}
  await admin.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'eu-west-1' }))
  const replica = primary.replace('us-east-1', 'eu-west-1')
  const kms = { ...local.clientConfig, maxAttempts: 1 }
  const resealer = createResealer({ kms, key: primary, context: own })
  const { readable, keyArn } = await resealer.reseal(await opened(content))
  assert.equal(keyArn, primary)
  const bytes = await bytesOf(readable)
  const opens = async (keys) => {
    const by = createArchiveReader({ kms, keys })
    const found = await by.openStream(bytes, { context: own })
    assert.deepEqual(await bytesOf(found.readable), content)
    await by.close()
    return found.keyArn
  }
  assert.equal(await opens([replica]), replica)
  assert.equal(await opens([primary, replica]), primary)
  assert.equal(await opens([replica, primary]), replica)
  const fault = local.faults.add({ kind: 'unavailable', operation: 'Decrypt', key: primary })
  assert.equal(await opens([primary, replica]), replica)
  local.faults.remove(fault)
  await admin.send(new DisableKeyCommand({ KeyId: primary }))
  assert.equal(await opens([primary, replica]), replica)
  const only = createArchiveReader({ kms, keys: [primary] })
  const { code } = await failureOf(only.openStream(bytes, { context: own }))
  assert.equal(code, 'key_unusable')
  await admin.send(new EnableKeyCommand({ KeyId: primary }))
  await Promise.all([resealer.close(), only.close()])
})

test('options are looked at, and a closed reader refuses', async () => {
  const { original } = archive
  for (const o of [
    undefined,
    {},
    { context: own, originl: original },
    { context: own, original: {} },
    { context: own, original: 'text' },
    { context: own, original: { messageId: 'short' } },
    { context: own, original: { header: original.headerDigest } },
  ]) {
    const failure = await failureOf(reader.openStream(archive.bytes, wrong(o)))
    assert.deepEqual([failure.code, failure.whose], ['invalid_argument', 'caller'])
  }
  for (const o of [
    undefined,
    {},
    { keys: [] },
    { keys: 'text' },
    { keys: ['alias/archive'] },
    { keys: [arn, arn.replace(/key.*/, 'alias/archive')] },
    { keys: [arn], foreign: 'yes' },
    { keys: [arn], maxFrameLength: 0 },
    { keys: [arn], maxAge: 1 },
  ])
    assert.equal(
      codeOf(() => createArchiveReader(wrong(o))),
      'invalid_argument',
    )
  const small = createArchiveReader({ kms: client, keys: [arn], maxFrameLength: 999 })
  assert.equal((await failureOf(read(archive.bytes, {}, small))).code, 'too_large')
  await small.close()
  assert.equal((await failureOf(read(archive.bytes, {}, small))).code, 'closed')
  const blob = new Blob([archive.bytes])
  assert.equal((await failureOf(small.openRange(blob, 0, 1, { context: own }))).code, 'closed')
  assert.deepEqual(since(), [])
})
