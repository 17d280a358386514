import { bytesOf, equal } from '../bytes/bytes.js'
import { authenticate, importDataKey } from '../crypto/aes.js'
import { ensure, hasMethods } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { messageLength } from '../formats/frames.js'
import { frameLengthFromEnd, tagLength } from '../formats/message-header.js'
import type { ByteSource } from '../io/byte-source.js'
import { fileInput } from '../io/stream-source.js'
import type { FileSealer } from './file-sealer.js'
import { lookAtFile } from './look-at-front.js'
import { damaged, RangeSealer } from './range-sealer.js'
import {
  checkRecords,
  holdRecord,
  isOld,
  namedRecords,
  type FileRecords,
  type RecordStart,
  type TagRun,
} from './record-store.js'
import { idText, startMessage, type Message } from './message.js'
import { planMessage, type Recipients } from './plan-message.js'
import { sealedToNow, stillPublished } from './published.js'
import type { StreamOptions } from './seal-stream.js'

/** How a file is sealed in pieces, and where its record is kept. */
export interface FileSealerOptions extends StreamOptions {
  /**
   * Where it is kept what is needed to go on after a crash or a reload.
   *
   * Default: nowhere, and nothing can be restored.
   */
  readonly records?: FileRecords
}

/** What may be said anew of a file whose sealing goes on. */
export type RestoreOptions = Pick<StreamOptions, 'signal' | 'framesInFlight' | 'onProgress'>

/**
 * Makes a sealer of a file's pieces, for uploads in parts that can be repeated and resumed.
 *
 * - pieces can be sealed in any order, side by side, and again
 * - with `records` another process or page can go on, see `restoreFileSealer`
 *
 * @param keys - one key of each set can open it; an RSA key must be published with its ARN
 * @param file - Blob, File or byte source; it must not change meanwhile
 * @returns a sealer, which must be closed
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: the context is missing or has an empty name or value, a number is out of
 *     its range, or this is no file
 *   - `too_large`: the context and the recipients do not fit the header, or there are more frames
 *     than a message can have
 *   - `output_failed`: the record could not be kept
 * @throws SealdropError while fetching keys:
 *   - what `seal` throws then
 * @throws SealdropError while reading:
 *   - `source_failed`: the file cannot be looked at
 *   - `source_changed`: the file was changed or removed
 *   - `invalid_argument`: it is sealed to one of these key sets already, see `again`
 * @example
 *   ```js
 *   import { openAsBlob } from 'node:fs'
 *   import { createFileSealer, fetchKeySet, overHttps } from 'sealdrop'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const file = await openAsBlob('report.pdf')
 *   const sealer = await createFileSealer(keys, file, { context: { order: '7' } })
 *   for (let start = 0; start < sealer.length; start += 524_288) {
 *     const body = await sealer.slice(start, Math.min(start + 524_288, sealer.length))
 *     await fetch(`https://files.example.com/part-${start}`, { method: 'PUT', body })
 *   }
 *   console.log((await sealer.digest()).length) // 43
 *   await sealer.close()
 *   ```
 * @see message-format.md; design.md, "Sealing a frame twice"
 */
export async function createFileSealer(
  keys: Recipients,
  file: Blob | ByteSource,
  o: FileSealerOptions,
): Promise<FileSealer> {
  const known = checkOptions(
    o,
    'signal context frameLength length framesInFlight digest onProgress records again',
  )
  if (known.records) checkRecords(known.records)
  return makeSealer(keys, file, known, () => true)
}

/** Makes a sealer, which keeps a record only where its length asks for one. */
export async function makeSealer(
  keys: Recipients,
  file: Blob | ByteSource,
  ...[o, needsRecord]: [o: FileSealerOptions, needsRecord: (length: number) => boolean]
): Promise<RangeSealer> {
  const kept = o.records && namedRecords(o.records, o.signal)
  const input = fileInput(file, o.length)
  const plan = await planMessage(keys, o)
  const { frameLength } = plan
  const recipients = plan.recipients.map(({ info }) => info)
  const version = await input.version()
  const { raw, ...message } = await startMessage(plan)
  const id = idText(message)
  const length = messageLength(message.header.length, input.size, frameLength)
  const records = needsRecord(length) ? kept : undefined
  const release = o.records && records ? await holdRecord(o.records, id) : async () => {}
  try {
    const sealer = new RangeSealer({
      message,
      frameLength,
      input,
      version,
      records,
      release,
      recipients,
      o,
    })
    await lookAtFile(plan.look, input, o.signal)
    const start: RecordStart = {
      v: 1,
      created: Date.now(),
      size: input.size,
      version,
      header: message.header,
      key: raw,
      recipients: recipients.map(({ thumbprint }) => thumbprint),
    }
    await records?.create(id, start)
    return sealer
  } catch (error) {
    await release()
    throw error
  }
}

