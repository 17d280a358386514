import type { PublicMembers } from '../algorithms/public-key.js'
import type { KeyInfo } from '../keys/key.js'

/** A key that the opener may call, with everything that is public about it. */
export interface OpenerKey {
  /** The key ARN: what is called, and what the answer must name. */
  readonly arn: string
  readonly info: KeyInfo
  readonly jwk: PublicMembers
}

/** The opener's own list; nothing in a message can add to it. */
export interface OpenerKeys {
  /**
   * The keys that fit a message, in the opener's order: a multi-Region key has several ARNs.
   *
   * A key that was deleted is not among them while there is another one.
   *
   * Throws `key_not_found`, naming what was looked for, or `key_unusable` where all were deleted.
   *
   * @param recipients - how many keys the message is for. Default: 1
   */
  find(
    fits: (key: OpenerKey) => boolean,
    what: string,
    signal?: AbortSignal,
    recipients?: number,
  ): Promise<readonly OpenerKey[]>
}
