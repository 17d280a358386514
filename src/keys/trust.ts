import type { JWK } from '../formats/jwk.js'

/**
 * The keys that are believed, in order of preference; with an end, in milliseconds, where what
 * makes them believed has one, and with the signed document that vouches for them, which need not
 * be the one that was given.
 */
export type Believed = readonly JWK[] & { readonly expires?: number; readonly document?: string }

/**
 * Why a key is believed: made by `signedBy`, `pinned`, `overHttps`, `inHand`. There is no default.
 */
export interface Trust {
  readonly kind: 'signed' | 'pinned' | 'https' | 'in-hand'
  /**
   * The keys of a document that are believed; throws `keys_untrusted`, `keys_malformed`,
   * `keys_expired`, `keys_rolled_back`. `now` is in milliseconds.
   */
  /**
   * `past`: as it was believed once; signature and name count, its times and what was seen since do
   * not.
   */
  accept(document: string, o: { readonly now: number; readonly past?: boolean }): Promise<Believed>
  /** Bytes of a document, at most. Default: 65,536. */
  readonly most?: number
  /**
   * The newest document that was kept and is still good, for when its host cannot be reached;
   * undefined where there is none.
   */
  recall?(o: { readonly now: number }): Promise<string | undefined>
}
