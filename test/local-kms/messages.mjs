// The words of the service, and rows of tables that say what it refuses.

/** @import { FaultRow, Refusal } from './types.d.ts' */

/** The message of one broken rule. */
export const broken = (rule) => `1 validation error detected: ${rule}`
/** A member that has to be there is not. */
export const isNull = (name) =>
  broken(`Value null at '${name}' failed to satisfy constraint: Member must not be null`)
/** A member has a value that it may not have: `Member must …`. */
export const must = (name, value, rule) =>
  broken(`Value '${value}' at '${name}' failed to satisfy constraint: Member must ${rule}`)
/** The same of bytes or a list, whose value the service does not repeat. */
export const mustHave = (name, rule) =>
  broken(`Value at '${name}' failed to satisfy constraint: Member must have ${rule}`)
/** A member has none of the values of its enumeration. */
export const enumerated = (name, value, values) =>
  must(name, value, `satisfy enum value set: [${values}]`)
export const patterned = (name, value, pattern) =>
  must(name, value, `satisfy regular expression pattern: ${pattern}`)

export const dryRun = 'The request would have succeeded, but the DryRun option is set.'
export const noAliases = 'Key Aliases are not supported for this operation.'
export const noContext =
  'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.'
export const incorrectKey =
  'The key ID in the request does not identify a CMK that can perform this operation.'
export const hiddenKey =
  'The ciphertext refers to a customer master key that does not exist, does not exist in this ' +
  'region, or you are not allowed to access.'
export const disabled = (arn) => `${arn} is disabled.`
export const pendingDeletion = (arn) => `${arn} is pending deletion.`
export const pendingImport = (arn) => `${arn} is pending import.`
export const noKey = (arn) => `Key '${arn}' does not exist`
export const noAlgorithm = (algorithm, spec) =>
  `Algorithm ${algorithm} is incompatible with key spec ${spec}.`
export const tooLong = (algorithm, spec, limit) =>
  `Algorithm ${algorithm} and key spec ${spec} cannot encrypt data larger than ${limit} bytes.`
export const notImplemented = (what) => `${what} is not implemented by Sealdrop's local KMS.`

/**
 * Rows of what is refused with one error: operation, input, message.
 *
 * @param {string} name
 * @param {readonly Refusal[]} rows
 * @returns {FaultRow[]}
 */
export const refusedAs = (name, rows) =>
  rows.map(([operation, input, message]) => [operation, input, name, message])
