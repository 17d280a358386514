// What stock age and typage, also in a page, seal to recipients of local-KMS keys opens here, each file with one
// call of DeriveSharedSecret.
import test from 'node:test'
import { createReadStream, createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
import { ageProgram } from './age-program.mjs'
import { typagePage } from './typage-page.mjs'

const world = await ageWorld()
const { client, since, recipients } = world
const opener = createAgeOpener({ kms: client, keys: ['alias/claims', 'alias/second'] })
await opener.ready()
const program = await ageProgram()
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

async function byAge(to, plaintext, isArmored) {
  const flags = to.flatMap((recipient) => ['-r', recipient])
  const args = [...(isArmored ? ['-a'] : []), ...flags]
  const { code, out, err } = await ran(program, args, { input: plaintext })
  assert.equal(code, 0, err)
  return out
}

async function byTypage(to, plaintext, isArmored) {
  const encrypter = new Encrypter()
  for (const recipient of to) encrypter.addRecipient(recipient)
  const file = await encrypter.encrypt(plaintext)
  return Buffer.from(isArmored ? armor.encode(file) : file)
}

/** The 120 files of a writer: every length, group and form. */
async function* filesOf(write) {
  for (const length of lengths)
    for (const to of groups)
      for (const isArmored of [false, true]) {
        const plaintext = plaintextOf(length)
        yield { plaintext, isArmored, file: await write(to, plaintext, isArmored) }
      }
}

const byPage = (...given) => page.seal(...given)
const writers = { 'age 1.3.2': byAge, typage: byTypage, 'typage in Chromium': byPage }
for (const [name, write] of Object.entries(writers))
  test(`${name}: 120 files open, each with one call`, async () => {
    let count = 0
    for await (const { plaintext, isArmored, file } of filesOf(write)) {
      since()
      const { readable, armored } = await opener.openStream(new Blob([file]))
      assert.isTrue(plaintext.equals(await bytesOf(readable)))
      assert.deepEqual(since(), ['DeriveSharedSecret'])
      assert.equal(armored, isArmored)
      count++
    }
    assert.equal(count, 120)
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

for (const isArmored of [false, true])
  test(`100 MiB of age open${isArmored ? ', armored' : ', and a range of them'}`, async () => {
    const plain = join(folder, 'plain')
    const sealed = join(folder, 'sealed')
    async function* megabytes() {
      for (let i = 0; i < 100; i++) yield plaintextOf(2 ** 20)
    }
    await pipeline(megabytes, createWriteStream(plain))
    const args = ['-r', claims, '-o', sealed, ...(isArmored ? ['-a'] : []), plain]
    rmSync(sealed, { force: true })
    const { code, err } = await ran(program, args)
    assert.equal(code, 0, err)
    const expected = await hashOf(createReadStream(plain))
    const source = await fileSource(sealed)
    since()
    const { readable } = await opener.openStream(source)
    assert.deepEqual(await hashOf(Readable.fromWeb(readable)), expected)
    assert.deepEqual(since(), ['DeriveSharedSecret'])
    if (isArmored) return
    const part = await opener.openRange(source, 77_777_777, 77_877_777)
    const cut = createReadStream(plain, { start: 77_777_777, end: 77_877_776 })
    assert.deepEqual(await hashOf(Readable.fromWeb(part.readable)), await hashOf(cut))
  })
