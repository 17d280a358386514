// Age files on the command line: sealed to recipients of age, to files of them and to keys, and
// opened by a local KMS.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { assert } from 'chai'
import { ageRecipient } from 'sealdrop/age'
import { cliWorld, run } from './seal-helpers.mjs'

const world = await cliWorld()
after(() => world.close())
const { at, folder, local, bytes } = world
const sealdrop = (args, o = {}) => run(args, { cwd: folder, env: local.env, ...o })
const jwk = JSON.parse(readFileSync(at('claims.jwk.json'), 'utf8'))
const recipient = ageRecipient(jwk)
writeFileSync(at('age.txt'), `# of a company\n# Good until 2030\n${recipient}\n`)

const open = (args, o) => sealdrop(['open', '--key-id', 'alias/claims', ...args], o)

test('each kind of recipient makes an age file, which opens', async () => {
  const plaintext = bytes(100_000)
  writeFileSync(at('plain'), plaintext)
  const ways = [
    ['-r', recipient],
    ['-r', 'age.txt'],
    ['--age', '-r', recipient],
    ['--age', '-r', 'claims.jwk.json'],
    ['--age', '-r', 'claims.jwks.json', '--pin', world.thumbprints.claims],
    ['--age', '-r', 'claims.signed', '--root', 'root.json'],
  ]
  for (const [index, way] of ways.entries()) {
    const sealed = await sealdrop(['seal', ...way, '-o', `${index}.age`, 'plain'])
    assert.equal(sealed.code, 0, sealed.err)
    assert.include(sealed.err, `sealed to ${recipient}, `)
    assert.match(
      readFileSync(at(`${index}.age`), 'latin1'),
      /^age-encryption\.org\/v1\n-> p256tag /,
    )
    const opened = await open([`${index}.age`])
    assert.equal(opened.code, 0, opened.err)
    assert.isTrue(opened.out.equals(plaintext))
  }
})

test('pipes, folders and ranges work as with messages', async () => {
  const sealed = await sealdrop(['seal', '-r', recipient], { input: 'DE02' })
  assert.equal(sealed.code, 0, sealed.err)
  const opened = await open([], { input: sealed.out })
  assert.equal(opened.out.toString(), 'DE02')
  writeFileSync(at('one'), '1'.repeat(100))
  writeFileSync(at('two'), '2'.repeat(100))
  const many = ['seal', '-r', 'age.txt', '--out-dir', 'sealed', 'one', 'two']
  assert.equal((await sealdrop(many)).code, 0)
  const back = await open(['--out-dir', 'opened', 'sealed/one.age', 'sealed/two.age'])
  assert.equal(back.code, 0, back.err)
  assert.equal(readFileSync(at('opened/two'), 'utf8'), '2'.repeat(100))
  const part = await open(['--range', '10-19', 'sealed/one.age'])
  assert.equal(part.out.toString(), '1'.repeat(10))
})

test('a copy of age.txt that is over, and one without recipients, are refused', async () => {
  const until = (/** @type {string} */ time) =>
    `# Good until ${time}. Fetch it again then: a saved copy does not rotate.\n${recipient}\n`
  const none = '# Recipients for age 1.3 and later: there are none now. Ask whom you send to.\n'
  const over = until('2026-01-02T01:00:00.000Z')
  for (const [text, exit, words] of /** @type {const} */ ([
    [over, 4, /copy\.txt: its recipients were good until 2026-01-02T01:00:00.000Z: fetch it again/],
    [until('2999-01-02T01:00:00.000Z') + over, 4, /good until 2026-01-02/],
    // as an editor of Windows saves it, and as a mail indents it
    [`\ufeff${over}`, 4, /good until 2026-01-02/],
    [`  ${over.replaceAll('\n', '\r\n  ')}`, 4, /good until 2026-01-02/],
    [none, 4, /copy\.txt: it names no recipient of age now: ask whom you send to/],
    ['', 4, /copy\.txt: it is empty, and holds no key/],
    [until('2999-01-02T01:00:00.000Z'), 0, /^sealed to age1tag1/],
  ])) {
    writeFileSync(at('copy.txt'), text)
    const { code, err } = await sealdrop(['seal', '-r', 'copy.txt'], { input: 'x' })
    assert.equal(code, exit, err)
    assert.match(err, words)
  }
})

test('a range wholly behind the end is refused, and says the size', async () => {
  writeFileSync(at('five'), 'a cla')
  for (const [kind, to] of /** @type {const} */ ([
    ['age', recipient],
    ['message', 'claims.jwk.json'],
  ])) {
    const sealed = await sealdrop(['seal', '-r', to, '-o', `five.${kind}`, 'five'])
    assert.equal(sealed.code, 0, sealed.err)
    for (const range of ['5-9', '5-', '7000000-7000001']) {
      const { code, err, out } = await open(['--range', range, `five.${kind}`])
      const [first] = range.split('-')
      const words = `sealdrop: five.${kind}: --range begins at ${first}, and it has 5 bytes\n`
      assert.deepEqual([code, err, out.length], [2, words, 0])
    }
    const last = await open(['--range', '4-9', `five.${kind}`])
    assert.deepEqual([last.code, last.out.toString()], [0, 'a'])
  }
})

