// What is written from the commands: the page of the docs and the man pages say what --help says
// now. And the nearest name is told where a name is unknown.
import test from 'node:test'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { commandTree, manualPages, page, referencePage } from '../../tools/command-line.mjs'
import { bin } from '../cli/helpers.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const ran = (...args) => spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8' })

test('the page of the docs is what the commands say now', async () => {
  assert.equal(
    readFileSync(join(root, page), 'utf8'),
    await referencePage(),
    'node tools/command-line.mjs --write renews it',
  )
})

test('every command has examples, which begin with its name or a pipe to it', async () => {
  const commands = await commandTree()
  assert.isAtLeast(commands.length, 9)
  for (const { name, examples } of commands) {
    assert.isAtLeast(examples.length, 1, name)
    for (const { line } of examples) assert.match(line, /(^|\| )sealdrop /, name)
  }
})

test('there is a man page for each command, with each of its flags', async () => {
  const pages = await manualPages()
  assert.sameMembers(readdirSync(join(root, 'dist/man')), [...pages.keys()])
  for (const { name, options } of await commandTree()) {
    const file = `${name.replaceAll(' ', '-')}.1`
    const text = readFileSync(join(root, 'dist/man', file), 'utf8')
    assert.equal(text, pages.get(file))
    for (const { term } of options)
      assert.include(text, `.B "${term.replaceAll('-', String.raw`\-`)}"`, file)
  }
})

/** What man says of a page: its text, and what it warns of. */
const shown = (path) =>
  spawnSync('man', ['--warnings=w', '-E', 'UTF-8', '-l', path], {
    encoding: 'utf8',
    env: { ...process.env, MANWIDTH: '200', LANG: 'C.UTF-8' },
  })
const noMan = spawnSync('man', ['--version']).status !== 0 && 'man is not installed'
test('man shows every page without a warning', { skip: noMan }, () => {
  for (const file of readdirSync(join(root, 'dist/man'))) {
    const { status, stdout, stderr } = shown(join(root, 'dist/man', file))
    assert.deepEqual([status, stderr], [0, ''], file)
    for (const heading of ['NAME', 'SYNOPSIS', 'OPTIONS', 'EXAMPLES', 'SEE ALSO'])
      assert.include(stdout, heading, file)
  }
})

/** Arguments, the nearest name. @type {[string[], string][]} */
const mistakes = [
  [['seel'], 'seal'],
  [['inspct', 'a'], 'inspect'],
  [['--verson'], '--version'],
  [['seal', '--recipent', 'a'], '--recipient'],
  [['open', '--any-contxt'], '--any-context'],
]
for (const [args, nearest] of mistakes)
  test(`sealdrop ${args.join(' ')}: did you mean ${nearest}?`, () => {
    const { status, stdout, stderr } = ran(...args)
    assert.deepEqual([status, stdout], [2, ''])
    assert.include(stderr, `(Did you mean ${nearest}?)`)
  })
