import type { InventoryStore } from '../inventory/inventory-model.js'
import type { Kms } from '../port/port.js'
import type { PublishedKey } from './configured-jwks.js'

/** Which keys a publisher publishes, who signs the set, and for how long it is good. */
export interface PublisherOptions {
  /** How KMS is reached. Default `{}`: the AWS default chain. */
  readonly kms?: Kms
  /**
   * The keys to publish, or the inventory, which says what is published when.
   *
   * - Keys stand in the order in which sealers prefer them.
   * - With an inventory KMS is asked for signatures only.
   */
  readonly keys: readonly PublishedKey[] | InventoryStore
  /**
   * ARN, key id or alias of the KMS key that signs the set. Default: none, and it is not signed.
   *
   * - A root signs key sets and nothing else.
   * - Its public half is what pages give to `signedBy`: see `publicJwk`.
   */
  readonly root?: string
  /**
   * Publishes the history instead of the set. Default: false.
   *
   * - It has every signing key that ever stood in the set, also one that was deleted or taken back.
   * - Old signatures are verified with it: see `signedBy` with `history`.
   * - It needs an inventory and a root.
   */
  readonly history?: boolean
  /**
   * The name of the set, `sub` of the signed one. Default: `default`, and `history` of a history.
   *
   * - One root may sign several sets.
   */
  readonly name?: string
  /** `iss` of the signed set. Default: the thumbprint of the root as a URN (RFC 9278). */
  readonly issuer?: string
  /**
   * For how long a document is good, in milliseconds. Default: 24 hours.
   *
   * - An inventory says it itself.
   * - Of a signed set it is 15 minutes to 7 days, otherwise 5 minutes at least.
   * - A document is served for so long while KMS cannot be reached. A signed one is signed again
   *   after a quarter of that time, so that three quarters are left then.
   * - It is `exp` of a signed set: a key that was taken back is believed until then at most.
   */
  readonly lifetime?: number
  /** The time in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number
}
