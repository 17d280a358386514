import type { Body, Meta, Uppy } from '@uppy/core'
import { sealForTus } from '../tus/seal-for-tus.js'
import { FilesUploader, type Way } from './files-uploader.js'
import { TusSending } from './tus-sending.js'
import {
  tusOptionNames,
  tusUploaderOptions,
  type SealedTusUploaderOptions,
} from './tus-uploader-options.js'
import { picked } from './uploader-options.js'

/** By tus-js-client, to a server of tus. */
const byTus: Way<SealedTusUploaderOptions> = {
  id: 'SealedTusUploader',
  names: tusOptionNames,
  check: tusUploaderOptions,
  send: async (o, file, { onProgress, ...given }) => {
    const kept: Pick<SealedTusUploaderOptions, 'records' | 'resume' | 'name'> = picked(
      o,
      'records resume name',
    )
    const sealing = await sealForTus(o.keys, file, { ...kept, ...given })
    return new TusSending({ file, sealing, o, onProgress, signal: given.signal })
  },
}

/**
 * Seals what people send with Uppy, and sends it to any server of tus.
 *
 * - the Dashboard shows progress, and can pause, resume, retry and cancel
 * - a file that cannot be sealed is not sent
 * - the server is told the sealed name, and no other metadata
 * - with `records` a file that is added again after a reload goes on where it was
 *
 * @throws SealdropError when Uppy takes it, or takes another plugin beside it:
 *   - `invalid_argument`: an option is wrong
 *   - `conflict`: another uploader, or Golden Retriever, which keeps files as they are
 * @throws SealdropError of each file, as the event `upload-error`:
 *   - what `sealForTus` throws
 *   - `source_failed`: the page has no content of the file
 *   - `output_failed`: the server of tus cannot be reached, or refuses
 *   - `invalid_argument`: the server names an address that is neither https nor on loopback
 * @example
 *   ```js
 *   import Uppy from '@uppy/core'
 *   import { fetchKeySet, overHttps } from 'sealdrop'
 *   import { SealedTusUploader } from 'sealdrop/uppy'
 *   import { Upload } from 'tus-js-client'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const endpoint = 'https://files.example.com/tus/'
 *   const o = { keys, context: { order: '7' }, Upload, endpoint }
 *   const uppy = new Uppy().use(SealedTusUploader, o)
 *   console.log(uppy.getPlugin('SealedTusUploader').type) // uploader
 *   ```
 * @see docs/guides/uppy.md
 */
export class SealedTusUploader<M extends Meta, B extends Body> extends FilesUploader<
  SealedTusUploaderOptions,
  M,
  B
> {
  constructor(uppy: Uppy<M, B>, o: SealedTusUploaderOptions) {
    super(uppy, o, byTus)
  }
}
