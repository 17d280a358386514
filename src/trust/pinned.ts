import { fromBase64url } from '../bytes/base64url.js'
import { ensure } from '../errors/guard.js'
import { parseKeySet, type JWK, type JwkStatements } from '../formats/jwk.js'
import { reasonOf, thumbprintOf } from '../keys/key.js'
import type { Believed, Trust } from '../keys/trust.js'

/** A key known beforehand by its RFC 7638 SHA-256 thumbprint, base64url. */
export type Pin =
  string | { readonly thumbprint: string; readonly use?: 'enc' | 'sig'; readonly arn?: string }

type PinnedKey = Exclude<Pin, string>

/**
 * Believes only the keys whose thumbprints were handed over by another way. Pin the current and the
 * next key, so that a rotation finds its pin in place. Everything else in a JWK stays
 * unauthenticated: the pins' order decides which key is used, `use` and ARN come from the pin where
 * it gives them.
 *
 * @throws SealdropError `invalid_argument`; loading a set throws `keys_untrusted` when it holds
 *   none of the pinned keys
 * @see RFC 7638
 */
export function pinned(pins: readonly Pin[]): Trust {
  const given: readonly Pin[] = Array.isArray(pins) ? pins : []
  const wanted: readonly PinnedKey[] = given.map((pin) =>
    typeof pin === 'string' ? { thumbprint: pin } : (pin ?? {}),
  )
  ensure(
    wanted.length > 0 &&
      wanted.every(
        ({ thumbprint }) =>
          typeof thumbprint === 'string' && fromBase64url(thumbprint)?.length === 32,
      ),
    'invalid_argument',
    'pinned: expected thumbprints (RFC 7638)',
  )
  return {
    kind: 'pinned',
    async accept(document): Promise<Believed> {
      const found = await Promise.all(
        parseKeySet(document).map(async (jwk) => ({
          jwk,
          thumbprint: await thumbprintOf(jwk).catch(reasonOf),
        })),
      )
      const keys = wanted.flatMap((pin) =>
        found
          .filter(({ thumbprint }) => thumbprint === pin.thumbprint)
          .map(({ jwk }) => underPin(jwk, pin, wanted)),
      )
      ensure(
        keys.length > 0,
        'keys_untrusted',
        `none of its ${found.length} keys is pinned: old pins, or swapped keys?`,
      )
      return { keys }
    },
  }
}

/** What a pin gives stands over the JWK, and no JWK borrows the ARN of another pin. */
function underPin(jwk: JwkStatements, { use, arn }: PinnedKey, all: readonly PinnedKey[]): JWK {
  const { alg, kms_arn: stated } = jwk
  const kms_arn = arn ?? (all.some((pin) => pin.arn === stated) ? undefined : stated)
  return { ...jwk, alg: use === 'enc' ? undefined : alg, use: use ?? jwk.use, kms_arn } as JWK
}
