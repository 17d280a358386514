import {
  isJoseNameOf,
  isSignatureName,
  whyRefused,
  type SignatureName,
} from '../algorithms/signatures.js'
import { utf8 } from '../bytes/text.js'
import { signatureRejected, verifierOf, type Verifies } from '../crypto/verifier.js'
import { ensure, isDate, shown } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { isTime } from '../formats/compact.js'
import { contentOf, type Content } from '../formats/content.js'
import { isRevoked, type JwkStatements } from '../formats/jwk.js'
import { parseJws, sameType, type Jws } from '../formats/jws.js'
import type { CallOptions } from '../io/abort.js'
import { ringOf, type KeySet } from '../keys/key-set.js'
import { selectSigner } from '../keys/select-signer.js'
import type { Key, KeyInfo, KeyRow } from '../keys/key.js'
import type { Trust } from '../keys/trust.js'

/** Which key verified, and why it is believed. */
export interface Proof {
  /** The key that verified. */
  readonly key: KeyInfo
  /** Why that key is believed: `signed`, `pinned`, `https`, `in-hand`. */
  readonly trust: Trust['kind']
}

/**
 * Verifies a compact JWS that a key of the set signed.
 *
 * - its `kid` names the key in the set, and the key says which algorithm it must be
 * - a JWS without `kid` verifies where the set has one key for its algorithm
 * - `.json()` and `.text()` of the answer follow `cty`; where there is none, both work
 *
 * @param o.typ - what its `typ` must be. Default: any
 * @returns the payload, its header, and the key that verified
 * @throws SealdropError while fetching keys:
 *   - what `keys.ready()` throws, see `fetchKeySet`
 *   - `key_not_found`: the set has no such signing key
 * @throws SealdropError while reading:
 *   - `invalid_argument`: this is no text, `keys` is no key set, or `heldSince` is no Date
 *   - `malformed`: this is no compact JWS
 *   - `too_large`: it, or its header, is too long
 *   - `unsupported_algorithm`: its `alg` is none that KMS signs with
 *   - `unsupported_runtime`: WebCrypto lacks the algorithm; pass `providers` to the key set
 *   - `rejected`: the signature does not verify, or `alg` or `typ` is another than expected
 *   - `expired`: the key was not valid when it signed, or was taken back before
 *   - `key_unusable`: the key was compromised, see `heldSince`
 * @example
 *   ```js
 *   import { fetchKeySet, overHttps, verify } from 'sealdrop'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const response = await fetch('https://files.example.com/order-7.jws')
 *   const order = await verify(keys, await response.text(), { typ: 'order+jws' })
 *   console.log(order.json(), order.key.alg) // { order: 7 } ES256
 *   ```
 * @see RFC 7515 §5.2
 */
export async function verify(
  keys: KeySet,
  jws: string,
  o: CallOptions & SinceWhen & { readonly typ?: string } = {},
): Promise<Content & Proof & { readonly header: Record<string, unknown> }> {
  const options = checkOptions(o, 'signal heldSince typ')
  const { parsed, key } = await verified(keys, jws, options)
  checkSigningTime(key, parsed.header.iat, options)
  return {
    ...contentOf(parsed.payload, parsed.header.cty, true),
    header: { ...parsed.header },
    ...proof(keys, key),
  }
}

/** What every answer says of the key that verified. */
export const proof = (keys: KeySet, key: Key): Proof => ({ key: key.info, trust: keys.trust })

/**
 * Finds the key that the header of a JWS names, for the algorithm that it names.
 *
 * Nothing in the message can bring another (RFC 8725 §3.10).
 */
export async function keyFor(
  keys: KeySet,
  { alg, kid }: Pick<Jws['header'], 'alg' | 'kid'>,
  signal?: AbortSignal,
): Promise<Key> {
  const ring = ringOf(keys)
  const isFor = ({ info }: Key): boolean => isSignatureName(info.alg) && isJoseNameOf(info.alg, alg)
  ensure(
    isSignatureName(alg) || alg === 'EdDSA',
    'unsupported_algorithm',
    `alg ${shown(alg)}: ${whyRefused(alg)}`,
  )
  const isNamed = (found: Key): boolean => found.kid === kid || found.info.thumbprint === kid
  const wanted =
    kid === undefined
      ? { fits: isFor, named: `for ${alg} that is the only one (the token names no kid)` }
      : { fits: isNamed, named: `with kid ${shown(kid)}` }
  const key = await selectSigner(ring, { ...wanted, isFor }, signal)
  ensure(
    isFor(key),
    'rejected',
    `alg: the token says ${alg}, its key is for ${shown(key.info.alg)}`,
  )
  return key
}

