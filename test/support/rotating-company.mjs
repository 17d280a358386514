// A company whose keys are rotated by the local KMS's clock, with its inventory, its runs and its
// pages.
import {
  DescribeKeyCommand,
  KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
} from '@aws-sdk/client-kms'
import { importKeySet, inHand, seal } from 'sealdrop'
import { applyRotation, createOpener, createPublisher, planRotation } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { emptyInventory, madeKey, memoryStore } from './inventories.mjs'
import { kmsThrough } from './kms-through.mjs'
import { present } from './types.mjs'

/**
 * @import { ApplyOptions, InventoryStore, Purpose } from 'sealdrop/kms'
 * @import { LocalKmsOptions } from 'sealdrop/local-kms'
 */

export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour
/** When the clock of every company begins. */
export const start = Date.UTC(2030, 0, 31, 12)

/**
 * @param {any} t
 * @param {readonly Purpose[]} purposes
 * @param {LocalKmsOptions} o of the local KMS
 */
export async function rotatingCompany(t, purposes, o = {}) {
  const clock = { at: start }
  const now = () => clock.at
  const local = await startLocalKms({ regions: ['eu-west-1'], now, ...o })
  t.after(() => local.close())
  const kms = local.clientConfig
  const client = new KMSClient(kms)
  const store = memoryStore(emptyInventory(...purposes))
  const plan = () => planRotation(store.now(), { now: new Date(clock.at), every: 'P90D' })
  /** @param {Partial<ApplyOptions>} more */
  const apply = (more = {}) => applyRotation(plan(), { kms, store, now, ...more })
  const keyOf = (state, purpose = 'claims') =>
    madeKey(store.now().keys.find((entry) => entry.state === state && entry.purpose === purpose))
  const describe = async (KeyId, by = client) =>
    present((await by.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata)
  const published = async () => (await createPublisher({ keys: store, now }).documents()).jwks
  return {
    clock,
    now,
    local,
    client,
    /** The client of the other Region. */
    there: new KMSClient({ ...kms, region: 'eu-west-1' }),
    store,
    plan,
    apply,
    /** Runs a given number of times, each a while after the other. */
    run: async (times, pause = 50 * hour) => {
      for (let i = 0; i < times; i++) {
        await apply()
        clock.at += pause
      }
    },
    /** What a run did, or how it failed, in a line. */
    told: (/** @type {Partial<ApplyOptions>} */ more = {}) =>
      apply(more).then(
        ({ done }) => done.map(({ kind }) => kind).join(),
        (error) => `${error.code}: ${error.message}`,
      ),
    keyOf,
    idOf: (state, purpose) => keyOf(state, purpose).arns[0].split('/')[1],
    /** The entry of a key by its thumbprint. */
    entry: (thumbprint) =>
      present(store.now().keys.find((entry) => entry.thumbprint === thumbprint)),
    /** The ARNs of all keys of the inventory. */
    arns: () => store.now().keys.flatMap(({ arns = [] }) => arns),
    states: () => store.now().keys.map(({ purpose, state }) => `${purpose} ${state}`),
    keyCount: async (by = client) => present((await by.send(new ListKeysCommand({}))).Keys).length,
    aliasOf: async (name) =>
      present((await client.send(new ListAliasesCommand({}))).Aliases).find(
        ({ AliasName }) => AliasName === name,
      )?.TargetKeyId,
    describe,
    /** The keys that pages have now. */
    publishedKeys: async () => JSON.parse(await published()).keys,
    /** A value that a page seals now. */
    sealed: async () =>
      seal(importKeySet(await published(), { trust: inHand(), now }), 'hello', { context: {} }),
    opener: (more = {}) => {
      const opener = createOpener({ kms, keys: store, now, ...more })
      t.after(() => opener.close())
      return opener
    },
  }
}

/** The kinds of these steps, in their order. */
export const kindsOf = (steps) => steps.map(({ kind }) => kind)

/**
 * Numbers everything that a run does to KMS and to the store, so that each can be the last one. The
 * crash comes before it takes effect, or after.
 *
 * @param {{ client: KMSClient, store: InventoryStore }} company
 * @param {number} at
 * @param {'before' | 'after'} when
 */
export function crashing({ client, store }, at, when) {
  let count = 0
  const guard = async (work) => {
    const mine = ++count
    if (mine === at && when === 'before') throw new Error('crash')
    const result = await work()
    if (mine === at && when === 'after') throw new Error('crash')
    if (mine > at) throw new Error('it went on after the crash')
    return result
  }
  return {
    outside: {
      kms: kmsThrough(client, (_command, send) => guard(send)),
      store: {
        read: () => guard(() => store.read()),
        write: (next, etag) => guard(() => store.write(next, etag)),
      },
    },
    calls: () => count,
  }
}
