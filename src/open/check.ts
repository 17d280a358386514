import { keyWrapRow, type KeyWrapName } from '../algorithms/key-wraps.js'
import { limits } from '../algorithms/limits.js'
import { fromBase64url, type Base64url } from '../bytes/base64url.js'
import type { Bytes } from '../bytes/bytes.js'
import { pointToSpki } from '../crypto/public-keys.js'
import type { WrappedDataKey } from '../envelope/unwrap.js'
import { ensure, kindOf, shown } from '../errors/guard.js'
import { checkContext, isContext, sameContext, type Context } from '../formats/context.js'
import type { Jwe, JweHeader } from '../formats/jwe.js'
import { publicMembers } from '../formats/jwk.js'
import type { OpenerKey } from './opener-key.js'

/** What the opener expects of a context: exactly this one, or a decision about the one found. */
export type ExpectedContext = Context | ((found: Context) => boolean)

/**
 * Everything about a value's key that public bytes decide, before the private key is asked
 * anything: class A.
 *
 * @throws SealdropError `unsupported_algorithm`, `malformed`
 * @see RFC 7516 §5.2, RFC 7518 §4.6.1
 */
export async function checkKey(
  { header, encryptedKey, ciphertext }: Jwe,
  key: OpenerKey,
): Promise<WrappedDataKey> {
  const row = keyWrapRow(header.alg)
  ensure(
    row,
    'unsupported_algorithm',
    `alg ${shown(header.alg)}: opened here are RSA-OAEP-256, ECDH-ES+A256KW and ECDH-ES`,
  )
  ensure(
    header.enc === 'A256GCM',
    'unsupported_algorithm',
    `enc ${shown(header.enc)}: opened here is A256GCM`,
  )
  const { jwk } = key
  ensure(
    row.kty === jwk.kty,
    'unsupported_algorithm',
    `alg ${header.alg} is not for the ${jwk.kty} key that kid names`,
  )
  const length = jwk.kty === 'RSA' ? fromBase64url(jwk.n).length : row.encryptedKey
  ensure(
    encryptedKey.length === length,
    'malformed',
    `JWE encrypted key: expected ${length} bytes, found ${encryptedKey.length}`,
  )
  ensure(
    ciphertext.length <= limits.value,
    'too_large',
    `JWE ciphertext: expected at most ${limits.value} bytes, found ${ciphertext.length}`,
  )
  const info = (text: Base64url | undefined): Bytes =>
    text === undefined ? new Uint8Array() : fromBase64url(text)
  const spki = jwk.kty === 'EC' ? { spki: await ephemeralKey(header, jwk.crv) } : {}
  return {
    alg: header.alg as KeyWrapName,
    enc: header.enc,
    encryptedKey,
    apu: info(header.apu),
    apv: info(header.apv),
    ...spki,
  }
}

/**
 * The sender's ephemeral key, imported on the recipient's curve, so that a point off it never
 * reaches KMS.
 */
async function ephemeralKey({ epk }: JweHeader, crv: string): Promise<Bytes> {
  ensure(epk && !('d' in epk), 'malformed', 'JWE header: epk is missing or holds a private key')
  ensure(
    epk['kty'] === 'EC' && epk['crv'] === crv,
    'malformed',
    `JWE header: epk is not a point on ${crv}`,
  )
  const members = publicMembers(epk, 'malformed')
  ensure(members.kty === 'EC', 'malformed', 'JWE header: epk is not a point')
  return pointToSpki(members)
}

/**
 * The context as found, when it is what the opener expects; of our reserved members just those that
 * the verb expects, so that a field never opens as a whole value. @throws SealdropError
 * `context_mismatch`
 */
export function checkFoundContext(
  found: Context,
  expected: ExpectedContext,
  reserved: Context = {},
): Context {
  const members = (ofOurs: boolean): Context =>
    Object.fromEntries(
      Object.entries(found).filter(([name]) => name.startsWith('sealdrop:') === ofOurs),
    )
  const own = members(false)
  const decide = (): unknown =>
    typeof expected === 'function'
      ? expected(Object.freeze({ ...own }))
      : sameContext(own, expected)
  const fits = sameContext(members(true), reserved) && decide()
  // not a decision, and its rejection must not end the process
  if (fits instanceof Promise) fits.catch(() => {})
  ensure(
    fits === true,
    'context_mismatch',
    'the value was sealed for another context than the one expected here',
  )
  return own
}

/** @throws SealdropError `invalid_argument` */
export function checkExpected(expected: unknown): ExpectedContext {
  if (typeof expected === 'function') return expected as ExpectedContext
  ensure(
    isContext(expected),
    'invalid_argument',
    'context: expected the context that the sender bound, {} for none, ' +
      `or a function that decides; found ${kindOf(expected)}`,
  )
  return checkContext(expected)
}

/** Age by the sender's own claim. Milliseconds. @throws SealdropError `expired` */
export function checkAge(iat: number | undefined, maxAge: number | undefined, now: number): void {
  if (maxAge === undefined) return
  ensure(
    iat !== undefined,
    'expired',
    'the value does not say when it was sealed, and a maximum age is set',
  )
  ensure(
    iat * 1000 <= now + 60_000,
    'expired',
    'the value says that it was sealed in the future; is a clock wrong?',
  )
  ensure(now - iat * 1000 <= maxAge, 'expired', `the value is older than ${maxAge} ms`)
}
