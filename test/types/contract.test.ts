// The public contract (contract.d.ts beside this file declares the doors by name) against what tsc
// emitted. A member that the contract has and we have not must stand in a Pending list; one that is
// built must leave it.
import type * as tus from 'tus-js-client'
import type * as contract from 'sealdrop'
import type * as contractAge from 'sealdrop/age'
import type * as contractFs from 'sealdrop/fs'
import type * as contractDigests from 'sealdrop/digests'
import type * as contractDrop from 'sealdrop/drop'
import type * as contractForms from 'sealdrop/forms'
import type * as contractJose from 'sealdrop/jose'
import type * as contractKms from 'sealdrop/kms'
import type * as contractLocal from 'sealdrop/local-kms'
import type * as contractMlDsa from 'sealdrop/ml-dsa'
import type * as contractS3 from 'sealdrop/s3'
import type * as contractServe from 'sealdrop/serve'
import type * as contractTus from 'sealdrop/tus'
import type * as contractUpload from 'sealdrop/upload'
import type * as contractUppy from 'sealdrop/uppy'
import type * as actual from '#dist/doors/index.js'
import type * as actualAge from '#dist/doors/age.js'
import type * as actualFs from '#dist/doors/fs.js'
import type * as actualDigests from '#dist/doors/digests.js'
import type * as actualDrop from '#dist/doors/drop.js'
import type * as actualForms from '#dist/doors/forms.js'
import type * as actualJose from '#dist/doors/jose.js'
import type * as actualKms from '#dist/doors/kms.js'
import type * as actualLocal from '#dist/doors/local-kms.js'
import type * as actualMlDsa from '#dist/doors/ml-dsa.js'
import type * as actualS3 from '#dist/doors/s3.js'
import type * as actualServe from '#dist/doors/serve.js'
import type * as actualTus from '#dist/doors/tus.js'
import type * as actualUpload from '#dist/doors/upload.js'
import type * as actualUppy from '#dist/doors/uppy.js'

/** A file as tus-js-client 5.0.0-pre2 reads it. */
interface SourceOfTus5 {
  size: number | null
  slice(
    start: number,
    end: number,
  ): Promise<
    | { done: true; value: null; size: null }
    | { done: boolean; value: Blob | ArrayBufferView; size: number }
  >
  close(): void
}

/** Does not compile unless what is built can stand where the contract stands. */
type Fits<Contract, Actual extends Contract> = Actual
/** Does not compile unless nothing is left over. */
type Nothing<T extends never> = T

/**
 * In each pair the first line names what contract.d.ts has and the door has not; the second names
 * what the door has and contract.d.ts has not. Each name also has a line with Fits below.
 */
export type Names = [
  Nothing<Exclude<keyof typeof contract, keyof typeof actual>>,
  Nothing<Exclude<keyof typeof actual, keyof typeof contract>>,
  Nothing<Exclude<keyof typeof contractUppy, keyof typeof actualUppy>>,
  Nothing<Exclude<keyof typeof actualUppy, keyof typeof contractUppy>>,
  Nothing<Exclude<keyof typeof contractAge, keyof typeof actualAge>>,
  Nothing<Exclude<keyof typeof actualAge, keyof typeof contractAge>>,
  Nothing<Exclude<keyof typeof contractFs, keyof typeof actualFs>>,
  Nothing<Exclude<keyof typeof actualFs, keyof typeof contractFs>>,
  Nothing<Exclude<keyof typeof contractKms, keyof typeof actualKms>>,
  Nothing<Exclude<keyof typeof actualKms, keyof typeof contractKms>>,
  Nothing<Exclude<keyof typeof contractServe, keyof typeof actualServe>>,
  Nothing<Exclude<keyof typeof actualServe, keyof typeof contractServe>>,
  Nothing<Exclude<keyof typeof contractMlDsa, keyof typeof actualMlDsa>>,
  Nothing<Exclude<keyof typeof actualMlDsa, keyof typeof contractMlDsa>>,
  Nothing<Exclude<keyof typeof contractDigests, keyof typeof actualDigests>>,
  Nothing<Exclude<keyof typeof actualDigests, keyof typeof contractDigests>>,
  Nothing<Exclude<keyof typeof contractJose, keyof typeof actualJose>>,
  Nothing<Exclude<keyof typeof actualJose, keyof typeof contractJose>>,
  Nothing<Exclude<keyof typeof contractS3, keyof typeof actualS3>>,
  Nothing<Exclude<keyof typeof actualS3, keyof typeof contractS3>>,
  Nothing<Exclude<keyof typeof contractDrop, keyof typeof actualDrop>>,
  Nothing<Exclude<keyof typeof actualDrop, keyof typeof contractDrop>>,
  Nothing<Exclude<keyof typeof contractForms, keyof typeof actualForms>>,
  Nothing<Exclude<keyof typeof actualForms, keyof typeof contractForms>>,
  Nothing<Exclude<keyof typeof contractTus, keyof typeof actualTus>>,
  Nothing<Exclude<keyof typeof actualTus, keyof typeof contractTus>>,
  Nothing<Exclude<keyof typeof contractUpload, keyof typeof actualUpload>>,
  Nothing<Exclude<keyof typeof actualUpload, keyof typeof contractUpload>>,
  Nothing<Exclude<keyof typeof contractLocal, keyof typeof actualLocal>>,
  Nothing<Exclude<keyof typeof actualLocal, keyof typeof contractLocal>>,
]

