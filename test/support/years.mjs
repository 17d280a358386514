// Years of a company's keys in simulated time: the real publisher, key sets, sealers, openers,
// signers and rotation over the local KMS; hosts that are down for some, caches, a host that
// replays, crashes at every step of every rotation. A safeguard can be taken away, to see that it
// is needed.
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import {
  createSealer,
  fetchKeySet,
  importKeySet,
  inHand,
  seal,
  SealdropError,
  signedBy,
  verifyReceipt,
  inspect,
} from 'sealdrop'
import {
  applyRotation,
  createOpener,
  createPublisher,
  createSigner,
  deleteKey,
  planRotation,
  publicJwk,
  retireKey,
} from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { keySetHandler } from 'sealdrop/serve'
import { generator } from './generator.mjs'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const start = Date.UTC(2031, 0, 1)
const context = {}

/**
 * An inventory in memory that remembers when what was written, so that readers elsewhere can be
 * behind.
 */
function historyStore(clock, first) {
  const versions = [{ at: -Infinity, inventory: first }]
  const newest = () => versions.at(-1)
  return {
    now: () => newest().inventory,
    read: async () => ({ inventory: newest().inventory, etag: String(versions.length) }),
    write: async (inventory, etag) => {
      if (etag !== String(versions.length))
        throw new SealdropError('conflict', 'another writer was first')
      // nobody is behind further
      const old = versions.findLastIndex((version) => version && version.at < clock.at - hour)
      if (old > 0) versions.fill(undefined, 0, old)
      versions.push({ at: clock.at, inventory: structuredClone(inventory) })
    },
    /** What a reader has that is so far behind. */
    behind: (milliseconds) => ({
      read: async () => {
        const { inventory } =
          versions.findLast((version) => version && version.at <= clock.at - milliseconds) ??
          newest()
        return { inventory, etag: '-' }
      },
    }),
    /** What a publisher has that forgets a safeguard. */
    seenAs: (change) => ({
      read: async () => ({ inventory: change(newest().inventory), etag: '-' }),
    }),
  }
}

/**
 * Runs a plan again and again, each time with the next call to KMS or to the store as its last,
 * until it is through.
 */
async function rotateThroughCrashes({ clock, client, store, every, counts }) {
  for (let at = 1; ; at++) {
    const { steps } = planRotation(store.now(), { now: new Date(clock.at), every })
    if (!steps.some(({ notBefore }) => notBefore.getTime() <= clock.at)) return
    let calls = 0
    const guard = async (work) => {
      const mine = ++calls
      if (mine === at && at % 2) throw new Error('crash')
      const result = await work()
      if (mine === at) throw new Error('crash')
      return result
    }
    // looking for the key of a making asks about every key of the account: to crash at the first of
    // them is enough
    let described = 0
    const send = (command, o) =>
      command.constructor.name === 'DescribeKeyCommand' && ++described > 3
        ? client.send(command, o)
        : guard(() => client.send(command, o))
    const kms = { config: client.config, send, destroy() {} }
    const guarded = {
      read: () => guard(() => store.read()),
      write: (next, etag) => guard(() => store.write(next, etag)),
    }
    const crashed = await applyRotation(
      { steps },
      { kms, store: guarded, now: () => clock.at },
    ).then(
      () => false,
      (error) => {
        if (error.message !== 'crash' && error.cause?.message !== 'crash') throw error
        return true
      },
    )
    if (!crashed) return
    counts.crashes++
    clock.at += 31 * minute
  }
}

/**
 * @param o.without `publish-first`, `nbf`, `sealer-expiry` or `counter`: the safeguard that is taken
 *   away
 * @param o.until the count that ends it early, as soon as it is not 0
 * @param o.anotherSpecAfter years after which keys that encrypt get another KeySpec
 * @returns counts of what was done, and of what must be 0
 */
