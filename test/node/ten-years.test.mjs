// Years of keys in simulated time, and the same without one safeguard after the other: then it must
// fail. `npm run test:soak` lives for ten years, `npm test` for two of them, and ends a life
// without a safeguard when it failed.
import test from 'node:test'
import { assert } from 'chai'
import { amount, givenSeed, seedLine, soaks } from '../support/soak.mjs'
import { liveFor } from '../support/years.mjs'

const failures = ['failedSeals', 'unopened', 'unverified', 'wentBack', 'usedTwice', 'strangers']

const years = amount({ part: 2, whole: 10 })
const seed = givenSeed(20261126)

test(`${years} years, quarterly rotations, 1,000 clients with every age of cache, a crash at every step of every rotation, and a planted key after it: nothing fails`, async (t) => {
  t.diagnostic(seedLine(seed))
  const counts = await liveFor({ years, clients: 1_000, anotherSpecAfter: years / 2, seed })
  t.diagnostic(JSON.stringify(counts))
  assert.deepEqual(
    Object.fromEntries(failures.map((name) => [name, counts[name]])),
    Object.fromEntries(failures.map((name) => [name, 0])),
    counts.firstFailures.join('\n'),
  )
  // the first purposes rotate together, four times a year, and each one that comes later by itself:
  // the second year has eight, and later ones have more
  assert.isAtLeast(counts.rotations, amount({ part: 4 + 8, whole: 70 }))
  // a stranger plants a key for each making that is cut off, and none of them is ever published
  assert.isAtLeast(counts.planted, 2 * counts.rotations)
  // answers are lost, and what they left over is used by nobody
  assert.isAtLeast(counts.leftOver, years)
  // every call that a rotation makes, to KMS and to the store
  assert.isAtLeast(counts.crashes, 11 * counts.rotations)
  assert.isAtLeast(counts.seals, 1_000 * years)
  assert.isAtLeast(counts.reopened, 300 * years)
  // the first key is deleted after 16 months, and from then on one in each quarter
  assert.isAtLeast(counts.deleted, amount({ part: 2, whole: 20 }))
})

for (const [without, expected] of [
  ['publish-first', 'unverified'],
  ['nbf', 'unopened'],
  ['sealer-expiry', 'unopened'],
  ['counter', 'wentBack'],
  ['own-keys', 'strangers'],
]) {
  test(`without ${without} it fails: ${expected}`, async (t) => {
    const counts = await liveFor({
      years: without === 'sealer-expiry' ? 3 : 2,
      clients: 100,
      without,
      until: soaks ? undefined : expected,
    })
    t.diagnostic(JSON.stringify(counts))
    assert.isAbove(counts[expected], 0)
  })
}
