// What every host of the matrix runs, as one bundle: the suites, then one genuine signature of each
// algorithm.
import { assert } from 'chai'
import * as jose from 'jose'
import { digests } from '../../dist/doors/digests.js'
import * as door from '../../dist/doors/index.js'
import { mlDsa } from '../../dist/doors/ml-dsa.js'
import { runDoorSuites, runPageSuites, runRoomSuites } from '../suites/all.js'
import { mendOaep } from '../support/oaep.js'
import * as rooms from '../support/rooms.js'
import { resultOf } from '../support/skip.js'
import { cells } from './cells.js'
import { signatureSuites } from './suites.js'

/** How long one test may take, in milliseconds, so that what never ends has a name. */
const patience = 180_000
/** After so long a test that is under way is named, in milliseconds. */
const slow = 20_000

/** Says what is under way, so that it has a name where the host is stopped. */
function nameSlow(base, name) {
  return setTimeout(() => {
    fetch(`${base}slow`, { method: 'POST', body: name }).catch(() => {})
  }, slow)
}

/** @param {() => Promise<unknown>} work */
async function inTime(work) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it did not end within ${patience / 1000} seconds`)),
      patience,
    )
  })
  await Promise.race([work(), late]).finally(() => clearTimeout(timer))
}

/** One test after the other, so that a slow one can be named. */
async function resultsOf(tests, base) {
  const results = []
  for (const { name, work } of tests) {
    const timer = nameSlow(base, name)
    results.push(await resultOf({ name, work: () => inTime(async () => work()) }))
    clearTimeout(timer)
  }
  return results
}

/**
 * @param {object} o
 * @param {string} o.base URL of the host's server
 * @param {string} o.suites `all`, or those of signatures
 * @returns results of the suites, the cells of this host's column, and what of the host was mended
 *   for the suites
 */
export async function run({ base, suites }) {
  const tests = []
  const host = {
    test: (name, work) => tests.push({ name, work }),
    assert,
    jose,
    door,
    mlDsa,
    digests,
    rooms,
    fixture: `${base}fixture/`,
  }
  if (suites === 'all') {
    runDoorSuites(host)
    runRoomSuites(host)
    if (globalThis.indexedDB) runPageSuites(host)
  } else for (const suite of signatureSuites) suite(host)
  const mended = await mendOaep()
  return { results: await resultsOf(tests, base), cells: await cells({ door, mlDsa }), mended }
}

/**
 * Runs everything and hands in the outcome, also where it fails as a whole. @param base URL of the
 * host's server
 */
export async function report(base, o) {
  const outcome = await run({ base, ...o }).catch((error) => ({
    broken: `${error?.message ?? error}\n${error?.stack ?? ''}`,
  }))
  await fetch(`${base}report`, { method: 'POST', body: JSON.stringify(outcome) })
}
