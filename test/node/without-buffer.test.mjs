// The browser half where a host has neither Buffer nor Uint8Array.toBase64: only btoa and atob.
import test from 'node:test'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'

const results = JSON.parse(
  execFileSync(
    process.execPath,
    [fileURLToPath(new URL('../support/without-buffer.mjs', import.meta.url))],
    { encoding: 'utf8', maxBuffer: 2 ** 26 },
  ),
)
test('the suites ran', () => assert.isAbove(results.length, 90))
for (const { name, error } of results)
  test(`without Buffer: ${name}`, () => assert.isUndefined(error))
