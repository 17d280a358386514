/** Age files: any partner with stock `age` seals them, and a KMS key opens them. */
export { ageRecipient } from '../age/recipient.js'
export { sealAge, type SealAgeOptions } from '../age/seal-age.js'
export {
  inspectAge,
  type AgeInfo,
  type AgeStanza,
  type InspectAgeOptions,
} from '../age/inspect-age.js'
export type { HeaderBounds } from '../age/read-front.js'
export { createAgeOpener, type AgeOpenerOptions } from '../kms/age/create-age-opener.js'
export type { AgeOpener, OpenedAge, OpenedAgeInfo } from '../kms/age/age-opener.js'
export {
  ageRecipients,
  type AgeRecipients,
  type AgeRecipientsOptions,
} from '../kms/age/age-recipients.js'
export {
  ageRecipientsHandler,
  type AgeRecipientsHandlerOptions,
} from '../kms/age/recipients-handler.js'
