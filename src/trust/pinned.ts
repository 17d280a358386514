import { fromBase64url } from '../bytes/base64url.js'
import { ensure, shown } from '../errors/guard.js'
import { parseKeySet, type JWK, type JwkStatements } from '../formats/jwk.js'
import { reasonOf, thumbprintOf } from '../keys/key.js'
import type { Believed, Trust } from '../keys/trust.js'

/**
 * A key that is known beforehand by its thumbprint: RFC 7638 with SHA-256, in base64url.
 *
 * - `use` and `arn` say what the key is for and which it is, so that the set cannot say otherwise
 * - what `publicJwk` answers is a pin with its `use`, and so is each row of `keys.list()`
 * - a bare thumbprint leaves it to the host what the key is for
 */
export type Pin =
  | string
  | {
      readonly thumbprint: string
      readonly use?: 'enc' | 'sig'
      readonly arn?: string | undefined
    }
  | JWK

interface PinnedKey {
  readonly thumbprint?: string | undefined
  readonly use?: string | undefined
  readonly arn?: string | undefined
}

/**
 * Believes only the keys whose thumbprints you got by another way.
 *
 * - pin the current key and the next one, so that a rotation finds its pin in place
 * - the order of the pins decides which key is used
 * - `use` and the ARN come from the pin where it gives them: a bare thumbprint lets the host say
 *   that a signing key is sealed to
 * - everything else in a JWK, such as its dates, is believed as the host serves it
 *
 * @returns a trust for `fetchKeySet`, `importKeySet` or `verifyReceiptFile`
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: there is no pin, or one has no thumbprint; the message says which, and a
 *     character that may not be there, or its length
 * @throws SealdropError while fetching keys, from each verb that uses the set:
 *   - `keys_untrusted`: the set holds none of the pinned keys
 *   - `keys_malformed`: this is no JWK Set
 * @example
 *   ```js
 *   import { fetchKeySet, pinned, seal } from 'sealdrop'
 *   import { publicJwk } from 'sealdrop/kms'
 *   const pin = await publicJwk({ key: 'alias/claims' }) // handed over by another way
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', {
 *     trust: pinned([pin]),
 *   })
 *   const sealed = await seal(keys, { iban: 'DE02' }, { context: { order: '7' } })
 *   console.log(keys.trust, sealed.split('.').length) // pinned 5
 *   ```
 * @see RFC 7638
 */
export function pinned(pins: readonly Pin[]): Trust {
  const given: readonly Pin[] = Array.isArray(pins) && pins[0] ? pins : ['']
  const wanted: readonly PinnedKey[] = given.map((pin) =>
    // the kid of a JWK that we print is its thumbprint
    typeof pin === 'string' ? { thumbprint: pin } : { thumbprint: (pin as JWK)?.kid, ...pin },
  )
  // what is no thumbprint may be a private key: of it, only one character is shown
  for (const [i, { thumbprint = '' }] of wanted.entries())
    ensure(
      fromBase64url(`${thumbprint}`)?.length === 32,
      'invalid_argument',
      `pinned: expected an array of thumbprints of 43 characters, pins[${i}] has ${shown(/[^\w-]/.exec(thumbprint) ?? thumbprint?.length)}`,
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
        `none is pinned of ${String(found.map(({ thumbprint }) => thumbprint))}: old pins, or swapped keys?`,
      )
      return { keys }
    },
  }
}

/** What a pin gives goes before what the JWK says, and no JWK borrows the ARN of another pin. */
function underPin(jwk: JwkStatements, { use, arn }: PinnedKey, all: readonly PinnedKey[]): JWK {
  const { alg, kms_arn: stated } = jwk
  const kms_arn = arn ?? (all.some((pin) => pin.arn === stated) ? undefined : stated)
  return { ...jwk, alg: use === 'enc' ? undefined : alg, use: use ?? jwk.use, kms_arn } as JWK
}
