// sealdrop seal, open and inspect as processes: what goes in comes out, by files, pipes and devices.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { bin, cliWorld, run } from './seal-helpers.mjs'

/** @type {Awaited<ReturnType<typeof cliWorld>>} */
let world
before(async () => {
  world = await cliWorld()
})
after(() => world.close())

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex')
const env = () => world.local.env
const inFolder = (args, o = {}) => run(args, { cwd: world.folder, env: env(), ...o })
const byClaims = ['--key-id', 'alias/claims']
const toClaims = ['-r', 'claims.jwk.json']
/** What ended as it should, and what it wrote. */
const done = async (args, o) => {
  const ended = await inFolder(args, o)
  assert.equal(ended.code, 0, ended.err)
  return ended
}

test('a file goes in and comes out, by -o, by pipes, and by a pipe that has a name', async () => {
  const { at, bytes } = world
  const plain = bytes(3_000_000)
  writeFileSync(at('plain'), plain)
  const { err, out } = await done(['seal', ...toClaims, '-c', 'claim=7', '-o', 'sealed', 'plain'])
  assert.match(err, /^sealed to [\w-]{43} \(ECDH-ES\+A256KW\) of claims\.jwk\.json, in hand\n$/)
  assert.lengthOf(out, 0)
  await done(['open', ...byClaims, '-c', 'claim=7', '-o', 'opened', 'sealed'])
  assert.equal(hash(readFileSync(at('opened'))), hash(plain))
  assert.equal(statSync(at('opened')).mode & 0o777, 0o600)
  assert.notEqual(statSync(at('sealed')).mode & 0o777, 0o600)

  const piped = await done(['seal', ...toClaims], { input: plain })
  const opened = await done(['open', ...byClaims], { input: piped.out })
  assert.equal(hash(opened.out), hash(plain))

  execFileSync('mkfifo', [at('fifo')])
  writeFileSync(at('piped'), piped.out)
  const writer = spawn('cp', ['piped', 'fifo'], { cwd: world.folder })
  const fromPipe = await done(['open', ...byClaims, '-o', 'from-fifo', 'fifo'])
  assert.equal(fromPipe.code, 0)
  writer.kill()
  assert.equal(hash(readFileSync(at('from-fifo'))), hash(plain))
})

test('a pipe with a name gets all of it, also where its reader comes late', async () => {
  const { at } = world
  execFileSync('mkfifo', [at('late')])
  const sealing = done(['seal', ...toClaims, '-o', 'late'], { input: 'a claim' })
  await new Promise((resolve) => void setTimeout(resolve, 1_500))
  const reader = spawn('cat', ['late'], { cwd: world.folder })
  const found = []
  reader.stdout.on('data', (chunk) => found.push(chunk))
  await Promise.all([sealing, once(reader, 'close')])
  const { out } = await done(['open', ...byClaims], { input: Buffer.concat(found) })
  assert.equal(out.toString(), 'a claim')
})

test('0 bytes and one byte are files as any other', async () => {
  for (const input of [Buffer.alloc(0), Buffer.from('x')]) {
    const sealed = await done(['seal', ...toClaims], { input })
    assert.deepEqual((await done(['open', ...byClaims], { input: sealed.out })).out, input)
  }
})

test('a value is bytes, text or JSON as it is told, and its trailing newline is taken', async () => {
  const seal = ['seal', '-r', 'rsa.jwks.json', '--jwe', '-c', 'order=7']
  const open = ['open', '--key-id', 'alias/rsa', '-c', 'order=7']
  for (const [type, input, output] of [
    ['bytes', Buffer.from([0, 255]), Buffer.from([0, 255])],
    ['text', 'grüße\n', Buffer.from('grüße\n')],
    ['json', ' { "a" : 1 } ', Buffer.from('{"a":1}')],
  ]) {
    const sealed = await done([...seal, '--type', type], { input })
    assert.match(sealed.out.toString(), /^eyJ[\w.-]+\n$/)
    const opened = await done(open, { input: `  ${sealed.out.toString()}\n\n` })
    assert.deepEqual(opened.out, output, type)
  }
  for (const [type, input] of /** @type {const} */ ([
    ['text', Buffer.from([0xff])],
    ['json', '{'],
  ])) {
    const { code, err } = await inFolder([...seal, '--type', type], { input })
    assert.deepEqual(
      [code, err.match(/-: expected (.*)/)?.[1]],
      [3, type === 'text' ? 'text in UTF-8' : 'JSON'],
    )
  }
  const large = await inFolder(seal, { input: Buffer.alloc(2 ** 20 + 1) })
  assert.deepEqual([large.code, large.out.length], [3, 0])
})

