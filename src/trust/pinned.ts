import { fromBase64url } from '../bytes/base64url.js'
import { ensure } from '../errors/guard.js'
import { parseKeySet, type JWK } from '../formats/jwk.js'
import { thumbprintOf } from '../keys/key.js'
import type { Trust } from '../keys/trust.js'

/** A key known beforehand by its RFC 7638 SHA-256 thumbprint, base64url. */
export type Pin = string | { readonly thumbprint: string; readonly use?: 'enc' | 'sig'; readonly arn?: string }

/**
 * Believes only the keys whose thumbprints were handed over by another way. Pin the current and the next key, so that a
 * rotation finds its pin in place. Everything else in a JWK stays unauthenticated: the pins' order decides which key is
 * used, `use` and ARN come from the pin where it gives them.
 *
 * @throws SealdropError `invalid_argument`; loading a set throws `keys_untrusted` when it holds none of the pinned keys
 * @see RFC 7638
 */
export function pinned(pins: readonly Pin[]): Trust {
  ensure(Array.isArray(pins) && pins.length > 0, 'invalid_argument', 'pinned: expected thumbprints, of the current and the next key')
  const wanted = pins.map((pin) => (typeof pin === 'string' ? { thumbprint: pin } : pin))
  for (const { thumbprint } of wanted) {
    ensure(typeof thumbprint === 'string' && fromBase64url(thumbprint)?.length === 32, 'invalid_argument', 'pinned: expected thumbprints of 43 characters (RFC 7638, SHA-256, base64url)')
  }
  return {
    kind: 'pinned',
    async accept(document): Promise<readonly JWK[]> {
      const found = await Promise.all(parseKeySet(document).map(async (jwk) => ({ jwk, thumbprint: await thumbprintOf(jwk).catch(() => undefined) })))
      const believed = wanted.flatMap((pin) => found.filter(({ thumbprint }) => thumbprint === pin.thumbprint).map(({ jwk }) => underPin(jwk, pin)))
      ensure(believed.length > 0, 'keys_untrusted', `none of the ${found.length} keys of the set is pinned: the pins are out of date, or somebody swapped the keys; ask the publisher for its thumbprints`)
      return believed
    },
  }
}

function underPin(jwk: object, { use, arn }: Exclude<Pin, string>): JWK {
  const { alg, ...rest } = jwk as JWK
  return { ...rest, ...(use === 'enc' || alg === undefined ? {} : { alg }), ...(use && { use }), ...(arn !== undefined && { kms_arn: arn }) }
}
