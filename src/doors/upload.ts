/** Send sealed files to a company's bucket, in parts that survive a lost network. */
export { uploadSealed } from '../upload/upload-sealed.js'
export type {
  UploadedFile,
  UploadHandle,
  UploadOptions,
  UploadState,
} from '../upload/upload-options.js'
export {
  uploadAll,
  type UploadAllHandle,
  type UploadAllOptions,
  type UploadAllProgress,
  type UploadOutcome,
} from '../upload/upload-all.js'
export { unfinishedUploads, type UnfinishedUpload } from '../upload/unfinished-uploads.js'
export { forgetUpload, type ForgetOptions } from '../upload/forget-upload.js'
export { takeDropLink, type TakenLink } from '../upload/take-drop-link.js'
export {
  uploadTransport,
  type AskOptions,
  type TransportOptions,
  type UploadTransport,
} from '../upload/transport.js'
export type { PutAnswer, PutOptions } from '../upload/put.js'
export type {
  SignedPart,
  UploadAnswers,
  UploadedObject,
  UploadOp,
  UploadPart,
  UploadRequests,
} from '../upload/protocol.js'
export { planUpload, type UploadPlan } from '../upload/plan.js'
