import { keyWrapRow } from '../algorithms/key-wraps.js'
import { limits } from '../algorithms/limits.js'
import { kindOfKey, type SealingMembers } from '../algorithms/public-key.js'
import { fromBase64url, type Base64url } from '../bytes/base64url.js'
import type { Bytes } from '../bytes/bytes.js'
import { openingOf } from '../envelope/open-recipient.js'
import type { ValueKey } from '../envelope/recipients/recipient.js'
import { ensure, shown } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { checkContext, differing, type Context } from '../formats/context.js'
import type { Jwe } from '../formats/jwe.js'
import type { OpenerKey } from './opener-key.js'

/** What the opener expects of a context: exactly this one, or a decision about the one found. */
export type ExpectedContext = Context | ((found: Context) => boolean)

/**
 * Checks all that public bytes decide of a value's key, before the private key is asked: class A.
 *
 * @throws SealdropError `unsupported_algorithm`, `malformed`, `too_large`
 * @see RFC 7516 §5.2, RFC 7518 §4.6.1
 */
export async function checkValueKey(jwe: Jwe, { jwk }: OpenerKey): Promise<ValueKey> {
  const { header, encryptedKey, iv, ciphertext, tag } = jwe
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
  const { kind } = row
  ensure(
    kind === kindOfKey(jwk),
    'unsupported_algorithm',
    `alg ${header.alg} is not for the ${jwk.kty} key that kid names`,
  )
  ensure(
    iv.length === 12 && tag.length === 16,
    'malformed',
    `JWE: expected an initialization vector of 12 bytes and a tag of 16, found ${iv.length} and ${tag.length}`,
  )
  ensure(
    ciphertext.length <= limits.value,
    'too_large',
    `JWE ciphertext: expected at most ${limits.value} bytes, found ${ciphertext.length}`,
  )
  return {
    kind,
    alg: header.alg,
    enc: header.enc,
    encryptedKey,
    sent: await openingOf(kind).checkValueKey(jwe, jwk as SealingMembers),
    apu: infoOf(header.apu),
    apv: infoOf(header.apv),
  }
}

/** What one party says of itself; nothing where it says nothing (RFC 7518 §4.6.1.2). */
const infoOf = (text: Base64url | undefined): Bytes =>
  text === undefined ? new Uint8Array() : fromBase64url(text)

/**
 * Answers the context that was found, when it is what the opener expects.
 *
 * Of our reserved members it has just those that the verb expects, so that a field never opens as a
 * whole value.
 *
 * @throws SealdropError `context_mismatch`
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
  const misplaced = differing(members(true), reserved)
  ensure(
    !misplaced,
    'context_mismatch',
    `this was sealed as a field of another place, or as no field: it differs in ${misplaced}`,
  )
  if (typeof expected === 'function') {
    checkDecided(expected, own)
    return own
  }
  const difference = differing(own, expected)
  ensure(
    !difference,
    'context_mismatch',
    `the value was sealed for another context than the one expected here: it differs in ${difference}`,
  )
  return own
}

function checkDecided(decide: (found: Context) => boolean, own: Context): void {
  const fits: unknown = decided(decide, own)
  // not a decision, and its rejection must not end the process
  Promise.resolve(fits).catch(() => {})
  ensure(
    fits === true,
    'context_mismatch',
    'the value was sealed for a context of which the function that decides did not say true',
  )
}

/** What a caller's function decides. One that throws has not said that it fits. */
function decided(decide: (found: Context) => boolean, own: Context): unknown {
  try {
    return decide(Object.freeze({ ...own }))
  } catch (cause) {
    throw new SealdropError('context_mismatch', 'the function that decides of the context threw', {
      cause,
    })
  }
}

/** Checks what the opener expects of a context. @throws SealdropError `invalid_argument` */
export function checkExpected(expected: unknown): ExpectedContext {
  if (typeof expected === 'function') return expected as ExpectedContext
  ensure(
    kindOf(expected) === 'Object',
    'invalid_argument',
    'context: expected the context that the sender bound, {} for none, ' +
      `or a function that decides; found ${kindOf(expected)}`,
  )
  return checkContext(expected)
}

/**
 * Refuses a stream where there is a maximum age: no sender can say how old one is.
 *
 * @throws SealdropError `expired`, the fault of whoever set the age
 */
export function checkNoAge(maxAge: number | undefined): void {
  if (maxAge === undefined) return
  throw new SealdropError(
    'expired',
    'a stream does not say when it was sealed, and a maximum age is set: open streams without maxAge',
    { whose: 'operator' },
  )
}

/** Checks the age by the sender's own claim, in milliseconds. @throws SealdropError `expired` */
export function checkAge(
  iat: number | undefined,
  maxAge: number | undefined,
  {
    now,
    tolerance = limits.tolerance,
  }: { readonly now: () => number; readonly tolerance?: number | undefined },
): void {
  if (maxAge === undefined) return
  const age = now() - (iat ?? NaN) * 1000
  ensure(
    iat !== undefined,
    'expired',
    'the value does not say when it was sealed, and a maximum age is set',
  )
  ensure(
    age >= -tolerance,
    'expired',
    'the value says that it was sealed in the future; is a clock wrong?',
  )
  ensure(age <= maxAge, 'expired', `the value is older than ${maxAge} ms`)
}
