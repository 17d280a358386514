// Runs of a rotation that end in the middle, and runs side by side: no key is used twice, no key of
// a stranger is used, no purpose is stuck.
import { randomInt } from 'node:crypto'
import test from 'node:test'
import {
  CreateKeyCommand,
  DisableKeyCommand,
  KMSClient,
  ListKeysCommand,
} from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { applyRotation } from 'sealdrop/kms'
import { fails } from '../support/host.js'
import { claims, receipts as signing } from '../support/inventories.mjs'
import { kmsThrough } from '../support/kms-through.mjs'
import {
  crashing,
  day,
  hour,
  minute,
  rotatingCompany,
  start,
} from '../support/rotating-company.mjs'
import { amount } from '../support/soak.mjs'
import { present } from '../support/types.mjs'

/** @import { FaultRule } from 'sealdrop/local-kms' */
/** @import { Purpose } from 'sealdrop/kms' */

const receipts = { ...signing, keepDays: 400 }

/** The calls of a first run after which CreateKey answered, and its answer was written down. */
const created = 7
const written = 9

/** What a run fails with; undefined where it does not. */
const failureOf = (run) =>
  run.then(
    () => undefined,
    (error) => error,
  )

/** The ARNs of all keys in KMS. */
const arnsInKms = async (client) =>
  present((await client.send(new ListKeysCommand({}))).Keys).map(({ KeyArn = '' }) => KeyArn)

/** What is in two lists. */
const bothIn = (list, other) => list.filter((one) => other.includes(one))

/** What a stranger does who may make keys: one that looks like each key that is being made. */
async function plantFor({ store, client }) {
  const makings = store.now().keys.filter(({ state }) => state === 'making')
  const planted = []
  for (const { purpose, token, spec, usage } of makings) {
    const Description = `sealdrop ${purpose} ${token}`
    const input = { Description, KeySpec: spec, KeyUsage: usage }
    const { KeyMetadata } = await client.send(new CreateKeyCommand(input))
    planted.push(present(KeyMetadata?.Arn))
  }
  return planted
}

test('a crash before or after any call to KMS or to the store: the next run finishes, no key is used twice, and none that a stranger planted', async (t) => {
  const finished = (one) => one.run(6) // until nothing is due any more
  /** A company before its first run, or before its first rotation. */
  const companyBefore = async (phase) => {
    const one = await rotatingCompany(t, [claims, receipts])
    if (phase === 'rotation') {
      await finished(one)
      one.clock.at += 90 * day
    }
    return one
  }
  const reference = await companyBefore('rotation')
  await finished(reference)
  const [expected, expectedKeys] = [reference.states(), await reference.keyCount()]
  let crashes = 0
  let lostKeys = 0
  let plantedKeys = 0
  /** Whether there was a call of this number to crash at. */
  const survives = async (phase, when, at) => {
    const one = await companyBefore(phase)
    const broken = crashing(one, at, when)
    if (!(await failureOf(one.apply(broken.outside)))) {
      assert.isBelow(broken.calls(), at)
      await one.local.close()
      return false
    }
    crashes++
    const planted = await plantFor(one)
    one.clock.at += 30 * minute
    await finished(one)
    if (phase === 'first') {
      one.clock.at += 90 * day
      await finished(one)
    }
    const place = `${phase}, ${when} call ${at}`
    assert.sameMembers(one.states(), expected, place)
    const lost = (await one.keyCount()) - planted.length - expectedKeys
    assert.include([0, 1], lost, place)
    lostKeys += lost
    plantedKeys += planted.length
    assert.deepEqual(bothIn(one.arns(), planted), [], place)
    assert.lengthOf(one.arns(), new Set(one.arns()).size, place)
    for (const name of ['claims', 'receipts'])
      assert.equal(await one.aliasOf(`alias/${name}`), one.idOf('current', name))
    await one.local.close()
    return true
  }
  const step = amount({ part: 4, whole: 1 })
  for (const phase of ['first', 'rotation']) {
    for (const when of ['before', 'after']) {
      let at = 1 + randomInt(step)
      while (await survives(phase, when, at)) at += step
    }
  }
  assert.isAbove(crashes, amount({ part: 12, whole: 60 }))
  // the control: there were makings to plant keys for, and in the soak answers that were lost
  assert.isAbove(plantedKeys, 0)
  assert.isAtLeast(lostKeys, amount({ part: 0, whole: 4 }))
  t.diagnostic(`${crashes} crashes, ${plantedKeys} planted keys, ${lostKeys} lost`)
})

test('two publishers at once: one makes each key, the other loses cleanly or has nothing to do', async (t) => {
  for (let round = 0; round < 10; round++) {
    const one = await rotatingCompany(t, [claims, receipts])
    const results = await Promise.allSettled([one.apply(), one.apply(), one.apply()])
    for (const result of results)
      if (result.status === 'rejected')
        assert.equal(result.reason.code, 'conflict', result.reason.stack)
    for (let i = 0; i < 2; i++) {
      one.clock.at += 50 * hour
      await one.apply()
    }
    assert.equal(await one.keyCount(), 4)
    assert.sameMembers(one.states(), [
      'claims current',
      'claims next',
      'receipts current',
      'receipts next',
    ])
    await one.local.close()
  }
})

test('a making that another publisher began is left alone for 30 minutes, and then finished with the key that it made', async (t) => {
  const one = await rotatingCompany(t, [claims])
  const { apply, clock, keyCount } = one
  await failureOf(apply(crashing(one, written, 'after').outside))
  assert.equal(await keyCount(), 1)
  const [arn] = one.arns()
  const { waiting, done } = await apply()
  assert.deepEqual(done, [])
  const create = present(waiting.find(({ kind }) => kind === 'create'))
  assert.equal(create.notBefore.getTime(), start + 30 * minute)
  clock.at += 30 * minute
  await apply()
  clock.at += minute
  await apply()
  assert.equal(await keyCount(), 2)
  assert.equal(one.keyOf('current').arns[0], arn)
})

