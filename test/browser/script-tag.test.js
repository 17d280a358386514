import { assert } from 'chai'
import * as jose from 'jose'
import { digests } from '#dist/doors/digests.js'
import { mlDsa } from '#dist/doors/ml-dsa.js'
import { runDoorSuites } from '../suites/all.js'
import { skipping } from './skipping.js'

const script = document.createElement('script')
script.src = '/dist/sealdrop.min.js'
const { 'sealdrop.min.js': integrity } = await (await fetch('/dist/integrity.json')).json()
script.integrity = integrity
await new Promise((resolve, reject) => {
  script.onload = resolve
  script.onerror = () => reject(new Error('the script does not match dist/integrity.json'))
  document.head.append(script)
})

test('a script with the published integrity loads and leaves one global', () => {
  assert.isFunction(window.sealdrop.seal)
})
runDoorSuites({
  test: skipping,
  assert,
  jose,
  door: window.sealdrop,
  mlDsa,
  digests,
  fixture: new URL('/fixture/', location.href).href,
})
