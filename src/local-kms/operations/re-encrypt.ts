import type { Key } from '../state/model.js'
import { callMembers, keyId, optionalKeyId } from '../wire/members.js'
import type { Call } from './call.js'
import {
  algorithm,
  ciphertextBlob,
  context,
  dryRunModifiers,
  ignoresCiphertext,
  openWith,
  sealUnder,
  symmetric,
} from './encryption.js'
import { blob, operation, type Answer, type Operation } from './operation.js'
import { checkUsage, enabledKey, findKey } from './resolve.js'

const members = {
  SourceKeyId: optionalKeyId,
  SourceEncryptionAlgorithm: algorithm,
  SourceEncryptionContext: context,
  DestinationKeyId: keyId,
  DestinationEncryptionAlgorithm: algorithm,
  DestinationEncryptionContext: context,
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
 * Asks for ReEncryptFrom on the one key and for ReEncryptTo on the other; the plaintext stays here.
 */
function reEncrypt(call: Call, input: ReEncryptInput): Answer {
  const { SourceEncryptionAlgorithm = symmetric, DestinationEncryptionAlgorithm = symmetric } =
    input
  let destination: Key | undefined
  const before = (): void => {
    destination = findKey(call, input.DestinationKeyId, 'ReEncryptTo')
  }
  const source = openWith(call, {
    before,
    keyId: input.SourceKeyId,
    algorithm: SourceEncryptionAlgorithm,
    context: input.SourceEncryptionContext,
    ciphertext: input.CiphertextBlob,
    permission: 'ReEncryptFrom',
  })
  const key = enabledKey(call, checkUsage(call, destination!, 'ENCRYPT_DECRYPT'))
  const { ciphertext, materialId } = sealUnder(
    call,
    key,
    DestinationEncryptionAlgorithm,
    input.DestinationEncryptionContext,
    source.plaintext,
    input.DryRun,
  )
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
