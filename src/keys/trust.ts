import type { JWK } from '../formats/jwk.js'

/** Why a key is believed: made by `pinned`, `overHttps`, `inHand`, later `signedBy`. There is no default. */
export interface Trust {
  readonly kind: 'signed' | 'pinned' | 'https' | 'in-hand'
  /** The keys of a document that are believed, in order of preference; throws `keys_untrusted`, `keys_malformed`. `now` is in milliseconds. */
  accept(document: string, o: { readonly now: number }): Promise<readonly JWK[]>
}
