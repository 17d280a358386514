import { ensure, hasMethods } from '../../errors/guard.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { abortable } from '../../io/abort.js'
import { SingleFlight } from '../../io/single-flight.js'
import type { OpenerKey, OpenerKeys } from '../../open/opener-key.js'
import {
  isDeleted,
  isMade,
  type InventoryStore,
  type KeyInventory,
  type MadeKey,
} from './inventory-model.js'

const cooldown = 30_000
const reloadAfter = 10 * 60_000

/**
 * The opener's keys, current and retired, as the inventory has them.
 *
 * Everything public about them stands there, so that KMS is not asked.
 */
export class InventoryKeys implements OpenerKeys {
  readonly #store: InventoryStore
  readonly #now: () => number
  readonly #onChange: () => void
  readonly #flight = new SingleFlight<void>()
  #counter: number | undefined
  #keys: readonly KnownKey[] = []
  #readAt = -Infinity

  /**
   * Uses the keys of an inventory.
   *
   * @param onChange - is called for every new version of it
   */
  constructor(store: InventoryStore, now: () => number, onChange: () => void) {
    ensure(
      hasMethods(store, 'read'),
      'invalid_argument',
      'keys: expected key ARNs, ids or aliases, or a store such as fileInventory makes',
    )
    this.#store = store
    this.#now = now
    this.#onChange = onChange
  }

  async ready(signal?: AbortSignal): Promise<void> {
    await this.#load(signal)
    ensure(this.#keys.length > 0, 'key_not_found', 'the inventory has no key to open with')
  }

  async find(
    fits: (key: OpenerKey) => boolean,
    what: string,
    signal?: AbortSignal,
  ): Promise<readonly OpenerKey[]> {
    // never negative, also where the clock was set back
    const age = Math.abs(this.#now() - this.#readAt)
    if (this.#counter === undefined) await this.#load(signal)
    // keys that are known go on opening while the inventory cannot be read
    else if (age >= reloadAfter) await this.#load(signal).catch(() => signal?.throwIfAborted())
    const found = this.#having(fits)
    if (found.length > 0) return found
    if (Math.abs(this.#now() - this.#readAt) >= cooldown) await this.#load(signal)
    const again = this.#having(fits)
    if (again.length > 0) return again
    throw new SealdropError('key_not_found', `${what} is none of the inventory's keys`)
  }

  /**
   * The keys that fit.
   *
   * @throws SealdropError `key_unusable` for a key that was deleted
   */
  #having(fits: (key: OpenerKey) => boolean): readonly OpenerKey[] {
    const found = this.#keys.filter(({ key }) => fits(key))
    const [lost] = found
    ensure(
      !lost || !isDeleted(lost.from, this.#now()),
      'key_unusable',
      `the key ${lost?.key.arn} was deleted at ${lost?.from.deletes}: what was sealed to it cannot be opened any more, by anyone`,
    )
    return found.map(({ key }) => key)
  }

  #load(signal: AbortSignal | undefined): Promise<void> {
    const loading = this.#flight.run(() => this.#read())
    return abortable(loading, signal)
  }

  async #read(): Promise<void> {
    this.#readAt = this.#now()
    const found = await this.#store.read()
    ensure(found, 'key_not_found', 'there is no inventory yet: the publisher makes it')
    if (found.inventory.counter === this.#counter) return
    this.#keys = knownKeys(found.inventory)
    this.#counter = found.inventory.counter
    this.#onChange()
  }
}

interface KnownKey {
  readonly key: OpenerKey
  readonly from: MadeKey
}

/**
 * The keys to open with, each followed by its replicas.
 *
 * Those that are disabled or wait for their deletion are among them: KMS gives the reason.
 */
function knownKeys({ keys }: KeyInventory): readonly KnownKey[] {
  const opening = keys.filter(isMade).filter(({ usage }) => usage !== 'SIGN_VERIFY')
  return opening.flatMap((from) => {
    const { arns, thumbprint, jwk, alg } = from
    const info = { thumbprint, alg, use: 'enc' } as const
    return arns.map((arn) => ({ from, key: { arn, jwk, info: { ...info, arn } } }))
  })
}
