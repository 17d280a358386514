// What oxlint finds by the limits of this project, also in an old tree that had none.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const limits = {
  'no-nested-ternary': 'error',
  complexity: ['error', 15],
  'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
  'max-params': ['error', 4],
  'typescript/no-non-null-assertion': 'error',
}

const functions = ['eslint(complexity)', 'eslint(max-lines-per-function)', 'eslint(max-params)']

/** Findings in `src`: functions over a limit, nested ternaries, assertions that something is there. */
export function linted(root, tree) {
  const folder = mkdtempSync(join(tmpdir(), 'sealdrop-lint-'))
  const config = join(folder, 'oxlintrc.json')
  const categories = { correctness: 'off' }
  writeFileSync(config, JSON.stringify({ plugins: ['typescript'], categories, rules: limits }))
  const { stdout } = spawnSync(
    join(root, 'node_modules/.bin/oxlint'),
    ['--disable-nested-config', '-c', config, '-f', 'json', 'src'],
    { cwd: tree, encoding: 'utf8', maxBuffer: 1 << 28 },
  )
  rmSync(folder, { recursive: true })
  const codes = JSON.parse(stdout).diagnostics.map(({ code }) => code)
  const count = (...wanted) => codes.filter((code) => wanted.includes(code)).length
  return {
    functions: count(...functions),
    ternaries: count('eslint(no-nested-ternary)'),
    assertions: count('typescript(no-non-null-assertion)'),
  }
}

/** Assertions that have a reason, which the linter was told. */
export const reasoned = (files) =>
  files.flatMap(
    ({ text }) => text.match(/oxlint-disable\S* typescript\/no-non-null-assertion/g) ?? [],
  ).length
