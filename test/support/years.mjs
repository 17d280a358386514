// Years of a company's keys in simulated time. The publisher, key sets, sealers, openers, signers
// and rotation are real, over the local KMS.
//
// Hosts are down for some clients, caches keep old sets, a host replays, and there is a crash at
// every step of every rotation. A safeguard can be taken away, to see that it is needed.
import { CreateKeyCommand, KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import {
  applyRotation,
  createPublisher,
  deleteKey,
  planRotation,
  publicJwk,
  retireKey,
} from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { keySetHandler } from 'sealdrop/serve'
import { generator } from './generator.mjs'
import { present } from './types.mjs'
import { cachingHost, clientsOf, lifeOf } from './years-clients.mjs'
import { day, historyStore, hour, minute, rotateThroughCrashes, start } from './years-store.mjs'

const year = 365 * day
const every = 'P3M'
/** @type {import('sealdrop/kms').Purpose[]} */
const purposes = [
  {
    name: 'claims',
    use: 'enc',
    spec: 'ECC_NIST_P256',
    usage: 'KEY_AGREEMENT',
    alias: 'alias/claims',
  },
  {
    name: 'receipts',
    use: 'sig',
    spec: 'ECC_NIST_P256',
    usage: 'SIGN_VERIFY',
    alias: 'alias/receipts',
    keepDays: 400,
  },
]

const withKeys = (inventory, change) => ({ ...inventory, keys: inventory.keys.map(change) })
/** What a publisher that forgets a safeguard makes of an inventory. */
const forgetting = {
  nbf: (inventory) => withKeys(inventory, (key) => ({ ...key, starts: undefined })),
  'publish-first': (inventory) =>
    withKeys(inventory, (key) =>
      key.usage === 'SIGN_VERIFY' && key.state === 'next' ? { ...key, published: undefined } : key,
    ),
}

/** Counts what was done and what must be 0, and notes each failure there. */
function tally(clock) {
  const counts = {
    rotations: 0,
    crashes: 0,
    seals: 0,
    opened: 0,
    reopened: 0,
    receipts: 0,
    deleted: 0,
    failedSeals: 0,
    unopened: 0,
    unverified: 0,
    wentBack: 0,
    usedTwice: 0,
    planted: 0,
    leftOver: 0,
    strangers: 0,
    cleared: 0,
    firstFailures: /** @type {string[]} */ ([]),
  }
  const failed = (what, error) => {
    counts[what]++
    if (counts.firstFailures.length < 5)
      counts.firstFailures.push(
        `${new Date(clock.at).toISOString()} ${what}: ${error?.message ?? error}`,
      )
  }
  return { counts, failed }
}

/**
 * Lives through years of a company.
 *
 * @param {object} o
 * @param {number} o.years
 * @param {number} o.clients how many there are
 * @param {string} [o.without] `publish-first`, `nbf`, `sealer-expiry`, `counter` or `own-keys`: the
 *   safeguard that is taken away
 * @param {string} [o.until] the count that ends it early, as soon as it is not 0
 * @param {number} [o.anotherSpecAfter] years after which keys that encrypt get another KeySpec
 * @param {number} [o.seed]
 * @returns counts of what was done, and of what must be 0
 */
export async function liveFor(o) {
  const { years, clients: howMany, without, until, anotherSpecAfter = 5, seed = 20261126 } = o
  const random = generator(seed)
  const { pick } = random
  const clock = { at: start }
  const local = await startLocalKms({
    now: () => clock.at,
    keys: [{ alias: 'alias/root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }],
  })
  try {
    const client = new KMSClient({ ...local.clientConfig, maxAttempts: 1 })
    const store = historyStore(clock, { version: 1, counter: 0, purposes, keys: [] })
    const world = { clock, random, client, store, without, ...tally(clock) }
    const company = companyOf(world)
    await company.settle()

    const root = await publicJwk({ kms: local.clientConfig, key: 'alias/root' })
    const change = forgetting[without ?? '']
    const published = change ? store.seenAs(change) : store
    const publisher = { kms: client, root: 'alias/root', keys: published, now: () => clock.at }
    const host = cachingHost(world, keySetHandler(createPublisher(publisher)))
    const newClient = clientsOf(world, host, root)
    const clients = Array.from({ length: howMany }, newClient)
    const life = await lifeOf(world, newClient, company.activated)

    const end = start + years * year
    let age = 1
    const failedAsExpected = () => until !== undefined && world.counts[until] > 0
    while (clock.at < end && !failedAsExpected()) {
      // whoever replays has the set of just before
      await host({ headers: { accept: 'application/jwk-set+jwt' } })
      await company.rotate()
      company.look()
      if (clock.at - start > anotherSpecAfter * year) await company.takeAnotherSpec()
      if (clock.at - start > age * year) {
        await company.addPurpose(age)
        age += 3
        clock.at += 5 * minute // caches in front of the host
        for (let i = 0; i < 40; i++) await life.act(pick(clients))
      }
      await company.clean()
      const down = clients.filter(({ downUntil }) => downUntil > clock.at)
      const some = [pick(clients), pick(clients.slice(0, 10))]
      for (const one of down.length > 0 ? [...some, pick(down)] : some) await life.act(one)
      await life.lookBack()
      clock.at += company.pause()
    }
    await life.end()
    await company.count()
    return world.counts
  } finally {
    await local.close()
  }
}

/** What the company does with its keys. */
function companyOf(world) {
  const { clock, client, store, counts } = world
  const { below } = world.random
  const now = () => clock.at
  let activated = 0
  let currents = ''
  const stranger = plantingStranger(world)
  const rotate = () => rotateThroughCrashes({ clock, client, store, every, counts, stranger })

  async function write(change) {
    const { inventory, etag } = await store.read()
    await store.write({ ...inventory, counter: inventory.counter + 1, ...change(inventory) }, etag)
  }

  return {
    rotate,
    /** When the keys in use last changed. */
    activated: () => activated,
    /** Waits until all keys are in use. */
    async settle() {
      for (let i = 0; i < 4; i++) {
        await rotate()
        clock.at += 50 * hour
      }
    },
    /** Notes whether other keys are in use now. */
    look() {
      const inUse = store.now().keys.filter(({ state }) => state === 'current')
      const found = inUse.map(({ token }) => token).join()
      if (found === currents) return
      stranger.look()
      currents = found
      activated = clock.at
      counts.rotations++
    },
    /** Changes to another algorithm, once. */
    async takeAnotherSpec() {
      if (!store.now().purposes.every(({ spec }) => spec === 'ECC_NIST_P256')) return
      await write((inventory) => ({
        purposes: inventory.purposes.map((purpose) =>
          purpose.use === 'enc' ? { ...purpose, spec: 'ECC_NIST_P384' } : purpose,
        ),
      }))
    },
    /** Adds a purpose, which clients seal to from then on. */
    async addPurpose(age) {
      const added = { ...purposes[0], name: `claims-${age}`, alias: `alias/claims-${age}` }
      await write((inventory) => ({ purposes: [added, ...inventory.purposes] }))
      const plan = planRotation(store.now(), { now: new Date(clock.at), every })
      await applyRotation(plan, { kms: client, store, now })
    },
    /** Disables and deletes keys that were retired long enough ago. */
    async clean() {
      const o = { kms: client, store, now }
      for (const { thumbprint: key, state, retired, usage } of store.now().keys) {
        if (usage === 'SIGN_VERIFY' || !retired || clock.at - Date.parse(retired) < 400 * day)
          continue
        if (state === 'retired')
          await retireKey({ ...o, key, keepUntil: new Date(clock.at), disable: true })
        if (state === 'disabled') {
          await deleteKey({ ...o, key, confirm: key, days: 7 })
          counts.deleted++
        }
      }
    },
    /** How long until the next step of time. After a change of keys it is short. */
    pause() {
      const since = clock.at - activated
      if (since < 2 * hour) return 4 * minute + below(8 * minute)
      if (since < 36 * hour) return below(2 * hour)
      return day + below(day)
    },
    /** Counts the keys that nobody uses, beside the root and those of the stranger. */
    async count() {
      const { Keys } = await client.send(new ListKeysCommand({ Limit: 1000 }))
      const arns = store.now().keys.flatMap((key) => key.arns ?? [])
      const known = new Set([...arns, ...stranger.planted])
      counts.usedTwice = arns.length - new Set(arns).size
      counts.leftOver = present(Keys).filter(({ KeyArn }) => !known.has(KeyArn)).length - 1
    },
  }
}

/**
 * A stranger who may make keys, and who makes one that looks like each key that is being made.
 *
 * Without the safeguard `own-keys` the company takes such a key for its own, as rotations did that
 * looked for the key of a making by its description.
 */
function plantingStranger({ client, store, counts, failed, without }) {
  const planted = new Set()
  return {
    planted,
    /** Plants a key for each making that was cut off. */
    async plant() {
      for (const making of store.now().keys.filter(({ state }) => state === 'making')) {
        const { purpose, token, spec, usage } = making
        const Description = `sealdrop ${purpose} ${token}`
        const input = { Description, KeySpec: spec, KeyUsage: usage }
        const { KeyMetadata } = await client.send(new CreateKeyCommand(input))
        const { Arn } = present(KeyMetadata)
        planted.add(Arn)
        counts.planted++
        if (without === 'own-keys') await adopt(making, Arn)
      }
    },
    /** Whether a key of theirs stands in the inventory, of which everything is published. */
    look() {
      const arns = store.now().keys.flatMap((key) => key.arns ?? [])
      for (const arn of arns) if (planted.has(arn)) failed('strangers', new Error(arn))
    },
  }

  async function adopt({ token }, arn) {
    const { inventory, etag } = await store.read()
    const keys = inventory.keys.map((key) => (key.token === token ? { ...key, arns: [arn] } : key))
    await store.write({ ...inventory, counter: inventory.counter + 1, keys }, etag)
  }
}
