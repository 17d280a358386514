/** The uploader for Uppy: what people send with its Dashboard leaves sealed. */
export { SealedUploader } from '../uppy/sealed-uploader.js'
export type { SealedUploaderFile, SealedUploaderOptions } from '../uppy/uploader-options.js'
