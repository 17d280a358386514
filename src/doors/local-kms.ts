/** A KMS on your own machine, for tests and development; no AWS. */
export { startLocalKms } from '../local-kms/server.js'
export type {
  LocalKms,
  LocalKmsFaults,
  LocalKmsKey,
  LocalKmsOptions,
} from '../local-kms/server-options.js'
export type { ListedFault } from '../local-kms/injected/injected-faults.js'
export type { FaultKind, FaultRule } from '../local-kms/injected/rules.js'
export type { LocalKmsQuota } from '../local-kms/injected/quotas.js'
export type { TrailRecord, TrailResource } from '../local-kms/trail/trail-record.js'
