// sealdrop upload as a process: files reach a bucket through the real handler, and go on.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { assert } from 'chai'
import { sealdrop } from './helpers.mjs'
import { MiB, worldOfTests } from './upload-world.mjs'

const world = await worldOfTests()

const toClaims = ['-r', 'claims.jwk.json', '-c', 'claim=7']
const byHeader = () => ['--handler', world.handler, '--header', 'x-sender: acme']
const put = (name, length) => {
  const bytes = world.bytes(length)
  writeFileSync(world.at(name), bytes)
  return bytes
}
const done = async (args, o) => {
  const ended = await world.upload(args, o)
  assert.equal(ended.code, 0, ended.err)
  return { ...ended, lines: ended.out.toString().trimEnd().split('\n') }
}
const refused = async (args, code, message, o = {}) => {
  const ended = await world.upload(args, o)
  assert.equal(ended.code, code, ended.err)
  assert.match(ended.err, message)
  assert.equal(ended.out.toString(), '')
  return ended
}
/** Records that are kept in the state folder. */
const kept = () => readdirSync(world.at('state/sealdrop/uploads'))

test('a file is sent by a link of stdin, and opens with its context and its name', async () => {
  const bytes = put('report.pdf', 300_000)
  const { url, token } = await world.linkOf()
  const args = [...toClaims, '--link', '-', '--json', 'report.pdf']
  const { lines, err } = await done(args, { input: `${url}\n` })
  const [found, ...more] = lines.map((line) => JSON.parse(line))
  assert.lengthOf(more, 0)
  assert.equal(found.input, 'report.pdf')
  assert.match(found.messageId, /^[\w-]{43}$/)
  assert.match(found.digest, /^[\w-]{43}$/)
  assert.deepEqual(found.recipients, [world.thumbprints.claims])
  const opened = await world.opened(found.key)
  assert.isTrue(opened.bytes.equals(bytes))
  assert.equal(opened.name, 'report.pdf')
  assert.match(err, /^sent to http:\/\/127\.0\.0\.1:\d+\/uploads by a link for "acme", until 20/m)
  assert.match(err, /^sealed to [\w-]{43} \(ECDH-ES\+A256KW\) of claims\.jwk\.json, in hand$/m)
  assert.notInclude(err + lines.join(''), token)
  assert.equal(statSync(world.at('state/sealdrop/uploads')).mode & 0o777, 0o700)
})

test('several files go by a header of a file, in words, with a name or with none', async () => {
  const [one, two] = [put('one', 10), put('two', 1)]
  writeFileSync(world.at('headers'), 'x-sender: acme\n')
  const to = ['--handler', world.handler, '--header', '@headers']
  const { lines } = await done([...toClaims, ...to, 'one', 'two'])
  const keys = Object.fromEntries(
    lines
      .join('\n')
      .split(/\n(?=\S)/)
      .map((block) => [block.split('\n')[0], / key +(\S+)/.exec(block)?.[1]]),
  )
  assert.isTrue((await world.opened(keys.one)).bytes.equals(one))
  assert.isTrue((await world.opened(keys.two)).bytes.equals(two))
  /** @type {[string[], string | undefined][]} */
  const names = [
    [['--name', 'other.txt'], 'other.txt'],
    [['--no-name'], undefined],
  ]
  for (const [flags, name] of names) {
    const {
      lines: [line = ''],
    } = await done([...toClaims, ...to, ...flags, '--json', 'one'])
    assert.equal((await world.opened(JSON.parse(line).key)).name, name)
  }
})

test('with several recipients each one can open it, and each is told with its reason', async () => {
  put('both', 10)
  const to = ['-r', 'other.jwk.json', '-r', 'claims.signed', '--root', 'root.json', '-c', 'claim=7']
  const { lines, err } = await done([...to, ...byHeader(), '--json', 'both'])
  const { claims, other } = world.thumbprints
  assert.match(err, new RegExp(`^sealed to ${other} .* of other\\.jwk\\.json, in hand$`, 'm'))
  assert.match(
    err,
    new RegExp(`^sealed to ${claims} .* of claims\\.signed, signed by root\\.json$`, 'm'),
  )
  const { recipients, key } = JSON.parse(lines[0] ?? '')
  assert.deepEqual(recipients, [other, claims])
  await world.opened(key)
})

