// Ten years of keys in simulated time, and the same without one safeguard after the other: then it
// must fail.
import test from 'node:test'
import { assert } from 'chai'
import { liveFor } from '../support/years.mjs'

const failures = ['failedSeals', 'unopened', 'unverified', 'wentBack', 'madeTwice']

test('ten years, quarterly rotations, 1,000 clients with every age of cache, a crash at every step of every rotation: nothing fails', async (t) => {
  const counts = await liveFor({ years: 10, clients: 1_000 })
  t.diagnostic(JSON.stringify(counts))
  assert.deepEqual(
    Object.fromEntries(failures.map((name) => [name, counts[name]])),
    Object.fromEntries(failures.map((name) => [name, 0])),
    counts.firstFailures.join('\n'),
  )
  assert.isAtLeast(counts.rotations, 70)
  // every call that a rotation makes, to KMS and to the store
  assert.isAtLeast(counts.crashes, 11 * counts.rotations)
  assert.isAtLeast(counts.seals, 10_000)
  assert.isAtLeast(counts.reopened, 3_000)
  assert.isAtLeast(counts.deleted, 20)
})

for (const [without, expected] of [
  ['publish-first', 'unverified'],
  ['nbf', 'unopened'],
  ['sealer-expiry', 'unopened'],
  ['counter', 'wentBack'],
]) {
  test(`without ${without} it fails: ${expected}`, async (t) => {
    const counts = await liveFor({
      years: without === 'sealer-expiry' ? 3 : 2,
      clients: 100,
      without,
    })
    t.diagnostic(JSON.stringify(counts))
    assert.isAbove(counts[expected], 0)
  })
}
