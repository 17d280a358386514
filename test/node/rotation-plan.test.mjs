// planRotation: what is done to the keys of an inventory, and when, as a table.
import test from 'node:test'
import { assert } from 'chai'
import { planRotation } from 'sealdrop/kms'
import { later } from '#dist/kms/rotation/duration.js'
import { fails } from '../support/host.js'
import { claims, emptyInventory, keyEntry, receipts as signing } from '../support/inventories.mjs'
import { day, hour, minute, start } from '../support/rotating-company.mjs'
import { wrong } from '../support/types.mjs'

/** @import { KeyInventory } from 'sealdrop/kms' */

const iso = (time) => new Date(time).toISOString()
const receipts = { ...signing, keepDays: 400 }

// Durations

for (const [from, duration, expected] of [
  ['2030-01-31T12:00:00.000Z', 'P1M', '2030-02-28T12:00:00.000Z'],
  ['2028-01-31T12:00:00.000Z', 'P1M', '2028-02-29T12:00:00.000Z'],
  ['2030-11-30T00:00:00.000Z', 'P3M', '2031-02-28T00:00:00.000Z'],
  ['2030-01-01T00:00:00.000Z', 'P90D', '2030-04-01T00:00:00.000Z'],
  ['2030-01-01T00:00:00.000Z', 'P2W', '2030-01-15T00:00:00.000Z'],
  ['2028-02-29T00:00:00.000Z', 'P1Y', '2029-02-28T00:00:00.000Z'],
  ['2030-01-01T00:00:00.000Z', 'P1Y2M3W4D', '2031-03-26T00:00:00.000Z'],
])
  test(`${from} and ${duration} is ${expected}`, () => {
    assert.equal(iso(later(Date.parse(from), duration)), expected)
  })
for (const bad of ['', 'P', 'P0D', '90d', 'P1H', 'PT1H', 'P-1D', '3 months', undefined, 5, 'P1D1M'])
  test(`${JSON.stringify(bad)} is no duration`, async () => {
    await fails(assert, async () => later(start, wrong(bad)), 'invalid_argument', /every/)
  })

// Plans

const soon = iso(start - 10 * day)
/** A key that was made 100 days ago. */
const key = (i, purpose, state, more = {}) =>
  keyEntry(i, purpose, state, { made: iso(start - 100 * day), ...more })
/** The current key of claims, which its alias names; for 10 days, or since then. */
const current = (starts = soon) =>
  key(1, claims, 'current', { starts, published: soon, aliased: soon, alias: 'alias/claims' })
const next = (more = {}) => key(2, claims, 'next', more)
const inventoryOf = (purposes, ...keys) => ({ ...emptyInventory(...purposes), keys })

/** @typedef {[kind: string, of: string, days: number]} Due */

/**
 * Steps of one time, in days from now, like `create claims`.
 *
 * @param {number} days
 * @param {...string} steps
 */
const after = (days, ...steps) =>
  steps.map((step) => {
    const [kind, of] = step.split(' ')
    return /** @type {Due} */ ([kind, of, days])
  })
const quarterHour = 15 / 1440
/** When no set can be in use any more that lacks a key which is published now. */
const settled = 49 / 24
/** The same where a set lives for 7 days. */
const settledInWeek = 8 + 1 / 24

/**
 * What the inventory has, and the plan: its steps by their time.
 *
 * @type {Record<string, [KeyInventory, Due[]]>}
 */
