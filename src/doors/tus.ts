/** Seal files for tus-js-client. */
export { sealForTus, type TusSealing } from '../tus/seal-for-tus.js'
export type { TusSealed } from '../tus/sealed-source.js'
export type {
  TusFileReader,
  TusFileSource,
  TusSealOptions,
  TusSlice,
  TusUploadOptions,
} from '../tus/tus-options.js'
