import { fromBase64url, type Base64url } from '../bytes/base64url.js'
import { binary } from '../bytes/text.js'
import { ensure } from '../errors/guard.js'
import type { Key } from './key.js'
import type { KeyRing } from './key-set.js'

/** Whether what is sealed already is sealed once more. */
export interface AgainOptions {
  /**
   * Whether to seal what is already sealed to a key of this key set. Default: false, it is refused.
   *
   * - It is nearly always a mistake, such as a step that a retry does once more
   * - a value is a whole sealed value as text or bytes; bytes may also begin as a sealed file
   * - a file is looked at by its first 32 KiB: it begins as a sealed file, or is one sealed value
   */
  readonly again?: boolean
}

/**
 * Looks at what is to be sealed, or at its first bytes.
 *
 * @param whole - whether these are all the bytes
 * @throws SealdropError `invalid_argument` where it is sealed already
 */
export type Look = (bytes: Uint8Array, whole: boolean) => void

/**
 * Makes what refuses bytes that are sealed to a key of these sets, whatever its use and its dates.
 *
 * @throws SealdropError `invalid_argument`, and what loading a key set throws
 */
export async function sealedOnce(
  again: boolean | undefined = false,
  rings: readonly KeyRing[],
  signal: AbortSignal | undefined,
): Promise<Look> {
  ensure(typeof again === 'boolean', 'invalid_argument', 'again: expected true or false')
  const sets = await Promise.all(rings.map((ring) => ring.current(signal)))
  return (bytes, whole) => {
    const names = again ? [] : namesOf(bytes, whole)
    ensure(
      !sets.some(({ keys }) => keys.some((key) => isAmong(names, key))),
      'invalid_argument',
      'this is sealed to this key set already: to seal it twice pass again: true',
    )
  }
}

/** A value names a thumbprint. A message names an ARN, or after 6 bytes the x of a point. */
const isAmong = (names: readonly string[], { info, jwk }: Key): boolean =>
  names.includes(info.thumbprint) ||
  names.includes(info.arn as string) ||
  names.some((name) => name.indexOf(binary(fromBase64url((jwk as { x: Base64url }).x ?? ''))) === 6)

/**
 * The names of recipients; none where this is no sealed value, and does not begin as a message.
 *
 * Behind the last byte numbers are NaN, and so is then the place.
 *
 * @see value.md, "Header"; message-format.md, "Header"
 */
function namesOf(bytes: Uint8Array, whole: boolean): readonly string[] {
  const names: string[] = []
  let at = 0
  // oxlint-disable-next-line typescript/no-non-null-assertion -- see above
  const u16 = (): number => bytes[at++]! * 256 + bytes[at++]!
  const take = (length: number): string => binary(bytes.subarray(at, (at += length)))
  const front = take(3)
  try {
    if (whole && front === 'eyJ') names.push(kidOf(binary(bytes)))
  } catch {
    /* other text begins so too */
  }
  // version 2, suite 0x0478
  if (front === '\x02\x04x') {
    at = 35
    take(u16())
    for (let left = u16(); left > 0 && at <= bytes.length; left--) {
      take(u16())
      names.push(take(u16()))
      take(u16())
    }
    // content type, frame length, commitment and tag
    at += 53
  }
  return at <= bytes.length ? names : []
}

/** What a compact JWE names. It throws where this is none. */
function kidOf(text: string): string {
  const [, header] = /^([\w-]+)(\.[\w-]*){4}\s*$/.exec(text) as unknown as [0, Base64url]
  return `${(JSON.parse(binary(fromBase64url(header))) as { kid: string }).kid}`
}