/**
 * Goes on with a file where another sealer of the same record stopped.
 *
 * - the file must be the same one, unchanged
 * - a record whose key is no longer published is refused
 * - the context is the one that was begun with, also where an earlier build took an empty name
 *
 * @param keys - the sets whose keys can open it
 * @param records - where the first sealer kept its record
 * @param messageId - of the first sealer
 * @returns a sealer, which must be closed
 * @throws SealdropError for what it was given:
 *   - `expired`: there is no record: finished, older than 7 days, or never made here
 *   - `conflict`: another sealer holds the record
 *   - `malformed`: the record is damaged
 *   - `output_failed`: the record cannot be read
 *   - `invalid_argument`: this is no file, or a number is out of its range
 * @throws SealdropError while fetching keys:
 *   - `no_usable_key`: the record's key is no longer published
 *   - what `seal` throws then
 * @throws SealdropError while reading:
 *   - `source_changed`: the file was changed or removed
 *   - `source_failed`: the file cannot be looked at
 * @example
 *   ```js
 *   import { createFileSealer, fetchKeySet, overHttps, restoreFileSealer } from 'sealdrop'
 *   import { fileRecords, fileSource } from 'sealdrop/fs'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const [records, file] = [fileRecords('records'), await fileSource('report.pdf')]
 *   const first = await createFileSealer(keys, file, { context: { order: '7' }, records })
 *   const part = await first.slice(0, 600_000)
 *   await first.close() // or the process ends; keep messageId
 *   const sealer = await restoreFileSealer(keys, records, first.messageId, file)
 *   const again = await sealer.slice(0, 600_000)
 *   console.log(part.every((byte, i) => byte === again[i])) // true
 *   await sealer.close()
 *   ```
 * @see design.md, "Sealing a frame twice"
 */
export async function restoreFileSealer(
  keys: Recipients,
  records: FileRecords,
  messageId: string,
  ...[file, o = {}]: [file: Blob | ByteSource, o?: RestoreOptions]
): Promise<FileSealer> {
  const known = checkOptions(o, 'signal framesInFlight onProgress')
  checkRecords(records)
  return (await restoreSealer(keys, records, messageId, file, known)).sealer
}

/** Restores a file sealer, with the notes of its record. */
export async function restoreSealer(
  keys: Recipients,
  records: FileRecords,
  messageId: string,
  ...[file, o]: [file: Blob | ByteSource, o: RestoreOptions]
): Promise<{ readonly sealer: RangeSealer; readonly notes: Notes }> {
  const { signal } = o
  const input = fileInput(file)
  const published = (await sealedToNow(keys, signal)).flat()
  const kept = namedRecords(records, signal)
  const release = await holdRecord(records, messageId)
  try {
    const { start, tags, notes } = await loadRecord(kept, messageId)
    const { size, version } = start
    const recipients = start.recipients.map((thumbprint) => stillPublished(thumbprint, published))
    ensure(
      input.size === size && (await input.version()) === version,
      'source_changed',
      'the file has another size or date than when it was begun: start over with createFileSealer',
    )
    const message = await messageOf(start, messageId)
    const { buffer, byteOffset, length } = message.header
    const sealer = new RangeSealer({
      message,
      frameLength: new DataView(buffer, byteOffset).getUint32(length - frameLengthFromEnd),
      input,
      version,
      records: kept,
      tags,
      release,
      recipients,
      o,
    })
    return { sealer, notes }
  } catch (error) {
    await release()
    throw error
  }
}

/** Notes of a record, with their names. */
export type Notes = Iterable<readonly [name: string, note: object]>

interface LoadedRecord {
  readonly start: RecordStart
  readonly tags: Iterable<TagRun>
  readonly notes: Notes
}

/**
 * Loads a record that is not too old.
 *
 * Its header and its key are still to be looked at.
 */
async function loadRecord(records: FileRecords, id: string): Promise<LoadedRecord> {
  const record = await records.load(id)
  const start = record?.start as RecordStart | undefined
  ensure(
    record && start && !isOld(start.created),
    'expired',
    'no record of this message, or one older than 7 days: start over with createFileSealer',
  )
  ensure(
    start.v === 1 &&
      Array.isArray(start.recipients) &&
      start.recipients.length > 0 &&
      hasMethods(record.tags, Symbol.iterator),
    'malformed',
    damaged,
  )
  return { start, tags: record.tags, notes: record.notes ?? [] }
}

/**
 * The message of a record, whose header authenticates under its key.
 *
 * Members that are missing or of another type fail as a wrong tag does.
 */
async function messageOf({ header, key: kept }: RecordStart, messageId: string): Promise<Message> {
  try {
    const raw = bytesOf(kept)
    const key = raw ? await importDataKey(raw) : (kept as CryptoKey)
    const message = { id: header.slice(3, 35), header, key }
    const tag = await authenticate(key, header.slice(0, -tagLength))
    if (equal(tag, header.subarray(-tagLength)) && idText(message) === messageId) return message
  } catch {
    /* told below */
  }
  throw new SealdropError('malformed', damaged)
}
