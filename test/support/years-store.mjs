// The clock of a company's simulated years, and the inventory of its keys.
import { applyRotation, planRotation } from 'sealdrop/kms'
import { SealdropError } from 'sealdrop'

export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour
/** When the company begins. */
export const start = Date.UTC(2031, 0, 1)

/** @typedef {import('sealdrop/kms').KeyInventory} KeyInventory */

/** An inventory for readers, which write nothing. */
const readOnly = (read) => ({
  read,
  write: async () => {
    throw new Error('who reads an inventory writes nothing to it')
  },
})

/**
 * An inventory in memory that remembers when each version was written, so that readers elsewhere
 * can be behind.
 *
 * @param {{ at: number }} clock
 * @param {KeyInventory} first
 */
export function historyStore(clock, first) {
  /** @type {({ at: number, inventory: KeyInventory } | undefined)[]} */
  const versions = [{ at: -Infinity, inventory: first }]
  const newest = () => {
    const version = versions.at(-1)
    if (!version) throw new Error('the newest version is never given up')
    return version
  }
  return {
    now: () => newest().inventory,
    read: async () => ({ inventory: newest().inventory, etag: String(versions.length) }),
    write: async (inventory, etag) => {
      if (etag !== String(versions.length))
        throw new SealdropError('conflict', 'another writer was first')
      // nobody is further behind than this
      const old = versions.findLastIndex((version) => version && version.at < clock.at - hour)
      if (old > 0) versions.fill(undefined, 0, old)
      versions.push({ at: clock.at, inventory: structuredClone(inventory) })
    },
    /** What a reader has that is this far behind. */
    behind: (milliseconds) =>
      readOnly(async () => {
        const seen = versions.findLast((one) => one && one.at <= clock.at - milliseconds)
        return { inventory: (seen ?? newest()).inventory, etag: '-' }
      }),
    /** The inventory as a publisher sees it that forgets a safeguard. */
    seenAs: (change) =>
      readOnly(async () => ({ inventory: change(newest().inventory), etag: '-' })),
  }
}

/**
 * Runs a plan again and again until it is through. Each time it crashes one call to KMS or to the
 * store later. After each crash a stranger plants a key.
 *
 * Where three answers were lost for one purpose a person takes the making out.
 */
export async function rotateThroughCrashes(o) {
  const { clock, client, store, every, counts, stranger } = o
  for (let at = 1; ; at++) {
    const { steps } = planRotation(store.now(), { now: new Date(clock.at), every })
    if (!steps.some(({ notBefore }) => notBefore.getTime() <= clock.at)) return
    let calls = 0
    const guard = async (work) => {
      const mine = ++calls
      if (mine > at || (mine === at && at % 2)) throw new Error('crash')
      const result = await work()
      if (mine === at) throw new Error('crash')
      return result
    }
    // looking for keys that were left over asks about every key of the account, and a crash at the
    // first of them is enough
    let described = 0
    const send = (command, options) =>
      command.constructor.name === 'DescribeKeyCommand' && ++described > 3
        ? client.send(command, options)
        : guard(() => client.send(command, options))
    const kms = { config: client.config, send, destroy() {} }
    const guarded = {
      read: () => guard(() => store.read()),
      write: (next, etag) => guard(() => store.write(next, etag)),
    }
    const ended = await applyRotation({ steps }, { kms, store: guarded, now: () => clock.at }).then(
      () => undefined,
      (error) => {
        const isCrash = error.message === 'crash' || error.cause?.message === 'crash'
        if (!isCrash && error.code !== 'conflict') throw error
        return isCrash ? 'crash' : 'conflict'
      },
    )
    if (!ended) return
    if (ended === 'conflict') await clearMakings(store, counts)
    else counts.crashes++
    await stranger.plant()
    clock.at += 31 * minute
  }
}

/** What a person does after three answers were lost: the key is made anew. */
async function clearMakings(store, counts) {
  const { inventory, etag } = await store.read()
  const keys = inventory.keys.filter(({ state, lost }) => state !== 'making' || lost !== 2)
  counts.cleared += inventory.keys.length - keys.length
  await store.write({ ...inventory, counter: inventory.counter + 1, keys }, etag)
}
