/** Partners' uploads to S3: who may send, where to, and what is there. No key of KMS is used. */
export { uploadHandler } from '../s3/upload-handler.js'
export { bucketDoctor, type BucketDoctorOptions, type BucketFinding } from '../s3/bucket-doctor.js'
export { bucketPolicy, type BucketPolicies, type BucketPolicyOptions } from '../s3/bucket-policy.js'
export {
  bucketCors,
  bucketLifecycle,
  type BucketCors,
  type BucketLifecycle,
} from '../s3/bucket-rules.js'
export { dropLinks, type DropLinkAuthorize, type DropLinksOptions } from '../s3/links/drop-links.js'
export { dynamoDbLinks, type DynamoDbLinkOperations } from '../s3/links/dynamo-db-links.js'
export { memoryLinks } from '../s3/links/memory-links.js'
export { redisLinks } from '../s3/links/redis-links.js'
export type { RedisClient } from '../stores/redis/redis-client.js'
export type { DropLinkLimits, DropLinkStore, DropLinkUse } from '../s3/links/link-store.js'
export { s3Sink, type S3SinkOptions, type StoredObject } from '../s3/s3-sink.js'
export { s3Source, type S3SourceOptions } from '../s3/s3-source.js'
export { uploadListener, type UploadListenerRequest } from '../s3/upload-listener.js'
export type { ListenerResponse } from '../serve/listening.js'
export type {
  BegunUpload,
  UploadAsked,
  UploadCreateParams,
  UploadEvent,
  UploadGrant,
  UploadHandlerOptions,
  UploadSession,
} from '../s3/upload-options.js'
export type { PolicyDocument, PolicyStatement } from '../kms/policy/document.js'
