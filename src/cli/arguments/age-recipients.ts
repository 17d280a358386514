import { fromUtf8 } from '../../bytes/text.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { ringOf } from '../../keys/key-set.js'
import { UsageError } from '../exit-codes.js'
import { bytesOfKey, keySetOf } from './key-sets.js'
import type { KeyArgument } from './recipients.js'

/** Whom an age file is sealed to, and what is told of it. */
export interface AgeTargets {
  readonly recipients: readonly string[]
  /** The same, with what is told of why each is believed. */
  readonly sealedTo: readonly SealedToAge[]
}

/** A recipient of age, and in words why it is believed. */
export interface SealedToAge {
  readonly recipient: string
  readonly trust: string
}

interface Target {
  readonly recipients: readonly string[]
  readonly trust: string
}

/** What is no file: a URL, or a recipient of the configuration. */
const isElsewhere = (source: string): boolean => /^(https?:\/\/|@)/i.test(source)
/** A recipient of age of any kind, as a word. A file that is named so needs `./` before it. */
const isWord = (source: string): boolean => /^age1[a-z0-9]+$/i.test(source)
const isTag = (text: string): boolean => text.startsWith('age1tag1')

/**
 * Finds whether an age file is to be made, and for whom.
 *
 * - It is where `--age` says so, or where every `-r` is a recipient of age.
 * - Every other `-r` is a key on P-256 then.
 *
 * @returns undefined where it is to be a message or a value
 * @throws UsageError, SealdropError `source_failed`, `keys_*`, `no_usable_key`
 */
export async function ageTargets(
  given: readonly KeyArgument[],
  isAsked: boolean,
): Promise<AgeTargets | undefined> {
  const own = await Promise.all(given.map(ownRecipients))
  const isOwn = own.filter((found) => found !== undefined).length
  if (isOwn === 0 && !isAsked) return undefined
  if (isOwn < given.length && !isAsked)
    throw new UsageError('-r: recipients of age and other keys are mixed: say --age, or leave some')
  const targets = await Promise.all(
    given.map(async (one, index) => own[index] ?? (await recipientOfKey(one))),
  )
  const sealedTo = targets.flatMap(({ recipients, trust }) =>
    recipients.map((recipient) => ({ recipient, trust })),
  )
  return { recipients: sealedTo.map(({ recipient }) => recipient), sealedTo }
}

/** What a `-r` is for age by itself: a recipient, or a file of them. */
async function ownRecipients(given: KeyArgument): Promise<Target | undefined> {
  const { source } = given
  // it may hold a secret key, and is not told
  if (/^age-(secret-key|plugin-.+)-1/i.test(source))
    throw new UsageError('-r: expected a recipient, found an identity of age, which opens')
  const lines = isWord(source) ? [source] : await linesOf(given)
  if (!lines) return undefined
  const other = lines.find((line) => !isTag(line))
  if (other !== undefined)
    throw new UsageError(`-r ${source}: expected age1tag1…, which a key of KMS can open`)
  if (hasFlags(given))
    throw new UsageError(`-r ${source}: nobody signs a recipient of age: it takes no trust flag`)
  return { recipients: lines, trust: isWord(source) ? 'as given' : `of ${source}, in hand` }
}

/** The recipients of a file such as `age.txt`; undefined where it is something else. */
async function linesOf(given: KeyArgument): Promise<readonly string[] | undefined> {
  if (isElsewhere(given.source)) return undefined
  // other commands need not wait for what it brings
  const { goodUntil, recipientLines } = await import('../../age/recipient.js')
  const text = fromUtf8(await bytesOfKey(given)) ?? ''
  const lines = recipientLines(text)
  if (lines.length === 0 && text.trimStart().startsWith('#'))
    throw new SealdropError(
      'no_usable_key',
      `-r ${given.source}: it names no recipient of age now: ask whom you send to`,
    )
  if (!lines[0]?.startsWith('age1')) return undefined
  const end = goodUntil(text)
  if (end && end.getTime() <= Date.now())
    throw new SealdropError(
      'keys_expired',
      `-r ${given.source}: its recipients were good until ${end.toISOString()}: fetch it again, since a saved copy does not rotate`,
    )
  return lines
}

const hasFlags = ({ roots, pins, name, issuer, arn, isTrustedByHttps }: KeyArgument): boolean =>
  roots.length + pins.length > 0 ||
  [name, issuer, arn, isTrustedByHttps].some((flag) => flag !== undefined)

/** The recipient that a key set, a key or a recipient file has. */
async function recipientOfKey(given: KeyArgument): Promise<Target> {
  const { ageRecipient } = await import('../../age/recipient.js')
  const { keys, trust, source } = await keySetOf(given, 'enc')
  const ring = ringOf(keys)
  const onP256 = await ring
    .forSealing(undefined, ({ jwk }) =>
      jwk.kty === 'EC' && jwk.crv === 'P-256' ? undefined : 'not on P-256',
    )
    .catch(async (error: unknown) => {
      if (!isSealdropError(error) || error.code !== 'no_usable_key') throw error
      // where there is another key to seal to, only its kind is wrong
      await ring.forSealing()
      throw new UsageError(`-r ${source}: --age needs a key on P-256, and it has none`)
    })
  return { recipients: [ageRecipient(onP256.jwk)], trust: `of ${source}, ${trust}` }
}
