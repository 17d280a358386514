import { sha256Text } from '../../crypto/digest.js'
import { ensure } from '../../errors/guard.js'
import { isSealdropError, type SealdropErrorCode } from '../../errors/sealdrop-error.js'
import { SingleFlight } from '../../io/single-flight.js'
import type { KeySetDocuments } from '../../keys/documents.js'
import type { InventoryStore, KeyInventory } from '../inventory/inventory-model.js'
import { ensureTaken, historyKeys, publishedKeys } from '../inventory/published-keys.js'
import { KmsPort, type Kms } from '../port/port.js'
import type { PublishedJwk } from '../inventory/published-jwk.js'
import { configuredJwks, type PublishedKey } from './configured-jwks.js'
import { checkLifetime, SetSigner, type SetTimes, type SignedDocument } from './sign-set.js'

export type { PublishedKey } from './configured-jwks.js'

export interface PublisherOptions {
  /** How KMS is reached. Default `{}`: the AWS default chain. */
  readonly kms?: Kms
  /**
   * In the order in which sealers prefer them; or the inventory, which says what is published when,
   * so that KMS is asked for signatures only.
   */
  readonly keys: readonly PublishedKey[] | InventoryStore
  /**
   * ARN, key id or alias of the KMS key that signs the set, and nothing else: its public half is
   * what pages give to `signedBy`. Default: none, and the set is not signed.
   */
  readonly root?: string
  /**
   * Publish the history instead of the set: every signing key that ever stood in it, also those
   * that are disabled, deleted or taken back, by which old signatures are verified (`signedBy` with
   * `history`). It needs an inventory and a root. Default: false.
   */
  readonly history?: boolean
  /**
   * The set's name, `sub` of the signed one: one root may sign several. Default: `default`, of a
   * history `history`.
   */
  readonly name?: string
  /** `iss` of the signed set. Default: the root's thumbprint as a URN (RFC 9278). */
  readonly issuer?: string
  /**
   * For how long a document stays good, in milliseconds: how long it is served while KMS cannot be
   * reached (a signed one for what is left since it was signed, three quarters at least), and what
   * `exp` of a signed set says, at which keys that were taken back stop being believed. Default: 24
   * hours, or what the inventory says; of a signed set 15 minutes to 7 days.
   */
  readonly lifetime?: number
  /** Milliseconds since 1970. Default: Date.now. */
  readonly now?: () => number
}

type Documents = Awaited<ReturnType<KeySetDocuments['documents']>>

const reloadAfter = 5 * 60_000
const retryAfter = 30_000
/** Only these leave open what state the keys are in; anything else is an answer. */
const unreachable: readonly SealdropErrorCode[] = [
  'kms_unavailable',
  'kms_throttled',
  'kms_denied',
  'kms_unexpected',
  'source_failed',
]
const day = 24 * 3_600_000

/**
 * Publishes KMS public keys as a JWK Set, in the order given. KMS is asked at most once in five
 * minutes (once in 30 s while that fails), however many requests come; a key that is not enabled is
 * left out, one that is named twice (an alias and its ARN) stands once. With a root the same set is
 * signed too, when it changed, or when a quarter of its lifetime is over.
 *
 * @returns documents for `keySetHandler`, or for a file or KV store that you write
 * @throws SealdropError `invalid_argument`; documents() throws `key_unusable` when no key is
 *   enabled, there is no inventory, or the root does not sign, `too_large` for what no client
 *   takes, `kms_*`, `source_failed`, `malformed`, `unsupported_algorithm` for a key on secp256k1 or
 *   SM2
 * @see RFC 7517 §4 and §5
 */
export function createPublisher(o: PublisherOptions): KeySetDocuments {
  ensure(o, 'invalid_argument', 'createPublisher: expected { keys }')
  const publisher = new Publisher(o)
  return { documents: () => publisher.documents() }
}

/** Holds the documents of one set, and makes them anew when it is time. */
class Publisher {
  readonly #source: Source
  readonly #signer: SetSigner | undefined
  readonly #isHistory: boolean
  readonly #now: () => number
  readonly #flight = new SingleFlight<Documents>()
  #held: Documents | undefined
  #failure: unknown
  #reloadAt = 0

  constructor(o: PublisherOptions) {
    const port = new KmsPort(o.kms ?? {})
    this.#source = sourceOf(port, o)
    this.#signer = signerOf(port, o)
    this.#isHistory = o.history ?? false
    this.#now = o.now ?? ((): number => Date.now())
  }

  async documents(): Promise<Documents> {
    const known = this.#current()
    const wait = this.#reloadAt - this.#now()
    const isEarly = wait > 0 && wait <= reloadAfter // longer where the clock was set back
    if (isEarly && known) return known
    if (isEarly) throw this.#failure
    // whoever comes meanwhile has what is known, also in workerd
    if (known) this.#reloadAt = this.#now() + retryAfter
    try {
      return await this.#flight.run(() => this.#load())
    } catch (error) {
      return this.#afterFailure(error)
    }
  }

  /** What is held, until its time is over. */
  #current(): Documents | undefined {
    if (!this.#held || this.#held.expires.getTime() <= this.#now()) return undefined
    return this.#held
  }

  /** What is held may be served on where KMS was not reached, and by no other answer. */
  #afterFailure(error: unknown): Documents {
    if (!isUnreachable(error)) this.#held = undefined
    const left = this.#current()
    if (left) return left
    this.#reloadAt = this.#now() + retryAfter
    this.#failure = error
    throw error
  }

  async #load(): Promise<Documents> {
    const { keys, ver, lifetime } = await this.#source()
    ensure(keys.length > 0, 'key_unusable', 'none of the keys to publish is enabled')
    const jwks = JSON.stringify({ keys })
    const signed = await this.#signed(jwks, { now: this.#now(), lifetime, ver })
    ensureTaken(signed?.jws ?? jwks, keys.length, this.#isHistory)
    const etag = `"${await sha256Text(jwks + (signed?.jws ?? ''))}"`
    const expires = new Date(signed?.expires ?? this.#now() + lifetime)
    const documents = { jwks, ...(signed && { jws: signed.jws }), etag, expires }
    // together: between the two a caller would find neither
    this.#reloadAt = this.#now() + (signed?.isLast ? retryAfter : reloadAfter)
    this.#held = documents
    return documents
  }

  /** The set signed, or what was signed last while the root cannot be reached. */
  async #signed(jwks: string, times: SetTimes): Promise<Signed | undefined> {
    if (!this.#signer) return undefined
    try {
      return await this.#signer.sign(jwks, times)
    } catch (error) {
      const last = this.#current()
      if (!last?.jws || !isUnreachable(error)) throw error
      // keys that were taken back leave the plain set all the same
      return { jws: last.jws, expires: last.expires.getTime(), isLast: true }
    }
  }
}

/** `isLast`: it is of the set before. */
type Signed = SignedDocument & { readonly isLast?: true }

const isUnreachable = (error: unknown): boolean =>
  isSealdropError(error) && unreachable.includes(error.code)

function signerOf(port: KmsPort, o: PublisherOptions): SetSigner | undefined {
  if (o.root === undefined) return undefined
  const { root, issuer, name = o.history ? 'history' : 'default' } = o
  const signer = new SetSigner(port, { root, name, issuer })
  if (o.lifetime !== undefined) checkLifetime(o.lifetime)
  return signer
}

/** What is to be published now. */
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
    const found = await store.read()
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
