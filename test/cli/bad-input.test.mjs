// What a machine or a person does wrong: full disks, folders that cannot be written, pipes that
// close, what is given twice, and settings that are not there. Nothing half-written stays.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { ownFolders } from './own-folders.mjs'
import { bin, cliWorld, run } from './seal-helpers.mjs'

/** @type {Awaited<ReturnType<typeof cliWorld>>} */
let world
/** What is mounted, in the end. */
const mounts = []
before(async () => {
  world = await cliWorld()
  const { at, bytes } = world
  writeFileSync(at('small'), 'a claim')
  writeFileSync(at('large'), bytes(2_000_000))
  for (const args of [
    'seal -r claims.jwk.json -o small.sealed small',
    'seal -r claims.jwk.json -o large.sealed large',
    'sign --key-id alias/root small',
    'sign --key-id alias/root --token -o token small',
  ]) {
    const { code, err } = await cli(args)
    assert.equal(code, 0, err)
  }
})
after(async () => {
  for (const folder of mounts) execFileSync('umount', [folder])
  await world.close()
})
const cli = (line, o = {}) =>
  run(line.split(' '), { cwd: world.folder, ...o, env: { ...world.local.env, ...o.env } })

/** Each command that writes a file, with its input, where OUT is the file. */
const writers = {
  seal: 'seal -r claims.jwk.json -o OUT large',
  'seal --jwe': 'seal -r claims.jwk.json --jwe -o OUT small',
  open: 'open --key-id alias/claims -o OUT large.sealed',
  sign: 'sign --key-id alias/root -o OUT small',
  'verify --token': 'verify -k root.json --token -o OUT token',
}
/** Those that write more than a disk of 1 MiB takes. */
const large = ['seal', 'open']

/** A small disk of its own; undefined where nobody may mount one. */
function smallDisk(name) {
  const folder = world.at(name)
  mkdirSync(folder)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  mounts.push(folder)
  return folder
}

test('a full disk is exit code 7, and nothing stays on it', async (t) => {
  const disk = smallDisk('full')
  if (!disk) return t.skip('nobody may mount a disk here')
  for (const name of large) {
    const { code, err } = await cli(writers[name].replace('OUT', join(disk, 'x')))
    assert.equal(code, 7, err)
    assert.match(err, /^sealdrop: the file cannot be written: ENOSPC\n$/)
    assert.deepEqual(readdirSync(disk), [], name)
  }
  writeFileSync(join(disk, 'kept'), 'old')
  const kept = join(disk, 'kept')
  const replacing = await cli(`${writers.seal.replace('OUT', kept)} --force`)
  assert.equal(replacing.code, 7, replacing.err)
  assert.equal(readFileSync(kept, 'utf8'), 'old', 'what was there is kept')
  const small = await cli(writers.sign.replace('OUT', join(disk, 'x')))
  assert.equal(small.code, 0, `what fits is written: ${small.err}`)
})

test('a folder that can only be read is exit code 7, and stays as it is', async (t) => {
  const disk = smallDisk('read-only')
  if (!disk) return t.skip('nobody may mount a disk here')
  writeFileSync(join(disk, 'kept'), 'old')
  execFileSync('mount', ['-o', 'remount,ro', disk])
  for (const [name, line] of Object.entries(writers)) {
    const { code, err } = await cli(line.replace('OUT', join(disk, 'x')))
    assert.equal(code, 7, `${name}: ${err}`)
    assert.match(err, /sealdrop: the file cannot be written: EROFS\n$/)
  }
  const folder = await cli(`seal -r claims.jwk.json --out-dir ${join(disk, 'new')} small`)
  assert.deepEqual([folder.code, /EROFS/.test(folder.err)], [7, true], folder.err)
  const sets = { SEALDROP_STATE: join(disk, 'sets') }
  const kept = await cli('seal -r claims.signed --root root.json small', { env: sets })
  assert.deepEqual([kept.code, /cannot be kept there: EROFS/.test(kept.err)], [7, true], kept.err)
  assert.deepEqual(readdirSync(disk), ['kept'])
})

