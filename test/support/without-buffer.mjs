// without-buffer.test.mjs runs this in a process of its own, since node:test itself needs Buffer.
// It prints results as JSON. Its argument is a row of `hosts`.
import { assert } from 'chai'
import * as jose from 'jose'
import * as door from 'sealdrop'
import { fieldsSuite } from '../suites/fields.js'
import { digests } from 'sealdrop/digests'
import { mlDsa } from 'sealdrop/ml-dsa'
import { formatsSuite } from '../suites/formats.js'
import { valuesSuite } from '../suites/values.js'
import * as rooms from './rooms.js'

const tests = []
const host = {
  test: (name, work) => tests.push({ name, work }),
  assert,
  jose,
  door,
  rooms,
  mlDsa,
  digests,
  fixture: '', // these suites fetch nothing
}
for (const suite of [formatsSuite, valuesSuite, fieldsSuite]) suite(host)

const { Buffer } = globalThis
const getBuiltinModule = process.getBuiltinModule.bind(process)
const without = (on, name) => Reflect.deleteProperty(on, name)

/** Knows no base64url, as the npm package `buffer` 6, which webpack, Vite and React Native bring. */
const polyfill = {
  isBuffer: () => false,
  from(value, encoding) {
    const known = (name) => assert.notEqual(name, 'base64url', 'Unknown encoding')
    if (typeof value === 'string') known(encoding)
    const bytes = Buffer.from(value, encoding)
    return { toString: (to) => (known(to), bytes.toString(to)) }
  },
}
/** What a host has instead of Node. */
const hosts = {
  neither: () => {
    without(process, 'getBuiltinModule')
    without(globalThis, 'Buffer')
  },
  'a polyfill': () => {
    without(process, 'getBuiltinModule')
    Object.assign(globalThis, { Buffer: polyfill })
  },
  'a polyfill in Node': () => Object.assign(globalThis, { Buffer: polyfill }),
  'polyfills of both': () => {
    Object.assign(process, { getBuiltinModule: () => undefined })
    Object.assign(globalThis, { Buffer: polyfill })
  },
}
hosts[process.argv[2] ?? 'neither']()
without(Uint8Array.prototype, 'toBase64')
without(Uint8Array, 'fromBase64')
const results = []
for (const { name, work } of tests) {
  const error = await Promise.resolve()
    .then(work)
    .then(
      () => undefined,
      (e) => `${e?.stack ?? e}`,
    )
  results.push({ name, error })
}
results.push({
  name: 'neither is here',
  error:
    globalThis.Buffer !== Buffer && !('toBase64' in Uint8Array.prototype) ? undefined : 'one is',
})
Object.assign(globalThis, { Buffer })
Object.assign(process, { getBuiltinModule })
console.log(JSON.stringify(results))
