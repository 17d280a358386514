/** Seal to a company's AWS KMS public keys, and verify what its KMS signed, with WebCrypto only. */
export {
  isSealdropError,
  SealdropError,
  type SealdropErrorCode,
  type SealdropErrorOptions,
  type Whose,
} from '../errors/sealdrop-error.js'
export type { CallOptions } from '../io/abort.js'
export type { Context } from '../formats/context.js'
export type { Content, Value } from '../formats/content.js'
export type { JWK } from '../formats/jwk.js'
export type { KeyInfo } from '../keys/key.js'
export type { AlgorithmProvider } from '../crypto/provider.js'
export type { KeySet, KeySetOptions } from '../keys/key-set.js'
export type { Believed, Trust } from '../keys/trust.js'
export { fetchKeySet, type FetchOptions } from '../keys/fetch-key-set.js'
export { importKeySet, type ImportOptions } from '../keys/import-key-set.js'
export { signedBy, type SignedByOptions } from '../trust/signed-by.js'
export type { SetStore } from '../keys/set-store.js'
export { indexedDbSets } from '../stores/indexed-db/indexed-db-sets.js'
export { kvSets, type KvNamespace } from '../stores/workers-kv/kv-sets.js'
export { pinned, type Pin } from '../trust/pinned.js'
export { overHttps } from '../trust/over-https.js'
export { inHand } from '../trust/in-hand.js'
export { seal, type SealOptions } from '../seal/seal.js'
export {
  createSealer,
  sealedPlaces,
  sealFields,
  type FieldOptions,
  type SealedFields,
  type SealedPlaces,
  type Sealer,
} from '../seal/sealer.js'
export type { ByteSource } from '../io/byte-source.js'
export type { StreamSource } from '../io/stream-source.js'
export type { ByteStream } from '../io/in-order.js'
export { sealStream, type SealedStream, type StreamOptions } from '../stream/seal-stream.js'
export {
  createFileSealer,
  restoreFileSealer,
  type FileSealerOptions,
  type RestoreOptions,
} from '../stream/create-file-sealer.js'
export type { FileSealer } from '../stream/file-sealer.js'
export type { FileRecords, TagRun } from '../stream/record-store.js'
export { indexedDbRecords } from '../stores/indexed-db/indexed-db-records.js'
export { sealedLength } from '../stream/sealed-length.js'
export type { MessageOptions, Recipients } from '../stream/plan-message.js'
export { verify, type Proof, type SinceWhen } from '../verify/verify.js'
export { verifyJwt, type Claims, type JwtOptions } from '../verify/jwt.js'
export { verifySignature, type RawSignature } from '../verify/signature.js'
export { verifyReceipt, type Received, type Sent } from '../verify/verify-receipt.js'
export {
  receiptFile,
  verifyReceiptFile,
  type ReceiptFileOptions,
} from '../verify/verify-receipt-file.js'
export { verifyRange, verifyStream } from '../verify/stream.js'
export type { FileOptions, SignedFile, VerifiedStream } from '../verify/signed-file.js'
export { inspect, type Inspection } from '../verify/inspect.js'