test('an upload that is killed goes on: what arrived is not sent again', async () => {
  const bytes = put('large', 20 * MiB)
  let isHeld = false
  let signs = 0
  // the third part is never signed, so that two are there when the process dies
  world.hook.before = async (op) => {
    if (op !== 'sign' || ++signs < 3) return
    isHeld = true
    await new Promise(() => {})
  }
  const { url } = await world.linkOf()
  const args = [...toClaims, '--link', url, '--json', 'large']
  const env = { XDG_STATE_HOME: world.at('state') }
  const first = sealdrop(['upload', ...args], { cwd: world.folder, env })
  await until(() => isHeld && arrived(first))
  assert.equal((await first.stop('SIGKILL')).signal, 'SIGKILL')
  assert.lengthOf(kept(), 1)
  world.hook.before = () => {}
  world.ops.length = 0
  const {
    lines: [line = ''],
    err,
  } = await done(args)
  assert.match(err, /^large: it goes on where it was stopped$/m)
  assert.notInclude(world.ops, 'begin')
  assert.isAtMost(world.ops.filter((op) => op === 'sign').length, 2)
  assert.isTrue((await world.opened(JSON.parse(line).key)).bytes.equals(bytes))
  assert.deepEqual(kept(), [], 'the record, and the token in it, are gone')
})

test('Ctrl-C is 130, keeps the record, and the same command goes on', async () => {
  const bytes = put('stopped', 20 * MiB)
  let isHeld = false
  let signs = 0
  world.hook.before = async (op) => {
    if (op !== 'sign' || ++signs < 3) return
    isHeld = true
    await new Promise(() => {})
  }
  const records = world.at('records of its own')
  const args = [...toClaims, ...byHeader(), '--records', records, '--json', 'stopped']
  const first = sealdrop(['upload', ...args], { cwd: world.folder })
  await until(() => isHeld && arrived(first))
  const stopped = Date.now()
  const { code, out, err } = await first.stop('SIGINT')
  assert.isBelow(Date.now() - stopped, 20_000, 'no request that nobody awaits keeps it')
  assert.equal(code, 130, err)
  assert.equal(out, '')
  assert.match(err, /the same command goes on/)
  assert.match(err, /^sealdrop: ended by SIGINT$/m)
  assert.lengthOf(readdirSync(records), 1)
  world.hook.before = () => {}
  world.ops.length = 0
  const {
    lines: [line = ''],
  } = await done(args)
  assert.notInclude(world.ops, 'begin')
  assert.isTrue((await world.opened(JSON.parse(line).key)).bytes.equals(bytes))
  assert.deepEqual(readdirSync(records), [])
})

/** Another first character of the signature. */
const damaged = (url) =>
  url.replace(/\.(.)([\w-]+)$/, (_, a, rest) => `.${a === 'A' ? 'B' : 'A'}${rest}`)

test('a revoked link, a used one and a damaged one are exit code 3, and are not repeated', async () => {
  put('small', 10)
  const revoked = await world.linkOf()
  await world.store.revoke(revoked.jti)
  const once = await world.linkOf({ files: 1 })
  const by = (link) => [...toClaims, '--link', link, 'small']
  await done(by(once.url))
  for (const [url, message] of [
    [revoked.url, /^sealdrop: upload handler: link: /m],
    [once.url, /^sealdrop: upload handler: link: /m],
    [damaged((await world.linkOf()).url), /^sealdrop: upload handler: link: /m],
    [(await world.linkOf()).url.slice(0, -41), /^sealdrop: link: copy all of it$/m],
    [(await world.linkOf()).url.replace(/\.[\w-]+$/, ''), /^sealdrop: link: copy all of it$/m],
    [`${(await world.linkOf()).url}.x`, /^sealdrop: link: copy all of it$/m],
  ]) {
    const { err } = await refused(by(url), 3, message)
    assert.notInclude(err, url.split('#drop=')[1]?.split('.')[1])
  }
})

test('what is wrong in a command is exit code 2, before anything is sent', async () => {
  put('some', 10)
  const { url } = await world.linkOf()
  const link = ['--link', url]
  const elsewhere = (await world.linkOf({ page: 'http://localhost:1/send' })).url
  /** @type {[string[], RegExp][]} */
  const rows = [
    [
      ['-r', 'https://keys.example/jwks.json', '-c', 'claim=7', ...link, 'some'],
      /say why its keys/,
    ],
    [[...link, 'some'], /-r: expected whom to seal to/],
    [[...toClaims, 'some'], /expected where files are sent/],
    [['-r', 'claims.jwk.json', ...link, 'some'], /another context: .* say -c claim=7$/m],
    [[...toClaims, '-c', 'more=1', ...link, 'some'], /takes files with another context/],
    [
      [...toClaims, ...link, '--handler', 'http://127.0.0.1:1/uploads', 'some'],
      /the link is for http/,
    ],
    [
      [...toClaims, '--link', elsewhere, 'some'],
      /is a page of http:\/\/localhost:1, and sends files to/,
    ],
    [[...toClaims, ...link, '--header', 'x: y', 'some'], /--header: it is for --handler/],
    [[...toClaims, '--link', world.handler, 'some'], /--link: expected all of a link/],
    [[...toClaims, '--handler', 'http://files.example/', 'some'], /expected https or loopback/],
    [
      [...toClaims, '--handler', world.handler, '--header', 'secret', 'some'],
      /expected name: value/,
    ],
    [[...toClaims, ...byHeader(), '--header', 'Accept: x', 'some'], /the protocol sets it/],
    [[...toClaims, ...link, '-'], /expected a file, since a pipe/],
    [[...toClaims, ...link, 'some', 'some'], /given twice as an input/],
    [[...toClaims, ...link, '--name', 'x', 'some', 'claims.jwk.json'], /--name are for one/],
    [[...toClaims, ...link, '--jobs', '9', 'some'], /expected 1 to 8/],
    [[...toClaims, ...link, '--receipt', 'claims.jwk.json', 'some'], /it is there already/],
    [[...toClaims, ...link], /missing required argument 'file'/],
  ]
  for (const [args, message] of rows) await refused(args, 2, message)
  assert.deepEqual(world.ops, [])
  const { token } = await world.linkOf()
  const unwanted = await refused(
    [...toClaims, '--link', `x#drop=${token}`, 'some'],
    2,
    /all of a link/,
  )
  assert.notInclude(unwanted.err, token)
})

