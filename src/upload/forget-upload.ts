import { ensure, hasMethods } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { isSealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'
import type { CallOptions } from '../io/abort.js'
import { holdRecord, namedRecords, type FileRecords } from '../stream/record-store.js'
import type { UploadTransport } from './transport.js'
import { keptUploads } from './unfinished-uploads.js'

/** What is needed to forget an upload. */
export interface ForgetOptions extends CallOptions {
  /** What reaches the handler that it began at. */
  readonly transport: UploadTransport
}

/** What a handler refuses for good: the record is of no use then. */
const refused: readonly SealdropErrorCode[] = ['rejected', 'expired', 'conflict']

/**
 * Forgets an unfinished upload, without its file: its parts at the bucket, and its record.
 *
 * - the handler is asked by the session and the link that were kept
 * - where it refuses, only the record goes: a file that is whole already stays at the bucket
 * - one that is forgotten already is passed over
 *
 * @param records - those that were given to `uploadSealed`
 * @param messageId - as `unfinishedUploads` names it
 * @param o.transport - what reaches the handler that it began at
 * @throws SealdropError, and the record stays:
 *   - `invalid_argument`: an option is wrong, or the upload began at another handler
 *   - `conflict`: another tab or process sends this file
 *   - `output_failed`: the handler or the record cannot be reached; retryable
 * @example
 *   ```js
 *   import { fileRecords } from 'sealdrop/fs' // in a page: indexedDbRecords()
 *   import { forgetUpload, unfinishedUploads, uploadTransport } from 'sealdrop/upload'
 *   const transport = uploadTransport('https://files.example.com/uploads')
 *   const records = fileRecords('uploads')
 *   for (const { messageId } of await unfinishedUploads(records))
 *     await forgetUpload(records, messageId, { transport })
 *   console.log((await unfinishedUploads(records)).length) // 0
 *   ```
 */
export async function forgetUpload(
  records: FileRecords,
  messageId: string,
  o: ForgetOptions,
): Promise<void> {
  const { transport, signal } = checkOptions(o, 'transport signal')
  ensure(
    hasMethods(transport, 'ask'),
    'invalid_argument',
    'transport: expected what uploadTransport answers',
  )
  const all = await keptUploads(records)
  const [, note] = all.find(([id]) => id === messageId) ?? []
  if (!note) return
  const { session, link, handler } = note
  ensure(
    handler === (transport.url ?? ''),
    'invalid_argument',
    'transport: the upload began at another handler',
  )
  const letGo = await holdRecord(records, messageId)
  try {
    if (session) await transport.ask('abort', { session }, { signal, link }).catch(unlessRefused)
    await namedRecords(records).remove(messageId)
  } finally {
    await letGo()
  }
}

function unlessRefused(error: unknown): void {
  if (!isSealdropError(error) || !refused.includes(error.code)) throw error
}
