// What somebody who adds a verb or a command easily forgets: guide, CHANGELOG, the line that
// compares its types with the contract, its place in the program, examples in its help. And what
// somebody who repairs a test forgets to take out again.
import test from 'node:test'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { allCommands, buildProgram } from '#dist/cli/program.js'
import { publicVerbs } from '../support/doc-examples.mjs'

const root = new URL('../../', import.meta.url)
const read = (path) => readFileSync(new URL(path, root), 'utf8')
const find = (pattern) => globSync(pattern, { cwd: fileURLToPath(root) })

/** Where each verb must be named, and how. */
const places = {
  'a guide in docs/guides': {
    text: find('docs/guides/*.md').map(read).join('\n'),
    named: (name) => new RegExp(`\\b${name}\\b`),
  },
  'the CHANGELOG': {
    text: read('CHANGELOG.md'),
    named: (name) => new RegExp(`\\b${name}\\b`),
  },
  'test/types/contract.test.ts': {
    text: read('test/types/contract.test.ts'),
    named: (name) => new RegExp(`typeof actual\\w*\\.${name}\\b`),
  },
}

/** The verbs that a place does not name. */
const missingIn = ({ text, named }, names) => names.filter((name) => !named(name).test(text))

const verbs = publicVerbs().map(({ name }) => name)

for (const [where, place] of Object.entries(places)) {
  test(`every public verb is named in ${where}`, () => {
    assert.isAtLeast(verbs.length, 50)
    assert.deepEqual(missingIn(place, verbs), [], `verbs that are missing in ${where}`)
  })

  test(`a verb that is not named in ${where} is found`, () => {
    assert.deepEqual(missingIn(place, ['isSealedPerhaps']), ['isSealedPerhaps'])
  })
}

/** What the program writes for arguments. */
async function written(args) {
  const lines = []
  const terminal = { out: (line) => lines.push(line), note: (line) => lines.push(line) }
  await buildProgram(terminal, await allCommands(terminal))
    .parseAsync(args, { from: 'user' })
    .catch(() => {})
  return lines.join('\n')
}

test('every file of commands is a command of the program, and its help ends with examples', async () => {
  const files = find('src/cli/commands/*.ts').map((path) => basename(path, '.ts'))
  const names = files.filter((name) => !name.endsWith('-options'))
  assert.isAtLeast(names.length, 2)
  const made = await allCommands({ out: () => {}, note: () => {} })
  const listed = made.map((c) => c.name())
  assert.sameMembers(listed, names, 'src/cli/program.ts lists each file of src/cli/commands')
  for (const name of names)
    assert.match(await written([name, '--help']), /\nExamples:\n {2}\S/, `sealdrop ${name} --help`)
})

/** Whether a file says that only one of its tests runs, which hides the others without a word. */
const runsOneOnly = (code) => /\b(test|it|describe|suite)\.only\b|\bonly: true\b/.test(code)

test('no file of tests runs one of its tests only', () => {
  const files = find('test/**/*.{js,mjs}').filter((path) => !path.includes('node_modules'))
  assert.isAtLeast(files.length, 200)
  const own = fileURLToPath(import.meta.url)
  const found = files.filter((path) => !own.endsWith(path) && runsOneOnly(read(path)))
  assert.deepEqual(found, [])
})

test('a test that would run alone is found', () => {
  assert.isTrue(runsOneOnly("test.only('x', () => {})"))
  assert.isTrue(runsOneOnly("test('x', { only: true }, () => {})"))
  assert.isFalse(runsOneOnly("test('the only one', () => {})"))
})
