// The host and the clients of a company's simulated years. Clients seal, and check whether it
// opens.
import {
  createSealer,
  fetchKeySet,
  importKeySet,
  inHand,
  inspect,
  seal,
  signedBy,
  verifyReceipt,
} from 'sealdrop'
import { createOpener, createPublisher, createSigner } from 'sealdrop/kms'
import { day, hour, minute } from './years-store.mjs'

const context = {}
const partOf = (token, index) =>
  JSON.parse(Buffer.from(token.split('.')[index], 'base64url').toString())

/**
 * What the publisher has now, behind a cache of 5 minutes. Sometimes it is an older set that is
 * still valid.
 */
export function cachingHost({ clock, random: { next } }, handler) {
  /** @type {{ at: number, body: string }[]} */
  const served = []
  return async ({ headers }) => {
    const last = served.at(-1)
    if (!last || clock.at - last.at >= 5 * minute) {
      const answer = await handler(new Request('https://keys.example/', { headers }))
      served.push({ at: clock.at, body: await answer.text() })
    }
    const alive = served.filter(({ at }) => clock.at - at < 17 * hour)
    served.splice(0, served.length - Math.max(1, alive.length))
    const newest = served[served.length - 1].body
    return next() < 0.1 ? (alive[0]?.body ?? newest) : newest
  }
}

/**
 * Clients, each with a cache of its own age. For some of them the host is out of reach for hours.
 */
export const clientsOf =
  ({ clock, without }, host, root) =>
  () => {
    /** @type {{ downUntil: number, liveUntil: number, kids: string[] }} */
    const state = { downUntil: 0, liveUntil: 0, kids: [] }
    const memory = () => signedBy([root])
    /** @type {ReturnType<typeof memory>} */
    const forgetful = { kind: 'signed', accept: (document, o) => memory().accept(document, o) }
    const fetch = async (_url, init) => {
      if (clock.at < state.downUntil) throw new TypeError('down')
      const body = await host(init)
      state.liveUntil = Math.max(state.liveUntil, partOf(body, 1).exp * 1000)
      return new Response(body)
    }
    const trust = without === 'counter' ? forgetful : memory()
    const keys = fetchKeySet('https://keys.example/', { trust, now: () => clock.at, fetch })
    return Object.assign(state, { keys, sealer: createSealer(keys) })
  }

/** A sealer that keeps the key set that it began with, as a sealer without expiry would. */
async function frozenSealer({ clock, store }) {
  const now = () => clock.at
  const { jwks } = await createPublisher({ keys: store, now }).documents()
  return createSealer(importKeySet(jwks, { trust: inHand(), now }))
}

/** A value that is sealed to somebody else's key. */
const toOthers = () =>
  seal(
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

/**
 * What clients do, and what is checked again years later.
 *
 * @param newClient makes one that has seen nothing
 * @param activated when the company's current keys last changed
 */
export async function lifeOf(world, newClient, activated) {
  const { clock, client, store, counts, failed, without } = world
  const { next, below, pick } = world.random
  const frozen = await frozenSealer(world)
  const openers = [0, minute, 4 * minute, 8 * minute].map((lag) =>
    createOpener({ kms: client, keys: store.behind(lag), now: () => clock.at }),
  )
  const others = await toOthers()
  let signer
  const kept = []

  function sealerFor(one) {
    if (without === 'sealer-expiry' && next() < 0.2) return frozen
    return next() < 0.5 ? one.sealer : { seal: (value, o) => seal(one.keys, value, o) }
  }

  async function act(one) {
    const value = `${counts.seals++}`
    let sealed
    try {
      sealed = await sealerFor(one).seal(value, { context })
    } catch (error) {
      return failed('failedSeals', error)
    }
    noteKey(one, partOf(sealed, 0).kid)
    const opener = pick(openers)
    // somebody uses up the one look for an unknown key that an opener takes in 30 seconds
    if (next() < 0.3) await opener.open(others, { context }).catch(() => {})
    try {
      await opens(opener, sealed, value)
      counts.opened++
    } catch (error) {
      return failed('unopened', error)
    }
    if (next() < 0.1) kept.push({ at: clock.at, value, sealed })
    if (next() < 0.4) await receipt(one, sealed)
    if (clock.at >= one.downUntil && next() < 0.3)
      one.downUntil = clock.at + below(Math.max(0, one.liveUntil - clock.at))
  }

  /** A client goes from key to key, and never back. */
  function noteKey(one, kid) {
    if (kid === one.kids.at(-1)) return
    if (one.kids.includes(kid) && without !== 'sealer-expiry') failed('wentBack', kid)
    one.kids.push(kid)
  }

  async function opens(opener, sealed, value) {
    if ((await opener.open(sealed, { context })).text() !== value) throw new Error('another value')
  }

  async function receipt(one, sealed) {
    if (!signer || clock.at >= signer.until)
      signer = {
        by: createSigner({ kms: client, key: 'alias/receipts' }),
        until: clock.at + below(clock.at - activated() < 36 * hour ? hour : 10 * day),
      } // a process that starts anew now and then, and after a rotation
    const sent = await inspect(sealed)
    const signed = await signer.by.signReceipt({ ...sent, stage: 'opened' })
    counts.receipts++
    await verifies(one, signed, sent)
    if (next() < 0.1) kept.push({ at: clock.at, sent, signed })
  }

  const verifies = (one, signed, sent) =>
    verifyReceipt(one.keys, signed, { sent }).catch((error) => failed('unverified', error))

  /** Old values open and old receipts verify, for as long as that was promised. */
  async function lookBack() {
    while (kept[0] && clock.at - kept[0].at > 300 * day) kept.shift()
    if (kept.length === 0) return
    const { value, sealed, sent, signed } = pick(kept)
    counts.reopened++
    if (signed) await verifies(newClient(), signed, sent)
    else await opens(pick(openers), sealed, value).catch((error) => failed('unopened', error))
  }

  /** Everything that was kept opens at the end. */
  async function end() {
    for (const { sealed } of kept.filter((one) => one.sealed))
      await pick(openers)
        .open(sealed, { context })
        .then(
          () => {
            counts.reopened++
          },
          (error) => failed('unopened', error),
        )
    await Promise.all(openers.map((opener) => opener.close()))
  }

  return { act, lookBack, end }
}
