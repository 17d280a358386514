// What the tests of sealdrop keys share: a local KMS with a clock, a folder, and the command
// without a terminal.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { fileInventory, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { buildProgram, commandsFor, runProgram } from '#dist/cli/program.js'
import { present } from '../support/types.mjs'
import { bin } from './seal-helpers.mjs'

const movedClock = fileURLToPath(new URL('./moved-clock.mjs', import.meta.url))

export const minute = 60_000
export const day = 24 * 60 * minute

/** What most tests make: keys to seal to, and keys that sign. */
export const twoPurposes = [
  '--purpose',
  'claims=ECC_NIST_P256:KEY_AGREEMENT',
  '--purpose',
  'receipts=ECC_NIST_P256:SIGN_VERIFY',
  '--without-arn',
]

/**
 * Runs the command in this process.
 *
 * @param {readonly string[]} args
 * @returns {Promise<{ code: number | null, out: Buffer, err: string, lines: string[] }>}
 */
async function runHere(args) {
  /** @type {string[]} */
  const lines = []
  /** @type {string[]} */
  const notes = []
  const terminal = {
    out: (line) => void lines.push(...line.split('\n')),
    note: (line) => void notes.push(line),
  }
  const program = buildProgram(terminal, await commandsFor(args, terminal))
  const code = await runProgram(program, args, terminal)
  const text = (list) => list.map((line) => `${line}\n`).join('')
  return { code, out: Buffer.from(text(lines)), err: text(notes), lines }
}

/**
 * A folder, a local KMS with a root, and the command as a process that has no terminal.
 *
 * `clock.ahead` moves the clocks of both.
 *
 * @param {{ inProcess?: boolean }} [o] `inProcess` runs the command here, which is faster: for tests
 *   in which nothing is asked and no clock moves
 */
export async function keysWorld({ inProcess = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sealdrop-cli-keys-'))
  const at = (name) => join(folder, name)
  const clock = { ahead: 0 }
  const local = await startLocalKms({
    now: () => Date.now() + clock.ahead,
    keys: [{ alias: 'alias/root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }],
  })
  const kms = local.clientConfig
  writeFileSync(at('root.json'), JSON.stringify(await publicJwk({ kms, key: 'alias/root' })))
  if (inProcess) {
    process.chdir(folder)
    Object.assign(process.env, local.env)
  }
  const env = () => ({
    ...process.env,
    ...local.env,
    CLOCK_AHEAD: String(clock.ahead),
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import=${movedClock}`,
  })

  /**
   * Runs the command to its end, in a session of its own: there is no terminal to ask at.
   *
   * @param {readonly string[]} args
   * @param {{ env?: object, input?: Uint8Array | string, killAfter?: number }} o
   * @returns {Promise<{ code: number | null, out: Buffer, err: string, lines: string[] }>}
   */
  const run = (args, o = {}) => {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: folder,
      env: { ...env(), ...o.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    /** @type {Buffer[]} */
    const out = []
    /** @type {Buffer[]} */
    const err = []
    child.stdout.on('data', (chunk) => out.push(chunk))
    child.stderr.on('data', (chunk) => err.push(chunk))
    child.stdin.on('error', () => {})
    child.stdin.end(o.input ?? '')
    const killing =
      o.killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), o.killAfter)
    return new Promise((resolve) => {
      child.once('close', (code) => {
        clearTimeout(killing)
        const all = Buffer.concat(out)
        const lines = all.toString().split('\n').slice(0, -1)
        resolve({ code, out: all, err: Buffer.concat(err).toString(), lines })
      })
    })
  }
  const keys = (...args) => (inProcess ? runHere(['keys', ...args]) : run(['keys', ...args]))
  /** What ended well. */
  const done = async (...args) => {
    const ended = await keys(...args)
    assert.equal(ended.code, 0, `${args.join(' ')}: ${ended.err}`)
    return ended
  }
  /** What is refused, with this exit code and these words. */
  const refused = async (code, words, ...args) => {
    const ended = await keys(...args)
    assert.equal(ended.code, code, `${args.join(' ')}: ${ended.out.toString()}${ended.err}`)
    assert.match(ended.err, words)
    return ended
  }
  const inventory = async (name = 'keys') => present(await fileInventory(at(name)).read()).inventory
  /** The one key of a purpose in a state. */
  const keyIn = async (purpose, state) =>
    present((await inventory()).keys.find((key) => key.purpose === purpose && key.state === state))
  const text = (name) => readFileSync(at(name), 'utf8')
  const close = async () => {
    await local.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return {
    folder,
    at,
    clock,
    local,
    kms,
    env,
    run,
    keys,
    done,
    refused,
    inventory,
    keyIn,
    text,
    close,
  }
}
