import type { ByteSource } from '../io/byte-source.js'
import type { Recipients } from '../stream/plan-message.js'
import { beginUpload } from './begin-upload.js'
import { uploadOptions, type UploadHandle, type UploadOptions } from './upload-options.js'
import { UploadRun } from './upload-run.js'

/**
 * Seals a file and sends it to a company's bucket, in parts that survive a lost network.
 *
 * - the file is sealed part by part while it is sent; its plaintext never leaves
 * - with `records` an upload that was interrupted goes on when the same file is given again
 * - no part leaves of a file that was changed, and none is completed
 *
 * @param keys - one key of each set can open it; an RSA key must be published with its ARN
 * @param file - Blob, File or byte source
 * @returns a handle, as soon as the first part can be sealed
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: an option is wrong, or this is no file
 *   - `too_large`: more than 625 GiB, or the context does not fit the header
 *   - `conflict`: another tab or process sends this file
 *   - `output_failed`: the record could not be kept
 * @throws SealdropError while fetching keys:
 *   - what `seal` throws then
 * @throws SealdropError while reading, also by `done`:
 *   - `source_changed`: the file was changed or removed
 *   - `source_failed`: the file cannot be read
 * @throws SealdropError while sending, by `done`:
 *   - `output_failed`: the handler or the bucket cannot be reached, or refuses
 *   - what the handler answers, see docs/formats/upload.md
 *   - `closed`: it was cancelled
 * @example
 *   ```js
 *   import { openAsBlob } from 'node:fs'
 *   import { fetchKeySet, overHttps } from 'sealdrop'
 *   import { uploadSealed, uploadTransport } from 'sealdrop/upload'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const file = await openAsBlob('report.pdf') // a page takes it from an <input type="file">
 *   const transport = uploadTransport('https://files.example.com/uploads')
 *   const upload = await uploadSealed(keys, file, { context: { order: '7' }, transport })
 *   upload.pause() // resume() goes on, and upload.done tells how it ended
 *   console.log(upload.state, upload.length > file.size) // paused true
 *   await upload.cancel()
 *   ```
 * @see upload.md
 */
export async function uploadSealed(
  keys: Recipients,
  file: Blob | ByteSource,
  o: UploadOptions,
): Promise<UploadHandle> {
  const given = { keys, file, o: uploadOptions(o) }
  return new UploadRun(await beginUpload(given), given)
}
