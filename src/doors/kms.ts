/** The companion: everything that calls KMS. */
export { createOpener, type OpenerOptions } from '../kms/open/create-opener.js'
export type { CloseOptions, Opener } from '../kms/open/opener.js'
export type { FileOpener } from '../kms/open/file-opener.js'
export type { ManyFile, OpenFileOutcome, OpenManyFilesOptions } from '../open/open-many-files.js'
export type { ManyItem, OpenManyOptions, OpenOutcome } from '../open/open-many.js'
export type { Items } from '../io/side-by-side.js'
export type { Opened } from '../open/open-value.js'
export type { FileName } from '../formats/sealed-name.js'
export type { OpenedFileInfo, OpenedInfo, OpenFileOptions, OpenOptions } from '../open/options.js'
export type { OpenEvent } from '../open/report.js'
export type { DigestedStream, OpenedStream, OpenStreamOptions } from '../open/stream-opener.js'
export type { StreamDigest } from '../open/stream-digest.js'
export { httpSource, type HttpSourceOptions } from '../io/http-source.js'
export type { OpenedFile } from '../kms/open/open-file.js'
export type { ReplayStore } from '../open/replay.js'
export type { CacheOptions } from '../kms/open/data-key-cache.js'
export { createResealer, type ResealerOptions } from '../kms/reseal/create-resealer.js'
export type {
  Resealer,
  ResealedStream,
  ResealOptions,
  ResealSource,
} from '../kms/reseal/resealer.js'
export {
  createArchiveReader,
  type ArchiveReaderOptions,
} from '../kms/reseal/create-archive-reader.js'
export type {
  ArchiveReader,
  DigestedArchive,
  OpenedArchiveStream,
  ReadArchiveOptions,
  ReadArchiveStreamOptions,
} from '../kms/reseal/archive-reader.js'
export type { ArchiveInfo } from '../kms/reseal/open-archive.js'
export type { Original } from '../kms/reseal/archive-context.js'
export { createSigner } from '../kms/sign/create-signer.js'
export type { ReceiptOf, Signer } from '../kms/sign/signer.js'
export type { SignFileOptions } from '../kms/sign/sign-file.js'
export {
  createDropLink,
  type DropLink,
  type DropLinkOptions,
} from '../kms/sign/create-drop-link.js'
export { publicJwk } from '../kms/publish/public-jwk.js'
export { createPublisher } from '../kms/publish/create-publisher.js'
export type { PublishedKey } from '../kms/publish/configured-jwks.js'
export type { PublisherOptions } from '../kms/publish/publisher-options.js'
export type { Kms } from '../kms/port/port.js'
export { kmsBudget, type BudgetOptions, type KmsBudget } from '../kms/port/budget.js'
export type {
  BudgetAsked,
  BudgetKind,
  BudgetLease,
  BudgetRates,
  BudgetStore,
} from '../kms/port/budget-store.js'
export { redisBudget } from '../kms/port/redis-budget.js'
export { fileInventory } from '../stores/files/file-inventory.js'
export { s3Inventory, type S3Operations } from '../stores/s3/s3-inventory.js'
export {
  dynamoDbInventory,
  type DynamoDbOperations,
} from '../stores/dynamo-db/dynamo-db-inventory.js'
export type {
  InventoryKey,
  InventoryStore,
  KeyInventory,
  KeyState,
  Purpose,
  RevocationReason,
} from '../kms/inventory/inventory-model.js'
export { planRotation, type PlanOptions } from '../kms/rotation/plan-rotation.js'
export { applyRotation, type Applied, type ApplyOptions } from '../kms/rotation/apply.js'
export type { Orphan } from '../kms/rotation/orphans.js'
export { rebuildInventory, type RebuildOptions, type Rebuilt } from '../kms/rotation/rebuild.js'
export type { FoundKey } from '../kms/rotation/found-keys.js'
export type { Grant } from '../kms/port/management-port.js'
export type { RotationPlan, Step, StepKind } from '../kms/rotation/steps.js'
export { deleteKey, type DeletedKey } from '../kms/rotation/delete.js'
export type { KeyOptions } from '../kms/rotation/listed-key.js'
export { restoreKey } from '../kms/rotation/restore.js'
export { retireKey, type RetiredKey } from '../kms/rotation/retire.js'
export type { LastUse } from '../kms/port/management-port.js'
export { doctor } from '../kms/doctor/doctor.js'
export type { DoctorOptions } from '../kms/doctor/settings.js'
export type { Finding } from '../kms/doctor/finding.js'
export type { DoctorRole } from '../kms/doctor/permissions.js'
export { keyPolicy } from '../kms/policy/key-policy.js'
export type { KeyPolicyOptions, Policies } from '../kms/policy/key-policy-options.js'
export { joinPolicies } from '../kms/policy/join-policies.js'
export {
  keyTemplate,
  type KeyTemplate,
  type KeyTemplateOptions,
} from '../kms/policy/key-template.js'
export type { PolicyRole } from '../kms/policy/roles.js'
export type { Condition, PolicyDocument, PolicyStatement } from '../kms/policy/document.js'
export { revokeKey, type RevokedKey } from '../kms/rotation/revoke.js'
export { memoryReplay } from '../stores/memory/memory-replay.js'
export { memoryWork } from '../stores/memory/memory-work.js'
export { redisReplay } from '../stores/redis/redis-replay.js'
export { redisWork } from '../stores/redis/redis-work.js'
export { dynamoDbReplay } from '../stores/dynamo-db/dynamo-db-replay.js'
export { dynamoDbWork } from '../stores/dynamo-db/dynamo-db-work.js'
export type {
  DynamoDbStoreOperations,
  DynamoDbStoreOptions,
} from '../stores/dynamo-db/expiring-items.js'
export type { RedisClient } from '../stores/redis/redis-client.js'
export type { WorkBegun, WorkStore, WorkToken } from '../open/work-store.js'
export {
  planCapacity,
  type CapacityCalls,
  type CapacityPlan,
  type CapacityRow,
  type CapacityStorage,
} from '../kms/plan/plan-capacity.js'
export type { CapacityAssumptions, CapacityOptions } from '../kms/plan/capacity-options.js'
export type {
  CapacityBasis,
  CapacityFact,
  CapacityKey,
  KeyKindFacts,
} from '../kms/plan/capacity-table.js'
export type { CapacityPrices, PricedKey } from '../kms/plan/prices.js'
