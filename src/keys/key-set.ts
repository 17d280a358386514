import type { AlgorithmProvider } from '../crypto/provider.js'
import { ensure, milliseconds } from '../errors/guard.js'
import { isSealdropError, SealdropError } from '../errors/sealdrop-error.js'
import { abortable, signalOf, unwatched, type CallOptions } from '../io/abort.js'
import { SingleFlight } from '../io/single-flight.js'
import { keepsHeldSet } from './held-set-codes.js'
import { makeKeys, type KeyInfo, type SealingKey, type Told } from './key.js'
import { noUsableKey, selectForSealing, type LoadedSet, type Unfit } from './select.js'
import type { Trust } from './trust.js'

/**
 * Holds a company's public keys, and says why they are believed.
 *
 * - `fetchKeySet` and `importKeySet` make one
 * - many callers may use it at once
 */
export interface KeySet {
  /** Why its keys are believed. */
  readonly trust: Trust['kind']
  /**
   * Loads the set now, so that a mistake shows early.
   *
   * @throws SealdropError while fetching keys:
   *   - `keys_unreachable`: the host did not answer, or said no
   *   - `keys_malformed`: what came is no key set
   *   - `keys_untrusted`: nothing vouches for its keys
   *   - `keys_expired`, `keys_rolled_back`: a signed set is over, or older than one seen before
   *   - `no_usable_key`: no key in it can be used
   *   - `output_failed`, `source_failed`: the store of `signedBy` failed
   *   - `unsupported_runtime`: there is no WebCrypto, as on a page without https
   *   - `invalid_argument`: an option is misspelt, or the clock of the set answers no number
   */
  ready(o?: CallOptions): Promise<void>
  /** Loads the set again. It throws when that fails, and the keys held before stay. */
  refresh(o?: CallOptions): Promise<void>
  /**
   * Answers the usable keys in their order, for encryption and for signatures.
   *
   * It throws what `ready` throws.
   */
  list(o?: CallOptions): Promise<readonly KeyInfo[]>
}

/** Says why keys are believed, and which of them are used. */
export interface KeySetOptions {
  /** Why these keys are believed. It is required, and has no default. */
  readonly trust: Trust
  /**
   * Algorithms, thumbprints or ARNs to seal to, the best one first.
   *
   * Default: the order of the pins, or of the publisher.
   */
  readonly prefer?: readonly string[]
  /**
   * What verifies where the runtime lacks an algorithm. Default: none.
   *
   * They are `mlDsa()` of `sealdrop/ml-dsa` and `digests()` of `sealdrop/digests`.
   */
  readonly providers?: readonly AlgorithmProvider[]
  /** The time in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number
}

/** Where documents come from. Times are milliseconds; a source without `freshFor` never changes. */
export type Source = (o: {
  readonly refresh: boolean
}) => Promise<{ readonly document: string; readonly freshFor?: number }>

/** A set that is held. Times are milliseconds since 1970. */
type Held = LoadedSet & {
  /** When it was loaded, by the clock of that time. */
  readonly at: number
  readonly freshUntil: number
  readonly expires: number
}

const cooldown = 30_000
const unsignedLifetime = 24 * 3_600_000

/**
 * Where a key set answers its ring: by a symbol that copies of this package share.
 *
 * No parsed JSON has such a member. The ring is answered by a function, since the proxies of Vue and
 * MobX wrap every object that they hand out, and call functions as they are.
 */
const brand = (): symbol => Symbol.for('sealdrop.keySet')

type Branded = Record<symbol, (wanted: number) => KeyRing | undefined>

/** Rings of one version fit together. It goes up when {@link KeyRing} or what it answers changes. */
const version = 1

/**
 * The one implementation of {@link KeySet}; what the rooms above need beyond the contract is public
 * here.
 *
 * The methods of the contract are functions that know their object, so that they work behind the
 * proxies of Vue and MobX.
 */
export class KeyRing implements KeySet {
  declare readonly trust: Trust['kind']
  declare readonly options: KeySetOptions & Told
  readonly #source: Source
  readonly #flight = new SingleFlight<LoadedSet>()
  #held: Held | undefined
  #retryAt = 0

