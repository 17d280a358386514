import { limits } from '../algorithms/limits.js'
import { equal } from '../bytes/bytes.js'
import { authenticate, importDataKey } from '../crypto/aes.js'
import { ensure } from '../errors/guard.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { frameCount } from '../formats/frames.js'
import { tagLength } from '../formats/message-header.js'
import type { CallOptions } from '../io/abort.js'
import type { ByteSource } from '../io/byte-source.js'
import { fileInput } from '../io/stream-source.js'
import { held } from '../keys/key-set.js'
import { holdRecord, type FileRecords, type RecordStart } from './file-records.js'
import { RangeSealer, type FileSealer } from './file-sealer.js'
import { idText, startMessage } from './message.js'
import { checkCount, planMessage, setsOf, type Recipients } from './plan.js'
import type { StreamOptions } from './seal-stream.js'

export interface FileSealerOptions extends StreamOptions {
  /** Where it is kept what is needed to go on after a crash or a reload. Default: nowhere, nothing can be restored. */
  readonly records?: FileRecords
}

/**
 * Makes a sealer of a file's pieces, for uploads in parts that can be repeated and resumed.
 *
 * @param keys - one key of each set can open it; an RSA key must be published with its ARN
 * @throws SealdropError `invalid_argument`, `too_large`, `source_failed`, `source_changed`, `output_failed` of the record, `unsupported_runtime`, and what loading a key set throws
 * @see message-format.md; design.md, "Sealing a frame twice"
 */
export async function createFileSealer(keys: Recipients, file: Blob | ByteSource, o: FileSealerOptions): Promise<FileSealer> {
  const { framesInFlight: inFlight = limits.framesInFlight, records, length, onProgress } = o ?? {}
  const input = fileInput(file, length)
  checkCount('framesInFlight', inFlight, limits.maxFramesInFlight)
  const { recipients, ...plan } = await planMessage(keys, o ?? {})
  const { frameLength } = plan
  frameCount(input.size, frameLength)
  const version = await input.version?.()
  const { raw, ...message } = await startMessage({ recipients, ...plan })
  const id = idText(message)
  const release = records ? await holdRecord(records, id) : () => {}
  const start: RecordStart = { v: 1, created: Date.now(), size: input.size, version, frameLength, header: message.header, key: raw, recipients: recipients.map(({ info }) => info.thumbprint) }
  try {
    await records?.create(id, start)
  } catch (error) {
    release()
    throw error
  }
  return new RangeSealer({ message, frameLength, input, version, records, tags: new Map(), release, inFlight, onProgress })
}

/**
 * Goes on with a file where another sealer of the same record stopped. The file must be the same one, unchanged.
 *
 * @param keys - the sets whose keys can open it; a record whose key is no longer published is refused
 * @throws SealdropError `expired` when there is no record: finished, older than 7 days, or never made here; `conflict` while another holds it; `source_changed`, `no_usable_key`, `malformed`, `invalid_argument`, and what loading a key set throws
 * @see design.md, "Sealing a frame twice"
 */
export async function restoreFileSealer(keys: Recipients, records: FileRecords, messageId: string, file: Blob | ByteSource, o: CallOptions = {}): Promise<FileSealer> {
  const input = fileInput(file)
  const published = (await Promise.all(setsOf(keys).map((set) => held(set).list(o)))).flat()
  const release = await holdRecord(records, messageId)
  try {
    const record = await records.load(messageId)
    const { v, created, size, version, frameLength, header, key: kept, recipients } = (record?.start ?? {}) as RecordStart
    if (!record || v !== 1 || !(Date.now() - created < limits.recordAge)) {
      await records.remove(messageId)
      throw new SealdropError('expired', 'no record of this message, or one older than 7 days: start over with createFileSealer')
    }
    const gone = recipients.find((thumbprint) => !published.some((info) => info.thumbprint === thumbprint && info.use === 'enc' && !(Date.now() >= Number(info.expires ?? Infinity))))
    ensure(gone === undefined, 'no_usable_key', `the key ${gone} of this record is no longer published: start over with createFileSealer`)
    ensure(input.size === size && await input.version?.() === version, 'source_changed', 'the file was changed or removed: choose it again')
    const key = kept instanceof Uint8Array ? await importDataKey(kept) : kept
    const message = { id: header.slice(3, 35), header, key }
    const tag = await authenticate(key, header.slice(0, -tagLength))
    ensure(equal(tag, header.subarray(-tagLength)) && idText(message) === messageId, 'malformed', 'the record is damaged: start over with createFileSealer')
    return new RangeSealer({ message, frameLength, input, version, records, tags: record.tags, release, inFlight: limits.framesInFlight })
  } catch (error) {
    release()
    throw error
  }
}
