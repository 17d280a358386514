import { fetchSuite } from './fetch.js'
import { fieldsSuite } from './fields.js'
import { formatsSuite } from './formats.js'
import { keySetsSuite } from './key-sets.js'
import { openSuite } from './open.js'
import { tamperSuite } from './tamper.js'
import { valuesSuite } from './values.js'
import { verifySuite } from './verify.js'

/** Suites that need the public door only: they run on the minified bundles too. */
export function runDoorSuites(host) {
  valuesSuite(host)
  fieldsSuite(host)
  keySetsSuite(host)
  fetchSuite(host)
  verifySuite(host)
}

/** Suites that look into rooms behind the door. */
export function runRoomSuites(host) {
  formatsSuite(host)
  openSuite(host)
  tamperSuite(host)
}
