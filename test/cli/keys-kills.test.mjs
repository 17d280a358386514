// sealdrop keys killed at moments that are drawn anew each time: no document is half written, and
// what was begun is finished by the next run.
import { existsSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { importKeySet, signedBy } from 'sealdrop'
import { generator } from '../support/generator.mjs'
import { amount, givenSeed, seedLine } from '../support/soak.mjs'
import { day, keysWorld, minute, twoPurposes } from './keys-helpers.mjs'

/** @type {Awaited<ReturnType<typeof keysWorld>>} */
let world
before(async () => {
  world = await keysWorld()
})
after(() => world.close())

const of = ['--inventory', 'keys']
/** How many runs of each command are killed: some end by themselves before that. */
const kills = amount({ part: 4, whole: 34 })
const seed = givenSeed()
const { next: random } = generator(seed)
/** How long a command runs until it ends by itself, and a moment within the later part of it. */
const momentOf = (whole) => whole * (0.4 + 0.6 * random())
const timed = async (work) => {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

/**
 * Goes on until so many runs were killed.
 *
 * @param {(round: number) => Promise<boolean>} once whether this run was killed
 */
async function untilKilled(once) {
  let killed = 0
  for (let round = 0; killed < kills; round++) {
    assert.isBelow(round, 4 * kills, `only ${killed} runs were killed`)
    if (await once(round)) killed++
  }
}

test('an init that was killed goes on when it is repeated, and makes each key once', async (t) => {
  const { keys, done, inventory, clock } = world
  const kinds = { '': 'ECC_NIST_P256:KEY_AGREEMENT', '-sig': 'ECC_NIST_P256:SIGN_VERIFY' }
  const init = (name) => {
    const purposes = Object.entries(kinds).map(([end, kind]) => `--purpose=${name}${end}=${kind}`)
    return ['init', '--inventory', name, '--without-arn', ...purposes]
  }
  const whole = await timed(() => done(...init('unharmed')))
  await untilKilled(async (round) => {
    const moment = momentOf(whole)
    const name = `killed${round}`
    const ended = await world.run(['keys', ...init(name)], { killAfter: moment })
    t.diagnostic(`killed after ${Math.round(moment)} of ${Math.round(whole)} ms: ${ended.code}`)
    // another run leaves what was begun alone for 30 minutes
    clock.ahead += 31 * minute
    const again = await keys(...init(name))
    assert.include([0, 2], again.code, again.err)
    const statesOf = async (purpose) =>
      (await inventory(name)).keys
        .filter((key) => key.purpose === purpose)
        .map(({ state }) => state)
    const signing = `${name}-sig`
    if ((await statesOf(signing)).length === 1) {
      // it was cut off when one key was in use and the other one was not
      assert.match(again.err, /killed\d+-sig comes into use by sealdrop keys rotate/)
      clock.ahead += 3 * day
      await done('rotate', '--inventory', name)
    }
    for (const purpose of [name, signing])
      assert.deepEqual(await statesOf(purpose), ['current', 'next'], `${moment} ms: ${again.err}`)
    return ended.code === null
  })
})

test('a publish that was killed leaves each document whole, and the next one writes all', async (t) => {
  const { done, text, at, run } = world
  await done('init', ...of, ...twoPurposes)
  const publish = ['publish', ...of, '--root', 'alias/root', '--to', 'public']
  const root = JSON.parse(text('root.json'))
  const check = async () => {
    for (const [name, history] of /** @type {const} */ ([
      ['jwks.jwt', false],
      ['history.jwt', true],
    ])) {
      if (!existsSync(at(`public/${name}`))) continue
      const trust = signedBy([root], { history })
      await importKeySet(text(`public/${name}`), {
        trust,
        now: () => Date.now() + world.clock.ahead,
      }).ready()
    }
    if (existsSync(at('public/jwks.json'))) JSON.parse(text('public/jwks.json'))
  }
  const whole = await timed(() => done(...publish))
  await untilKilled(async () => {
    const moment = momentOf(whole)
    const ended = await run(['keys', ...publish], { killAfter: moment })
    t.diagnostic(`killed after ${Math.round(moment)} of ${Math.round(whole)} ms: ${ended.code}`)
    await check()
    return ended.code === null
  })
  await done(...publish)
  await check()
})

test('a rotate that was killed loses no key, and the next one finishes it', async (t) => {
  t.diagnostic(seedLine(seed))
  const { done, inventory, clock, run } = world
  const name = 'rotated'
  await done(
    'init',
    '--inventory',
    name,
    '--purpose',
    'turns=ECC_NIST_P256:KEY_AGREEMENT',
    '--without-arn',
  )
  const rotate = ['rotate', '--inventory', name, '--every', 'P30D']
  const keysOf = async () => (await inventory(name)).keys
  clock.ahead += 40 * day
  const whole = await timed(() => done(...rotate))
  await untilKilled(async (round) => {
    clock.ahead += 40 * day
    const old = await keysOf()
    const moment = momentOf(whole)
    const ended = await run(['keys', ...rotate], { killAfter: moment })
    t.diagnostic(`killed after ${Math.round(moment)} of ${Math.round(whole)} ms: ${ended.code}`)
    // another run leaves what was begun alone for 30 minutes
    clock.ahead += 31 * minute
    await done(...rotate)
    const found = await keysOf()
    const named = (list) => list.flatMap(({ thumbprint }) => thumbprint ?? [])
    assert.includeMembers(named(found), named(old), 'no key is lost')
    assert.lengthOf(new Set(named(found)), named(found).length, 'no key is there twice')
    const states = found.map(({ state }) => state)
    const most = (state) => states.filter((one) => one === state).length
    assert.deepEqual([most('current'), most('next')], [1, 1], `${moment} ms: ${states.join()}`)
    assert.isAtLeast(most('retired'), round + 2)
    return ended.code === null
  })
})
