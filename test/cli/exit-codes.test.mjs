// The table of exit codes in the guide is the one that the command has.
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { assert } from 'chai'
import { SealdropError } from 'sealdrop'
import {
  exitCodeOf,
  exitCodes,
  Findings,
  Interrupted,
  PipeClosed,
  UsageError,
} from '#dist/cli/exit-codes.js'
import { root } from '../support/documents.mjs'

test('each code of an error stands in one row of the guide, with its exit code', () => {
  const text = readFileSync(new URL('docs/guides/command-line.md', root), 'utf8')
  const rows = [...text.matchAll(/^\| (\d+)[^|]*\| (.*?) \|/gm)]
  const told = rows.flatMap(([, exit, codes]) =>
    [...(codes ?? '').matchAll(/`(\w+)`/g)].map(([, code]) => [code, Number(exit)]),
  )
  const codes = told.filter(([code]) => code !== 'doctor')
  assert.deepEqual(Object.fromEntries(codes), exitCodes)
  assert.lengthOf(codes, Object.keys(exitCodes).length, 'none twice')
})

test('what the command throws itself has an exit code too', () => {
  for (const [error, code] of [
    [new SealdropError('rejected', 'x'), 3],
    [new UsageError('x'), 2],
    [new Interrupted('SIGINT'), 130],
    [new Interrupted('SIGTERM'), 143],
    [new Interrupted('SIGHUP'), 129],
    [new PipeClosed('x'), 7],
    [new Findings('x'), 8],
    [new Findings('x', 5), 5],
    [new TypeError('x'), 1],
    ['x', 1],
  ])
    assert.equal(exitCodeOf(error), code)
})
