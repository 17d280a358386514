import { type Bytes } from '../bytes/bytes.js'
import { ensure, shown } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'
import { blamingNow } from '../errors/whose.js'
import { allows, isRevoked, publicMembers, statements, type JWK } from '../formats/jwk.js'
import { fromBech32, toBech32 } from './bech32.js'
import { isP256, pointAs, pointOf } from './p256.js'

const prefix = 'age1tag'
const pointLength = 33

/**
 * Writes a public key as a recipient of age 1.3 and later: `age1tag…`.
 *
 * - Only keys on P-256 can be one. The private half is a KMS key of the usage KEY_AGREEMENT.
 * - It says nothing else of the key: no name, no dates, no account.
 * - Dates of the key are not looked at. `ageRecipients` looks at them.
 *
 * @param jwk - a public key, as `publicJwk` and key sets have it
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: it is no JWK
 *   - `keys_malformed`: a member of it is wrong, or its point is not on the curve
 *   - `unsupported_algorithm`: it is not on P-256, or signs
 *   - `no_usable_key`: it says that it was revoked
 * @example
 *   ```js
 *   import { ageRecipient } from 'sealdrop/age'
 *   import { publicJwk } from 'sealdrop/kms'
 *   const recipient = ageRecipient(await publicJwk({ key: 'alias/claims' }))
 *   console.log(recipient, recipient.length) // age1tag1q…
 *   ```
 * @see C2SP's age format, "The tagged recipient types"
 */
export function ageRecipient(jwk: JWK): string {
  return blamingNow(() => recipientOf(jwk))
}

function recipientOf(jwk: JWK): string {
  ensure(kindOf(jwk) === 'Object', 'invalid_argument', `jwk: expected a JWK, found ${kindOf(jwk)}`)
  const stated = statements(jwk)
  const members = publicMembers(jwk)
  ensure(
    isP256(members) && stated.use !== 'sig' && allows(stated, 'enc'),
    'unsupported_algorithm',
    'jwk: age seals to keys on P-256 of the usage KEY_AGREEMENT; this is none',
  )
  ensure(!isRevoked(stated), 'no_usable_key', 'jwk: it says that it was revoked')
  const compressed = pointAs('compressed', pointOf(members))
  ensure(compressed, 'keys_malformed', 'jwk: expected a point on P-256')
  return toBech32(prefix, compressed)
}

/**
 * The compressed point of a recipient.
 *
 * @throws SealdropError `invalid_argument`
 */
export function pointOfRecipient(recipient: string): Bytes {
  const read = fromBech32(recipient)
  const isTag = read?.prefix === prefix && recipient.startsWith(prefix)
  ensure(
    isTag && read.bytes.length === pointLength && pointAs('uncompressed', read.bytes),
    'invalid_argument',
    // what was given may be a secret key, by mistake
    `recipient ${shown(recipient.slice(0, 8))}…: expected age1tag1… with a point on P-256`,
  )
  return read.bytes
}

/**
 * Until when a text of recipients holds, by its line `# Good until …`; of several lines the earliest.
 *
 * Undefined where none says it as `ageRecipients` does: other comments are nobody's promise.
 */
export function goodUntil(text: string): Date | undefined {
  const ends = [...text.matchAll(/^\s*# Good until (\d{4}-[\d:T.-]+Z)\./gm)]
    .map(([, time = '']) => Date.parse(time))
    .filter((end) => !Number.isNaN(end))
  return ends.length === 0 ? undefined : new Date(Math.min(...ends))
}

/** The recipients of a text: one a line, as `age -R` takes them; lines with `#` say more. */
export const recipientLines = (text: string): readonly string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
