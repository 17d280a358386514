// sealdrop inspect of age files: stanzas, sizes, who opens them, and what is malformed.
import { readFileSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { assert } from 'chai'
import { ageRecipient, sealAge } from 'sealdrop/age'
import { cliWorld, run } from './seal-helpers.mjs'

const world = await cliWorld()
after(() => world.close())
const { at, folder, local } = world
const recipient = ageRecipient(JSON.parse(readFileSync(at('claims.jwk.json'), 'utf8')))
const inFolder = (args, o = {}) => run(args, { cwd: folder, env: local.env, ...o })
const looked = async (name, input) => {
  const { code, out, err } = await inFolder(['inspect', '--json', name], { input })
  assert.equal(code, 0, err)
  return JSON.parse(out.toString())
}
/** An age file of this process. */
const made = async (length, o = {}) => {
  const { readable } = await sealAge(recipient, new Blob([Buffer.alloc(length)]), o)
  return Buffer.from(await new Response(readable).arrayBuffer())
}
const binary = await made(100_000)
const headerLength = binary.indexOf('\n', binary.indexOf('\n---') + 1) + 1
const [, tag = ''] = /-> p256tag (\S+) /.exec(binary.toString('latin1')) ?? []
/** A file with other stanzas before its own ones. */
const withStanzas = (text) => {
  const end = binary.indexOf('\n') + 1
  return Buffer.concat([binary.subarray(0, end), Buffer.from(text), binary.subarray(end)])
}

test('a binary file says its stanzas, its sizes, and who opens it how', async () => {
  writeFileSync(at('x.age'), binary)
  const found = await looked('x.age')
  const { opens, ...said } = found
  assert.deepEqual(said, {
    input: 'x.age',
    kind: 'age',
    verified: false,
    armored: false,
    stanzas: [{ type: 'p256tag', tag: Buffer.from(tag, 'base64').toString('base64url') }],
    passphrase: false,
    headerLength,
    length: binary.length,
    plaintextLength: 100_000,
    context: {},
    problems: [],
  })
  assert.deepEqual(
    opens.map(({ command }) => command),
    ['sealdrop open --key-id KEY -o OUT x.age'],
  )
  const opened = await inFolder(['open', '--key-id', 'alias/claims', 'x.age'])
  assert.lengthOf(opened.out, 100_000, 'what it says is true')
  const { out } = await inFolder(['inspect', 'x.age'])
  const text = out.toString()
  for (const words of [/^x\.age: an age file\n/, /100,000 bytes/, /p256tag with the tag /])
    assert.match(text, words)
  assert.match(text, /kms:DeriveSharedSecret/)
  assert.include(text, 'Nothing of this is verified')
})

test('a size that no chunks add up to is told, and is what open fails with', async () => {
  const front = headerLength + 16
  for (const length of [front, front + 15, front + 65_552 + 16]) {
    writeFileSync(at('cut.age'), binary.subarray(0, length))
    const found = await looked('cut.age')
    assert.notProperty(found, 'plaintextLength')
    assert.deepEqual(found.problems, [
      { code: 'malformed', message: 'no chunks add up to its size: it was cut, or added to' },
    ])
    const opened = await inFolder(['open', '--key-id', 'alias/claims', 'cut.age'])
    assert.deepEqual([opened.code, opened.out.length], [3, 0])
    assert.include(opened.err, 'no chunks add up to')
  }
})

test('of a pipe and of armor the length of the plaintext is not known', async () => {
  const piped = await looked('-', binary)
  assert.deepInclude(piped, { kind: 'age', armored: false, headerLength })
  assert.notProperty(piped, 'plaintextLength')
  assert.notProperty(piped, 'length')
  const text = `${' \r\n'.repeat(100)}${(await made(4, { armor: true })).toString()}\n`
  writeFileSync(at('armored'), text)
  for (const found of [await looked('armored'), await looked('-', text)]) {
    assert.deepInclude(found, { kind: 'age', armored: true, problems: [] })
    assert.notProperty(found, 'plaintextLength')
  }
})

test('stanzas that no key of KMS opens are told, and what is for nobody is no problem', async () => {
  const body = Buffer.alloc(32).toString('base64').replaceAll('=', '')
  const native = `-> X25519 ${body}\n${body}\n`
  const mixed = await looked('-', withStanzas(`${native}-> "!-grease a\n\n`))
  assert.deepEqual(
    mixed.stanzas.map(({ type }) => type),
    ['X25519', '"!-grease', 'p256tag'],
  )
  assert.lengthOf(mixed.opens, 2)
  assert.lengthOf(mixed.problems, 1)
  assert.match(mixed.problems[0].message, /X25519/)
  const lone = `age-encryption.org/v1\n-> scrypt c2FsdHNhbHRzYWx0c2FsdA 18\n${body}\n--- ${body}\n`
  const secret = await looked('-', Buffer.concat([Buffer.from(lone), Buffer.alloc(100)]))
  assert.isTrue(secret.passphrase)
  assert.match(secret.opens[0].who, /passphrase/)
  assert.deepEqual(
    secret.problems.map(({ code }) => code),
    ['key_not_found', 'key_not_found'],
  )
})

test('what is no whole age file is refused by its name', async () => {
  writeFileSync(at('cut'), binary.subarray(0, headerLength + 8))
  writeFileSync(at('v9'), 'age-encryption.org/v9\nx\n')
  writeFileSync(at('tag'), withStanzas('-> p256tag AAAA\n\n'))
  const rows = { cut: /malformed|ends before/, v9: /expected the version v1/, tag: /3 arguments/ }
  for (const [name, words] of Object.entries(rows)) {
    const { code, out, err } = await inFolder(['inspect', '--json', name])
    assert.notEqual(code, 0)
    assert.lengthOf(out, 0)
    assert.match(err, words)
    assert.include(err, name)
  }
})
