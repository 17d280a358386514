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
   * Throws `key_not_found`, naming what was looked for.
   */
  find(
    fits: (key: OpenerKey) => boolean,
    what: string,
    signal?: AbortSignal,
  ): Promise<readonly OpenerKey[]>
}
