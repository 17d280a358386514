import { ensure } from '../../errors/guard.js'
import { remembered, seconds } from '../../errors/retold.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { abortable } from '../../io/abort.js'
import { SingleFlight } from '../../io/single-flight.js'
import type { OpenerKey, OpenerKeys } from '../../open/opener-key.js'
import { loadKey } from '../port/load-key.js'
import type { KmsPort } from '../port/port.js'

const cooldown = 30_000

/**
 * The opener's keys, by the names that its operator configured.
 *
 * An alias is resolved when it is first loaded, and never because a message names it.
 */
export class ConfiguredKeys implements OpenerKeys {
  readonly #port: KmsPort
  readonly #names: readonly string[]
  readonly #now: () => number
  readonly #loaded = new Map<string, OpenerKey>()
  readonly #failed = new Map<string, SealdropError>()
  readonly #flight = new SingleFlight<void>()
  #retryAt = 0

  constructor(port: KmsPort, names: readonly string[], now: () => number) {
    ensure(
      Array.isArray(names) && names.length > 0,
      'invalid_argument',
      'keys: expected at least one key ARN, key id or alias that this opener may use',
    )
    this.#port = port
    this.#names = names
    this.#now = now
  }

  /** Loads every key, and throws the error of the first one that does not load. */
  async ready(signal?: AbortSignal): Promise<void> {
    await this.#load(signal)
    const [failure] = this.#failed.values()
    if (failure) throw failure
  }

  async find(
    fits: (key: OpenerKey) => boolean,
    what: string,
    signal?: AbortSignal,
    recipients = 1,
  ): Promise<readonly OpenerKey[]> {
    const mayRetry = (): boolean => {
      const wait = this.#retryAt - this.#now()
      // the wait is longer than that where the clock was set back
      return wait <= 0 || wait > cooldown
    }
    if (this.#loaded.size === 0 && mayRetry()) await this.#load(signal)
    const found = this.#having(fits)
    // what was found may be deleted, and what did not load may be another recipient
    const isWhole = new Set(found.map(({ info }) => info.thumbprint)).size >= recipients
    if (found.length > 0 && isWhole) return found
    if (this.#failed.size > 0 && mayRetry()) await this.#load(signal)
    const again = this.#having(fits)
    if (again.length > 0) return again
    throw this.#notFound(what)
  }

  #notFound(what: string): unknown {
    const failures = [...this.#failed.values()]
    const [failure] = failures
    // the key that did not load may be the one that is asked for
    const left = this.#retryAt - this.#now()
    if (failure && (this.#loaded.size === 0 || failure.retryable))
      return remembered(failure, cooldown - left, left)
    const reasons = failures
      .map(({ message }) => `; one did not load ${seconds(cooldown - left)} ago: ${message}`)
      .join('')
    return new SealdropError('key_not_found', `${what} is none of this opener's keys${reasons}`)
  }

  /** The keys that fit, in the order of the configuration, one for each ARN. */
  #having(fits: (key: OpenerKey) => boolean): readonly OpenerKey[] {
    const keys = this.#names.flatMap((name) => this.#loaded.get(name) ?? []).filter(fits)
    return keys.filter((key, i) => keys.findIndex(({ arn }) => arn === key.arn) === i)
  }

  #load(signal: AbortSignal | undefined): Promise<void> {
    const loading = this.#flight.run(async () => {
      const missing = this.#names.filter((name) => !this.#loaded.has(name))
      await Promise.all(missing.map((name) => this.#loadOne(name)))
      this.#retryAt = this.#now() + cooldown
    })
    return abortable(loading, signal)
  }

  async #loadOne(name: string): Promise<void> {
    try {
      const key = await loadKey(this.#port, name)
      ensure(
        key.info.use === 'enc',
        'key_unusable',
        `${name} signs; an opener needs keys with the usage ENCRYPT_DECRYPT or KEY_AGREEMENT`,
      )
      this.#loaded.set(name, key)
      this.#failed.delete(name)
    } catch (error) {
      if (!isSealdropError(error)) throw error
      this.#failed.set(name, error)
    }
  }
}
