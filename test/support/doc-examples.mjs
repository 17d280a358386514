// The examples in the docstrings of public verbs: what they are, what they say that they print, and
// what is wrong with them.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { verbsOf } from '../../tools/report/examples.mjs'
import { root, run, withResolvedImports } from './documents.mjs'

const mostLines = 12
const widest = 92

function sources() {
  const cwd = fileURLToPath(root)
  const paths = globSync('src/**/*.ts', { cwd }).sort()
  return paths.map((path) => ({ path, text: readFileSync(join(cwd, path), 'utf8') }))
}

/** `{ name, doc }` of every public verb of every door. */
export function publicVerbs() {
  return [...new Map(verbsOf(sources()).map((verb) => [verb.name, verb])).values()]
}

const exportedInterface = /^export interface (\w+)[^]*?^}/gm
const method = /\/\*\*((?:[^*]|\*(?!\/))*)\*\/\n {2}(\w+)[<(]/g

/** `{ name, owner, doc }` of every verb of an interface whose docstring has an example. */
export const publicMethods = () =>
  sources().flatMap(({ text }) =>
    [...text.matchAll(exportedInterface)].flatMap(([body, owner]) =>
      [...body.matchAll(method)]
        .map(([, doc = '', name]) => ({ name, owner, doc }))
        .filter(({ doc }) => doc.includes('@example')),
    ),
  )

/** The blocks of code below each `@example` of a docstring. */
export function examplesOf({ name, doc, owner = '' }) {
  const text = doc.replace(/^ *\*(?: |$)/gm, '')
  return text
    .split(/^@(?=\w)/m)
    .filter((part) => part.startsWith('example'))
    .map((part, index) => {
      const [, indent = '', block = ''] = /^( *)```js\n([^]*?)^ *```/m.exec(part) ?? []
      const lines = block.split('\n').map((line) => line.replace(indent, ''))
      return { name, id: `${owner}${name}-${index}`, code: lines.join('\n') }
    })
}

/** Verbs that need the elements of a page: their examples run in a browser, in the test named here. */
export const inPages = {
  sealForm: 'test/browser/forms.test.mjs',
  defineDrop: 'test/browser/drop-pages.test.mjs',
}

/** The names of those verbs that show no code. */
export const withoutExample = (verbs) =>
  verbs.filter((verb) => !examplesOf(verb).some(({ code }) => code.trim())).map(({ name }) => name)

const logs = /^\s*console\.log\(/
const said = /\) \/\/ (.+)$/

/** What the calls of `console.log` print, in their order, as the comments beside them say. */
export const expectedOf = ({ code }) =>
  code.split('\n').flatMap((line) => (logs.test(line) ? [said.exec(line)?.[1] ?? ''] : []))

/** What is wrong with the form of an example, in words. */
export function complaintsAbout(example) {
  const { name, code } = example
  const lines = code.trimEnd().split('\n')
  const expected = expectedOf(example)
  const isOf = (line) => !/^ *(?:import|\/\/)/.test(line) && new RegExp(`\\b${name}\\(`).test(line)
  return [
    lines.length > mostLines && `has ${lines.length} lines, at most ${mostLines} are allowed`,
    ...lines.map((line) => line.length > widest && `has a line over ${widest} characters: ${line}`),
    !lines.some(isOf) && 'does not call its verb',
    expected.length === 0 && 'prints nothing',
    expected.includes('') && 'has a console.log without a comment that says what it prints',
  ].filter((complaint) => complaint !== false)
}

const oneLine = (text) => text.replace(/\s+/g, ' ').trim()

/** Whether a line is what a comment says; one that ends with `…` says how the line begins. */
const isSaid = (line, comment) =>
  comment.endsWith('…') ? line.startsWith(comment.slice(0, -1).trimEnd()) : line === comment

/** Where an example did something else than its comments say, in words. */
export function differences(example, { lines, failed }) {
  if (failed) return [`fails: ${failed}`]
  const expected = expectedOf(example)
  const printed = lines.map(oneLine)
  if (printed.length !== expected.length)
    return [
      `prints ${printed.length} times, its comments say ${expected.length}: ${lines.join('\n')}`,
    ]
  return printed
    .map((line, i) => !isSaid(line, oneLine(expected[i])) && `prints ${line}, not ${expected[i]}`)
    .filter((difference) => difference !== false)
}

const globals = new URL('example-globals.mjs', import.meta.url).href

/**
 * Runs examples one after the other in one process, in a world. What one leaves behind the next one
 * finds, as in any folder.
 *
 * @returns by the example's id, the lines that it printed or why it failed
 */
export async function runExamples(examples, { folder, env, hosts }) {
  const modules = examples.map(({ id, code }) => {
    const path = join(folder, `${id}.mjs`)
    writeFileSync(path, withResolvedImports(code))
    return [id, pathToFileURL(path).href]
  })
  const driver = `
    import { format } from 'node:util'
    import { enterWorld } from '${globals}'
    enterWorld(${JSON.stringify(hosts)})
    let lines = []
    console.log = (...args) => void lines.push(format(...args))
    const found = {}
    for (const [id, url] of ${JSON.stringify(modules)}) {
      lines = []
      const failed = await import(url).then(() => undefined, (error) => error?.stack ?? \`\${error}\`)
      found[id] = { lines, failed }
    }
    process.stdout.write(JSON.stringify(found), () => process.exit(0))`
  const path = join(folder, 'driver.mjs')
  writeFileSync(path, driver)
  const { status, output } = await run(process.execPath, [path], { cwd: folder, env })
  if (status !== 0) throw new Error(`the examples' process ended with ${status}: ${output}`)
  return JSON.parse(output)
}
