import { ensure, hasMethods } from '../../errors/guard.js'
import { seconds } from '../../errors/retold.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { abortable } from '../../io/abort.js'
import { SingleFlight } from '../../io/single-flight.js'
import type { OpenerKey, OpenerKeys } from '../../open/opener-key.js'
import { readInventory } from './asked-store.js'
import {
  isDeleted,
  isMade,
  type InventoryStore,
  type KeyInventory,
  type MadeKey,
  type Purpose,
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
  readonly #isFor: IsFor
  readonly #flight = new SingleFlight<void>()
  #counter: number | undefined
  #keys: readonly KnownKey[] = []
  #readAt = -Infinity

  /**
   * Uses the keys of an inventory.
   *
   * @param onChange - is called for every new version of it
   * @param isFor - which purposes are used. Default: all of them
   */
  constructor(
    store: InventoryStore,
    now: () => number,
    onChange: () => void = () => {},
    isFor: IsFor = () => true,
  ) {
    ensure(
      hasMethods(store, 'read'),
      'invalid_argument',
      'keys: expected key ARNs, ids or aliases, or a store such as fileInventory makes',
    )
    this.#store = store
    this.#now = now
    this.#onChange = onChange
    this.#isFor = isFor
  }

  async ready(signal?: AbortSignal): Promise<void> {
    await this.#load(signal)
    ensure(this.#keys.length > 0, 'key_not_found', 'the inventory has no key to open with')
  }

  async find(
    fits: (key: OpenerKey) => boolean,
    what: string,
    signal?: AbortSignal,
    recipients = 1,
  ): Promise<readonly OpenerKey[]> {
    // never negative, also where the clock was set back
    const age = Math.abs(this.#now() - this.#readAt)
    if (this.#counter === undefined) await this.#load(signal)
    // keys that are known go on opening while the inventory cannot be read
    else if (age >= reloadAfter) await this.#load(signal).catch(() => signal?.throwIfAborted())
    const found = this.#living(fits)
    if (found.length > 0) return found
    if (Math.abs(this.#now() - this.#readAt) >= cooldown)
      await this.#load(signal).catch((error: unknown) => {
        signal?.throwIfAborted()
        // that a key was deleted is known without the inventory
        if (this.#fitting(fits).length === 0) throw error
      })
    const again = this.#living(fits)
    if (again.length > 0) return again
    throw this.#notFound(this.#fitting(fits), what, recipients)
  }

  #fitting(fits: (key: OpenerKey) => boolean): readonly KnownKey[] {
    return this.#keys.filter(({ key }) => fits(key))
  }

  /** The keys that fit and were not deleted: a message may be for others beside one that was. */
  #living(fits: (key: OpenerKey) => boolean): readonly OpenerKey[] {
    const now = this.#now()
    return this.#fitting(fits)
      .filter(({ from }) => !isDeleted(from, now))
      .map(({ key }) => key)
  }

  #notFound(deleted: readonly KnownKey[], what: string, recipients: number): SealdropError {
    const [lost] = deleted
    const age = Math.abs(this.#now() - this.#readAt)
    if (!lost)
      return new SealdropError(
        'key_not_found',
        `${what} is none of the keys of the inventory, which was read ${seconds(age)} ago, and is read again in ${seconds(cooldown - age)}`,
      )
    // replicas have one thumbprint
    const gone = new Set(deleted.map(({ from }) => from.thumbprint)).size
    const others =
      gone < recipients
        ? 'this opener has no other key that the message is for'
        : 'what was sealed to it cannot be opened any more, by anyone'
    return new SealdropError(
      'key_unusable',
      `the key ${lost.key.arn} was deleted at ${lost.from.deletes}: ${others}`,
    )
  }

  #load(signal: AbortSignal | undefined): Promise<void> {
    const loading = this.#flight.run(() => this.#read())
    return abortable(loading, signal)
  }

  async #read(): Promise<void> {
    this.#readAt = this.#now()
    const found = await readInventory(this.#store)
    ensure(found, 'key_not_found', 'there is no inventory yet: the publisher makes it')
    if (found.inventory.counter === this.#counter) return
    this.#keys = knownKeys(found.inventory, this.#isFor)
    this.#counter = found.inventory.counter
    this.#onChange()
  }
}

/** Whether keys of a purpose are used; undefined for one that the inventory has no more. */
type IsFor = (purpose: Purpose | undefined) => boolean

interface KnownKey {
  readonly key: OpenerKey
  readonly from: MadeKey
}

/**
 * The keys to open with, each followed by its replicas.
 *
 * Those that are disabled or wait for their deletion are among them: KMS gives the reason.
 */
function knownKeys({ purposes, keys }: KeyInventory, isFor: IsFor): readonly KnownKey[] {
  const purposeOf = ({ purpose }: MadeKey): Purpose | undefined =>
    purposes.find(({ name }) => name === purpose)
  const opening = keys
    .filter(isMade)
    .filter((key) => key.usage !== 'SIGN_VERIFY' && isFor(purposeOf(key)))
  return opening.flatMap((from) => {
    const { arns, thumbprint, jwk, alg } = from
    const info = { thumbprint, alg, use: 'enc' } as const
    return arns.map((arn) => ({ from, key: { arn, jwk, info: { ...info, arn } } }))
  })
}
