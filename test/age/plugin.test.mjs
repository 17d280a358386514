// Stock age with age-plugin-sealdrop on its PATH: it seals to an identity and opens by the local
// KMS, with one call a file. In npm run test:soak rage does too.
import test from 'node:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { assert } from 'chai'
import { createAgeOpener } from 'sealdrop/age'
import { linked, plugin, ran } from '../support/age-plugin.mjs'
import { ageWorld, bytesOf, plaintextOf, sealed } from '../support/age-world.mjs'
import { soaks } from '../support/soak.mjs'
import { ageProgram, oldAgeProgram, rageProgram } from './age-program.mjs'

const world = await ageWorld()
const { client, local, recipients, since } = world
const program = await ageProgram()
const programs = { age: program, ...(soaks && { rage: await rageProgram() }) }
const folder = mkdtempSync(join(tmpdir(), 'sealdrop-age-'))
const at = (name) => join(folder, name)
linked(folder, 'age-plugin-sealdrop')
test.after(async () => {
  rmSync(folder, { recursive: true })
  await world.close()
})
const env = { ...local.env, PATH: `${folder}${delimiter}${process.env.PATH ?? ''}` }
const age = (args, input) => ran(program, args, { input, env })
for (const name of ['claims', 'second']) {
  const { code, out, err } = await ran(process.execPath, [plugin, `alias/${name}`], { env })
  assert.equal(code, 0, err)
  writeFileSync(at(name), out)
}

for (const [name, path] of Object.entries(programs)) {
  const stock = (args, input) => ran(path, args, { input, env })

  for (const armor of [false, true])
    test(`${name} -d opens what we and ${name} seal${armor ? ', armored' : ''}`, async () => {
      for (const length of [0, 1, 65_536, 65_537, 200_000]) {
        const plaintext = plaintextOf(length)
        const to = [recipients.second, recipients.claims]
        const ours = await sealed(to, plaintext, { armor })
        const flags = [...(armor ? ['-a'] : []), ...to.flatMap((one) => ['-r', one])]
        const theirs = await stock(flags, plaintext)
        assert.equal(theirs.code, 0, theirs.err)
        for (const file of [ours, theirs.out]) {
          const { code, out, err } = await stock(['-d', '-i', at('claims')], file)
          assert.equal(code, 0, err)
          assert.isTrue(out.equals(plaintext))
        }
      }
    })

  test(`${name} -e -i seals to the first key of an identity`, async () => {
    const plaintext = plaintextOf(1_000)
    const made = await stock(['-e', '-i', at('claims')], plaintext)
    assert.equal(made.code, 0, made.err)
    const back = await stock(['-d', '-i', at('claims')], made.out)
    assert.isTrue(back.out.equals(plaintext), back.err)
    const opener = createAgeOpener({ kms: client, keys: ['alias/claims'] })
    const { readable } = await opener.openStream(made.out)
    assert.isTrue(plaintext.equals(await bytesOf(readable)))
    await opener.close()
  })
}

test('age tells that a file is for others, and that one was changed', async () => {
  const file = await sealed(recipients.second, plaintextOf(10))
  const others = await age(['-d', '-i', at('claims')], file)
  assert.notEqual(others.code, 0)
  assert.match(others.err, /no identity matched/)
  const both = await age(['-d', '-i', at('claims'), '-i', at('second')], file)
  assert.equal(both.code, 0, both.err)
  const text = file.toString('latin1')
  const body = text.split('\n')[2]
  const wrong = Buffer.from(
    text.replace(body, body.startsWith('A') ? `B${body.slice(1)}` : `A${body.slice(1)}`),
    'latin1',
  )
  const changed = await age(['-d', '-i', at('second')], wrong)
  assert.notEqual(changed.code, 0)
  assert.match(changed.err, /changed on its way/)
  assert.lengthOf(changed.out, 0)
})

test('under the name age-plugin-tag it serves recipients too', async () => {
  linked(folder, 'age-plugin-tag')
  const { code, out, err } = await ran(
    join(folder, 'age-plugin-tag'),
    ['--age-plugin=recipient-v1'],
    {
      input: `-> add-recipient ${recipients.claims}\n\n-> wrap-file-key\n${'A'.repeat(22)}\n-> done\n\n-> ok\n\n`,
    },
  )
  assert.equal(code, 0, err)
  assert.match(out.toString(), /^-> recipient-stanza 0 p256tag \S{6} \S{87}\n\S{43}\n-> done\n\n$/)
})

test('age 1.2.1 seals through age-plugin-tag, and not without it', async () => {
  const old = await oldAgeProgram()
  const bare = mkdtempSync(join(tmpdir(), 'sealdrop-age-'))
  const plaintext = plaintextOf(70_000)
  const opener = createAgeOpener({ kms: client, keys: ['alias/second'] })
  await opener.ready()
  const to = ['-r', recipients.claims, '-r', recipients.second]
  const sealing = (flags, PATH) =>
    ran(old, [...flags, ...to], { input: plaintext, env: { ...env, PATH } })
  const without = await sealing([], bare)
  assert.notEqual(without.code, 0)
  assert.match(without.err, /age-plugin-tag.*not found|couldn't start plugin/)
  linked(bare, 'age-plugin-tag')
  for (const flags of [[], ['-a']]) {
    const { code, out, err } = await sealing(flags, bare)
    assert.equal(code, 0, err)
    since()
    const { readable } = await opener.openStream(new Blob([out]))
    assert.isTrue(plaintext.equals(await bytesOf(readable)))
    assert.deepEqual(since(), ['DeriveSharedSecret'])
  }
  await opener.close()
  rmSync(bare, { recursive: true })
})
