import { callMembers, keyId, optionalKeyId } from '../wire/members.js'
import type { Call } from './call.js'
import {
  ciphertextBlob,
  dryRunModifiers,
  encryptionAlgorithm,
  encryptionContext,
  ignoresCiphertext,
  openerOf,
  sealUnder,
  symmetric,
} from './encryption.js'
import { blob, operation, type Answer, type Operation } from './operation.js'
import { checkUsage, enabledKey, findKey } from './resolve.js'

const members = {
  SourceKeyId: optionalKeyId,
  SourceEncryptionAlgorithm: encryptionAlgorithm,
  SourceEncryptionContext: encryptionContext,
  DestinationKeyId: keyId,
  DestinationEncryptionAlgorithm: encryptionAlgorithm,
  DestinationEncryptionContext: encryptionContext,
  DryRunModifiers: dryRunModifiers,
  ...callMembers,
} as const

interface ReEncryptInput {
  readonly CiphertextBlob: Uint8Array | undefined
  readonly SourceKeyId: string | undefined
  readonly SourceEncryptionAlgorithm: string | undefined
  readonly SourceEncryptionContext: Readonly<Record<string, string>> | undefined
  readonly DestinationKeyId: string
  readonly DestinationEncryptionAlgorithm: string | undefined
  readonly DestinationEncryptionContext: Readonly<Record<string, string>> | undefined
  readonly DryRun: boolean | undefined
}

/**
 * Asks for ReEncryptFrom on the source key, and for ReEncryptTo on the destination key.
 *
 * The plaintext stays here.
 */
function reEncrypt(call: Call, input: ReEncryptInput): Answer {
  const { SourceEncryptionAlgorithm = symmetric, DestinationEncryptionAlgorithm = symmetric } =
    input
  const open = openerOf(call, {
    keyId: input.SourceKeyId,
    algorithm: SourceEncryptionAlgorithm,
    context: input.SourceEncryptionContext,
    ciphertext: input.CiphertextBlob,
    permission: 'ReEncryptFrom',
  })
  const destination = findKey(call, input.DestinationKeyId, 'ReEncryptTo')
  const source = open()
  const key = enabledKey(call, checkUsage(call, destination, 'ENCRYPT_DECRYPT'))
  const { ciphertext, materialId } = sealUnder(call, key, {
    algorithm: DestinationEncryptionAlgorithm,
    context: input.DestinationEncryptionContext,
    plaintext: source.plaintext,
    dryRun: input.DryRun,
  })
  return {
    CiphertextBlob: blob(ciphertext),
    SourceKeyId: call.ring.keyArn(source.key),
    KeyId: call.ring.keyArn(key),
    SourceEncryptionAlgorithm,
    DestinationEncryptionAlgorithm,
    ...(source.materialId !== undefined && { SourceKeyMaterialId: source.materialId }),
    ...(materialId !== undefined && { DestinationKeyMaterialId: materialId }),
  }
}

const real = operation({ CiphertextBlob: ciphertextBlob, ...members }, reEncrypt)
const without = operation(
  { CiphertextBlob: { type: 'blob', max: 6144 }, ...members, SourceKeyId: keyId },
  (call, input) => reEncrypt(call, { ...input, CiphertextBlob: undefined }),
)

export const reEncryptOperations: Readonly<Record<string, Operation>> = {
  ReEncrypt: (call) => (ignoresCiphertext(call) ? without : real)(call),
}