  constructor(source: Source, options: KeySetOptions & Told) {
    ensure(
      typeof options?.trust?.accept === 'function',
      'invalid_argument',
      'trust: expected signedBy, pinned, overHttps or inHand',
    )
    this.trust = options.trust.kind
    this.#source = source
    this.options = options
    const branded = this as unknown as Branded
    branded[brand()] = (wanted) => (wanted === version ? this : undefined)
  }

  now(): number {
    const { now = Date.now } = this.options
    return milliseconds('now', typeof now === 'function' ? now() : NaN)
  }

  readonly ready = (o?: CallOptions): Promise<void> =>
    unwatched(async () => void (await this.list(o)))

  readonly refresh = (o?: CallOptions): Promise<void> =>
    unwatched(async () => void (await this.#load(signalOf(o), true)))

  readonly list = async (o?: CallOptions): Promise<readonly KeyInfo[]> =>
    (await this.current(signalOf(o))).keys.map((key) => key.info)

  /**
   * The set to use now: fresh, or the one held while its host cannot be reached, for as long as it
   * lives.
   */
  async current(signal?: AbortSignal): Promise<LoadedSet> {
    signal?.throwIfAborted()
    const now = this.now()
    let found = this.#held
    // it was loaded in the future: the clock was put right, and nobody knows how old the set is
    if (found && now < found.at)
      found = this.#held = {
        ...found,
        at: now,
        freshUntil: 0,
        expires: now + found.expires - found.at,
      }
    if (found && now < found.freshUntil) return found
    if (!found || now >= found.expires) return this.#load(signal, false)
    if (this.#waits()) return found
    return this.#load(signal, false).catch((error: unknown) => {
      if (!isSealdropError(error)) throw error
      if (error.retryable || keepsHeldSet(error.code)) return found
      this.#held = undefined
      throw error
    })
  }

  /** The key to seal to now. @throws SealdropError `no_usable_key` and what loading throws */
  async forSealing(signal?: AbortSignal, unfit?: Unfit): Promise<SealingKey> {
    return selectForSealing(
      await this.current(signal),
      this.options.prefer ?? [],
      this.now(),
      unfit,
    )
  }

  /**
   * The set fetched again for a key that it lacks, at most once in 30 s; undefined where that would
   * change nothing.
   */
  async refetched(signal?: AbortSignal): Promise<LoadedSet | undefined> {
    return !this.#waits() && this.#held?.freshUntil !== Infinity
      ? this.#load(signal, true)
      : undefined
  }

  /** Whether it was tried a moment ago; a longer wait is one of a clock that was ahead. */
  #waits(): boolean {
    const wait = this.#retryAt - this.now()
    return wait > 0 && wait <= cooldown
  }

  #load(signal: AbortSignal | undefined, refresh: boolean): Promise<LoadedSet> {
    return abortable(
      this.#flight.run(async () => {
        const { trust } = this.options
        this.#retryAt = this.now() + cooldown
        const { document, freshFor = Infinity } = await this.#source({ refresh }).catch(
          async (error: { readonly retryable?: boolean }) => {
            // while the host is down, what the trust kept from before: a page that is opened then
            // has nothing else
            const kept =
              !refresh &&
              error.retryable &&
              (await trust.recall?.({ now: this.now() }).catch(() => {}))
            if (!kept) throw error
            return { document: kept, freshFor: cooldown }
          },
        )
        const now = this.now()
        const judged = async (): Promise<LoadedSet> => {
          const believed = await trust.accept(document, { now })
          return { believed, ...(await makeKeys(believed.keys, this.options)) }
        }
        const set = await judged().catch((cause: unknown) => {
          // `coded` would weigh more here
          throw isSealdropError(cause)
            ? cause
            : new SealdropError('keys_untrusted', 'the trust failed', { cause })
        })
        if (set.keys.length === 0) throw noUsableKey('that can be used', set.passedOver)
        const { expires = now + Math.max(freshFor, unsignedLifetime) } = set.believed
        this.#held = {
          ...set,
          at: now,
          freshUntil: Math.min(now + freshFor, expires),
          expires,
        }
        return this.#held
      }),
      signal,
    )
  }
}

/** The ring of a key set that a caller gave. @throws SealdropError `invalid_argument` */
export function ringOf(keys: KeySet): KeyRing {
  const branded = keys as unknown as Branded | undefined
  const ring = branded?.[brand()]?.(version)
  ensure(
    ring,
    'invalid_argument',
    'keys: expected fetchKeySet or importKeySet of this version of sealdrop',
  )
  return ring
}
