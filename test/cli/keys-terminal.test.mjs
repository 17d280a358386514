// What sealdrop keys asks at a terminal: a real one, which script of util-linux gives it, while its
// stdin is a pipe that says something else.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { keysWorld, twoPurposes } from './keys-helpers.mjs'
import { quoted } from './on-terminal.mjs'
import { bin } from './seal-helpers.mjs'

/** @type {Awaited<ReturnType<typeof keysWorld>>} */
let world
const of = ['--inventory', 'keys']
before(async () => {
  world = await keysWorld()
  await world.done('init', ...of, ...twoPurposes)
})
after(() => world.close())

/**
 * Runs a command at a terminal, and types an answer once it asks.
 *
 * @param {readonly string[]} args
 * @param {{ asks: RegExp, types: string }} o
 * @returns {Promise<{ code: number | null, screen: string }>}
 */
function atTerminal(args, { asks, types }) {
  const command = [process.execPath, bin, 'keys', ...args].map(quoted).join(' ')
  // stdin of the command is no terminal: what it says must not count
  const child = spawn('script', ['-qec', `echo no | ${command}`, '/dev/null'], {
    cwd: world.folder,
    env: { ...world.env(), SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
  let screen = ''
  let isTyped = false
  child.stdout.on('data', (chunk) => {
    screen += chunk
    if (isTyped || !asks.test(screen)) return
    isTyped = true
    child.stdin.write(types)
  })
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, screen }))
  })
}

const asks = /type the thumbprint of the key: $/
const revoke = (thumbprint) => ['revoke', ...of, '--reason', 'superseded', thumbprint]

test('what is typed must be the thumbprint: another one, nothing and Ctrl-C do nothing', async () => {
  const { keyIn, inventory } = world
  const { thumbprint = '' } = await keyIn('claims', 'current')
  const was = JSON.stringify(await inventory())
  for (const [types, code, words] of /** @type {const} */ ([
    ['yes\r', 2, /what was typed is not the thumbprint; nothing was done/],
    ['\r', 2, /what was typed is not the thumbprint/],
    ['\u0004', 2, /nothing was typed, and nothing was done/],
    ['\u0003', 130, /ended by SIGINT/],
  ])) {
    const ended = await atTerminal(revoke(thumbprint), { asks, types })
    assert.equal(ended.code, code, `${JSON.stringify(types)}: ${ended.screen}`)
    assert.match(ended.screen, words)
    assert.include(ended.screen, `revoke ${thumbprint} (current, claims)`, 'the plan comes first')
    assert.equal(JSON.stringify(await inventory()), was)
  }
})

test('the thumbprint, typed, does it', async () => {
  const { keyIn } = world
  const { thumbprint = '' } = await keyIn('claims', 'current')
  const ended = await atTerminal(revoke(thumbprint), { asks, types: `${thumbprint}\r` })
  assert.equal(ended.code, 0, ended.screen)
  assert.match(ended.screen, /It is taken back\./)
  assert.equal((await keyIn('claims', 'retired')).thumbprint, thumbprint)
})

test('init asks whether ARNs stand in the set, and shows one', async () => {
  const { inventory, at } = world
  const args = (name) => [
    'init',
    '--inventory',
    name,
    '--purpose',
    `${name}=RSA_2048:ENCRYPT_DECRYPT`,
  ]
  const question = /Shall the set show them\? yes or no: $/
  for (const [name, types, withArn] of /** @type {const} */ ([
    ['shown', 'yes\r', true],
    ['hidden', 'no\r', false],
  ])) {
    const ended = await atTerminal(args(name), { asks: question, types })
    assert.equal(ended.code, 0, ended.screen)
    assert.match(ended.screen, /arn:aws:kms:us-east-1:111122223333:key\//)
    assert.deepEqual(
      (await inventory(name)).purposes.map((purpose) => purpose.withArn),
      [withArn],
    )
  }
  const neither = await atTerminal(args('neither'), { asks: question, types: 'perhaps\r' })
  assert.equal(neither.code, 2, neither.screen)
  assert.match(neither.screen, /expected yes or no; nothing was done/)
  assert.isFalse(existsSync(at('neither')))
})
