// Sealed files through the real local KMS: sealStream from files, openFile, and what both leave on
// the disk.
import test from 'node:test'
import { createReadStream } from 'node:fs'
import {
  appendFile,
  chmod,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { assert } from 'chai'
import { importKeySet, inHand, inspect, sealStream, verifyReceipt } from 'sealdrop'
import { fileSource } from 'sealdrop/fs'
import { createOpener, createPublisher, createSigner } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { countingKms } from '../support/counting-kms.mjs'
import { fails } from '../support/host.js'
import { chunkDigestOf, pattern, streamBytes } from '../support/sealed-files.js'

const rows = [
  ['RSA_2048', 'ENCRYPT_DECRYPT'],
  ['ECC_NIST_P256', 'KEY_AGREEMENT'],
  ['ECC_NIST_P384', 'SIGN_VERIFY'],
].map(([spec, usage]) => ({ alias: `alias/${spec}`, spec, usage }))
const local = await startLocalKms({ keys: rows })
const { client, since } = countingKms(local.clientConfig)
const opener = createOpener({ kms: client, keys: rows.slice(0, 2).map(({ alias }) => alias) })
await opener.ready()
const publish = async (...which) =>
  importKeySet(
    (
      await createPublisher({
        kms: client,
        keys: which.map((i) => ({ key: rows[i].alias, withArn: true })),
      }).documents()
    ).jwks,
    { trust: inHand() },
  )
const sets = { RSA_2048: await publish(0), ECC_NIST_P256: await publish(1) }
const signatures = await publish(2)
const calls = { RSA_2048: ['Decrypt'], ECC_NIST_P256: ['DeriveSharedSecret'] }
const root = await mkdtemp(join(tmpdir(), 'sealdrop-files-'))
test.after(async () => {
  await opener.close()
  await local.close()
  await rm(root, { recursive: true })
})

const context = { form: 'claim' }
const content = pattern(3_000_000)
const plain = join(root, 'plain')
await writeFile(plain, content)
let count = 0
const newFolder = async () => {
  const path = join(root, `${++count}`)
  await mkdir(path)
  return path
}
const sealTo = async (path, source, keys = sets.RSA_2048, o = {}) => {
  const sealed = await sealStream(keys, source, { context, frameLength: 200_000, ...o })
  await writeFile(path, sealed.readable)
  return { ...sealed, digest: await sealed.digest }
}
const sealedPath = join(root, 'sealed')
const sealed = await sealTo(sealedPath, await fileSource(plain))
since()

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
  const found = await inspect(await fileSource(sealedPath))
  for (const name of ['messageId', 'length', 'digest'])
    assert.equal(opened[name], found[name], name)
  assert.equal(opened.digest, await chunkDigestOf(new Uint8Array(await readFile(sealedPath))))
  assert.equal(opened.digest, sealed.digest)
  const signer = createSigner({ kms: client, key: rows[2].alias })
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
  const receipt = await createSigner({ kms: client, key: rows[2].alias }).signReceipt({
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

const changed = async (change) => {
  const path = join(await newFolder(), 'sealed')
  await copyFile(sealedPath, path)
  await change(path)
  return path
}
const flip = async (path, place) => {
  const handle = await open(path, 'r+')
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, place)
  await handle.write(Buffer.from([buffer[0] ^ 1]), 0, 1, place)
  await handle.close()
}
const { size } = await stat(sealedPath)
const failures = {
  'a sealed file without its last byte': [
    'malformed',
    () => changed((path) => truncate(path, size - 1)),
  ],
  'a sealed file cut between frames': [
    'malformed',
    () => changed((path) => truncate(path, size - 200_040)),
  ],
  'a sealed file with a byte more': ['malformed', () => changed((path) => appendFile(path, 'x'))],
  'a flipped bit in the last frame': ['rejected', () => changed((path) => flip(path, size - 100))],
  'a flipped bit in the last tag': ['rejected', () => changed((path) => flip(path, size - 1))],
  'a flipped bit in the first frame': ['rejected', () => changed((path) => flip(path, 100_000))],
  'a flipped bit in the header': ['rejected', () => changed((path) => flip(path, 10))],
  'a wrong context': ['context_mismatch', async () => sealedPath, { context: { form: 'other' } }],
  'a context function that says no': [
    'context_mismatch',
    async () => sealedPath,
    { context: () => false },
  ],
  'no context': ['invalid_argument', async () => sealedPath, {}],
  'an input that is not there': ['source_failed', async () => join(root, 'nowhere')],
  'an input that is a folder': ['source_failed', async () => root],
  'an empty input': ['malformed', () => changed((path) => truncate(path, 0))],
  'an input that is no message': ['malformed', async () => plain],
}
for (const existing of [false, true]) {
  for (const [name, [code, input, o = { context }]] of Object.entries(failures)) {
    test(`${name} is ${code} and leaves ${existing ? 'the file that was there' : 'nothing behind'}`, async () => {
      const folder = await newFolder()
      const output = join(folder, 'out')
      if (existing) await writeFile(output, 'old')
      await fails(
        assert,
        async () => opener.openFile(await input(), output, o),
        name === 'an input that is no message'
          ? ['malformed', 'unsupported_algorithm', 'too_large']
          : code,
      )
      assert.deepEqual(await readdir(folder), existing ? ['out'] : [])
      if (existing) assert.equal(await readFile(output, 'utf8'), 'old')
    })
  }
}

test('an output folder that is not there, or a folder as output, is output_failed', async () => {
  const folder = await newFolder()
  await fails(
    assert,
    () => opener.openFile(sealedPath, join(folder, 'no', 'out'), { context }),
    'output_failed',
    /ENOENT/,
  )
  await mkdir(join(folder, 'dir'))
  await fails(
    assert,
    () => opener.openFile(sealedPath, join(folder, 'dir'), { context }),
    'output_failed',
  )
  await fails(
    assert,
    () => opener.openFile(sealedPath, join(folder, 'o'.repeat(300)), { context }),
    'output_failed',
  )
  assert.deepEqual(await readdir(folder), ['dir'])
})

const oneFile = {
  'one path': (input) => [input, input],
  'a path with a dot': (input) => [input, `${input}/../../${input.split('/').at(-2)}/./sealed`],
  'a URL': (input) => [pathToFileURL(input), input],
  'a folder that is a link': async (input) => {
    await symlink(join(input, '..'), `${join(input, '..')}-link`)
    return [input, join(`${join(input, '..')}-link`, 'sealed')]
  },
  'an input that is a link to the output': async (input) => {
    await symlink(input, `${input}-link`)
    return [`${input}-link`, input]
  },
}
for (const [name, make] of Object.entries(oneFile)) {
  test(`input and output that are one file by ${name} are refused, since the sealed one would be lost`, async () => {
    const input = await changed(() => {})
    const [from, to] = await make(input)
    since()
    await fails(
      assert,
      () => opener.openFile(from, to, { context }),
      'invalid_argument',
      /one file/,
    )
    assert.deepEqual(since(), [])
    assert.isTrue((await readFile(input)).equals(await readFile(sealedPath)))
  })
}

test('an abort in the middle rejects with its reason and leaves nothing behind', async () => {
  const folder = await newFolder()
  const large = join(folder, 'large')
  await truncate(await writeFile(large, '').then(() => large), 60_000_000)
  await sealTo(join(folder, 'sealed'), await fileSource(large))
  await rm(large)
  for (let round = 0; round < 4; round++) {
    const abort = new AbortController()
    const opening = opener
      .openFile(join(folder, 'sealed'), join(folder, 'out'), { context, signal: abort.signal })
      .then(
        () => 'opened',
        (reason) => reason,
      )
    while (!(await readdir(folder)).some((name) => name.endsWith('.part')))
      await new Promise(setImmediate)
    for (let i = 0; i < round * 10; i++) await new Promise(setImmediate)
    abort.abort('enough')
    assert.equal(await opening, 'enough')
    assert.deepEqual(await readdir(folder), ['sealed'])
  }
  assert.equal(
    await opener
      .openFile(join(folder, 'sealed'), join(folder, 'out'), {
        context,
        signal: AbortSignal.abort('before'),
      })
      .catch((reason) => reason),
    'before',
  )
  assert.deepEqual(await readdir(folder), ['sealed'])
})

const changes = {
  'is appended to': [(path) => appendFile(path, 'x'), 'source_changed'],
  'is truncated': [(path) => truncate(path, 30_000_000), 'source_changed'],
  'is written to': [(path) => flip(path, 59_000_000), 'source_changed'],
  'is deleted': [rm, 'source_failed'],
  'is replaced': [
    async (path) => {
      await writeFile(`${path}.new`, new Uint8Array(10))
      await rename(`${path}.new`, path)
    },
    'source_changed',
  ],
}
for (const [name, [change, code]] of Object.entries(changes)) {
  test(`a sealed file that ${name} while it is opened is ${code} and leaves nothing behind`, async () => {
    const folder = await newFolder()
    const [large, input] = [join(folder, 'large'), join(folder, 'sealed')]
    await writeFile(large, '')
    await truncate(large, 60_000_000)
    await sealTo(input, await fileSource(large))
    await rm(large)
    const opening = opener.openFile(input, join(folder, 'out'), { context }).then(
      () => 'opened',
      (error) => error.code,
    )
    while (!(await readdir(folder)).some((one) => one.endsWith('.part')))
      await new Promise(setImmediate)
    await change(input)
    assert.equal(await opening, code)
    assert.notInclude((await readdir(folder)).join(), 'out')
  })

  test(`a file that ${name} while it is sealed is ${code}, and what came until then opens nowhere to its end`, async () => {
    const file = join(await newFolder(), 'file')
    await writeFile(file, '')
    await truncate(file, 60_000_000)
    const { readable, digest } = await sealStream(sets.RSA_2048, await fileSource(file), {
      context,
    })
    const reader = readable.getReader()
    const chunks = []
    for (let i = 0; i < 5; i++) chunks.push((await reader.read()).value)
    await change(file)
    await fails(
      assert,
      async () => {
        for (let step; !(step = await reader.read()).done;) chunks.push(step.value)
      },
      code,
    )
    await fails(assert, digest, code)
    const opened = await opener.openStream(new Blob(chunks), { context })
    await fails(assert, () => streamBytes(opened.readable), 'malformed')
  })
}

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
  const closed = new Promise((resolve) => file.on('close', resolve))
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

test(
  'a file without permission to read is source_failed',
  { skip: process.getuid?.() === 0 && 'root may read everything' },
  async () => {
    const path = await changed((one) => chmod(one, 0))
    await fails(
      assert,
      () => opener.openFile(path, `${path}.out`, { context }),
      'source_failed',
      /EACCES/,
    )
  },
)
