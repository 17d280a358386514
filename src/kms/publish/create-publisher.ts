import { sha256Text } from '../../crypto/digest.js'
import { clockOf, ensure, milliseconds } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { blaming, blamingNow } from '../../errors/whose.js'
import { remembered } from '../../errors/retold.js'
import { isSealdropError, type SealdropErrorCode } from '../../errors/sealdrop-error.js'
import { reservedTypes } from '../../formats/jws.js'
import { SingleFlight } from '../../io/single-flight.js'
import type { KeySetDocuments } from '../../keys/documents.js'
import { readInventory } from '../inventory/asked-store.js'
import type { InventoryStore, KeyInventory } from '../inventory/inventory-model.js'
import { ensureTaken, historyKeys, publishedKeys } from '../inventory/published-keys.js'
import { KmsPort } from '../port/port.js'
import type { PublishedJwk } from '../inventory/published-jwk.js'
import { configuredJwks, type PublishedKey } from './configured-jwks.js'
import type { PublisherOptions } from './publisher-options.js'
import { checkLifetime, SetSigner, type SetTimes, type SignedDocument } from './sign-set.js'

type Documents = Awaited<ReturnType<KeySetDocuments['documents']>>

/** Documents that are held, and when they were made: milliseconds since 1970. */
interface Held {
  readonly documents: Documents
  readonly at: number
}

const reloadAfter = 5 * 60_000
const retryAfter = 30_000
/** Only these codes leave open what state the keys are in; any other one is an answer. */
const unreachable: readonly SealdropErrorCode[] = [
  'kms_unavailable',
  'kms_throttled',
  'kms_denied',
  'kms_unexpected',
  'source_failed',
]
const day = 24 * 3_600_000

/**
 * Publishes public keys of KMS as a JWK Set, and with a root also as a signed one.
 *
 * - KMS is asked at most once in 5 minutes, however many requests come. While that fails it is
 *   asked every 30 s.
 * - A key that is not enabled is left out. A key that is named twice stands once for each algorithm.
 * - The set is signed when it changed, or when a quarter of its lifetime is over.
 *
 * @returns documents for `keySetHandler`, or for a file or KV store that you write
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: an option is wrong; `documents()` says so of a key that is for another
 *     use or algorithm, and of a root that is one of the keys
 *   - `key_unusable`: `documents()` found no inventory, or no key to publish
 *   - `malformed`: `documents()` found a damaged inventory
 *   - `source_failed`: `documents()` could not read the inventory
 *   - `too_large`: `documents()` made a set that no client takes
 * @throws SealdropError from KMS, by `documents()`:
 *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
 *   - `kms_throttled`: KMS limits calls a second; retry later
 *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
 *   - `kms_unexpected`: KMS answered what this version does not understand
 *   - `key_unusable`: no key is enabled, a key is unknown, or the root does not sign
 *   - `unsupported_algorithm`: a key is on secp256k1 or SM2, which Sealdrop does not use
 * @example
 *   ```js
 *   import { createPublisher } from 'sealdrop/kms'
 *   import { keySetHandler } from 'sealdrop/serve'
 *   const keys = [{ key: 'alias/claims' }, { key: 'alias/receipts' }]
 *   const handle = keySetHandler(createPublisher({ keys, root: 'alias/root' }))
 *   const url = 'https://keys.example.com/.well-known/jwks.json'
 *   const response = await handle(new Request(url))
 *   const set = await response.json()
 *   console.log(response.headers.get('cache-control'), set.keys.length) // public, max-age=300 2
 *   ```
 * @see RFC 7517 §4 and §5
 */
export function createPublisher(o: PublisherOptions): KeySetDocuments {
  return blamingNow(() => publisherOf(o))
}

function publisherOf(o: PublisherOptions): KeySetDocuments {
  ensure(o, 'invalid_argument', 'createPublisher: expected { keys }')
  checkOptions(o, 'kms keys root history name issuer lifetime now')
  const publisher = new Publisher(o)
  return { documents: () => blaming('operator', () => publisher.documents()) }
}

/** Holds the documents of one set, and makes them anew when it is time. */
class Publisher {
  readonly #source: Source
  readonly #signer: SetSigner | undefined
  readonly #isHistory: boolean
  readonly #now: () => number
  readonly #flight = new SingleFlight<Documents>()
  #held: Held | undefined
  /** Why the last load failed, where it did. */
  #failed: { readonly cause: unknown } | undefined
  #reloadAt = 0

  constructor(o: PublisherOptions) {
    const port = new KmsPort(o.kms ?? {})
    this.#source = sourceOf(port, o)
    this.#signer = signerOf(port, o)
    this.#isHistory = o.history ?? false
    this.#now = clockOf(o.now)
  }

