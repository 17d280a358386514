// A full disk under stdout or stderr, and a folder as stdin: the right exit code, nothing left behind.
import { assert } from 'chai'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { after, before, describe, it, test } from 'node:test'
import { present } from '../support/types.mjs'
import { ownFolders } from './own-folders.mjs'
import { bin, cliWorld, run } from './seal-helpers.mjs'

const noFull = !existsSync('/dev/full') && 'there is no /dev/full here'

describe('sealdrop where nothing more can be written', { skip: noFull }, () => {
  let world
  let env
  let full
  before(async () => {
    world = await cliWorld()
    env = { ...ownFolders, ...world.local.env }
    full = openSync('/dev/full', 'w')
    writeFileSync(world.at('in'), world.bytes(100_000))
    const args = ['seal', '-r', world.at('claims.jwk.json'), '-o', world.at('in.sealed')]
    const { code, err } = await run([...args, world.at('in')])
    assert.strictEqual(code, 0, err)
  })
  after(async () => {
    closeSync(full)
    await world.close()
  })
  const ended = async (args, stdio) => {
    const options = { env: { ...process.env, ...env }, cwd: world.folder, stdio, timeout: 30_000 }
    const child = spawn(process.execPath, [bin, ...args], options)
    const err = child.stderr ? text(child.stderr) : ''
    const [code] = await once(child, 'close')
    return { code, err: await err }
  }

  for (const args of ['config', '--help', 'seal -r claims.jwk.json in'])
    it(`${args}: exit code 7 and one sentence`, async () => {
      const { code, err } = await ended(args.split(' '), ['ignore', full, 'pipe'])
      assert.match(err, /^sealdrop: the output cannot be written: ENOSPC\n$/)
      assert.strictEqual(code, 7)
    })

  it('stderr: what is opened is written whole, and no part of plaintext is left', async () => {
    const args = ['open', '--key-id', 'alias/claims', '--any-context', '-o', 'out', 'in.sealed']
    const { code } = await ended(args, ['ignore', 'ignore', full])
    const found = readdirSync(world.folder).filter((name) => name.includes('out'))
    assert.deepStrictEqual(found, ['out'])
    assert.deepStrictEqual(readFileSync(world.at('out')), readFileSync(world.at('in')))
    assert.strictEqual(code, 7)
  })
})

const noFlags = !existsSync('/proc/self/fdinfo/1') && 'only Linux says how a file was opened'

test('a closed stdin or stdout is exit code 7, not /dev/null', { skip: noFlags }, async (t) => {
  const world = await cliWorld()
  t.after(() => world.close())
  writeFileSync(world.at('in'), 'a claim')
  for (const [redirection, exit, words] of /** @type {const} */ ([
    ['- <&- >out', 7, /^sealdrop: stdin is closed: name a file/],
    ['<&- >out', 7, /^sealdrop: stdin is closed: name a file/],
    ['- < /dev/null >out', 0, /^sealed to /],
    ['in <&- >out', 0, /^sealed to /],
    ['in >&-', 7, /^sealdrop: stdout is closed: -o FILE writes a file/],
    ['in > /dev/null', 0, /^sealed to /],
    ['in >&- -o sealed', 0, /^sealed to /],
  ])) {
    const line = `exec "$0" "$1" seal -r claims.jwk.json ${redirection}`
    const child = spawn('sh', ['-c', line, process.execPath, bin], {
      cwd: world.folder,
      env: { ...process.env, ...ownFolders },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [[code], err] = await Promise.all([once(child, 'close'), text(present(child.stderr))])
    assert.strictEqual(code, exit, `${redirection}: ${err}`)
    assert.match(err, words)
  }
})

test('a folder behind < is exit code 7, and not an empty file', { skip: noFull }, async (t) => {
  const world = await cliWorld()
  t.after(() => world.close())
  const folder = openSync(world.folder, 'r')
  t.after(() => closeSync(folder))
  const child = spawn(process.execPath, [bin, 'seal', '-r', world.at('claims.jwk.json')], {
    env: { ...process.env, ...ownFolders },
    stdio: [folder, 'pipe', 'pipe'],
  })
  const [[code], out, err] = await Promise.all([
    once(child, 'close'),
    text(present(child.stdout)),
    text(present(child.stderr)),
  ])
  assert.deepStrictEqual([code, out, err], [7, '', 'sealdrop: stdin: the path is not a file\n'])
})