test('a range has both ends, reads what it needs, and is of files only', async () => {
  const { at, bytes } = world
  const plain = bytes(2_000_000)
  writeFileSync(at('long'), plain)
  await done(['seal', ...toClaims, '-o', 'long.sealed', 'long'])
  for (const [range, start, end] of /** @type {const} */ ([
    ['0-0', 0, 1],
    ['10-19', 10, 20],
    ['1999990-', 1_999_990, 2_000_000],
    ['0-99999999', 0, 2_000_000],
  ])) {
    const { out } = await done(['open', ...byClaims, '--range', range, 'long.sealed'])
    assert.equal(hash(out), hash(plain.subarray(start, end)), range)
  }
  for (const range of ['9-8', '-5', 'a-b', '1', '']) {
    const { code, err } = await inFolder(['open', ...byClaims, '--range', range, 'long.sealed'])
    assert.deepEqual([code, /expected first-last/.test(err)], [2, true], range)
  }
  const sealed = readFileSync(at('long.sealed'))
  const piped = await inFolder(['open', ...byClaims, '--range', '0-1'], { input: sealed })
  assert.deepEqual([piped.code, /expected a file/.test(piped.err)], [2, true])
})

test('another context opens nothing, and any context must be said and is printed', async () => {
  const { at } = world
  await done(['seal', ...toClaims, '-c', 'claim=7=x,y', '-c', 'a=', '-o', 'bound', '--jwe'], {
    input: 'x',
  })
  const exact = await done([
    'open',
    ...byClaims,
    '--encryption-context',
    '{"a":"","claim":"7=x,y"}',
    'bound',
  ])
  assert.equal(exact.out.toString(), 'x')
  for (const context of [[], ['-c', 'claim=7'], ['--encryption-context', 'claim=7=x,y']]) {
    const ended = await inFolder(['open', ...byClaims, ...context, '-o', 'never', 'bound'])
    assert.equal(ended.code, context.length === 2 && context[0] !== '-c' ? 2 : 3, ended.err)
    assert.isFalse(existsSync(at('never')))
  }
  const any = await done(['open', ...byClaims, '--any-context', 'bound'])
  assert.match(any.err, /^bound: context \{"claim":"7=x,y","a":""\}\n$/)
  const both = await inFolder(['open', ...byClaims, '--any-context', '-c', 'a=b', 'bound'])
  assert.equal(both.code, 2)
})

test('what is there is kept without --force; a link is followed, and a device is never replaced', async () => {
  const { at } = world
  writeFileSync(at('in'), 'the plain text')
  writeFileSync(at('kept'), 'old')
  symlinkSync('kept', at('link'))
  for (const out of ['kept', 'link']) {
    const { code, err } = await inFolder(['seal', ...toClaims, '-o', out, 'in'])
    assert.deepEqual(
      [code, err],
      [2, `sealdrop: ${out}: it is there already; --force replaces it\n`],
    )
    assert.equal(readFileSync(at('kept'), 'utf8'), 'old')
  }
  await done(['seal', ...toClaims, '--force', '-o', 'link', 'in'])
  assert.isTrue(lstatSync(at('link')).isSymbolicLink())
  assert.equal(readFileSync(at('kept'))[0], 2)
  await done(['seal', ...toClaims, '-o', '/dev/null', 'in'])
  assert.isTrue(lstatSync('/dev/null').isCharacterDevice())
  mkdirSync(at('folder'))
  for (const [args, exit, words] of /** @type {const} */ ([
    [['-o', 'folder', 'in'], 2, /--out-dir takes a folder/],
    [['--out-dir', 'kept', 'in'], 7, /cannot be written: EEXIST/],
    [['-o', '/dev/full', 'in'], 7, /cannot be written: ENOSPC/],
    [['-o', 'in', '--force', 'in'], 2, /an input too/],
    [['-o', 'no/out', 'in'], 7, /ENOENT/],
    [['-o', 'never', 'folder'], 7, /folder: /],
    [['-o', 'never', 'nothing'], 7, /nothing: ENOENT/],
    [['-o', 'never', 'in', 'in'], 2, /given twice/],
    [['-o', 'never', 'in', 'kept'], 2, /--out-dir/],
    [['-o', 'never', '--out-dir', 'x', 'in'], 2, /exclude each other/],
    [['-o', 'never', '--type', 'text', 'in'], 2, /--type: it is for --jwe/],
  ])) {
    const { code, err } = await inFolder(['seal', ...toClaims, ...args])
    assert.equal(code, exit, `${args.join(' ')}: ${err}`)
    assert.match(err, words)
  }
  assert.isFalse(existsSync(at('never')))
  assert.deepEqual(
    readdirSync(world.folder).filter((name) => name.endsWith('.part')),
    [],
  )
})

