import type { JWK } from '../formats/jwk.js'

/** Says what a trust believes of a key set. */
export interface Believed {
  /** The keys that are believed, the preferred one first. */
  readonly keys: readonly JWK[]
  /** When it stops being believed, in milliseconds since 1970, where that is known. */
  readonly expires?: number
  /** The signed document that vouches for the keys. It need not be the one that was given. */
  readonly document?: string
}

/**
 * Decides why a key is believed.
 *
 * `signedBy`, `pinned`, `overHttps` and `inHand` make one. There is no default.
 */
export interface Trust {
  /** Which of the four it is. Every result repeats it. */
  readonly kind: 'signed' | 'pinned' | 'https' | 'in-hand'
  /**
   * Decides which keys of a document are believed.
   *
   * - `now` is in milliseconds since 1970.
   * - `past` asks whether it was believed once: its signature and its name count, its times and
   *   what was seen since do not.
   *
   * @throws SealdropError while reading:
   *   - `keys_malformed`: the document is no key set
   *   - `keys_untrusted`: nothing vouches for its keys
   *   - `keys_expired`: it is too old
   *   - `keys_rolled_back`: a newer one was seen, and has expired
   */
  accept(document: string, o: { readonly now: number; readonly past?: boolean }): Promise<Believed>
  /** Whether what it believes is a signed history, which `verifyReceiptFile` asks. Default: no. */
  readonly history?: boolean
  /** How many bytes a document may have. Default: 65,536. */
  readonly most?: number
  /**
   * Answers the newest document that was kept and is still good; undefined where there is none.
   *
   * It is asked for when the host of the set cannot be reached.
   */
  recall?(o: { readonly now: number }): Promise<string | undefined>
}
