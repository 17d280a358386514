import { sha256Text } from '../crypto/digest.js'
import { ensure } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { unwatched } from '../io/abort.js'
import type { ByteSource } from '../io/byte-source.js'
import type { KeyInfo } from '../keys/key.js'
import type { Recipients } from '../stream/plan-message.js'
import { keptForGood } from '../upload/host.js'
import { beginTus, type BegunTus } from './begin-tus.js'
import { shouldRetry } from './tus-error.js'
import { checkInput, SealedSource, type TusSealed } from './sealed-source.js'
import {
  checkChunkSize,
  checkGiven,
  defaultChunk,
  tusSealOptions,
  type TusFileReader,
  type TusSealOptions,
  type TusUploadOptions,
} from './tus-options.js'

/** A file that tus-js-client can send sealed. */
export interface TusSealing {
  /** Of the sealed file. */
  readonly messageId: string
  /** Bytes of the sealed file. */
  readonly length: number
  /** The key that was chosen of each set. */
  readonly recipients: readonly KeyInfo[]
  /** To spread into the options of `tus.Upload`. */
  readonly options: TusUploadOptions
  /**
   * Answers what left, and deletes the record: for `onSuccess` of `tus.Upload`.
   *
   * That the server stored these bytes is shown by a receipt of whoever opens them, and by nothing
   * else: tus has no checksums.
   *
   * @throws SealdropError:
   *   - `conflict`: the server says that it has more than what left by this record
   *   - `source_changed`, `source_failed`: as `slice` of a file sealer
   */
  finish(): Promise<TusSealed>
  /**
   * Lets go of the record, for an upload that was aborted.
   *
   * It stays, so that another session can go on, unless `done` says that it is of no use any more.
   */
  close(o?: { readonly done?: boolean }): Promise<void>
}

/**
 * Seals a file for tus-js-client: what it answers goes into the options of `tus.Upload`.
 *
 * - the file is sealed piece by piece while tus-js-client sends it; its plaintext never leaves
 * - with `records` an upload that was interrupted goes on when the same file is given again
 * - the last piece leaves only after all that left in earlier sessions was compared with the file
 * - options that would send plaintext or other bytes are refused before anything is sent
 *
 * @param keys - one key of each set can open it; an RSA key must be published with its ARN
 * @param file - Blob, File or byte source; `tus.Upload` must get the same one
 * @returns a sealing, which ends by `finish` or by `close`
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: an option is wrong, or this is no file
 *   - `too_large`: the context does not fit the header, or there are too many frames
 *   - `conflict`: another tab or process sends this file
 *   - `output_failed`: the record could not be kept
 * @throws SealdropError while fetching keys:
 *   - what `seal` throws then
 * @throws SealdropError while reading:
 *   - `source_changed`: the file was changed or removed
 *   - `source_failed`: the file cannot be read
 * @throws SealdropError as `causingError` of what `onError` of `tus.Upload` is told:
 *   - what `slice` of a file sealer throws
 *   - `conflict`: the server has more than what left by this record, which is of no use then
 * @example
 *   ```js
 *   import { openAsBlob } from 'node:fs'
 *   import { fetchKeySet, overHttps } from 'sealdrop'
 *   import { sealForTus } from 'sealdrop/tus'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const file = await openAsBlob('report.pdf') // a page takes it from an <input type="file">
 *   const o = { context: { order: '7' }, name: 'report.pdf' }
 *   const sealing = await sealForTus(keys, file, o)
 *   // new tus.Upload(file, { endpoint, ...sealing.options, onError }).start()
 *   console.log(Object.keys(sealing.options.metadata)) // [ 'sealdrop-name' ]
 *   await sealing.close()
 *   ```
 * @see docs/guides/tus.md
 */
export async function sealForTus(
  keys: Recipients,
  file: Blob | ByteSource,
  o: TusSealOptions,
): Promise<TusSealing> {
  const options = tusSealOptions(o)
  if (options.records) keptForGood()
  const begun = await beginTus({ keys, file, o: options })
  const fingerprint = `sealdrop-${await sha256Text(`sealdrop tus ${begun.sealer.messageId}`)}`
  return sealingOf(begun, file, { fingerprint, isKept: options.records !== undefined })
}

function sealingOf(
  { sealer, sealedName }: BegunTus,
  file: unknown,
  { fingerprint, isKept }: { readonly fingerprint: string; readonly isKept: boolean },
): TusSealing {
  const source = new SealedSource(sealer)
  /** Of `tus.Upload`: no file is opened whose options nobody looked at. */
  let isChecked = false
  const metadata: TusUploadOptions['metadata'] =
    sealedName === undefined ? {} : { 'sealdrop-name': sealedName }
  // frozen: what is compared later must be what was made here
  const options: TusUploadOptions = Object.freeze<TusUploadOptions>({
    fileReader: Object.freeze<TusFileReader>({
      openFile: async (input, chunkSize) => {
        ensure(isChecked, 'invalid_argument', 'fingerprint: it looks at the options, leave it out')
        isChecked = false // another tus.Upload may have other options
        checkInput(input, file)
        checkChunkSize(chunkSize)
        return source
      },
    }),
    metadata: Object.freeze(metadata),
    fingerprint: async (input: unknown, given: object) => {
      checkInput(input, file)
      checkGiven(given, options, sealer.length)
      isChecked = true
      return fingerprint
    },
    chunkSize: defaultChunk,
    parallelUploads: 1,
    storeFingerprintForResuming: isKept,
    removeFingerprintOnSuccess: true,
    onShouldRetry: shouldRetry,
    onSuccess: () => void unwatched(() => source.finish()),
  })
  const { messageId, length, recipients } = sealer
  const close = async (how?: { readonly done?: boolean }): Promise<void> => {
    const { done = false } = checkOptions(how, 'done')
    ensure(typeof done === 'boolean', 'invalid_argument', 'done: expected true or false')
    await source.end(done)
  }
  return { messageId, length, recipients, options, finish: () => source.finish(), close }
}
