// The `@example` of every public verb's docstring: it is short, it runs, and it prints what its
// comments say.
import test from 'node:test'
import { readFileSync } from 'node:fs'
import { assert } from 'chai'
import {
  complaintsAbout,
  differences,
  examplesOf,
  inPages,
  publicMethods,
  publicVerbs,
  runExamples,
  withoutExample,
} from '../support/doc-examples.mjs'
import { root } from '../support/documents.mjs'
import { startWorld } from '../support/example-world.mjs'

const world = await startWorld()
test.after(() => world.close())

const verbs = publicVerbs()
const methods = publicMethods()
const examples = [...verbs, ...methods].flatMap(examplesOf)

/** A docstring, as it stands in a file, around the code of an example. */
const docOf = (code) => `
 * Does a thing.
 *
 * @example
 *   \`\`\`js
${code.replace(/^/gm, ' *   ')}
 *   \`\`\`
 * @see RFC 7516 §5.1
 `

/** The one example of a verb that is named so. */
const exampleOf = (name, code) => examplesOf({ name, doc: docOf(code) })[0]

test('every public verb has an example', () => {
  assert.isAtLeast(verbs.length, 50)
  assert.deepEqual(withoutExample(verbs), [])
})

test('examples are short, call their verb and say what they print', () => {
  assert.isAtLeast(methods.length, 12)
  for (const example of examples) assert.deepEqual(complaintsAbout(example), [], example.id)
})

test('every example runs, and prints what its comments say', async () => {
  const here = examples.filter(({ name }) => !Object.hasOwn(inPages, name))
  const found = await runExamples(here, world)
  for (const example of here)
    assert.deepEqual(differences(example, found[example.id]), [], example.id)
})

test('what runs in a browser instead is an example, and its test runs it', () => {
  for (const [name, path] of Object.entries(inPages)) {
    assert.include(
      examples.map((example) => example.name),
      name,
    )
    assert.include(readFileSync(new URL(path, root), 'utf8'), 'inPages', path)
  }
})

const good = `import { importKeySet, inHand, seal } from 'sealdrop'
const keys = importKeySet({ kty: 'EC' }, { trust: inHand(), use: 'enc' })
console.log(await seal(keys, 'DE02', { context: { order: '7' } })) // eyJ…`

test('an example that is too long, too wide, or says nothing is found', () => {
  const about = (code) => complaintsAbout(exampleOf('seal', code)).join()
  assert.equal(about(good), '')
  assert.match(about(`${good}${'\n// more'.repeat(10)}`), /^has 13 lines/)
  assert.match(about(`${good}\n// ${'x'.repeat(90)}`), /^has a line over 92 characters/)
  assert.match(about(good.replace(' // eyJ…', '')), /^has a console\.log without a comment/)
  assert.match(about("import { seal } from 'sealdrop'\n// seal()"), /does not call.*prints nothing/)
})

test('an example that fails, or prints something else, is found', async () => {
  const codes = {
    right:
      'console.log({ iban: 1 }, [2]) // { iban: 1 } [ 2 ]\nconsole.log("a long text") // a long…',
    broken: "import { sealAll } from 'sealdrop'\nconsole.log(1) // 1",
    thrown: "console.log(1) // 1\nthrow new Error('no')",
    other: 'console.log(1) // 2',
    begins: 'console.log("short") // long…',
    twice: 'for (const i of [1, 2])\n  console.log(i) // 1',
    never: 'if (!Date)\n  console.log(1) // 1',
  }
  const wrong = Object.entries(codes).map(([name, code]) => exampleOf(name, code))
  const found = await runExamples(wrong, world)
  const about = Object.fromEntries(
    wrong.map((example) => [example.name, differences(example, found[example.id]).join()]),
  )
  assert.equal(about.right, '')
  assert.match(about.broken, /^fails: [^]*sealAll/)
  assert.match(about.thrown, /^fails: Error: no/)
  assert.match(about.other, /^prints 1, not 2/)
  assert.match(about.begins, /^prints short, not long…/)
  assert.match(about.twice, /^prints 2 times, its comments say 1/)
  assert.match(about.never, /^prints 0 times/)
})

test('a verb without an example is found', () => {
  const doc = '\n * Seals.\n *\n * @see RFC 7516\n '
  const empty = '\n * Seals.\n *\n * @example\n * see the guide\n '
  const found = withoutExample([
    { name: 'seal', doc },
    { name: 'open', doc: empty },
    { name: 'verify', doc: docOf(good) },
  ])
  assert.deepEqual(found, ['seal', 'open'])
})