test('a link of another host goes where --handler says that it may', async () => {
  put('some', 10)
  const { url } = await world.linkOf({ page: 'http://localhost:1/send' })
  await done([...toClaims, '--link', url, '--handler', world.handler, 'some'])
})

test('one file that fails does not stop the others, and the worst code counts', async () => {
  put('some', 10)
  const args = [...toClaims, ...byHeader(), '--json', 'some', 'absent', 'claims.signed']
  const { code, out, err } = await world.upload(args)
  assert.equal(code, 7)
  const sent = out
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).input)
  assert.sameMembers(sent, ['some', 'claims.signed'])
  assert.match(err, /^\{"input":"absent","exit":7,"code":"source_failed"/m)
  assert.match(err, /^sealdrop: 1 of 3 failed$/m)
  await refused([...toClaims, ...byHeader(), '.'], 7, /the path is not a file/)
})

test('what is sealed already is refused in the words of the command', async () => {
  put('plain', 10)
  const { run } = await import('./seal-helpers.mjs')
  const seal = ['seal', '-r', 'claims.jwk.json', '-o', 'plain.sealed', 'plain']
  assert.equal((await run(seal, { cwd: world.folder })).code, 0)
  await refused([...toClaims, ...byHeader(), 'plain.sealed'], 2, /and is not sealed twice$/m)
})

test('a sender whom the handler does not know is exit code 3, and its header is not repeated', async () => {
  put('some', 10)
  const header = ['--handler', world.handler, '--header', 'x-sender: nobody-knows']
  const { err } = await refused([...toClaims, ...header, 'some'], 3, /upload handler/)
  assert.notInclude(err, 'nobody-knows')
})

test('a receipt that is there is written, and one that is not is told and is no failure', async () => {
  put('some', 10)
  const args = [...toClaims, ...byHeader(), '--receipt', 'receipt.jws', '--json', 'some']
  const none = await done(args)
  assert.match(none.err, /^receipt\.jws: the company has left no receipt yet$/m)
  assert.notInclude(readdirSync(world.folder), 'receipt.jws')
  // it is left while the handler is asked for it
  world.hook.before = async (op) => {
    if (op !== 'receipt') return
    const { Contents = [] } = await world.listed()
    for (const { Key } of Contents) await world.leaveReceipt(Key, 'eyJhbGciOiJ4In0.e30.AAAA')
  }
  await done(args)
  assert.equal(readFileSync(world.at('receipt.jws'), 'utf8'), 'eyJhbGciOiJ4In0.e30.AAAA\n')
  world.hook.before = async (op) => {
    if (op !== 'receipt') return
    const { Contents = [] } = await world.listed()
    for (const { Key } of Contents) await world.leaveReceipt(Key, 'no receipt')
  }
  const { code, err } = await world.upload([...args, '--force'])
  assert.equal(code, 3, err)
  assert.include(readFileSync(world.at('receipt.jws'), 'utf8'), 'AAAA')
})

test('--no-resume begins anew', async () => {
  put('anew', 20 * MiB)
  let isHeld = false
  world.hook.before = async (op) => {
    if (op !== 'sign') return
    isHeld = true
    await new Promise(() => {})
  }
  const args = [...toClaims, ...byHeader(), 'anew']
  const env = { XDG_STATE_HOME: world.at('state') }
  const first = sealdrop(['upload', ...args], { cwd: world.folder, env })
  await until(() => isHeld)
  await first.stop('SIGKILL')
  world.hook.before = () => {}
  world.ops.length = 0
  const { err } = await done([...args, '--no-resume'])
  assert.include(world.ops, 'begin')
  assert.notMatch(err, /goes on/)
})

/** Whether two parts of the upload that runs are at the bucket. */
const arrived = async ({ child }) => {
  assert.isNull(child.exitCode, 'it ended')
  return (await world.partsThere()) >= 2
}

async function until(condition) {
  const end = Date.now() + 30_000
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('it did not happen in 30 s')
    await new Promise((resolve) => void setTimeout(resolve, 20))
  }
}