const plans = {
  'nothing yet': [
    inventoryOf([claims]),
    after(0, 'create claims', 'activate claims', 'create claims', 'move-alias claims'),
  ],
  'a first signing key where nothing is published': [
    inventoryOf([receipts]),
    after(0, 'create receipts', 'activate receipts', 'create receipts', 'move-alias receipts'),
  ],
  'a first signing key beside keys that are published': [
    inventoryOf([claims, receipts], current(), next()),
    [
      ...after(0, 'create receipts'),
      ...after(settled, 'activate receipts', 'create receipts', 'move-alias receipts'),
      ...after(80, 'activate claims', 'create claims'),
      ...after(80 + quarterHour, 'move-alias claims'),
    ],
  ],
  'a current key and a next one': [
    inventoryOf([claims], current(), next()),
    [
      ...after(80, 'activate claims', 'create claims'),
      ...after(80 + quarterHour, 'move-alias claims'),
    ],
  ],
  'a current key whose time is over, and a next one that was made just now': [
    inventoryOf([claims], current(iso(start - 200 * day)), next({ made: iso(start - hour) })),
    [
      ...after(2, 'activate claims', 'create claims'),
      ...after(2 + quarterHour, 'move-alias claims'),
    ],
  ],
  'a current key without a next one': [
    inventoryOf([claims], current(iso(start - 200 * day))),
    [
      ...after(0, 'create claims'),
      ...after(settled, 'activate claims', 'create claims'),
      ...after(settled + quarterHour, 'move-alias claims'),
    ],
  ],
  'an alias that was not moved': [
    inventoryOf(
      [claims],
      key(1, claims, 'current', { starts: iso(start + 15 * minute), published: soon }),
      next(),
    ),
    [
      ...after(quarterHour, 'move-alias claims'),
      ...after(90 + quarterHour, 'activate claims', 'create claims'),
      ...after(90 + 2 * quarterHour, 'move-alias claims'),
    ],
  ],
  'a making that was cut off': [
    inventoryOf([claims], {
      purpose: 'claims',
      state: 'making',
      token: 'B'.repeat(22),
      spec: 'ECC_NIST_P256',
      usage: 'KEY_AGREEMENT',
      began: iso(start - minute),
    }),
    after(29 / 1440, 'create claims', 'activate claims', 'create claims', 'move-alias claims'),
  ],
  'another algorithm': [
    inventoryOf([{ ...claims, spec: 'RSA_3072', usage: 'ENCRYPT_DECRYPT' }], current(), next()),
    [
      ...after(0, 'set-aside claims', 'create claims'),
      ...after(80, 'activate claims', 'create claims'),
      ...after(80 + quarterHour, 'move-alias claims'),
    ],
  ],
  'retired keys in the set': [
    {
      ...inventoryOf(
        [claims, receipts],
        key(1, claims, 'retired', { retired: soon, published: soon }),
        key(2, claims, 'retired', { retired: soon, published: soon, unpublished: soon }),
        key(3, receipts, 'retired', { retired: soon, published: soon, starts: soon }),
      ),
      lifetime: 7 * day,
    },
    [
      ...after(0, `unpublish ${'1'.repeat(43)}`, 'create claims', 'create receipts'),
      ...after(settledInWeek, 'activate claims', 'create claims'),
      ...after(settledInWeek, 'activate receipts', 'create receipts', 'move-alias receipts'),
      ...after(settledInWeek + quarterHour, 'move-alias claims'),
      ...after(390, `unpublish ${'3'.repeat(43)}`),
    ],
  ],
}
/** @param {Due} due */
const rounded = ([kind, of, days]) => [kind, of, Number(days.toFixed(6))]
for (const [what, [inventory, expected]] of Object.entries(plans)) {
  test(`the plan for ${what}`, () => {
    const before = JSON.stringify(inventory)
    const plan = planRotation(inventory, { now: new Date(start), every: 'P90D' })
    const found = plan.steps.map(({ kind, key: of, notBefore }) =>
      rounded([kind, of, (notBefore.getTime() - start) / day]),
    )
    assert.deepEqual(found, expected.map(rounded))
    assert.equal(plan.next.getTime(), plan.steps[0].notBefore.getTime())
    assert.isTrue(plan.steps.every(({ why }) => why.length > 10))
    assert.equal(JSON.stringify(inventory), before)
  })
}
test('a plan needs an inventory, a date and a duration', async () => {
  const refused = (inventory, o, pattern) =>
    fails(assert, async () => planRotation(inventory, o), 'invalid_argument', pattern)
  await refused({}, { now: new Date(start), every: 'P90D' }, /inventory/)
  for (const now of [undefined, start, new Date(NaN)])
    await refused(emptyInventory(claims), { now, every: 'P90D' }, /now/)
  for (const every of [undefined, '90'])
    await refused(
      inventoryOf([claims], current(), next()),
      { now: new Date(start), every },
      /every/,
    )
})
