// Files that do not open, and files that change while they are opened or sealed: which code, and
// what is left on the disk.
import test from 'node:test'
import {
  appendFile,
  chmod,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { assert } from 'chai'
import { sealStream } from 'sealdrop'
import { fileSource } from 'sealdrop/fs'
import { fails } from '../support/host.js'
import { context, flip, sealedFiles } from '../support/sealed-file-kms.mjs'
import { streamBytes } from '../support/sealed-files.js'
import { wrong } from '../support/types.mjs'

const { since, opener, sets, root, newFolder, sealTo, changed, plain, sealedPath } =
  await sealedFiles(test)
const { size } = await stat(sealedPath)
const good = async () => sealedPath
const cutTo = (length) => changed((path) => truncate(path, length))
const flippedAt = (place) => changed((path) => flip(path, place))

/** The code, the input, and the options where they are not the right ones. */
/** @type {Record<string, [code: string, input: () => Promise<string>, o?: unknown]>} */
const failures = {
  'a sealed file without its last byte': ['malformed', () => cutTo(size - 1)],
  'a sealed file cut between frames': ['malformed', () => cutTo(size - 200_040)],
  'a sealed file with a byte more': ['malformed', () => changed((path) => appendFile(path, 'x'))],
  'a flipped bit in the last frame': ['rejected', () => flippedAt(size - 100)],
  'a flipped bit in the last tag': ['rejected', () => flippedAt(size - 1)],
  'a flipped bit in the first frame': ['rejected', () => flippedAt(100_000)],
  'a flipped bit in the header': ['rejected', () => flippedAt(10)],
  'a wrong context': ['context_mismatch', good, { context: { form: 'other' } }],
  'a context function that says no': ['context_mismatch', good, { context: () => false }],
  'no context': ['invalid_argument', good, {}],
  'an input that is not there': ['source_failed', async () => join(root, 'nowhere')],
  'an input that is a folder': ['source_failed', async () => root],
  'an empty input': ['malformed', () => cutTo(0)],
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
        async () => opener.openFile(await input(), output, wrong(o)),
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

/** Ways to name one file twice. @type {Record<string, (input: string) => unknown>} */
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
    const [from, to] = /** @type {[string | URL, string]} */ (await make(input))
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

/** @type {Record<string, [change: (path: string) => Promise<void>, code: string]>} */
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