/** How a key verifies, for the one algorithm that it was published with. */
export async function verifier(keys: KeySet, key: Key): Promise<Verifies> {
  // no promise is kept: in workerd another request could not await it
  key.verifies ??= await verifierOf(
    key.jwk,
    key.info.alg as SignatureName,
    ringOf(keys).options.providers,
  )
  return key.verifies
}

/**
 * Reads a JWS of the expected type whose signature verifies.
 *
 * Its times and claims are still to be looked at.
 */
export async function verified(
  keys: KeySet,
  jws: string,
  o: CallOptions & { readonly typ?: string },
): Promise<{ readonly parsed: Jws; readonly key: Key }> {
  const { typ } = o
  ensure(typ === undefined || typeof typ === 'string', 'invalid_argument', 'typ: expected text')
  ringOf(keys)
  const parsed = parseJws(jws)
  const key = await keyFor(keys, parsed.header, o.signal)
  ensure(
    typ === undefined || sameType(parsed.header.typ, typ),
    'rejected',
    `typ: expected ${shown(typ)}, found ${shown(parsed.header.typ ?? 'none')}`,
  )
  const verifies = await verifier(keys, key)
  if (!(await verifies(parsed.signature, utf8(parsed.signingInput)))) throw signatureRejected()
  return { parsed, key }
}

/** Since when something is in your hands, which may be years old. */
export interface SinceWhen {
  /**
   * Since when you hold what is verified, by your own records. Default: not known.
   *
   * - what a compromised key signed is believed only if you held it before that
   * - the date in it says nothing: whoever has the key can write any date
   */
  readonly heldSince?: Date
}

/**
 * Checks that a key was good when it signed, which need not be now: an old signature stays good.
 *
 * - times are seconds, with a minute of tolerance for clocks
 * - of a key that was taken back, nothing counts that it signed from then on
 * - of a compromised key nothing counts at all, unless whoever verifies held it before
 *
 * @throws SealdropError:
 *   - `invalid_argument`: `heldSince` is no Date
 *   - `expired`: the key was not valid when it signed, or was taken back before
 *   - `key_unusable`: it was compromised
 */
export function checkSigningTime(
  { info, rows }: Key,
  iat: number | undefined,
  { heldSince }: SinceWhen = {},
): void {
  ensure(
    heldSince === undefined || isDate(heldSince),
    'invalid_argument',
    'heldSince: expected a Date',
  )
  const known = { at: iat && iat * 1000, heldFrom: heldSince?.getTime() ?? Infinity }
  for (const row of rows) {
    // another algorithm may have had other dates
    if (row.info.alg === info.alg) checkDates(row, known)
    if (isRevoked(row.stated)) checkRevocation(row.stated, known)
  }
}

/** Milliseconds since 1970. */
interface Known {
  /** When something was signed, by its own word; undefined where it does not say. */
  readonly at: number | undefined
  /** Since when it is held; Infinity where nobody knows. */
  readonly heldFrom: number
}

function checkDates({ notBefore, expires }: KeyRow, { at }: Known): void {
  ensure(
    at === undefined || (at + 60_000 >= notBefore && at - 60_000 < expires),
    'expired',
    'the key was not valid when it signed',
  )
}

/** Checks that something stands although its key was taken back. */
function checkRevocation({ revoked }: JwkStatements, { at, heldFrom }: Known): void {
  const { revoked_at: seconds, reason } = Object(revoked) as {
    readonly revoked_at?: unknown
    readonly reason?: unknown
  }
  const since = isTime(seconds) ? seconds * 1000 : -Infinity
  const when = isTime(seconds) ? ` at ${new Date(since).toISOString()}` : ''
  ensure(
    (at ?? heldFrom) < since,
    'expired',
    `the key was taken back${when}, and this says that it was signed later, or not when`,
  )
  ensure(
    reason === 'superseded' || heldFrom < since,
    'key_unusable',
    `the key was taken back${when}, and whoever has it chooses the date: ` +
      'pass heldSince if you held this before',
  )
}