test('another user cannot write to a folder, nor read a file', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can run a command as another user')
  const { at, folder } = world
  chmodSync(folder, 0o755)
  mkdirSync(at('closed'), { mode: 0o755 })
  copyFileSync(at('small'), at('secret'))
  chmodSync(at('secret'), 0o600)
  const asNobody = async (line) => {
    const own = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, bin]
    const child = spawn('setpriv', [...own, ...line.split(' ')], {
      cwd: folder,
      env: {
        ...process.env,
        ...world.local.env,
        SEALDROP_STATE: 'none',
        XDG_CONFIG_HOME: '/nowhere',
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let err = ''
    child.stderr.on('data', (chunk) => (err += chunk))
    const [code] = await once(child, 'close')
    return { code, err }
  }
  const probe = await asNobody('--version')
  if (probe.code !== 0) return t.skip(`another user cannot run the command: ${probe.err}`)
  for (const [line, words] of /** @type {const} */ ([
    ['seal -r claims.jwk.json -o closed/x small', /the file cannot be written: EACCES/],
    ['seal -r claims.jwk.json --out-dir closed/new small', /cannot be written: EACCES/],
    ['seal -r claims.jwk.json -o - secret', /secret: .*EACCES/],
    ['seal -r secret -o - small', /secret: it cannot be read: EACCES/],
  ])) {
    const { code, err } = await asNobody(line)
    assert.deepEqual([code, words.test(err)], [7, true], `${line}: ${err}`)
  }
  assert.deepEqual(readdirSync(at('closed')), [])
})

test('a reader that closes its pipe ends each command with 7, without words', async () => {
  const toStdout = Object.entries(writers).map(([name, line]) => [name, line.replace('OUT', '-')])
  for (const [name, line] of toStdout) {
    const child = spawn(process.execPath, [bin, ...String(line).split(' ')], {
      cwd: world.folder,
      env: { ...process.env, ...ownFolders, ...world.local.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.destroy()
    let err = ''
    child.stderr.on('data', (chunk) => (err += chunk))
    const [code] = await once(child, 'close')
    const told = name === 'verify --token' ? /^signed by .*\n$/ : /^$/
    assert.deepEqual([code, told.test(err)], [7, true], `${name}: ${err}`)
  }
})

test('an output that is an input, a folder, a device or a pipe is never replaced', async () => {
  const { at } = world
  const inputs = {
    seal: 'large',
    'seal --jwe': 'small',
    open: 'large.sealed',
    sign: 'small',
    'verify --token': 'token',
  }
  execFileSync('mkfifo', [at('pipe')])
  for (const [name, line] of Object.entries(writers)) {
    const input = inputs[name]
    const old = readFileSync(at(input))
    const same = await cli(`${line.replace('OUT', `./${input}`)} --force`)
    assert.deepEqual([same.code, /an input too/.test(same.err)], [2, true], `${name}: ${same.err}`)
    assert.deepEqual(readFileSync(at(input)), old)
    const device = await cli(line.replace('OUT', '/dev/null'))
    assert.equal(device.code, 0, `${name}: ${device.err}`)
    assert.isTrue(lstatSync('/dev/null').isCharacterDevice())
    const reader = spawn('cat', ['pipe'], {
      cwd: world.folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let read = 0
    reader.stdout.on('data', (chunk) => (read += chunk.length))
    const closed = once(reader, 'close')
    const piped = await cli(line.replace('OUT', 'pipe'))
    assert.equal(piped.code, 0, `${name}: ${piped.err}`)
    await closed
    assert.isAbove(read, 0, name)
    assert.isTrue(lstatSync(at('pipe')).isFIFO())
  }
  const folder = await cli(writers.open.replace('OUT', world.folder))
  assert.deepEqual([folder.code, /expected a file to write/.test(folder.err)], [2, true])
  const full = await cli(writers.open.replace('OUT', '/dev/full'))
  assert.deepEqual([full.code, /ENOSPC/.test(full.err)], [7, true], full.err)
})

test('what is given twice or contradicts itself is exit code 2, before anything is read', async () => {
  const url = 'http://127.0.0.1:9/'
  for (const [line, words] of /** @type {const} */ ([
    ['seal -r claims.jwk.json --out-dir o - -', /-: given twice as an input/],
    ['open --key-id alias/claims --out-dir o - -', /-: given twice as an input/],
    ['sign --key-id alias/root --token - -', /-: given twice as an input/],
    ['verify -k root.json --token - -', /-: given twice as an input/],
    ['inspect - -', /-: given twice as an input/],
    ['seal -r claims.jwk.json --out-dir o -', /-: it has no name for --out-dir/],
    [`verify -k ${url} --root root.json --trust-https --token token`, /exclude each other/],
    [`verify -k ${url} --token token`, /say why its keys are believed/],
    ['open --key-id alias/claims --inventory keys small.sealed', /either --key-id or --inventory/],
    [
      'open --key-id alias/claims --config unknown.json small.sealed',
      /no member "key"; did you mean/,
    ],
  ])) {
    writeFileSync(world.at('unknown.json'), '{"key":"alias/x"}')
    const { code, out, err } = await cli(line, { input: 'x' })
    assert.deepEqual([code, words.test(err), out.length], [2, true, 0], `${line}: ${err}`)
  }
  assert.isFalse(existsSync(world.at('o')), 'no folder is made for what is refused')
})

test('a wrong profile, no Region and no credentials say so, and are no mishap of ours', async () => {
  const { at } = world
  writeFileSync(at('aws'), '[default]\n')
  const absent = ['AWS_PROFILE', 'AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']
  const none = {
    ...Object.fromEntries(absent.map((name) => [name, undefined])),
    AWS_CONFIG_FILE: at('aws'),
    AWS_SHARED_CREDENTIALS_FILE: at('aws'),
    AWS_EC2_METADATA_DISABLED: 'true',
  }
  const inRegion = { AWS_REGION: 'us-east-1' }
  const rows = /** @type {[object, string, number, RegExp][]} */ ([
    [{}, '', 2, /no Region for alias\/\w+; pass .*AWS_REGION/],
    [{ AWS_REGION: 'no region' }, '', 2, /no Region for alias\/\w+, or not the name of one/],
    [inRegion, '', 5, /credentials are missing, wrong or out of date/],
    [inRegion, ' --profile nobody', 5, /credentials are missing, wrong or out of date/],
  ])
  const commands = [
    'open --key-id alias/claims -o never small.sealed',
    'sign --key-id alias/root -o never small',
  ]
  for (const command of commands)
    for (const [env, flags, exit, words] of rows) {
      const { code, err } = await cli(command + flags, { env: { ...none, ...env } })
      assert.deepEqual([code, words.test(err)], [exit, true], `${command}${flags}: ${err}`)
      assert.notMatch(err, /failed unexpectedly|\n\s+at /)
    }
  assert.isFalse(existsSync(at('never')))
})
