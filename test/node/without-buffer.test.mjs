// The browser half where a host has no Buffer and no Uint8Array.toBase64, only btoa and atob, and
// where it has a polyfill of that name, which does less.
import test from 'node:test'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'

const script = fileURLToPath(new URL('../support/without-buffer.mjs', import.meta.url))

for (const host of ['neither', 'a polyfill', 'a polyfill in Node', 'polyfills of both']) {
  const o = { encoding: /** @type {const} */ ('utf8'), maxBuffer: 2 ** 26 }
  const results = JSON.parse(execFileSync(process.execPath, [script, host], o))
  test(`the suites ran with ${host}`, () => assert.isAbove(results.length, 90))
  for (const { name, error } of results) test(`${host}: ${name}`, () => assert.isUndefined(error))
}
