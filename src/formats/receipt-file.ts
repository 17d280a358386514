import { ensure } from '../errors/guard.js'
import { isTime } from './compact.js'
import {
  checkMembers,
  isJsonObject,
  isText,
  parseJsonObject,
  type JsonRules,
  type Members,
} from './json.js'

/** What a partner stores of a receipt: everything but the root that made its key believed. */
export interface ReceiptFile {
  readonly receipt: string
  readonly sent: { readonly messageId: string; readonly digest: string }
  /** The key set by which it was verified, as it came: a signed set, or a JWK Set. */
  readonly keySet: string
  /** When it was written, in seconds since 1970, as whoever wrote it says. */
  readonly savedAt: number
}

const type = 'sealdrop-receipt-file'
/** Characters: a key set of 64 KiB and a receipt, with what JSON escapes. */
const longest = 400_000

/**
 * Writes a receipt file as JSON.
 *
 * @throws SealdropError:
 *   - `too_large`: it has a history, say; what could not be read in years is not written
 */
export function writeReceiptFile({
  receipt,
  sent: { messageId, digest },
  keySet,
  savedAt,
}: ReceiptFile): string {
  const file = { type, v: 1, receipt, sent: { messageId, digest }, keySet, savedAt }
  const text = `${JSON.stringify(file, undefined, 2)}\n`
  ensure(
    text.length <= longest,
    'too_large',
    `receipt file: at most ${longest} characters; ` +
      'verify with the key set of the day, not with a history',
  )
  return text
}

const members: Members = {
  receipt: isText,
  keySet: isText,
  sent: (value) => isJsonObject(value) && isText(value['messageId']) && isText(value['digest']),
  savedAt: isTime,
}

/**
 * Reads a receipt file. Nothing in it is verified yet.
 *
 * @throws SealdropError `malformed`, `too_large`, `unsupported_algorithm` for a later version
 */
export function parseReceiptFile(text: string): ReceiptFile {
  ensure(typeof text === 'string', 'invalid_argument', 'receipt file: expected its text')
  ensure(
    text.length <= longest,
    'too_large',
    `receipt file: expected at most ${longest} characters`,
  )
  const rules: JsonRules = { code: 'malformed', field: 'receipt file' }
  const file = parseJsonObject(text, rules)
  ensure(file['type'] === type, 'malformed', `receipt file: expected the type ${type}`)
  ensure(file['v'] === 1, 'unsupported_algorithm', 'receipt file: expected version 1')
  checkMembers(file, members, rules)
  return file as unknown as ReceiptFile
}
