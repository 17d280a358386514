/** The companion: everything that calls KMS. */
export { createOpener, type Opener, type OpenerOptions } from './open.js'
export type { Opened } from '../open/open-value.js'
export type { OpenedInfo, OpenOptions } from '../open/options.js'
export type { OpenEvent } from '../open/report.js'
export type { OpenedStream } from '../open/stream-opener.js'
export { httpSource, type HttpSourceOptions } from '../io/http-source.js'
export type { OpenedFile } from './open-file.js'
export type { ReplayStore } from '../open/replay.js'
export type { CacheOptions } from './data-key-cache.js'
export { createSigner, type ReceiptOf, type Signer } from './sign.js'
export type { SignFileOptions } from './sign-file.js'
export { publicJwk } from './public-jwk.js'
export { createPublisher, type PublishedKey, type PublisherOptions } from './publish.js'
export type { Kms } from './port.js'
export { fileInventory } from './inventory/file-inventory.js'
export { s3Inventory, type S3Operations } from './inventory/s3-inventory.js'
export { dynamoDbInventory, type DynamoDbOperations } from './inventory/dynamo-db-inventory.js'
export type {
  InventoryKey,
  InventoryStore,
  KeyInventory,
  KeyState,
  Purpose,
  RevocationReason,
} from './inventory/model.js'
export { planRotation, type PlanOptions } from './rotation/plan.js'
export { applyRotation, type ApplyOptions } from './rotation/apply.js'
export type { RotationPlan, Step, StepKind } from './rotation/steps.js'
export {
  deleteKey,
  restoreKey,
  retireKey,
  type DeletedKey,
  type KeyOptions,
  type RetiredKey,
} from './rotation/retire.js'
export type { LastUse } from './management-port.js'
export { doctor } from './doctor/doctor.js'
export type { DoctorOptions } from './doctor/settings.js'
export type { Finding } from './doctor/finding.js'
export type { DoctorRole } from './doctor/permissions.js'
export { keyPolicy, type KeyPolicyOptions, type Policies } from './policy/key-policy.js'
export { joinPolicies } from './policy/join-policies.js'
export { keyTemplate, type KeyTemplate, type KeyTemplateOptions } from './policy/key-template.js'
export type { PolicyRole } from './policy/roles.js'
export type { Condition, PolicyDocument, PolicyStatement } from './policy/document.js'
export { revokeKey, type RevokedKey } from './rotation/revoke.js'
