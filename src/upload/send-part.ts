import { SealdropError } from '../errors/sealdrop-error.js'
import type { Bytes } from '../bytes/bytes.js'
import type { PutAnswer } from './put.js'
import type { SignedPart, UploadPart } from './protocol.js'
import { attempts, online, pause, waitBefore } from './retry.js'

/** What sending a part needs of the upload around it. */
export interface PartSender {
  /** The URL that was asked for before. */
  readonly signed: Promise<SignedPart>
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

/** Rows of what status, code and words of an answer fit, and what that means; the first counts. */
const verdicts: readonly (readonly [fits: RegExp, verdict: Verdict])[] = [
  [/^2/, 'there'],
  [/^0/, 'lost'],
  [/^\d+ RequestTimeTooSkewed /, 'skewed'],
  [/^\d+ (ExpiredToken |AccessDenied .*expired)/i, 'renew'],
  [/^\d+ (RequestTimeout|SlowDown) /, 'again'],
  // 412 and 409: of one PUT, whose answer was lost, an object is there already
  [/^(\d+ NoSuchUpload |412|409)/, 'gone'],
  [/^\d+ BadDigest /, 'damaged'],
  [/^(408|429|5)/, 'again'],
]

const verdictOf = ({ status, code, message }: PutAnswer): Verdict =>
  verdicts.find(([fits]) => fits.test(`${status} ${code} ${message}`))?.[1] ?? 'refused'

/** How often each may come before it is final, and what is told then. */
const finals: Readonly<Record<Exclude<Verdict, 'there'>, readonly [most: number, words: string]>> =
  {
    lost: [attempts, 'no connection to the bucket, or its CORS rules refuse this page'],
    again: [attempts, 'the bucket is busy'],
    renew: [3, 'the bucket takes no URL of the handler: are its credentials or its clock wrong?'],
    skewed: [1, 'the clock of the upload handler, or of the bucket, is wrong'],
    gone: [2, 'the upload has ended at the bucket'],
    damaged: [1, 'bytes of a part are damaged on their way'],
    refused: [0, 'the bucket refuses a part'],
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
  let signed = await sender.signed
  for (let attempt = 1; ; attempt++) {
    await online(signal)
    const answer = await sender.put(signed)
    const verdict = verdictOf(answer)
    if (verdict === 'there') return
    const times = (seen[verdict] = (seen[verdict] ?? 0) + 1)
    const [most, words] = finals[verdict]
    if (times > most)
      throw new SealdropError('output_failed', `${words}: ${said(answer)}`, {
        retryable: passing.includes(verdict),
      })
    const isUnsure = verdict === 'gone' || (verdict === 'lost' && times % 2 === 0)
    if (isUnsure && (await sender.isThere())) return
    if (verdict !== 'renew') await pause(waitBefore(attempt, answer.retryAfter), signal)
    if (isUnsure || ['renew', 'skewed'].includes(verdict)) signed = await sender.sign()
  }
}

const said = ({ status, code }: PutAnswer): string => `found status ${status} ${code}`.trim()

/** A part that was sealed. */
export interface SealedPart {
  readonly told: UploadPart
  readonly body: Bytes
  /** Its URL, which was asked for as soon as it was sealed. */
  readonly signed: Promise<SignedPart>
}
