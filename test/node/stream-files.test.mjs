// Sealed files through the real local KMS: sealStream from files, openFile, and what both leave on
// the disk.
import test from 'node:test'
import { createReadStream } from 'node:fs'
import { link, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { assert } from 'chai'
import { sealStream, verifyReceipt } from 'sealdrop'
import { fileSource } from 'sealdrop/fs'
import { createSigner } from 'sealdrop/kms'
import { fails } from '../support/host.js'
import { content, context, sealedFiles, signingKey } from '../support/sealed-file-kms.mjs'
import { chunkDigestOf, streamBytes } from '../support/sealed-files.js'
import { sentOf } from '../support/sent.mjs'

const { client, since, opener, sets, signatures, newFolder, sealTo, plain, sealedPath, sealed } =
  await sealedFiles(test)
const calls = { RSA_2048: ['Decrypt'], ECC_NIST_P256: ['DeriveSharedSecret'] }

for (const [spec, keys] of Object.entries(sets)) {
  test(`a file sealed to ${spec} opens into a file of mode 0600 with one KMS call, by path and by URL`, async () => {
    const folder = await newFolder()
    const input = join(folder, 'sealed')
    const { digest, length, messageId } = await sealTo(input, await fileSource(plain), keys)
    since()
    for (const as of [(path) => path, pathToFileURL]) {
      const output = join(folder, 'opened')
      const opened = await opener.openFile(as(input), as(output), { context })
      assert.deepEqual(since(), calls[spec])
      assert.isTrue((await readFile(output)).equals(content))
      assert.equal((await stat(output)).mode & 0o777, 0o600)
      assert.deepInclude(opened, { messageId, length, digest })
      assert.equal(length, (await stat(input)).size)
      assert.sameMembers(await readdir(folder), ['sealed', 'opened'])
    }
  })
}

test('length and digest are those of inspect and of an independent digest, and a receipt of them verifies', async () => {
  const folder = await newFolder()
  const opened = await opener.openFile(sealedPath, join(folder, 'opened'), { context })
  const found = await sentOf(await fileSource(sealedPath))
  for (const name of /** @type {const} */ (['messageId', 'length', 'digest']))
    assert.equal(opened[name], found[name], name)
  assert.equal(opened.digest, await chunkDigestOf(new Uint8Array(await readFile(sealedPath))))
  assert.equal(opened.digest, sealed.digest)
  const signer = createSigner({ kms: client, key: signingKey })
  const receipt = await signer.signReceipt({
    ...opened,
    key: opened.key.thumbprint,
    stage: 'opened',
  })
  assert.instanceOf(
    (
      await verifyReceipt(signatures, receipt, {
        sent: { messageId: sealed.messageId, digest: sealed.digest },
      })
    ).receivedAt,
    Date,
  )
  assert.instanceOf((await verifyReceipt(signatures, receipt, { sent: found })).receivedAt, Date)
  await fails(
    assert,
    () => verifyReceipt(signatures, receipt, { sent: { ...found, digest: 'other' } }),
    'rejected',
  )
})

test('what openFile answers can be spread into signReceipt as it is', async () => {
  const folder = await newFolder()
  const opened = await opener.openFile(sealedPath, join(folder, 'opened'), { context })
  const receipt = await createSigner({ kms: client, key: signingKey }).signReceipt({
    ...opened,
    stage: 'opened',
  })
  assert.instanceOf((await verifyReceipt(signatures, receipt, { sent: opened })).receivedAt, Date)
})

test('an existing file is replaced whole, through a link only its name, and never seen half', async () => {
  const folder = await newFolder()
  const output = join(folder, 'out')
  await writeFile(output, 'old content', { mode: 0o644 })
  await link(output, join(folder, 'old'))
  const before = (await stat(output)).ino
  const opening = opener.openFile(sealedPath, output, { context })
  let done = false
  opening
    .finally(() => {
      done = true
    })
    .catch(() => {})
  let looked = 0
  while (!done) {
    const bytes = await readFile(output)
    looked++
    assert.isTrue(bytes.toString() === 'old content' || bytes.equals(content))
  }
  await opening
  assert.isAbove(looked, 0)
  assert.notEqual((await stat(output)).ino, before)
  assert.equal((await stat(output)).mode & 0o777, 0o600)
  assert.equal(await readFile(join(folder, 'old'), 'utf8'), 'old content')
  assert.sameMembers(await readdir(folder), ['old', 'out'])
})

test('a stream of Buffers from the file system seals as its file, with and without its length', async () => {
  for (const o of [{}, { length: content.length }]) {
    const path = join(await newFolder(), 'sealed')
    const { length } = await sealTo(
      path,
      createReadStream(plain, { highWaterMark: 50_001 }),
      sets.ECC_NIST_P256,
      o,
    )
    assert.equal(length, o.length && (await stat(path)).size)
    const opened = await opener.openStream(createReadStream(path), { context })
    assert.deepEqual(await streamBytes(opened.readable), content)
  }
  for (const length of [content.length - 1, content.length + 1])
    await fails(
      assert,
      () =>
        sealStream(sets.RSA_2048, createReadStream(plain), { context, length }).then(
          ({ readable }) => streamBytes(readable),
        ),
      'source_failed',
    )
})

test('cancelling the sealed stream closes the file stream beneath', async () => {
  const file = createReadStream(plain, { highWaterMark: 10_000 })
  const { readable } = await sealStream(sets.RSA_2048, file, { context, frameLength: 20_000 })
  const reader = readable.getReader()
  await reader.read()
  await reader.read()
  const closed = new Promise((resolve) => {
    file.on('close', () => resolve(undefined))
  })
  await reader.cancel('enough')
  await closed
  assert.isTrue(file.destroyed)
})

test('ranges of a sealed file open with one KMS call each', async () => {
  const source = await fileSource(sealedPath)
  for (const [start, end] of [
    [0, 10],
    [199_990, 200_010],
    [2_999_999, 3_000_000],
    [1_000_000, Infinity],
    [5, 5],
    [4_000_000, 5_000_000],
  ]) {
    since()
    const opened = await opener.openRange(source, start, end, { context })
    const bytes = await streamBytes(opened.readable)
    assert.deepEqual(bytes, content.slice(start, end))
    assert.equal(opened.length, bytes.length)
    assert.deepEqual(since(), ['Decrypt'])
  }
})
