/** Uploaders for Uppy: what people send with its Dashboard leaves sealed. */
export { SealedUploader } from '../uppy/sealed-uploader.js'
export type { SealedUploaderFile, SealedUploaderOptions } from '../uppy/uploader-options.js'
export { SealedTusUploader } from '../uppy/sealed-tus-uploader.js'
export type {
  SealedTusUploaderOptions,
  TusRequest,
  TusUpload,
} from '../uppy/tus-uploader-options.js'
