import type { JWK } from '../formats/jwk.js'

/** What a trust believes of a key set. */
export interface Believed {
  /** In order of preference. */
  readonly keys: readonly JWK[]
  /** When it stops being believed, in milliseconds since 1970, where that is known. */
  readonly expires?: number
  /** The signed document that vouches for the keys. It need not be the one that was given. */
  readonly document?: string
}

/**
 * Why a key is believed: made by `signedBy`, `pinned`, `overHttps`, `inHand`. There is no default.
 */
export interface Trust {
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
  /** Bytes of a document, at most. Default: 65,536. */
  readonly most?: number
  /**
   * The newest document that was kept and is still good, for when its host cannot be reached;
   * undefined where there is none.
   */
  recall?(o: { readonly now: number }): Promise<string | undefined>
}
