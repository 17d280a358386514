// What stock age and typage, also in a page, seal to recipients of local-KMS keys opens here, each
// file with one call of DeriveSharedSecret. What rage seals does too, in npm run test:soak.
import test from 'node:test'
import {
  createReadStream,
  createWriteStream,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { assert } from 'chai'
import { armor, Encrypter } from 'age-encryption'
import { createAgeOpener } from 'sealdrop/age'
import { fileSource } from 'sealdrop/fs'
import { ran } from '../support/age-plugin.mjs'
import { ageWorld, bytesOf, plaintextOf } from '../support/age-world.mjs'
import { generator } from '../support/generator.mjs'
import { amount, givenSeed, seedLine, soaks } from '../support/soak.mjs'
import { ageProgram, rageProgram } from './age-program.mjs'
import { typagePage } from './typage-page.mjs'

const world = await ageWorld()
const { client, since, recipients } = world
const opener = createAgeOpener({ kms: client, keys: ['alias/claims', 'alias/second'] })
await opener.ready()
const program = await ageProgram()
// cargo builds it for minutes, where no cache has it
const rage = soaks ? await rageProgram() : undefined
const page = await typagePage()
const folder = mkdtempSync(join(tmpdir(), 'sealdrop-age-'))
test.after(async () => {
  rmSync(folder, { recursive: true })
  await page.close()
  await opener.close()
  await world.close()
})

const native = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj'
const { claims, second } = recipients
const groups = [[claims], [second], [claims, second], [native, claims], [second, native]]
const lengths = [0, 1, 15, 16, 47, 48, 1_000, 65_535, 65_536, 65_537, 131_072, 1_000_003]

/** What a program with the flags of age writes. */
const byProgram = (path) => async (to, plaintext, isArmored) => {
  const flags = to.flatMap((recipient) => ['-r', recipient])
  const args = [...(isArmored ? ['-a'] : []), ...flags]
  const { code, out, err } = await ran(path, args, { input: plaintext })
  assert.equal(code, 0, err)
  return out
}

async function byTypage(to, plaintext, isArmored) {
  const encrypter = new Encrypter()
  for (const recipient of to) encrypter.addRecipient(recipient)
  const file = await encrypter.encrypt(plaintext)
  return Buffer.from(isArmored ? armor.encode(file) : file)
}

const seed = givenSeed()
/** How many files a writer seals: those of every length, group and form, and others that are drawn. */
const most = amount({ part: 120, whole: 1_000 })

/** The length, the recipients and the form of each file of a writer. */
function* rowsOf({ below, next, pick }) {
  let count = 0
  for (const length of lengths)
    for (const to of groups)
      for (const isArmored of [false, true]) {
        yield { length, to, isArmored }
        count++
      }
  // up to 2 MiB, and as many in each power of two
  for (; count < most; count++)
    yield { length: Math.floor(2 ** (21 * next())), to: pick(groups), isArmored: below(2) === 1 }
}

const byPage = (...given) => page.seal(...given)
const writers = {
  'age 1.3.2': byProgram(program),
  typage: byTypage,
  'typage in Chromium': byPage,
  ...(rage && { 'rage 0.12.1': byProgram(rage) }),
}
for (const [name, write] of Object.entries(writers))
  test(`${name}: ${most} files open, each with one call`, async (t) => {
    if (soaks) t.diagnostic(seedLine(seed))
    const seen = { files: 0, armored: 0, bytes: 0 }
    for (const { length, to, isArmored } of rowsOf(generator(seed))) {
      const plaintext = plaintextOf(length)
      const file = await write(to, plaintext, isArmored)
      since()
      const { readable, armored } = await opener.openStream(new Blob([file]))
      assert.isTrue(plaintext.equals(await bytesOf(readable)), `${length} bytes to ${to}`)
      assert.deepEqual(since(), ['DeriveSharedSecret'])
      assert.equal(armored, isArmored)
      seen.files++
      seen.armored += Number(armored)
      seen.bytes += length
    }
    t.diagnostic(`${name}: ${JSON.stringify(seen)}`)
    assert.equal(seen.files, most)
  })

test('age takes an age.txt, and what it seals opens by either key', async () => {
  writeFileSync(join(folder, 'age.txt'), `# of a company\n${claims}\n\n# another\n${second}\n`)
  const args = ['-R', join(folder, 'age.txt')]
  const { code, out, err } = await ran(program, args, { input: 'DE02' })
  assert.equal(code, 0, err)
  for (const key of ['alias/claims', 'alias/second']) {
    const one = createAgeOpener({ kms: client, keys: [key] })
    const { readable } = await one.openStream(out)
    assert.equal((await bytesOf(readable)).toString(), 'DE02')
    await one.close()
  }
})

/** The hash of a stream, and its length. */
async function hashOf(chunks) {
  const hash = createHash('sha256')
  let length = 0
  for await (const chunk of chunks) {
    hash.update(chunk)
    length += chunk.length
  }
  return [length, hash.digest('hex')]
}

const [plain, large] = ['plain', 'sealed'].map((name) => join(folder, name))
test.before(async () => {
  async function* megabytes() {
    for (let i = 0; i < 100; i++) yield plaintextOf(2 ** 20)
  }
  await pipeline(megabytes, createWriteStream(plain))
})

/** Seals a file to a file by a program with the flags of age. */
const largeBy = (path) => async (isArmored) => {
  const args = ['-r', claims, '-o', large, ...(isArmored ? ['-a'] : []), plain]
  const { code, err } = await ran(path, args)
  assert.equal(code, 0, err)
}
const largeWriters = {
  age: largeBy(program),
  ...(rage && { rage: largeBy(rage) }),
  ...(soaks && {
    typage: async (isArmored) =>
      writeFileSync(large, await byTypage([claims], readFileSync(plain), isArmored)),
  }),
}
for (const [name, write] of Object.entries(largeWriters))
  for (const isArmored of [false, true])
    test(`100 MiB of ${name} open${isArmored ? ', armored' : ', and a range of them'}`, async () => {
      rmSync(large, { force: true })
      await write(isArmored)
      const expected = await hashOf(createReadStream(plain))
      const source = await fileSource(large)
      since()
      const { readable, armored } = await opener.openStream(source)
      assert.deepEqual(await hashOf(Readable.fromWeb(readable)), expected)
      assert.deepEqual(since(), ['DeriveSharedSecret'])
      assert.equal(armored, isArmored)
      if (isArmored) return
      const part = await opener.openRange(source, 77_777_777, 77_877_777)
      const cut = createReadStream(plain, { start: 77_777_777, end: 77_877_776 })
      assert.deepEqual(await hashOf(Readable.fromWeb(part.readable)), await hashOf(cut))
    })
