import { sha256Text } from '../crypto/digest.js'
import { ensure } from '../errors/guard.js'
import { isSealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'
import { SingleFlight } from '../io/single-flight.js'
import type { KeySetDocuments } from '../keys/documents.js'
import type { InventoryStore } from './inventory/model.js'
import { ensureTaken, historyKeys, publishedKeys } from './inventory/published-keys.js'
import { KmsPort, type Kms } from './port.js'
import { configuredJwks, type PublishedJwk, type PublishedKey } from './published-jwk.js'
import { checkLifetime, SetSigner } from './sign-set.js'

export type { PublishedKey } from './published-jwk.js'

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
  const {
    root,
    history = false,
    name = history ? 'history' : 'default',
    issuer,
    now = () => Date.now(),
  } = o
  const port = new KmsPort(o.kms ?? {})
  const source = sourceOf(port, o)
  const signer = root === undefined ? undefined : new SetSigner(port, { root, name, issuer })
  if (signer && o.lifetime !== undefined) checkLifetime(o.lifetime)
  const flight = new SingleFlight<Documents>()
  let held: Documents | undefined
  const current = (): Documents | undefined =>
    held && held.expires.getTime() > now() ? held : undefined
  let failure: unknown
  let reloadAt = 0
  const load = async (): Promise<Documents> => {
    const { keys, ver, lifetime } = await source()
    ensure(keys.length > 0, 'key_unusable', 'none of the keys to publish is enabled')
    const jwks = JSON.stringify({ keys })
    let failed = false
    const signed = await signer
      ?.sign(jwks, { now: now(), lifetime, ver })
      .catch((error: unknown) => {
        const last = current()
        if (!last?.jws || !isUnreachable(error)) throw error
        failed = true // keys that were taken back leave the plain set all the same
        return { jws: last.jws, expires: last.expires.getTime() }
      })
    ensureTaken(signed?.jws ?? jwks, keys.length, history)
    const etag = `"${await sha256Text(jwks + (signed?.jws ?? ''))}"`
    reloadAt = now() + (failed ? retryAfter : reloadAfter)
    return (held = {
      jwks,
      ...(signed && { jws: signed.jws }),
      etag,
      expires: new Date(signed?.expires ?? now() + lifetime),
    }) // together: between the two a caller would find neither
  }
  return {
    async documents(): Promise<Documents> {
      const known = current()
      const wait = reloadAt - now()
      if (wait > 0 && wait <= reloadAfter) {
        // longer where the clock was set back
        if (known) return known
        throw failure
      }
      // whoever comes meanwhile has what is known, also in workerd
      if (known) reloadAt = now() + retryAfter
      try {
        return await flight.run(load)
      } catch (error) {
        if (!isUnreachable(error)) held = undefined
        const left = current()
        if (left) return left
        reloadAt = now() + retryAfter
        failure = error
        throw error
      }
    },
  }
}

const isUnreachable = (error: unknown): boolean =>
  isSealdropError(error) && unreachable.includes(error.code)

/** What is to be published now. */
type Source = () => Promise<{
  readonly keys: readonly PublishedJwk[]
  readonly lifetime: number
  readonly ver?: number
}>

function sourceOf(port: KmsPort, { keys, lifetime, history, root }: PublisherOptions): Source {
  ensure(
    !history || (isStore(keys) && root !== undefined),
    'invalid_argument',
    'history: expected an inventory as keys, and a root to sign it',
  )
  if (isStore(keys)) {
    ensure(lifetime === undefined, 'invalid_argument', 'lifetime: the inventory says it')
    return async () => {
      const found = await keys.read()
      ensure(
        found,
        'key_unusable',
        'there is no inventory yet: planRotation and applyRotation make its first keys',
      )
      const { counter, lifetime: stated = day } = found.inventory
      return {
        keys: history ? historyKeys(found.inventory) : publishedKeys(found.inventory),
        ver: counter,
        lifetime: stated,
      }
    }
  }
  ensure(
    Array.isArray(keys) && keys.length > 0 && keys.every((row) => typeof row?.key === 'string'),
    'invalid_argument',
    "keys: expected at least one { key: 'alias/...' }, or an inventory",
  )
  const stated = lifetime ?? day
  ensure(
    stated >= reloadAfter && Number.isFinite(stated),
    'invalid_argument',
    `lifetime: expected at least ${reloadAfter} ms`,
  )
  const published = new Set<string>()
  return async () => ({ keys: await configuredJwks(port, keys, published), lifetime: stated })
}

const isStore = (keys: PublisherOptions['keys']): keys is InventoryStore =>
  typeof (keys as Partial<InventoryStore> | undefined)?.read === 'function'
