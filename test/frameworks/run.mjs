// npm run test:frameworks: what tests of an app do, in the realms and stores that apps have. Each
// column is a process of its own; each cell really seals, opens, signs and verifies over loopback.
//
//  cells.mjs              what is done
//  app.test.mjs           as a test of vitest and jest
//  in-node.mjs            behind Vue and MobX, with another realm's bytes, with a polyfill of Buffer
//  jest.config.json       jest with the environment that the guide on testing shows
import { execFile } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { npmFolder } from '../support/npm-folder.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = join(here, '../..')
const folder = await npmFolder(here, 'frameworks')

/** The package as it is built, and what is run, beside the packages of the lock file. */
function bring() {
  const target = join(folder, 'node_modules/sealdrop')
  rmSync(target, { recursive: true, force: true })
  for (const part of ['dist', 'package.json'])
    cpSync(join(root, part), join(target, part), { recursive: true })
  for (const file of readdirSync(here).filter((name) => !name.startsWith('package')))
    cpSync(join(here, file), join(folder, file))
  const guide = readFileSync(join(root, 'docs/guides/testing.md'), 'utf8')
  const [, environment = ''] = /```javascript\n([^]*?)```/.exec(guide) ?? []
  writeFileSync(join(folder, 'jest-environment.mjs'), environment)
}

/** Ends with what the program printed, also where its tests failed. */
async function printed(program, args) {
  const options = {
    cwd: folder,
    maxBuffer: 2 ** 26,
    env: { ...process.env, NODE_OPTIONS: '--experimental-vm-modules' },
  }
  const command = [join(folder, 'node_modules', program), ...args]
  const done = promisify(execFile)(process.execPath, command, options)
  const { stdout, stderr } = await done.catch((error) => error)
  return `${stdout}\n${stderr}`
}

/** What a test program wrote of each test: both write in the format of jest. */
async function reported(program, args, file) {
  const path = join(folder, file)
  rmSync(path, { force: true })
  const output = await printed(program, args)
  try {
    const { testResults } = JSON.parse(readFileSync(path, 'utf8'))
    return testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .map(({ title, status, failureMessages }) => ({
        name: title,
        error: status === 'passed' ? undefined : failureMessages.join('\n') || status,
      }))
  } catch {
    return [{ name: 'report', error: output }]
  }
}

const vitest = (environment) => () =>
  reported(
    'vitest/vitest.mjs',
    `run --globals --environment ${environment} --reporter json --outputFile ${environment}.json`.split(
      ' ',
    ),
    `${environment}.json`,
  )

const jest = (environment) => () =>
  reported(
    'jest/bin/jest.js',
    `--config jest.config.json --env ${environment} --json --outputFile jest.json`.split(' '),
    'jest.json',
  )

const node = (column) => async () => {
  const output = await printed('../in-node.mjs', [column])
  const rows = output.split('\n').filter((line) => line.startsWith('{"name"'))
  return rows.length > 0 ? rows.map((line) => JSON.parse(line)) : [{ name: 'start', error: output }]
}

const columns = {
  'vitest + node': vitest('node'),
  'vitest + jsdom': vitest('jsdom'),
  'vitest + happy-dom': vitest('happy-dom'),
  'jest + node': jest('node'),
  'jest + jsdom': jest('<rootDir>/jest-environment.mjs'),
  'Vue, reactive': node('vue'),
  'MobX, observable': node('mobx'),
  'bytes of a vm context': node('vm'),
  'a polyfill of Buffer': node('buffer'),
}

bring()
const { cells } = await import(join(folder, 'cells.mjs'))
const names = Object.keys(cells)
const lines = []
let passed = 0
let failed = 0
for (const [title, run] of Object.entries(columns)) {
  const rows = await run()
  const results = names.map((name) => rows.find((row) => row.name === name))
  for (const [i, result] of results.entries()) {
    if (result && !result.error) {
      passed++
      continue
    }
    failed++
    const why = result?.error ?? rows.map(({ error }) => error ?? '').join('\n')
    console.error(`not ok ${title}, ${names[i]}: ${why || 'it did not run'}`)
  }
  lines.push(
    `| ${[title, ...results.map((row) => (row && !row.error ? 'ok' : 'FAILED'))].join(' | ')} |`,
  )
}
console.log(['', ...names].join(' | ').replace(/^/, '| ').replace(/$/, ' |'))
console.log(`|${' --- |'.repeat(names.length + 1)}`)
console.log(lines.join('\n'))
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
