// Files that are not signed: what is refused, what changes on the way, and what ends by an abort.
import test from 'node:test'
import {
  appendFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { assert } from 'chai'
import { verifyStream } from 'sealdrop'
import { createSigner } from 'sealdrop/kms'
import { fileOf } from '../support/file-signature.js'
import { MiB, contentOf, fileSigners } from '../support/file-signers.mjs'
import { fails } from '../support/host.js'
import { wrong } from '../support/types.mjs'

const { client, since, folder, keys, signerOf, fileWith } = await fileSigners(test, ['ES256'])

test('what cannot be signed is refused before the file is read, and without a Sign call', async () => {
  const signer = await signerOf()
  const path = await fileWith(fileOf(10))
  const refused = [
    { name: 'x'.repeat(256) },
    { name: 5 },
    { name: 'a\ud800' },
    { mediaType: 'x'.repeat(128) },
    { mediaType: null },
    { context: 5 },
    { context: { a: 1 } },
    { context: { 'sealdrop:path': '' } },
    { context: { a: '\udc00' } },
  ]
  for (const o of refused)
    await fails(
      assert,
      signer.signFile({ size: 5, read: () => assert.fail('read') }, wrong(o)),
      'invalid_argument',
    )
  for (const file of [
    undefined,
    null,
    5,
    {},
    new Uint8Array(5),
    { size: -1, read: async () => {} },
  ])
    await fails(assert, signer.signFile(wrong(file)), 'invalid_argument')
  await fails(assert, signer.signFile(join(folder, 'nowhere')), 'source_failed', /ENOENT/)
  await fails(assert, signer.signFile(folder), 'source_failed', /not a file/)
  assert.deepEqual(since(), [])
  await fails(
    assert,
    createSigner({ kms: client, key: 'alias/enc' }).signFile(path),
    'key_unusable',
  )
  await signer.close()
  await fails(assert, signer.signFile(path), 'closed')
  assert.notInclude(since(), 'Sign')
})

/** Leaves another file with the same content. */
const replace = (path) => {
  writeFileSync(`${path}.new`, fileOf(12 * MiB))
  renameSync(`${path}.new`, path)
}
/** @type {Record<string, [code: string, change: (path: string) => void]>} */
const changes = {
  longer: ['source_changed', (path) => appendFileSync(path, 'x')],
  cut: ['source_changed', (path) => truncateSync(path, 10)],
  'written to, as long as before': [
    'source_changed',
    (path) => writeFileSync(path, Buffer.alloc(12 * MiB, 1)),
  ],
  'another with the same content': ['source_changed', replace],
  'of another date': ['source_changed', (path) => utimesSync(path, 5, 5)],
  gone: ['source_failed', (path) => rmSync(path)],
}
for (const [what, [code, change]] of Object.entries(changes)) {
  test(`a file that is ${what} while it is signed is ${code}, also when all of it was read, and nothing is signed`, async () => {
    const signer = await signerOf()
    for (const at of [MiB, 12 * MiB]) {
      const path = await fileWith(fileOf(12 * MiB))
      await fails(
        assert,
        signer.signFile(path, {
          onProgress: ({ done }) => {
            if (done === at) change(path)
          },
        }),
        code,
      )
    }
    assert.deepEqual(since(), [])
  })
}

test('a byte source that gives other bytes than asked for, fails, or has another version at the end is told of', async () => {
  const signer = await signerOf()
  const bytes = fileOf(3 * MiB)
  const read = async (start, end) => bytes.subarray(start, end)
  let version = 0
  await fails(
    assert,
    signer.signFile({ size: bytes.length, read, version: async () => `${version++}` }),
    'source_changed',
    /again/,
  )
  await fails(
    assert,
    signer.signFile({
      size: bytes.length,
      read: async (start, end) => bytes.subarray(start, end - 1),
    }),
    'source_failed',
  )
  const cause = new Error('cable')
  const broken = {
    size: bytes.length,
    read: async () => {
      throw cause
    },
  }
  assert.equal((await fails(assert, signer.signFile(broken), 'source_failed')).cause, cause)
  assert.deepEqual(since(), [])
  const signature = await signer.signFile({ size: bytes.length, read })
  assert.isTrue((await contentOf(await verifyStream(keys, signature, bytes))).equals(bytes))
})

test('progress counts bytes to the end, its own failure changes nothing, and an abort ends with its reason and no Sign call', async () => {
  const signer = await signerOf()
  const path = await fileWith(fileOf(12 * MiB + 1))
  const told = []
  await signer.signFile(path, {
    onProgress: (p) => {
      told.push(p)
      throw new Error('theirs')
    },
  })
  assert.deepEqual(
    told,
    [...Array.from({ length: 12 }, (_, i) => (i + 1) * MiB), 12 * MiB + 1].map((done) => ({
      done,
      total: 12 * MiB + 1,
    })),
  )
  since()
  const reason = new Error('enough')
  assert.equal(
    await signer.signFile(path, { signal: AbortSignal.abort(reason) }).catch((error) => error),
    reason,
  )
  const stop = new AbortController()
  assert.equal(
    await signer
      .signFile(path, { signal: stop.signal, onProgress: () => stop.abort(reason) })
      .catch((error) => error),
    reason,
  )
  const late = new AbortController()
  /** @type {AbortSignal[]} */
  const signals = []
  const never = {
    size: 5,
    read: (_start, _end, { signal }) =>
      new Promise(() => {
        signals.push(signal)
        late.abort(reason)
      }),
  }
  assert.equal(
    await signer.signFile(never, { signal: late.signal }).catch((error) => error),
    reason,
  )
  assert.isTrue(signals.at(-1)?.aborted, 'the source is told too')
  assert.deepEqual(since(), [])
})
