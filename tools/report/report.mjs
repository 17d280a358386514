// The report of `npm run check -- --report`: how readable the tree is, before and after.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { danglingCitations } from './citations.mjs'
import { withoutExample } from './examples.mjs'
import { circles, importsOf } from './imports.mjs'
import { linted, reasoned } from './linted.mjs'
import { codeOf, withTree } from './tree.mjs'
import { density, longFiles, longLines } from './typesetting.mjs'

/** Rows of the report: what is counted, and its goal. */
const goals = [
  ['tokens a line in src: mean, 90th percentile', 'at most 8.0'],
  ['tokens a line in test: mean, 90th percentile', 'at most 9.0'],
  ['lines over 100 in src: code (literals apart)', '0'],
  ['lines over 120 in src: code (literals apart)', '0'],
  ['lines over 100 in test: code (literals apart)', '0'],
  ['lines over 120 in test: code (literals apart)', '0'],
  ['files over 300 lines in src', '0'],
  ['files over 400 lines in test', '0'],
  ['functions over a limit of oxlint in src', '0'],
  ['`!` per 1,000 lines of src, all with a reason', 'at most 3'],
  ['nested ternaries in src', '0'],
  ['public verbs without an example', '0'],
  ['circles of imports in src', '0'],
  ['dangling citations', '0'],
  ['words of the README', 'at most 1,400'],
]

function measure(root, tree) {
  const src = codeOf(tree, ['src'])
  const tests = codeOf(tree, ['test'])
  const lines = src.reduce((sum, { text }) => sum + text.split('\n').length - 1, 0)
  const { functions, ternaries, assertions } = linted(root, tree)
  const all = assertions + reasoned(src)
  const wide = (files, width) => {
    const { code, literals } = longLines(files, width)
    return `${code} (${literals})`
  }
  return [
    density(src),
    density(tests),
    wide(src, 100),
    wide(src, 120),
    wide(tests, 100),
    wide(tests, 120),
    longFiles(src, 300),
    longFiles(tests, 400),
    functions,
    `${((all * 1000) / lines).toFixed(1)} (${all}, ${assertions} without)`,
    ternaries,
    withoutExample(src).length,
    circles(importsOf(src)).length,
    danglingCitations(tree).length,
    words(join(tree, 'README.md')),
  ]
}

/** Words of a file, as `wc -w` counts them. */
function words(path) {
  return existsSync(path) ? readFileSync(path, 'utf8').split(/\s+/).filter(Boolean).length : 0
}

/** Prints the table. With a commit, its counts stand before those of this tree. */
export async function report(root, commit) {
  const now = measure(root, root)
  const before = commit && (await withTree(root, commit, (tree) => measure(root, tree)))
  const columns = (row) => `| ${row.join(' | ')} |`
  console.log(columns(['', ...(before ? [commit.slice(0, 7)] : []), 'now', 'goal']))
  console.log(columns(['---', ...(before ? ['--:'] : []), '--:', '---']))
  goals.forEach(([what, goal], index) => {
    console.log(columns([what, ...(before ? [before[index]] : []), now[index], goal]))
  })
}
