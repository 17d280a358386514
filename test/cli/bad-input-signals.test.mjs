// Ctrl-C, SIGTERM and SIGHUP in every phase: while a command waits for people, pipes, hosts and KMS, and
// while it works. It ends at once with the exit code of the signal, and nothing is left.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { assert } from 'chai'
import { listeningPort } from '../support/types.mjs'
import { ownFolders } from './own-folders.mjs'
import { bin, cliWorld, run } from './seal-helpers.mjs'

/** @type {Awaited<ReturnType<typeof cliWorld>>} */
let world
const state = { url: '' }
/** A host that never answers. */
const silent = createServer(() => {})
before(async () => {
  world = await cliWorld()
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  state.url = `http://127.0.0.1:${listeningPort(silent)}/`
  writeFileSync(world.at('in'), 'a claim')
  writeFileSync(world.at('token'), 'eyJhbGciOiJFUzI1NiJ9.e30.AAAA')
  writeFileSync(world.at('long'), '')
  truncateSync(world.at('long'), 8_000_000_000)
  const toClaims = ['seal', '-r', 'claims.jwk.json', '-o', 'in.sealed', 'in']
  const { code, err } = await run(toClaims, { cwd: world.folder, env: world.local.env })
  assert.equal(code, 0, err)
  for (const [signal] of signals) {
    mkdirSync(world.at(signal))
    execFileSync('mkfifo', [world.at(`pipe-${signal}`)])
  }
  // says when it listens to signals, which is when there is something to take back
  writeFileSync(
    world.at('ready.mjs'),
    "process.on('newListener', (name) => name === 'SIGTERM' && setTimeout(() => console.error('ready'), 150))",
  )
})
after(async () => {
  silent.closeAllConnections()
  silent.close()
  await world.close()
})

const signals = /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
])
const seal = ['seal', '-r', 'claims.jwk.json']
const open = ['open', '--key-id', 'alias/claims']
const sign = ['sign', '--key-id', 'alias/root']
const silently = () => ['--endpoint-url', state.url]

/**
 * What it waits for or does, and the arguments, where OUT and PIPE stand for paths of its own.
 *
 * @type {[string, () => string[]][]}
 */
const phases = [
  ['seal waits for stdin', () => [...seal, '-o', 'OUT']],
  ['seal --jwe waits for stdin', () => [...seal, '--jwe', '-o', 'OUT']],
  ['open waits for stdin', () => [...open, '-o', 'OUT']],
  ['sign waits for stdin', () => [...sign, '--token', '-o', 'OUT']],
  ['verify waits for stdin', () => ['verify', '-k', 'root.json', '--token', '-o', 'OUT']],
  ['inspect waits for stdin', () => ['inspect']],
  ['seal waits for a writer of a pipe', () => [...seal, '-o', 'OUT', 'PIPE']],
  ['open waits for a writer of a pipe', () => [...open, '-o', 'OUT', 'PIPE']],
  ['seal waits for the keys of a pipe', () => ['seal', '-r', 'PIPE', '-o', 'OUT', 'in']],
  ['seal waits for a reader of a pipe', () => [...seal, '-o', 'PIPE', 'in']],
  ['open waits for a reader of a pipe', () => [...open, '-o', 'PIPE', 'in.sealed']],
  ['seal waits for a host', () => ['seal', '-r', state.url, '--trust-https', '-o', 'OUT', 'in']],
  [
    'verify waits for a host',
    () => ['verify', '-k', state.url, '--trust-https', '--token', 'token'],
  ],
  ['open waits for KMS', () => [...open, ...silently(), '-o', 'OUT', 'in.sealed']],
  ['sign waits for KMS', () => [...sign, ...silently(), '-o', 'OUT', 'in']],
  ['seal writes', () => [...seal, '-o', 'OUT', 'long']],
  ['seal writes to a pipe that nobody reads', () => [...seal, '-o', '-', 'long']],
  ['sign reads', () => [...sign, '-o', 'OUT', 'long']],
]

/** Starts a command that has stdin open, and answers how it ended after a signal. */
async function interrupted(args, signal) {
  const paths = { OUT: `${signal}/x`, PIPE: `pipe-${signal}` }
  const given = args.map((arg) => paths[arg] ?? arg)
  const child = spawn(process.execPath, ['--import', './ready.mjs', bin, ...given], {
    cwd: world.folder,
    env: { ...process.env, ...world.local.env, ...ownFolders },
  })
  let err = ''
  const ready = new Promise((resolve) => {
    child.stderr.on('data', (chunk) => {
      err += chunk
      if (err.includes('ready')) resolve(undefined)
    })
  })
  child.stdout.pause()
  child.stdin.on('error', () => {})
  const ended = once(child, 'exit')
  await Promise.race([ready, ended])
  child.kill(signal)
  const late = await Promise.race([ended, pause(20_000, 'it did not end', { ref: false })])
  child.kill('SIGKILL')
  const [code] = typeof late === 'string' ? [late] : late
  return { code, err: err.replace('ready\n', '') }
}

for (const [name, argsOf] of phases)
  test(`${name}: a signal ends it at once, and nothing is left`, async () => {
    const ends = signals.map(async ([signal, expected]) => {
      const { code, err } = await interrupted(argsOf(), signal)
      assert.deepEqual([code, err], [expected, `sealdrop: ended by ${signal}\n`])
    })
    await Promise.all(ends)
    for (const [signal] of signals) assert.deepEqual(readdirSync(world.at(signal)), [])
  })

test('a pipe whose writer has stalled, and one whose reader has, are left by a signal too', async () => {
  const holder = openSync(world.at('pipe-SIGTERM'), constants.O_RDWR)
  for (const args of [
    [...seal, '-o', 'OUT', 'PIPE'],
    [...seal, '-o', 'PIPE', 'long'],
  ]) {
    const { code, err } = await interrupted(args, 'SIGTERM')
    assert.deepEqual([code, err], [143, 'sealdrop: ended by SIGTERM\n'])
  }
  closeSync(holder)
  assert.deepEqual(readdirSync(world.at('SIGTERM')), [])
})

test('before the command begins, a signal ends it as the system does', async () => {
  for (const [signal, expected] of signals) {
    const child = spawn(process.execPath, [bin, ...seal, '-o', 'SIGTERM/x'], { cwd: world.folder })
    await once(child, 'spawn')
    child.kill(signal)
    const [code, by] = await once(child, 'exit')
    assert.include([expected, signal], by ?? code)
  }
  assert.deepEqual(readdirSync(world.at('SIGTERM')), [])
})
