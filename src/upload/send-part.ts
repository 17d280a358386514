import { SealdropError } from '../errors/sealdrop-error.js'
import type { Bytes } from '../bytes/bytes.js'
import type { PutAnswer } from './put.js'
import type { SignedPart, UploadPart } from './protocol.js'
import { attempts, online, pause, waitBefore } from './retry.js'

/** What sending a part needs of the upload around it. */
export interface PartSender {
  /** Asks the handler for another URL. */
  sign(): Promise<SignedPart>
  put(signed: SignedPart): Promise<PutAnswer>
  /** Asks the handler whether the part is there. */
  isThere(): Promise<boolean>
}

/** What an answer means. */
type Verdict =
  /** It is there. */
  | 'there'
  /** The connection was lost, or the answer could not be seen. */
  | 'lost'
  /** The same again, after a while. */
  | 'again'
  /** Another URL is needed. */
  | 'renew'
  /** Two clocks differ: another URL, once. */
  | 'skewed'
  /** The upload may have ended: the handler knows. */
  | 'gone'
  /** The bytes were damaged on their way: the same again, once. */
  | 'damaged'
  | 'refused'

/** Rows of what an answer has, and what that means; the first that fits counts. */
const verdicts: readonly (readonly [fits: (answer: PutAnswer) => boolean, verdict: Verdict])[] = [
  [({ status }) => status >= 200 && status < 300, 'there'],
  [({ status }) => status === 0, 'lost'],
  [({ code }) => code === 'RequestTimeTooSkewed', 'skewed'],
  [({ code }) => code === 'ExpiredToken', 'renew'],
  [({ code, message }) => code === 'AccessDenied' && /expired/i.test(message), 'renew'],
  [({ code }) => code === 'RequestTimeout' || code === 'SlowDown', 'again'],
  [({ code }) => code === 'NoSuchUpload', 'gone'],
  // of one PUT, whose answer was lost: an object is there already
  [({ status }) => status === 412 || status === 409, 'gone'],
  [({ code }) => code === 'BadDigest', 'damaged'],
  [({ status }) => status === 408 || status === 429 || status >= 500, 'again'],
]

const verdictOf = (answer: PutAnswer): Verdict =>
  verdicts.find(([fits]) => fits(answer))?.[1] ?? 'refused'

/** How often each may come before it is final. */
const most: Readonly<Record<Exclude<Verdict, 'there'>, number>> = {
  lost: attempts,
  again: attempts,
  renew: 3,
  skewed: 1,
  gone: 2,
  damaged: 1,
  refused: 0,
}

const words: Readonly<Record<Exclude<Verdict, 'there'>, string>> = {
  lost: 'no connection to the bucket, or its CORS rules refuse this page',
  again: 'the bucket is busy',
  renew:
    'the bucket takes no URL of the handler: have its credentials expired, or is its clock wrong?',
  skewed: 'the clock of the upload handler, or of the bucket, is wrong',
  gone: 'the upload has ended at the bucket',
  damaged: 'bytes of a part are damaged on their way',
  refused: 'the bucket refuses a part',
}

const passing: readonly Verdict[] = ['lost', 'again']

/**
 * Sends a part until it is there.
 *
 * After two answers that look like a lost connection the handler is asked: an error of S3 without
 * CORS headers looks like one, and so does one that came after the part was stored.
 *
 * @throws SealdropError `output_failed`
 */
export async function sendPart(sender: PartSender, signal: AbortSignal): Promise<void> {
  const seen: Partial<Record<Verdict, number>> = {}
  let signed = await sender.sign()
  for (let attempt = 1; ; attempt++) {
    await online(signal)
    const answer = await sender.put(signed)
    const verdict = verdictOf(answer)
    if (verdict === 'there') return
    const times = (seen[verdict] = (seen[verdict] ?? 0) + 1)
    if (times > most[verdict])
      throw new SealdropError('output_failed', `${words[verdict]}: ${said(answer)}`, {
        retryable: passing.includes(verdict),
      })
    const isUnsure = verdict === 'gone' || (verdict === 'lost' && times % 2 === 0)
    if (isUnsure && (await sender.isThere())) return
    if (verdict !== 'renew') await pause(waitBefore(attempt, answer.retryAfter), signal)
    if (isUnsure || ['renew', 'skewed'].includes(verdict)) signed = await sender.sign()
  }
}

const said = ({ status, code }: PutAnswer): string => `found status ${status} ${code}`.trim()

/** A part that was sealed, and the URL that was asked for meanwhile. */
export interface SealedPart {
  readonly told: UploadPart
  readonly body: Bytes
  readonly signed: Promise<SignedPart>
  /** Asks for another URL. */
  readonly sign: () => Promise<SignedPart>
}
