// Whatever fails of what is handed in, and whatever it fails with: every rejection of every verb is
// an Error with a code, and a promise that nobody awaits does not end the process.
import test, { after } from 'node:test'
import { spawnSync } from 'node:child_process'
import { assert } from 'chai'
import { isSealdropError, SealdropError } from 'sealdrop'
import { createPublisher } from 'sealdrop/kms'
import { callsOf, companyThatWorks, thingsOf } from '../support/failing-world.mjs'

const company = await companyThatWorks()
after(() => company.close())

/** Which of the things that are handed in fail, and by which of their functions. */
const things = {
  host: ['fetch'],
  signedHost: ['fetch'],
  setStore: ['get', 'put'],
  trust: ['accept'],
  provider: ['verifyDigest'],
  source: ['read', 'version'],
  message: ['read'],
  history: ['fetch'],
  ranges: ['fetch'],
  records: ['create', 'append', 'load', 'remove'],
  client: ['send'],
  store: ['read', 'write'],
  replay: ['claim', 'seen'],
  decision: ['decide'],
  s3: ['getObject', 'putObject'],
  dynamoDb: ['getItem', 'putItem'],
}
/** What they fail with, or answer. */
const oddities = {
  undefined: undefined,
  null: null,
  'a text': 'out of order',
  'an object without a name': Object.assign(Object.create(null), { out: 'of order' }),
  'an empty object': {},
  'an Error': new Error('out of order'),
}
const ways = {
  rejects: (what) => async () => {
    throw what
  },
  throws: (what) => () => {
    throw what
  },
  answers: (what) => async () => what,
}

/** A world in which one function fails, from the nth time on, and how often it was asked. */
function broken(thing, verb, fail, from = 0) {
  const all = thingsOf(company)
  const works = all[thing][verb]
  let asked = 0
  const fails = (...given) => (asked++ < from ? works(...given) : fail())
  return { world: { ...all, [thing]: { ...all[thing], [verb]: fails } }, asked: () => asked }
}

/** What a call rejects with, and nothing where it does not. */
const failureOf = async (call) => {
  try {
    await call()
    return []
  } catch (error) {
    return [error]
  }
}

const hasCode = (error) =>
  error instanceof SealdropError && isSealdropError(error) && /^[a-z_]+$/.test(error.code)
const told = (name, error) => `${name}: ${error?.stack ?? String(error)}`

test('in a world that works every verb works', async () => {
  const wrong = []
  for (const [name, call] of callsOf(thingsOf(company), company))
    for (const error of await failureOf(call)) wrong.push(told(name, error))
  assert.deepEqual(wrong, [])
})

/** The calls that ask a function: their places in the list of all, and how often each asks. */
async function callsThatAsk(thing, verb, works) {
  const fail = ways.rejects(new Error('out of order'))
  const { world, asked } = broken(thing, verb, fail, works ? Infinity : 0)
  const places = new Map()
  for (const [place, [, call]] of callsOf(world, company).entries()) {
    const before = asked()
    await failureOf(call)
    if (asked() > before) places.set(place, asked() - before)
  }
  return places
}

/** Fails where a call of a world rejects with what is no Error with a code; counts rejections. */
async function rejectionsOf(world, place, where) {
  const [name, call] = callsOf(world, company)[place] ?? ['', async () => {}]
  const errors = await failureOf(call)
  for (const error of errors) assert.isTrue(hasCode(error), `${where}, ${told(name, error)}`)
  return errors.length
}

/** A store of sets that cannot be written is passed over, since the set in hand is good. */
const passedOver = ['put']

for (const [thing, verbs] of Object.entries(things))
  for (const verb of verbs)
    test(`where ${verb} of ${thing} fails, every rejection is an Error with a code`, async () => {
      const places = await callsThatAsk(thing, verb, false)
      assert.isAtLeast(places.size, 1)
      let seen = 0
      for (const [way, make] of Object.entries(ways))
        for (const [what, value] of Object.entries(oddities))
          for (const place of places.keys()) {
            const { world } = broken(thing, verb, make(value))
            seen += await rejectionsOf(world, place, `${way} ${what}`)
          }
      if (!passedOver.includes(verb)) assert.isAtLeast(seen, 4, 'the failure reaches a verb')
    })

for (const [thing, verb] of [
  ['client', 'send'],
  ['store', 'read'],
])
  test(`where ${verb} of ${thing} fails in the midst of a call, that is an Error with a code`, async () => {
    let seen = 0
    for (const [place, times] of await callsThatAsk(thing, verb, true))
      for (let from = 1; from < Math.min(times, 12); from++)
        for (const make of [ways.rejects, ways.answers])
          for (const what of [undefined, {}]) {
            const { world } = broken(thing, verb, make(what), from)
            seen += await rejectionsOf(world, place, `after ${from}`)
          }
    assert.isAtLeast(seen, 10)
  })

test('a publisher whose documents end while it asks anew answers or says why it does not', async () => {
  const clock = { at: Date.now() }
  let ask = () => {}
  const store = {
    read: async () => ({ inventory: company.store.now(), etag: '1' }),
    write: async () => {},
  }
  const lifetime = 86_400_000
  const publisher = createPublisher({ keys: store, now: () => clock.at })
  await publisher.documents()
  clock.at += lifetime - 1_000
  const read = store.read
  const stuck = new Promise((resolve) => {
    ask = () => resolve(undefined)
  })
  store.read = async () => {
    await stuck
    return read()
  }
  const first = publisher.documents()
  clock.at += 2_000 // what is held is over, and the question is under way
  const second = publisher.documents()
  ask()
  assert.equal((await second).jwks, (await first).jwks)
})

test('ready and refresh that nobody awaits do not end the process, and whoever awaits them gets the error', () => {
  const program = `
    import { fetchKeySet, overHttps } from 'sealdrop'
    import { createOpener, createSigner } from 'sealdrop/kms'
    const fetch = async () => { throw new Error('no host') }
    const keys = fetchKeySet('https://keys.example/keys.json', { trust: overHttps(), fetch })
    const kms = { config: { region: async () => 'us-east-1' }, send: fetch }
    const opener = createOpener({ kms, keys: ['alias/a'] })
    const signer = createSigner({ kms, key: 'alias/a' })
    const all = () => [opener.ready(), signer.ready(), keys.ready(), keys.refresh(), opener.ready({ signall: 1 })]
    all()
    await new Promise((resolve) => setTimeout(resolve, 50))
    const ends = await Promise.allSettled(all())
    console.log(ends.map(({ reason }) => reason?.code).join(' '))`
  const run = (code) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
      cwd: new URL('../..', import.meta.url),
    })
  const { stdout, stderr, status } = run(program)
  assert.equal(status, 0, stderr)
  assert.equal(
    stdout.trim(),
    'kms_unavailable kms_unavailable keys_unreachable keys_unreachable invalid_argument',
  )
  assert.notEqual(
    run('Promise.reject(new Error())').status,
    0,
    'a promise that nobody awaits ends it',
  )
})
