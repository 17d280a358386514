// without-buffer.test.mjs runs this in a process of its own, since node:test itself needs Buffer.
// It prints results as JSON.
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
Reflect.deleteProperty(globalThis, 'Buffer')
Reflect.deleteProperty(Uint8Array.prototype, 'toBase64')
Reflect.deleteProperty(Uint8Array, 'fromBase64')
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
    typeof globalThis.Buffer === 'undefined' && !('toBase64' in Uint8Array.prototype)
      ? undefined
      : 'one is',
})
globalThis.Buffer = Buffer
console.log(JSON.stringify(results))