test('a recipient may come through a pipe, which is read once', async () => {
  const ways = { 'age.txt': [], 'claims.jwk.json': ['--age'] }
  for (const [name, more] of Object.entries(ways)) {
    const pipe = at(`fifo-${name}-${more.length}`)
    execFileSync('mkfifo', [pipe])
    const writing = writeFile(pipe, readFileSync(at(name)))
    const sealed = await sealdrop(['seal', '-r', pipe, ...more], { input: 'DE02' })
    await writing
    assert.equal(sealed.code, 0, sealed.err)
    assert.equal((await open([], { input: sealed.out })).out.toString(), 'DE02')
  }
})

test('armor is told by its first line, after white space', async () => {
  const { sealAge } = await import('sealdrop/age')
  const { readable } = await sealAge(recipient, new Blob(['DE02']), { armor: true })
  const text = await new Response(readable).text()
  const opened = await open([], { input: `\n  \r\n${text}\n` })
  assert.equal(opened.out.toString(), 'DE02', opened.err)
  writeFileSync(at('armored'), text)
  const range = await open(['--range', '0-1', 'armored'])
  assert.equal(range.code, 2)
  assert.include(range.err, 'no ranges')
})

test('what cannot be an age file is exit 2, in words that say why', async () => {
  const native = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj'
  /** @type {[string[], RegExp][]} */
  const rows = [
    [['--age', '-c', 'claim=7', '-r', recipient], /has no context/],
    [['-c', 'claim=7', '-r', 'age.txt'], /has no context/],
    [['--age', '-r', 'other.jwk.json'], /needs a key on P-256/],
    [['--age', '-r', 'rsa.jwks.json'], /needs a key on P-256/],
    [['-r', recipient, '-r', 'other.jwk.json'], /say --age/],
    [['-r', 'age.txt', '-r', 'claims.jwk.json'], /say --age/],
    [['-r', native], /expected age1tag1/],
    [['-r', 'AGE-SECRET-KEY-1XXXX'], /expected a recipient, found an identity/],
    [['-r', 'AGE-PLUGIN-SEALDROP-1XXXX'], /expected a recipient, found an identity/],
    [['-r', `${recipient.slice(0, -1)}b`], /expected age1tag1/],
    [['-r', recipient, '--pin', world.thumbprints.claims], /takes no trust flag/],
    [['-r', recipient, '--jwe'], /age files only/],
    [['--age', '--jwe', '-r', 'claims.jwk.json'], /exclude each other/],
    [['-r', recipient, '-r', 'age.txt'], /none of them twice/],
  ]
  for (const [args, words] of rows) {
    const { code, out, err } = await sealdrop(['seal', ...args], { input: 'DE02' })
    assert.equal(code, 2, `${args.join(' ')}: ${err}`)
    assert.match(err, words)
    assert.lengthOf(out, 0)
  }
})

test('an age file is not sealed again without --again, and opens without -c only', async () => {
  const { out } = await sealdrop(['seal', '-r', recipient], { input: 'DE02' })
  const again = await sealdrop(['seal', '-r', recipient], { input: out })
  assert.equal(again.code, 2)
  assert.include(again.err, '--again')
  const key = ['-r', 'claims.jwk.json']
  const front = Buffer.from('\n-----BEGIN AGE ENCRYPTED FILE-----\n')
  const binary = await sealdrop(['seal', ...key], { input: 'DE02' })
  const value = await sealdrop(['seal', ...key, '--jwe'], { input: 'DE02' })
  for (const [args, input, what] of /** @type {const} */ ([
    [key, out, 'an age file'],
    [key, front, 'an age file'],
    [[...key, '--jwe'], out, 'an age file'],
    [['-r', recipient], binary.out, 'a sealed file'],
    [['--age', ...key], binary.out, 'a sealed file'],
    [['-r', recipient], value.out, 'a sealed value'],
  ])) {
    const { code, err } = await sealdrop(['seal', ...args], { input })
    const words = `sealdrop: -: it is ${what} already; --again seals it once more\n`
    assert.deepEqual([code, err], [2, words], args.join(' '))
    assert.equal((await sealdrop(['seal', '--again', ...args], { input })).code, 0)
  }
  // what only begins so is no sealed file
  for (const input of ['\u0002\u0004 a table', 'eyJ is a word'])
    assert.equal((await sealdrop(['seal', '-r', recipient], { input })).code, 0, input)
  const twice = await sealdrop(['seal', '-r', recipient, '--again'], { input: out })
  assert.equal(twice.code, 0)
  const context = await open(['-c', 'claim=7'], { input: out })
  assert.equal(context.code, 2)
  assert.include(context.err, 'has no context')
})

test('a file whose name begins as an identity does is a file', async () => {
  writeFileSync(at('age-recipients.txt'), readFileSync(at('age.txt')))
  const { code, err } = await sealdrop(['seal', '-r', 'age-recipients.txt'], { input: 'DE02' })
  assert.equal(code, 0, err)
})

test('what only looks like an age file is sealed', async () => {
  for (const input of ['', 'a', 'age-encryption.org', '-----BEGIN PRIVATE KEY-----\n']) {
    const { code, out, err } = await sealdrop(['seal', '-r', recipient], { input })
    assert.equal(code, 0, err)
    assert.equal((await open([], { input: out })).out.toString(), input)
  }
})

test('what is changed is exit 3, and what is for others exit 4', async () => {
  const { out } = await sealdrop(['seal', '-r', recipient], { input: 'DE02' })
  out[out.length - 1] ^= 1
  const changed = await open(['-o', 'changed'], { input: out })
  assert.equal(changed.code, 3, changed.err)
  assert.throws(() => readFileSync(at('changed')))
  const others = await sealdrop(['open', '--key-id', 'alias/other'], { input: out })
  assert.equal(others.code, 4)
})