export async function liveFor({
  years,
  clients: howMany,
  without,
  anotherSpecAfter = 5,
  until,
  seed = 20261126,
}) {
  const { next, below, pick } = generator(seed)
  const clock = { at: start }
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
    madeTwice: 0,
    firstFailures: [],
  }
  const failed = (what, error) => {
    counts[what]++
    if (counts.firstFailures.length < 5)
      counts.firstFailures.push(
        `${new Date(clock.at).toISOString()} ${what}: ${error?.message ?? error}`,
      )
  }
  const local = await startLocalKms({
    now: () => clock.at,
    keys: [{ alias: 'alias/root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }],
  })
  try {
    const client = new KMSClient({ ...local.clientConfig, maxAttempts: 1 })
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
    const every = 'P3M'
    const store = historyStore(clock, { version: 1, counter: 0, purposes, keys: [] })
    const rotate = () => rotateThroughCrashes({ clock, client, store, every, counts })
    for (let i = 0; i < 4; i++) {
      await rotate()
      clock.at += 50 * hour
    } // until all keys are in use

    // The host: what the publisher has now, behind a cache of 5 minutes; sometimes an older set
    // that still lives
    const root = await publicJwk({ kms: local.clientConfig, key: 'alias/root' })
    const withoutNbf = (inventory) => ({
      ...inventory,
      keys: inventory.keys.map((key) => ({ ...key, starts: undefined })),
    })
    const notFirst = (inventory) => ({
      ...inventory,
      keys: inventory.keys.map((key) =>
        key.usage === 'SIGN_VERIFY' && key.state === 'next'
          ? { ...key, published: undefined }
          : key,
      ),
    })
    const published =
      without === 'nbf'
        ? store.seenAs(withoutNbf)
        : without === 'publish-first'
          ? store.seenAs(notFirst)
          : store
    const handler = keySetHandler(
      createPublisher({ kms: client, root: 'alias/root', keys: published, now: () => clock.at }),
    )
    const served = []
    const accept = { headers: { accept: 'application/jwk-set+jwt' } }
    const host = async (init) => {
      const last = served.at(-1)
      if (!last || clock.at - last.at >= 5 * minute)
        served.push({
          at: clock.at,
          body: await (
            await handler(new Request('https://keys.example/', { headers: init.headers }))
          ).text(),
        })
      const alive = served.filter(({ at }) => clock.at - at < 17 * hour)
      served.splice(0, served.length - Math.max(1, alive.length))
      return next() < 0.1 ? (alive[0]?.body ?? served.at(-1).body) : served.at(-1).body
    }

    // Clients, each with a cache of its own age; of some the host is out of reach for hours
    const newClient = () => {
      const one = { downUntil: 0, liveUntil: 0, kids: [] }
      const memory = () => signedBy([root])
      const trust =
        without === 'counter'
          ? { kind: 'signed', accept: (document, o) => memory().accept(document, o) }
          : memory()
      const fetch = async (_url, init) => {
        if (clock.at < one.downUntil) throw new TypeError('down')
        const body = await host(init)
        one.liveUntil = Math.max(
          one.liveUntil,
          JSON.parse(Buffer.from(body.split('.')[1], 'base64url')).exp * 1000,
        )
        return new Response(body)
      }
      one.keys = fetchKeySet('https://keys.example/', { trust, now: () => clock.at, fetch })
      one.sealer = createSealer(one.keys)
      return one
    }
    const clients = Array.from({ length: howMany }, newClient)
    const frozen = createSealer(
      importKeySet((await createPublisher({ keys: store, now: () => clock.at }).documents()).jwks, {
        trust: inHand(),
        now: () => clock.at,
      }),
    )
    const openers = [0, minute, 4 * minute, 8 * minute].map((lag) =>
      createOpener({ kms: client, keys: store.behind(lag), now: () => clock.at }),
    )
    const others = await seal(
      importKeySet(
        {
          kty: 'EC',
          crv: 'P-256',
          x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
          y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
          use: 'enc',
        },
        { trust: inHand() },
      ),
      'x',
      { context },
    )
    let signer
    let activated = 0
    let currents = ''
    const kept = []

    async function act(one) {
      const value = `${counts.seals++}`
      let sealed
      try {
        sealed = await (
          without === 'sealer-expiry' && next() < 0.2
            ? frozen
            : next() < 0.5
              ? one.sealer
              : { seal: (...args) => seal(one.keys, ...args) }
        ).seal(value, { context })
      } catch (error) {
        return failed('failedSeals', error)
      }
      const { kid } = JSON.parse(Buffer.from(sealed.split('.')[0], 'base64url'))
      if (kid !== one.kids.at(-1)) {
        if (one.kids.includes(kid) && without !== 'sealer-expiry') failed('wentBack', kid)
        one.kids.push(kid)
      }
      const opener = pick(openers)
      // somebody spends the cooldown of unknown keys
      if (next() < 0.3) await opener.open(others, { context }).catch(() => {})
      try {
        if ((await opener.open(sealed, { context })).text() !== value)
          throw new Error('another value')
        counts.opened++
      } catch (error) {
        return failed('unopened', error)
      }
      if (next() < 0.1) kept.push({ at: clock.at, value, sealed })
      if (next() < 0.4) await receipt(one, sealed)
      if (clock.at >= one.downUntil && next() < 0.3)
        one.downUntil = clock.at + below(Math.max(0, one.liveUntil - clock.at))
    }

    async function receipt(one, sealed) {
      if (!signer || clock.at >= signer.until)
        signer = {
          by: createSigner({ kms: client, key: 'alias/receipts' }),
          until: clock.at + below(clock.at - activated < 36 * hour ? hour : 10 * day),
        } // a process that starts anew now and then, and after a rotation
      const sent = await inspect(sealed)
      const signed = await signer.by.signReceipt({ ...sent, stage: 'opened' })
      counts.receipts++
      await verifyReceipt(one.keys, signed, { sent }).catch((error) => failed('unverified', error))
      if (next() < 0.1) kept.push({ at: clock.at, sent, signed })
    }

    /** Old values open and old receipts verify, as long as they were promised to. */
    async function lookBack() {
      while (kept[0] && clock.at - kept[0].at > 300 * day) kept.shift()
      if (kept.length === 0) return
      const { value, sealed, sent, signed } = pick(kept)
      counts.reopened++
      if (signed)
        await verifyReceipt(newClient().keys, signed, { sent }).catch((error) =>
          failed('unverified', error),
        )
      else
        await pick(openers)
          .open(sealed, { context })
          .then((opened) => {
            if (opened.text() !== value) throw new Error('another value')
          })
          .catch((error) => failed('unopened', error))
    }

    /** Keys that were retired long enough ago are disabled and deleted. */
    async function clean() {
      const o = { kms: client, store, now: () => clock.at }
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
    }

    const end = start + years * 365 * day
    let age = 1
    while (clock.at < end && !(until && counts[until] > 0)) {
      await host(accept) // whoever replays has the set of just before
      await rotate()
      const found = store
        .now()
        .keys.filter(({ state }) => state === 'current')
        .map(({ token }) => token)
        .join()
      if (found !== currents) {
        currents = found
        activated = clock.at
        counts.rotations++
      }
      if (
        clock.at - start > anotherSpecAfter * 365 * day &&
        store.now().purposes.every(({ spec }) => spec === 'ECC_NIST_P256')
      ) {
        // another algorithm
        const { inventory, etag } = await store.read()
        await store.write(
          {
            ...inventory,
            counter: inventory.counter + 1,
            purposes: inventory.purposes.map((purpose) =>
              purpose.use === 'enc' ? { ...purpose, spec: 'ECC_NIST_P384' } : purpose,
            ),
          },
          etag,
        )
      }
      if (clock.at - start > age * 365 * day) {
        // a purpose that clients seal to from then on
        const { inventory, etag } = await store.read()
        await store.write(
          {
            ...inventory,
            counter: inventory.counter + 1,
            purposes: [
              { ...purposes[0], name: `claims-${age}`, alias: `alias/claims-${age}` },
              ...inventory.purposes,
            ],
          },
          etag,
        )
        age += 3
        await applyRotation(planRotation(store.now(), { now: new Date(clock.at), every }), {
          kms: client,
          store,
          now: () => clock.at,
        })
        clock.at += 5 * minute // caches in front of the host
        for (let i = 0; i < 40; i++) await act(pick(clients))
      }
      await clean()
      const down = clients.filter(({ downUntil }) => downUntil > clock.at)
      for (const one of [
        pick(clients),
        pick(clients.slice(0, 10)),
        ...(down.length > 0 ? [pick(down)] : []),
      ])
        await act(one)
      await lookBack()
      const since = clock.at - activated
      clock.at +=
        since < 2 * hour
          ? 4 * minute + below(8 * minute)
          : since < 36 * hour
            ? below(2 * hour)
            : day + below(day)
    }
    for (const one of kept)
      if (one.sealed)
        await pick(openers)
          .open(one.sealed, { context })
          .then(
            () => {
              counts.reopened++
            },
            (error) => failed('unopened', error),
          )
    const inKms = (await client.send(new ListKeysCommand({ Limit: 1000 }))).Keys.length
    const deleted = store
      .now()
      .keys.filter(
        ({ state, deletes }) => state === 'deleting' && Date.parse(deletes) <= clock.at,
      ).length
    counts.madeTwice = inKms - (store.now().keys.length - deleted + 1) // and the root
    await Promise.all(openers.map((opener) => opener.close()))
    return counts
  } finally {
    await local.close()
  }
}