export type Door = [
  Fits<typeof contract.fetchKeySet, typeof actual.fetchKeySet>,
  Fits<typeof contract.importKeySet, typeof actual.importKeySet>,
  Fits<typeof contract.signedBy, typeof actual.signedBy>,
  Fits<contract.AlgorithmProvider, actual.AlgorithmProvider>,
  Fits<typeof contractMlDsa.mlDsa, typeof actualMlDsa.mlDsa>,
  Fits<typeof contractDigests.digests, typeof actualDigests.digests>,
  Fits<typeof contract.indexedDbSets, typeof actual.indexedDbSets>,
  Fits<typeof contract.kvSets, typeof actual.kvSets>,
  Fits<contract.SetStore, actual.SetStore>,
  Fits<typeof contract.pinned, typeof actual.pinned>,
  Fits<typeof contract.overHttps, typeof actual.overHttps>,
  Fits<typeof contract.inHand, typeof actual.inHand>,
  Fits<typeof contract.seal, typeof actual.seal>,
  Fits<typeof contract.createSealer, typeof actual.createSealer>,
  Fits<typeof contract.verify, typeof actual.verify>,
  Fits<typeof contract.verifyJwt, typeof actual.verifyJwt>,
  Fits<typeof contractJose.joseKeys, typeof actualJose.joseKeys>,
  Fits<typeof contract.verifySignature, typeof actual.verifySignature>,
  Fits<typeof contract.verifyReceipt, typeof actual.verifyReceipt>,
  Fits<typeof contract.receiptFile, typeof actual.receiptFile>,
  Fits<typeof contract.verifyReceiptFile, typeof actual.verifyReceiptFile>,
  Fits<typeof contract.verifyStream, typeof actual.verifyStream>,
  Fits<typeof contract.verifyRange, typeof actual.verifyRange>,
  Fits<typeof contract.isSealdropError, typeof actual.isSealdropError>,
  Fits<contract.SealdropError, actual.SealdropError>,
  Fits<contract.SealdropErrorCode, actual.SealdropErrorCode>,
  Fits<actual.SealdropErrorCode, contract.SealdropErrorCode>,
  Fits<contract.Whose, actual.Whose>,
  Fits<actual.Whose, contract.Whose>,
  Fits<contract.KeySet, actual.KeySet>,
  Fits<contract.KeyInfo, actual.KeyInfo>,
  Fits<contract.Content, actual.Content>,
  Fits<contract.Trust, actual.Trust>,
  Fits<typeof contract.sealedPlaces, typeof actual.sealedPlaces>,
  Fits<contract.SealedPlaces, actual.SealedPlaces>,
  Fits<typeof contract.sealFields<{ a: string }>, typeof actual.sealFields<{ a: string }>>,
  Fits<typeof contract.inspect, typeof actual.inspect>,
  Fits<typeof contract.sealStream, typeof actual.sealStream>,
  Fits<typeof contract.sealedLength, typeof actual.sealedLength>,
  Fits<typeof contract.createFileSealer, typeof actual.createFileSealer>,
  Fits<typeof contract.restoreFileSealer, typeof actual.restoreFileSealer>,
  Fits<typeof contract.indexedDbRecords, typeof actual.indexedDbRecords>,
  Fits<contract.FileRecords, actual.FileRecords>,
  Fits<contract.TagRun, actual.TagRun>,
  Fits<contract.StreamSource, actual.StreamSource>,
  Fits<contract.SealedStream, actual.SealedStream>,
  Fits<contract.FileSealer, actual.FileSealer>,
]

type OpenerOptions = Parameters<typeof contractKms.createOpener>[0]

