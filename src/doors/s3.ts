/** Partners' uploads to S3: who may send, where to, and what is there. No key of KMS is used. */
export { uploadHandler } from '../s3/upload-handler.js'
export { uploadListener, type UploadListenerRequest } from '../s3/upload-listener.js'
export type { ListenerResponse } from '../serve/listening.js'
export type {
  UploadAsked,
  UploadCreateParams,
  UploadEvent,
  UploadGrant,
  UploadHandlerOptions,
  UploadSession,
} from '../s3/upload-options.js'
