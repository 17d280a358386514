import type { Body, Meta, Uppy } from '@uppy/core'
import { uploadSealed } from '../upload/upload-sealed.js'
import { AskAgain } from './ask-again.js'
import { FilesUploader, type Way } from './files-uploader.js'
import {
  optionNames,
  sending,
  uploaderOptions,
  type SealedUploaderOptions,
} from './uploader-options.js'

/** By the company's handler, to its bucket. */
const toBucket: Way<SealedUploaderOptions> = {
  id: 'SealedUploader',
  names: optionNames,
  check: uploaderOptions,
  send: (o, data, given) => uploadSealed(o.keys, data, { ...sending(o), ...given }),
}

/**
 * Seals what people send with Uppy, and sends it to a company's bucket.
 *
 * - the Dashboard shows progress, and can pause, resume, retry and cancel
 * - a file that cannot be sealed is not sent
 * - with `records` the Dashboard asks for unfinished files again, and goes on where they were
 *
 * @throws SealdropError when Uppy takes it, or takes another plugin beside it:
 *   - `invalid_argument`: an option is wrong
 *   - `conflict`: another uploader, or Golden Retriever, which keeps files as they are
 * @throws SealdropError of each file, as the event `upload-error`:
 *   - what `uploadSealed` throws
 *   - `source_failed`: the page has no content of the file
 * @example
 *   ```js
 *   import Uppy from '@uppy/core'
 *   import { fetchKeySet, overHttps } from 'sealdrop'
 *   import { uploadTransport } from 'sealdrop/upload'
 *   import { SealedUploader } from 'sealdrop/uppy'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const transport = uploadTransport('https://files.example.com/uploads')
 *   const uppy = new Uppy().use(SealedUploader, { keys, context: { order: '7' }, transport })
 *   console.log(uppy.getPlugin('SealedUploader').type) // uploader
 *   ```
 * @see upload.md
 */
export class SealedUploader<M extends Meta, B extends Body> extends FilesUploader<
  SealedUploaderOptions,
  M,
  B
> {
  #askAgain: AskAgain<M, B> | undefined

  constructor(uppy: Uppy<M, B>, o: SealedUploaderOptions) {
    super(uppy, o, toBucket)
  }

  override install(): void {
    super.install()
    this.#askAgain = new AskAgain(this.uppy, () => this.opts)
  }

  override uninstall(): void {
    super.uninstall()
    this.#askAgain?.stop()
  }
}