/** Ends a run, and the time for which it is left alone. */
async function cutOff(one, call) {
  const error = await failureOf(one.apply(crashing(one, call, 'after').outside))
  assert.isDefined(error, 'it went through')
  assert.deepEqual(one.states(), ['claims making'])
  one.clock.at += 30 * minute
}
/** @type {Record<string, Partial<Purpose>>} */
const changes = {
  'another spec': { spec: 'ECC_NIST_P384' },
  'another usage and spec': { spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
  'another alias': { alias: 'alias/others' },
  'another Region': { alias: 'arn:aws:kms:eu-west-1:111122223333:alias/claims' },
  'another use': { use: 'sig', usage: 'SIGN_VERIFY' },
  'another use, spec and algorithm': {
    use: 'sig',
    usage: 'SIGN_VERIFY',
    spec: 'RSA_2048',
    alg: 'PS512',
  },
}
/** The call after which the run of a first making ends. */
const cuts = { 'without its answer': created, 'with its answer': written }
const cases = Object.entries(changes).flatMap(([what, change]) =>
  Object.entries(cuts).map(([how, call]) => ({ what, change, how, call })),
)
for (const { what, change, how, call } of cases) {
  test(`a making that was cut off ${how} before its purpose got ${what} is finished, and a key of the new kind comes into use`, async (t) => {
    const one = await rotatingCompany(t, [claims])
    await cutOff(one, call)
    const changed = { ...claims, ...change }
    one.store.edit((inventory) => ({ ...inventory, purposes: [changed] }))
    await one.run(6)
    const current = one.keyOf('current')
    assert.deepEqual(
      [current.spec, current.usage, current.alias],
      [changed.spec, changed.usage, changed.alias],
    )
    if (changed.alg) assert.equal(current.alg, changed.alg)
    assert.lengthOf(
      one.states().filter((state) => state === 'claims next'),
      1,
    )
    const [arn] = current.arns
    const client = new KMSClient({ ...one.local.clientConfig, region: arn.split(':')[3] })
    assert.equal((await one.describe(changed.alias, client)).Arn, arn)
    const jwks = await one.publishedKeys()
    assert.isTrue(
      jwks.every(({ use, alg }) => (use === 'sig') === /^(ES|PS)/.test(alg)),
      JSON.stringify(jwks),
    )
  })
}

test('a key whose making was cut off, and that somebody disabled since, is left alone', async (t) => {
  const one = await rotatingCompany(t, [claims])
  await cutOff(one, written)
  const [{ KeyId }] = present((await one.client.send(new ListKeysCommand({}))).Keys)
  await one.client.send(new DisableKeyCommand({ KeyId }))
  await one.apply()
  await one.apply()
  assert.deepEqual(one.states(), ['claims current', 'claims next'])
  for (const state of ['current', 'next']) assert.notEqual(one.idOf(state), KeyId)
})

/** @type {readonly FaultRule[]} */
const lostAnswers = [{ kind: 'half' }, { kind: 'latency', latency: 1_500 }, { kind: 'reset' }]
for (const fault of lostAnswers) {
  test(`CreateKey whose answer is lost (${fault.kind}) is not asked again by the client, and the next run makes a fresh key`, async (t) => {
    const one = await rotatingCompany(t, [claims])
    const { apply, local, clock, client, keyCount, states, arns } = one
    local.faults.add({ ...fault, operation: 'CreateKey', count: 1 })
    const kms = {
      ...local.clientConfig,
      maxAttempts: 5,
      requestHandler: { requestTimeout: 500, throwOnRequestTimeout: true },
    }
    await fails(assert, apply({ kms }), 'kms_unavailable', /CreateKey/)
    const lost = await arnsInKms(client)
    clock.at += 30 * minute
    const { orphans } = await apply()
    assert.equal(await keyCount(), 2 + lost.length)
    assert.lengthOf(states(), 2)
    assert.deepEqual(bothIn(arns(), lost), [])
    assert.deepEqual(
      present(orphans).map(({ arn }) => arn),
      lost,
    )
    assert.deepEqual((await apply()).orphans, [], 'nothing was lost meanwhile')
  })
}

test('CreateKey that KMS throttles is asked again', async (t) => {
  const { apply, local, keyCount } = await rotatingCompany(t, [claims])
  local.faults.add({ kind: 'throttle', operation: 'CreateKey', count: 1 })
  await apply()
  assert.equal(await keyCount(), 2)
})

test('a key that was made beside another publisher is kept in the inventory, not published, and the run says so', async (t) => {
  const one = await rotatingCompany(t, [claims])
  const { apply, local, plan, store, client, keyCount, states } = one
  /** Another publisher, by whose clock the making is late: it begins anew. */
  const another = () => {
    store.edit((inventory) => ({
      ...inventory,
      keys: inventory.keys.filter(({ state }) => state !== 'making'),
    }))
    return applyRotation(plan(), { kms: local.clientConfig, store, now: () => start })
  }
  let once = true
  const slow = kmsThrough(client, async (command, send) => {
    const answer = await send()
    if (once && command instanceof CreateKeyCommand) {
      once = false
      await another()
    }
    return answer
  })
  await fails(assert, apply({ kms: slow }), 'conflict', /another publisher has made.*retired/)
  assert.equal(await keyCount(), 3)
  assert.deepEqual(states(), ['claims current', 'claims next', 'claims retired'])
  assert.lengthOf(await one.publishedKeys(), 1)
})
