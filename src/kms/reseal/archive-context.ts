import type { Bytes } from '../../bytes/bytes.js'
import { ensure, shown } from '../../errors/guard.js'
import { kindOf } from '../../errors/kind.js'
import { checkOptions } from '../../errors/options.js'
import { checkContext, originalMembers, type Context } from '../../formats/context.js'
import { serializeContext } from '../../formats/message-context.js'
import { checkFoundContext, type ExpectedContext } from '../../open/check.js'

/** Names the sealed file whose content is in an archive. */
export interface Original {
  /** The message id of the sealed file, which its receipt names too. */
  readonly messageId: string
  /** SHA-256 in base64url of the header of the sealed file, once that was authentic. */
  readonly headerDigest: string
}

type Name = keyof Original
const names = Object.keys(originalMembers) as readonly Name[]

/** Names and values of an encryption context together: what is longer is not sent to KMS. */
const longest = 8_192

/** 32 bytes in base64url. */
const isDigest = (text: unknown): text is string =>
  typeof text === 'string' && /^[\w-]{42}[AEIMQUYcgkosw048]$/.test(text)

/** @throws SealdropError `invalid_argument` */
export function checkOriginal(found: Partial<Original>, where: string): Original {
  for (const name of names) checkDigest(found[name], `${where}: expected ${name}`)
  const { messageId, headerDigest } = found as Original
  return { messageId, headerDigest }
}

/** What a caller says of the original: one of the two members at least. */
export function expectedOriginal(
  original: Partial<Original> | undefined,
): Partial<Original> | undefined {
  if (original === undefined) return undefined
  const given = checkOptions<Partial<Original>, 'messageId headerDigest'>(
    original,
    'messageId headerDigest',
    'original',
  )
  const there = names.filter((name) => given[name] !== undefined)
  ensure(
    there.length > 0,
    'invalid_argument',
    'original: expected messageId, headerDigest or both; leave it out to take any original',
  )
  for (const name of there) checkDigest(given[name], `original: expected ${name}`)
  return { ...given }
}

function checkDigest(text: unknown, expected: string): void {
  ensure(
    isDigest(text),
    'invalid_argument',
    `${expected} as openStream answers it, 43 characters of base64url, found ${kindOf(text)}`,
  )
}

/**
 * The encryption context of an archive: the operator's, and what names the original.
 *
 * @throws SealdropError `invalid_argument`, `too_large`
 */
export function archiveContext(
  own: unknown,
  original: Original,
): { readonly own: Context; readonly context: Context; readonly serialized: Bytes } {
  const checked = checkContext(own)
  ensure(
    !Object.entries(checked).flat().includes(''),
    'invalid_argument',
    'context: an empty name or value, which the AWS SDK for Java would not open',
  )
  const named = names.map((name) => [originalMembers[name], original[name]])
  const context: Context = { ...checked, ...Object.fromEntries(named) }
  const serialized = serializeContext(context)
  checkLength(serialized)
  return { own: checked, context, serialized }
}

/** @throws SealdropError `too_large` */
export function checkLength(serialized: Bytes): void {
  ensure(
    serialized.length <= longest,
    'too_large',
    `context: expected at most ${longest} bytes with its lengths, found ${serialized.length}`,
  )
}

/** What a reader expects of the context of an archive. */
export interface ExpectedOriginal {
  readonly context: ExpectedContext
  readonly original: Partial<Original> | undefined
  /** Whether an archive may name no original. */
  readonly foreign: boolean
}

/**
 * Answers the operator's context and the original, when they are what the reader expects.
 *
 * @throws SealdropError `context_mismatch`
 */
export function checkArchiveContext(
  found: Context,
  { context, original, foreign }: ExpectedOriginal,
): { readonly context: Context; readonly original?: Original } {
  const there = names.filter((name) => Object.hasOwn(found, originalMembers[name]))
  const isForeign = there.length === 0
  ensure(
    there.length === names.length || (isForeign && foreign && !original),
    'context_mismatch',
    `the context has not both ${names.map((name) => originalMembers[name]).join(' and ')}: this was not written by reseal${isForeign ? ". What AWS's SDKs wrote is read with foreign: true" : ''}`,
  )
  if (isForeign) return { context: checkFoundContext(found, context) }
  const named: Original = {
    messageId: found[originalMembers.messageId] ?? '',
    headerDigest: found[originalMembers.headerDigest] ?? '',
  }
  for (const name of names)
    ensure(
      isDigest(named[name]) && [undefined, named[name]].includes(original?.[name]),
      'context_mismatch',
      `this archive is of another original than the one expected here: ${originalMembers[name]} is ${shown(named[name])}`,
    )
  const reserved = Object.fromEntries(
    names.map((name) => [originalMembers[name], named[name]]),
  ) as Context
  return { context: checkFoundContext(found, context, reserved), original: named }
}