export type Companion = [
  Fits<(o: OpenerOptions) => contractKms.Opener, typeof actualKms.createOpener>,
  Fits<
    (o: Parameters<typeof contractKms.createSigner>[0]) => contractKms.Signer,
    typeof actualKms.createSigner
  >,
  Fits<typeof contractKms.createResealer, typeof actualKms.createResealer>,
  Fits<typeof contractKms.createArchiveReader, typeof actualKms.createArchiveReader>,
  Fits<typeof contractKms.kmsBudget, typeof actualKms.kmsBudget>,
  Fits<typeof contractKms.redisBudget, typeof actualKms.redisBudget>,
  Fits<contractKms.BudgetStore, actualKms.BudgetStore>,
  Fits<typeof contractKms.createDropLink, typeof actualKms.createDropLink>,
  Fits<typeof contractKms.createPublisher, typeof actualKms.createPublisher>,
  Fits<typeof contractServe.keySetHandler, typeof actualServe.keySetHandler>,
  Fits<typeof contractServe.keySetListener, typeof actualServe.keySetListener>,
  Fits<typeof contractAge.ageRecipient, typeof actualAge.ageRecipient>,
  Fits<typeof contractAge.ageRecipients, typeof actualAge.ageRecipients>,
  Fits<typeof contractAge.ageRecipientsHandler, typeof actualAge.ageRecipientsHandler>,
  Fits<typeof contractAge.createAgeOpener, typeof actualAge.createAgeOpener>,
  Fits<typeof contractAge.inspectAge, typeof actualAge.inspectAge>,
  Fits<typeof contractAge.sealAge, typeof actualAge.sealAge>,
  Fits<typeof contractFs.fileSource, typeof actualFs.fileSource>,
  Fits<typeof contractFs.safePath, typeof actualFs.safePath>,
  Fits<typeof contractFs.fileRecords, typeof actualFs.fileRecords>,
  Fits<typeof contractFs.fileSets, typeof actualFs.fileSets>,
  Fits<typeof contractKms.publicJwk, typeof actualKms.publicJwk>,
  Fits<typeof contractKms.fileInventory, typeof actualKms.fileInventory>,
  Fits<typeof contractKms.s3Inventory, typeof actualKms.s3Inventory>,
  Fits<typeof contractKms.dynamoDbInventory, typeof actualKms.dynamoDbInventory>,
  Fits<typeof contractKms.retireKey, typeof actualKms.retireKey>,
  Fits<typeof contractKms.deleteKey, typeof actualKms.deleteKey>,
  Fits<typeof contractKms.restoreKey, typeof actualKms.restoreKey>,
  Fits<typeof contractKms.rebuildInventory, typeof actualKms.rebuildInventory>,
  Fits<typeof contractKms.revokeKey, typeof actualKms.revokeKey>,
  Fits<typeof contractKms.planCapacity, typeof actualKms.planCapacity>,
  Fits<contractKms.CapacityOptions, actualKms.CapacityOptions>,
  Fits<actualKms.CapacityOptions, contractKms.CapacityOptions>,
  Fits<typeof contractKms.planRotation, typeof actualKms.planRotation>,
  Fits<typeof contractKms.applyRotation, typeof actualKms.applyRotation>,
  Fits<contractKms.KeyInventory, actualKms.KeyInventory>,
  Fits<contractKms.InventoryStore, actualKms.InventoryStore>,
  Fits<typeof contractKms.httpSource, typeof actualKms.httpSource>,
  Fits<typeof contractKms.memoryReplay, typeof actualKms.memoryReplay>,
  Fits<typeof contractKms.memoryWork, typeof actualKms.memoryWork>,
  Fits<typeof contractKms.redisReplay, typeof actualKms.redisReplay>,
  Fits<typeof contractKms.redisWork, typeof actualKms.redisWork>,
  Fits<typeof contractKms.dynamoDbReplay, typeof actualKms.dynamoDbReplay>,
  Fits<typeof contractKms.dynamoDbWork, typeof actualKms.dynamoDbWork>,
  Fits<contractKms.WorkStore, actualKms.WorkStore>,
  Fits<actualKms.WorkStore, contractKms.WorkStore>,
  Fits<contract.ByteSource, actualFs.ByteSource>,
  Fits<typeof contractKms.keyPolicy, typeof actualKms.keyPolicy>,
  Fits<typeof contractKms.joinPolicies, typeof actualKms.joinPolicies>,
  Fits<typeof contractKms.keyTemplate, typeof actualKms.keyTemplate>,
  Fits<typeof contractKms.doctor, typeof actualKms.doctor>,
  Fits<typeof contractS3.uploadHandler, typeof actualS3.uploadHandler>,
  Fits<typeof contractS3.uploadListener, typeof actualS3.uploadListener>,
  Fits<typeof contractS3.dropLinks, typeof actualS3.dropLinks>,
  Fits<typeof contractS3.memoryLinks, typeof actualS3.memoryLinks>,
  Fits<typeof contractS3.dynamoDbLinks, typeof actualS3.dynamoDbLinks>,
  Fits<typeof contractS3.redisLinks, typeof actualS3.redisLinks>,
  Fits<contractS3.DropLinkStore, actualS3.DropLinkStore>,
  Fits<actualS3.DropLinkStore, contractS3.DropLinkStore>,
  Fits<actualS3.BegunUpload, contractS3.BegunUpload>,
  Fits<typeof contractDrop.defineDrop, typeof actualDrop.defineDrop>,
  Fits<contractDrop.DropSettings, actualDrop.DropSettings>,
  Fits<actualDrop.DropSettings, contractDrop.DropSettings>,
  Fits<contractDrop.SealdropDrop, actualDrop.SealdropDrop>,
  Fits<actualDrop.DropReceipt, contractDrop.DropReceipt>,
  Fits<contractDrop.DropReceipt, actualDrop.DropReceipt>,
  Fits<typeof contractForms.sealForm, typeof actualForms.sealForm>,
  Fits<contractForms.SealedForm, actualForms.SealedForm>,
  Fits<typeof contractUpload.uploadSealed, typeof actualUpload.uploadSealed>,
  Fits<typeof contractUpload.takeDropLink, typeof actualUpload.takeDropLink>,
  Fits<typeof contractUpload.uploadAll, typeof actualUpload.uploadAll>,
  Fits<contractUpload.UploadOutcome, actualUpload.UploadOutcome>,
  Fits<contractUpload.UploadAllHandle, actualUpload.UploadAllHandle>,
  Fits<typeof contractUpload.unfinishedUploads, typeof actualUpload.unfinishedUploads>,
  Fits<typeof contractUpload.forgetUpload, typeof actualUpload.forgetUpload>,
  Fits<typeof contractUpload.uploadTransport, typeof actualUpload.uploadTransport>,
  Fits<typeof contractUppy.SealedUploader, typeof actualUppy.SealedUploader>,
  Fits<contractUppy.SealedUploaderOptions, actualUppy.SealedUploaderOptions>,
  Fits<actualUppy.SealedUploaderOptions, contractUppy.SealedUploaderOptions>,
  Fits<typeof contractUppy.SealedTusUploader, typeof actualUppy.SealedTusUploader>,
  Fits<contractUppy.SealedTusUploaderOptions, actualUppy.SealedTusUploaderOptions>,
  Fits<actualUppy.SealedTusUploaderOptions, contractUppy.SealedTusUploaderOptions>,
  Fits<actualUppy.SealedTusUploaderOptions['Upload'], typeof tus.Upload>,
  Fits<actualUppy.TusRequest, tus.HttpRequest>,
  Fits<typeof contractUpload.planUpload, typeof actualUpload.planUpload>,
  Fits<contractUpload.UploadTransport, actualUpload.UploadTransport>,
  Fits<contractUpload.UploadHandle, actualUpload.UploadHandle>,
  Fits<contractUpload.UploadedFile, actualUpload.UploadedFile>,
  Fits<typeof contractTus.sealForTus, typeof actualTus.sealForTus>,
  Fits<contractTus.TusSealing, actualTus.TusSealing>,
  Fits<contractTus.TusSealed, actualTus.TusSealed>,
  Fits<tus.UploadOptions, actualTus.TusUploadOptions>,
  Fits<SourceOfTus5, actualTus.TusFileSource>,
  Fits<contractUpload.UnfinishedUpload, actualUpload.UnfinishedUpload>,
  Fits<typeof contractS3.s3Source, typeof actualS3.s3Source>,
  Fits<typeof contractS3.s3Sink, typeof actualS3.s3Sink>,
  Fits<typeof contractS3.bucketPolicy, typeof actualS3.bucketPolicy>,
  Fits<typeof contractS3.bucketDoctor, typeof actualS3.bucketDoctor>,
  Fits<typeof contractS3.bucketCors, typeof actualS3.bucketCors>,
  Fits<typeof contractS3.bucketLifecycle, typeof actualS3.bucketLifecycle>,
  Fits<contractS3.UploadAsked, actualS3.UploadAsked>,
  Fits<actualS3.UploadAsked, contractS3.UploadAsked>,
  Fits<typeof contractLocal.startLocalKms, typeof actualLocal.startLocalKms>,
]

export type Control = [
  // @ts-expect-error a verb with another answer does not fit
  Fits<typeof contract.seal, () => Promise<number>>,
  // @ts-expect-error nor does a verb that wants more than the contract gives
  Fits<typeof contract.overHttps, (more: string) => contract.Trust>,
  // @ts-expect-error a name left over is seen
  Nothing<'leftOver'>,
]