test('many files go into a folder under their names, and the worst exit code counts', async () => {
  const { at } = world
  for (const name of ['a.txt', 'b.txt']) writeFileSync(at(name), name)
  const sealing = await done(['seal', ...toClaims, '--out-dir', 'many', 'a.txt', 'b.txt'])
  assert.match(sealing.err, /^sealed to .*\nok {6}a\.txt\nok {6}b\.txt\n$/)
  assert.deepEqual(readdirSync(at('many')).sort(), ['a.txt.sealed', 'b.txt.sealed'])
  const opening = ['open', ...byClaims, '--out-dir', 'plain-many', '--jobs', '2']
  await done([...opening, 'many/a.txt.sealed', 'many/b.txt.sealed'])
  assert.equal(readFileSync(at('plain-many/b.txt'), 'utf8'), 'b.txt')

  const broken = readFileSync(at('many/a.txt.sealed'))
  broken[broken.length - 3] ^= 1
  writeFileSync(at('many/broken.sealed'), broken)
  const names = ['broken', 'absent', 'b.txt'].map((name) => `many/${name}.sealed`)
  const worst = await inFolder([...opening, '--force', '--json', ...names])
  assert.equal(worst.code, 7)
  const lines = worst.err.trim().split('\n')
  assert.deepEqual(
    lines
      .slice(0, 3)
      .map((line) => JSON.parse(line))
      .map(({ exit, code }) => [exit, code]),
    [
      [3, 'rejected'],
      [7, 'source_failed'],
      [0, undefined],
    ],
  )
  assert.equal(lines[3], 'sealdrop: 2 of 3 failed')
  assert.notInclude(readdirSync(at('plain-many')), 'broken')
  mkdirSync(at('sub'), { recursive: true })
  writeFileSync(at('sub/a.txt'), 'another')
  for (const given of [['a.txt', 'sub/a.txt'], ['..'], ['-']]) {
    const { code, err } = await inFolder(['seal', ...toClaims, '--out-dir', 'no', ...given])
    assert.equal(code, 2, err)
  }
})

test('what is sealed to a key already is not sealed again without --again', async () => {
  const sealed = (await done(['seal', ...toClaims], { input: 'once' })).out
  const { code, err } = await inFolder(['seal', ...toClaims], { input: sealed })
  assert.deepEqual([code, /--again/.test(err)], [2, true])
  const twice = (await done(['seal', ...toClaims, '--again'], { input: sealed })).out
  const inner = (await done(['open', ...byClaims], { input: twice })).out
  assert.equal((await done(['open', ...byClaims], { input: inner })).out.toString(), 'once')
})

test('a reader that stops ends the command with 7 and without a word', async () => {
  const child = spawn(process.execPath, [bin, 'seal', ...toClaims], {
    cwd: world.folder,
    env: { ...process.env, ...env() },
  })
  let err = ''
  child.stderr.on('data', (chunk) => (err += chunk))
  child.stdin.on('error', () => {})
  child.stdout.once('data', () => child.stdout.destroy())
  const feed = setInterval(() => child.stdin.write(Buffer.alloc(1_000_000)), 5)
  const [code] = await once(child, 'close')
  clearInterval(feed)
  assert.deepEqual([code, err], [7, ''])
})

for (const [signal, expected] of /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
]))
  test(`${signal} ends what is under way with ${expected}, and leaves nothing`, async () => {
    const { at } = world
    mkdirSync(at(`by-${signal}`))
    const sealed = (await done(['seal', ...toClaims], { input: Buffer.alloc(2_000_000) })).out
    for (const [args, input] of /** @type {const} */ ([
      [['seal', ...toClaims], Buffer.alloc(2_000_000)],
      [['open', ...byClaims], sealed.subarray(0, 1_900_000)],
    ])) {
      const output = at(`by-${signal}/out`)
      const child = spawn(process.execPath, [bin, ...args, '-o', output], {
        cwd: world.folder,
        env: { ...process.env, ...env() },
        stdio: ['pipe', 'ignore', 'pipe'],
      })
      let err = ''
      child.stderr.on('data', (chunk) => (err += chunk))
      child.stdin.on('error', () => {})
      child.stdin.write(input)
      while (readdirSync(at(`by-${signal}`)).length === 0)
        await new Promise((resolve) => void setTimeout(resolve, 20))
      child.kill(signal)
      const [code] = await once(child, 'close')
      assert.equal(code, expected, err)
      assert.match(err, new RegExp(`sealdrop: ended by ${signal}\n$`))
      assert.deepEqual(readdirSync(at(`by-${signal}`)), [])
    }
  })

test('inspect says what everyone can read, as text and as JSON, of each kind', async () => {
  const { at } = world
  writeFileSync(
    at('x.sealed'),
    (await done(['seal', ...toClaims, '-c', 'claim=7'], { input: 'x' })).out,
  )
  writeFileSync(at('x.jwe'), (await done(['seal', ...toClaims, '--jwe'], { input: 'x' })).out)
  const { out } = await done([
    'inspect',
    '--json',
    'x.sealed',
    'x.jwe',
    'claims.signed',
    'rsa.jwks.json',
  ])
  const found = out
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    found.map(({ input, kind }) => [input, kind]),
    [
      ['x.sealed', 'stream'],
      ['x.jwe', 'value'],
      ['claims.signed', 'key-set'],
      ['rsa.jwks.json', 'key-set'],
    ],
  )
  assert.deepEqual(found[0].context, { claim: '7' })
  const words = await done(['inspect', 'x.sealed'])
  assert.match(
    words.out.toString(),
    /^x\.sealed: a sealed file .*\n(.*\n)* {2}recipients +P-256 [\w-]{43} .*\n {2}context +\{"claim":"7"\}/,
  )
  const none = await inFolder(['inspect', 'plain', 'absent', 'x.jwe'])
  assert.equal(none.code, 7)
})
