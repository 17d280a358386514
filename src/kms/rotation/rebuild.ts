import { clockOf, ensure, hasMethods, shown } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { readInventory, writeInventory } from '../inventory/asked-store.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { blaming } from '../../errors/whose.js'
import type { CallOptions } from '../../io/abort.js'
import { checkInventory } from '../inventory/check-inventory.js'
import type {
  InventoryKey,
  InventoryStore,
  KeyInventory,
  Purpose,
} from '../inventory/inventory-model.js'
import { isoOf } from '../inventory/update.js'
import { ListingPort } from '../port/listing-port.js'
import type { Kms } from '../port/port.js'
import { aliasedKeys } from './aliased-keys.js'
import { newToken } from './create-next.js'
import { findKeys, type Finding, type FoundKey } from './found-keys.js'
import { inUse } from './in-use.js'

/** How an inventory that is lost or wrong is rebuilt. */
export interface RebuildOptions extends CallOptions {
  /** How KMS is reached. Default `{}`: the AWS default chain. */
  readonly kms?: Kms
  /** The store of the inventory. */
  readonly store: InventoryStore
  /** An older version, whose keys are kept. Default: what the store has. */
  readonly old?: KeyInventory
  /** What keys are made for, where there is no older version that says it. */
  readonly purposes?: readonly Purpose[]
  /**
   * The thumbprints of the keys to enter, which you have looked at.
   *
   * - Default: the inventory is not written, so that you can look.
   * - An empty list writes what the older version has, and clears what was being made.
   */
  readonly enter?: readonly string[]
  /** The time in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number
}

/** What KMS has for an inventory, and what was written. */
export interface Rebuilt {
  /** The keys that KMS has for these purposes. */
  readonly found: readonly FoundKey[]
  /** The inventory that was written. Undefined where `enter` is missing. */
  readonly inventory: KeyInventory | undefined
}

/**
 * Rebuilds an inventory that is lost or wrong, of the keys that KMS has.
 *
 * - Call it without `enter` first, and look at each key that it found: its policy, its grants, its
 *   origin, and in CloudTrail who made it. Then call it with the thumbprints of yours.
 * - A key is entered as `retired`, unless the alias of its purpose names it: then it is `current`.
 *   The states of a purpose that the store has stay as they are where no key is entered for it.
 *   No key is ever entered as the next one: a rotation makes that.
 * - What an older version has is kept, without keys that were being made. With `enter: []` it clears
 *   a purpose whose making was cut off three times.
 * - The counter is set to now, so that clients take the next set.
 *
 * @returns what KMS has, and the inventory where one was written
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: an option is wrong, or there are no purposes
 *   - `source_failed`: the inventory cannot be read
 *   - `malformed`: what the store has is damaged: move it away first
 * @throws SealdropError from KMS:
 *   - `key_not_found`: no enabled key of a purpose has a thumbprint that is to be entered
 *   - `conflict`: an alias, or one in the Region of a replica, names a key that is neither known
 *     nor to be entered, was revoked, is not enabled, or is of another use
 *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
 *   - `kms_throttled`: KMS limits calls a second; retry later
 *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
 *   - `kms_unexpected`: KMS answered what this version does not understand
 * @throws SealdropError while writing:
 *   - `conflict`: another writer was first
 *   - `output_failed`: the inventory cannot be written
 * @example
 *   ```js
 *   import { fileInventory, rebuildInventory } from 'sealdrop/kms'
 *   const lost = fileInventory('rebuilt-keys')
 *   const spec = { spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }
 *   const purposes = [{ name: 'claims', use: 'enc', alias: 'alias/claims', ...spec }]
 *   const { found } = await rebuildInventory({ store: lost, purposes })
 *   const [{ thumbprint, policy, grants }] = found // look at them, and at CloudTrail
 *   console.log(policy.Version, grants) // 2012-10-17 []
 *   const { inventory } = await rebuildInventory({ store: lost, purposes, enter: [thumbprint] })
 *   console.log(inventory.keys.map(({ state }) => state)) // [ 'current' ]
 *   ```
 */
export function rebuildInventory(o: RebuildOptions): Promise<Rebuilt> {
  return blaming('operator', () => rebuilt(o))
}

async function rebuilt(o: Parameters<typeof rebuildInventory>[0]): Promise<Rebuilt> {
  const { store, signal, enter, now } = checked(o)
  const there = await readOf(store)
  const old = withoutMakings(o, there?.inventory)
  const port = new ListingPort(o.kms ?? {})
  try {
    const aliased = await aliasedKeys(port, old.purposes, signal)
    const known = new Set(old.keys.flatMap(({ arns = [] }) => arns))
    const found = await findKeys(port, { purposes: old.purposes, known, aliased, signal })
    const answer = { found: found.map(({ shown: key }) => key) }
    if (!enter) return { ...answer, inventory: undefined }
    const at = isoOf(now())
    const entered = [...new Set(enter)].flatMap((thumbprint) => entryOf(thumbprint, found, at))
    const keys = [...old.keys, ...entered]
    // what the store itself says of the states of keys is right, but where keys are entered
    const changed = o.old ? keys : entered
    const counter = Math.max(old.counter, there?.inventory.counter ?? 0) + 1
    const inventory = checkInventory(
      {
        ...old,
        counter: Math.max(counter, Math.floor(now() / 1000)),
        keys: inUse(keys, { changed, purposes: old.purposes, aliased, found, at }),
      },
      'invalid_argument',
    )
    await writeInventory(store, inventory, there?.etag)
    return { ...answer, inventory }
  } finally {
    port.close()
  }
}

function checked(o: RebuildOptions): RebuildOptions & { readonly now: () => number } {
  checkOptions(o, 'signal kms store old purposes enter now')
  ensure(
    hasMethods(o?.store, 'read', 'write'),
    'invalid_argument',
    'store: expected the store of the inventory, such as fileInventory makes',
  )
  const { enter = [] } = o
  ensure(
    Array.isArray(enter) && enter.every((one) => typeof one === 'string'),
    'invalid_argument',
    'enter: expected a list of thumbprints',
  )
  return { ...o, now: clockOf(o.now) }
}

async function readOf(store: InventoryStore): ReturnType<InventoryStore['read']> {
  try {
    return await readInventory(store)
  } catch (error) {
    if (!isSealdropError(error) || error.code !== 'malformed') throw error
    throw new SealdropError(
      'malformed',
      `${error.message}. Move it away first, and give a version that is good as old`,
      { cause: error },
    )
  }
}

/** What the new inventory begins with: what is known, without keys whose making was cut off. */
function withoutMakings(o: RebuildOptions, there: KeyInventory | undefined): KeyInventory {
  const given = o.old && checkInventory(o.old, 'invalid_argument')
  const known = given ?? there
  const purposes = known?.purposes ?? o.purposes
  ensure(
    purposes,
    'invalid_argument',
    'purposes: expected what keys are made for, since there is no older version',
  )
  const keys = (known?.keys ?? []).filter(({ state }) => state !== 'making')
  const counter = known?.counter ?? 0
  return checkInventory({ ...known, version: 1, counter, purposes, keys }, 'invalid_argument')
}

/** The entry of a key that is entered as retired; none where the inventory has it already. */
function entryOf(
  thumbprint: string,
  found: readonly Finding[],
  at: string,
): readonly InventoryKey[] {
  const one = found.find(({ loaded }) => loaded?.info.thumbprint === thumbprint)
  ensure(
    one?.loaded,
    'key_not_found',
    `enter: no enabled key of these purposes has the thumbprint ${shown(thumbprint)}. What was found says the state of each`,
  )
  const { shown: key, loaded } = one
  if (key.known) return []
  const made = key.created?.toISOString() ?? at
  const entry: InventoryKey = {
    purpose: key.purpose,
    state: 'retired',
    // not the one in its description: a copy of a key can have the same there
    token: newToken(),
    spec: key.spec,
    usage: key.usage as Purpose['usage'],
    arns: key.arns,
    thumbprint,
    jwk: loaded.jwk,
    alg: loaded.info.alg,
    made,
    ...(loaded.info.use === 'sig' && { published: made }),
    retired: at,
  }
  return [entry]
}