  async documents(): Promise<Documents> {
    const known = this.#current()
    const wait = this.#reloadAt - this.#now()
    // the wait is longer than that where the clock was set back
    const isEarly = wait > 0 && wait <= reloadAfter
    if (isEarly && known) return known
    // a load that is under way may be early too, and nothing has failed
    if (isEarly && this.#failed) throw remembered(this.#failed.cause, retryAfter - wait, wait)
    // whoever comes meanwhile gets what is known, so that in workerd no request waits for another
    if (known) this.#reloadAt = this.#now() + retryAfter
    try {
      return await this.#flight.run(() => this.#load())
    } catch (error) {
      return this.#afterFailure(error)
    }
  }

  /**
   * The documents that are held, until their time is over.
   *
   * Where they were made in the future the clock was put right since. From now on they have as much
   * time as they had when they were made, and no year more.
   */
  #current(): Documents | undefined {
    if (!this.#held) return undefined
    const now = this.#now()
    const { documents, at } = this.#held
    const expires = new Date(documents.expires.getTime() - Math.max(0, at - now))
    if (now < at) this.#held = { documents: { ...documents, expires }, at: now }
    return expires.getTime() > now ? this.#held.documents : undefined
  }

  /**
   * What is served after a failure.
   *
   * Documents that are held are served on only where KMS was not reached: an answer of KMS ends
   * them.
   */
  #afterFailure(error: unknown): Documents {
    if (!isUnreachable(error)) this.#held = undefined
    const left = this.#current()
    if (left) return left
    this.#reloadAt = this.#now() + retryAfter
    this.#failed = { cause: error }
    throw error
  }

  async #load(): Promise<Documents> {
    const { keys, ver, lifetime } = await this.#source()
    ensure(keys.length > 0, 'key_unusable', 'none of the keys to publish is enabled')
    const jwks = JSON.stringify({ keys })
    const signed = await this.#signed(jwks, { now: this.#now(), lifetime, ver })
    ensureTaken(signed?.jws ?? jwks, keys.length, this.#isHistory)
    const etag = `"${await sha256Text(jwks + (signed?.jws ?? ''))}"`
    const at = this.#now()
    const expires = new Date(signed?.expires ?? at + lifetime)
    const documents = { jwks, ...(signed && { jws: signed.jws }), etag, expires }
    // both at once, since a caller between the two would find neither
    this.#reloadAt = at + (signed?.isLast ? retryAfter : reloadAfter)
    this.#held = { documents, at }
    this.#failed = undefined
    return documents
  }

  /** The signed set, or the one that was signed last while the root cannot be reached. */
  async #signed(jwks: string, times: SetTimes): Promise<Signed | undefined> {
    if (!this.#signer) return undefined
    try {
      return await this.#signer.sign(jwks, times)
    } catch (error) {
      const last = this.#current()
      if (!last?.jws || !isUnreachable(error)) throw error
      // keys that were taken back leave the plain set even so
      return { jws: last.jws, expires: last.expires.getTime(), isLast: true }
    }
  }
}

/** A signed document; `isLast` says that it is the one of the set before. */
type Signed = SignedDocument & { readonly isLast?: true }

const isUnreachable = (error: unknown): boolean =>
  isSealdropError(error) && unreachable.includes(error.code)

function signerOf(port: KmsPort, o: PublisherOptions): SetSigner | undefined {
  if (o.root === undefined) return undefined
  const { root, issuer, history = false, name = history ? 'history' : 'default' } = o
  const typ = history ? reservedTypes.history : reservedTypes.keySet
  const signer = new SetSigner(port, { root, name, issuer, typ })
  if (o.lifetime !== undefined) checkLifetime(o.lifetime)
  return signer
}

/** Answers what is to be published now. */
type Source = () => Promise<{
  readonly keys: readonly PublishedJwk[]
  readonly lifetime: number
  readonly ver?: number
}>

function sourceOf(port: KmsPort, o: PublisherOptions): Source {
  const { keys, lifetime, history = false, root } = o
  ensure(
    !history || (isStore(keys) && root !== undefined),
    'invalid_argument',
    'history: expected an inventory as keys, and a root to sign it',
  )
  if (!isStore(keys)) return configuredSource(port, keys, lifetime)
  ensure(lifetime === undefined, 'invalid_argument', 'lifetime: the inventory says it')
  return inventorySource(keys, history ? historyKeys : publishedKeys)
}

function inventorySource(
  store: InventoryStore,
  keysOf: (inventory: KeyInventory) => readonly PublishedJwk[],
): Source {
  return async () => {
    const found = await readInventory(store)
    ensure(
      found,
      'key_unusable',
      'there is no inventory yet: planRotation and applyRotation make its first keys',
    )
    const { counter, lifetime = day } = found.inventory
    return { keys: keysOf(found.inventory), ver: counter, lifetime }
  }
}

function configuredSource(
  port: KmsPort,
  keys: readonly PublishedKey[],
  lifetime: number = day,
): Source {
  ensure(
    Array.isArray(keys) && keys.length > 0 && keys.every((row) => typeof row?.key === 'string'),
    'invalid_argument',
    "keys: expected at least one { key: 'alias/...' }, or an inventory",
  )
  keys.forEach((row: PublishedKey, i) => checkOptions(row, 'key use alg withArn', `keys[${i}]`))
  milliseconds('lifetime', lifetime)
  ensure(
    lifetime >= reloadAfter && Number.isFinite(lifetime),
    'invalid_argument',
    `lifetime: expected at least ${reloadAfter} ms`,
  )
  const published = new Set<string>()
  return async () => ({ keys: await configuredJwks(port, keys, published), lifetime })
}

const isStore = (keys: PublisherOptions['keys']): keys is InventoryStore =>
  typeof (keys as Partial<InventoryStore> | undefined)?.read === 'function'
