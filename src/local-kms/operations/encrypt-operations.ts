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
import { usableKey } from './resolve.js'

const decryptMembers = {
  KeyId: optionalKeyId,
  EncryptionAlgorithm: encryptionAlgorithm,
  EncryptionContext: encryptionContext,
  Recipient: { type: 'unimplemented' },
  DryRunModifiers: dryRunModifiers,
  ...callMembers,
} as const

interface DecryptInput {
  readonly CiphertextBlob: Uint8Array | undefined
  readonly KeyId: string | undefined
  readonly EncryptionAlgorithm: string | undefined
  readonly EncryptionContext: Readonly<Record<string, string>> | undefined
  readonly DryRun: boolean | undefined
}

/** Decrypts. A dry run opens the ciphertext too, to tell whether the call would succeed. */
function decrypt(call: Call, input: DecryptInput): Answer {
  const { CiphertextBlob, KeyId, EncryptionContext, DryRun } = input
  const { EncryptionAlgorithm = symmetric } = input
  const open = openerOf(call, {
    keyId: KeyId,
    algorithm: EncryptionAlgorithm,
    context: EncryptionContext,
    ciphertext: CiphertextBlob,
    permission: 'Decrypt',
  })
  const { key, plaintext, materialId } = open()
  call.proceed(DryRun)
  return {
    KeyId: call.ring.keyArn(key),
    Plaintext: blob(plaintext),
    EncryptionAlgorithm,
    ...(materialId !== undefined && { KeyMaterialId: materialId }),
  }
}

const decryptReal = operation({ CiphertextBlob: ciphertextBlob, ...decryptMembers }, decrypt)
const decryptWithout = operation(
  { CiphertextBlob: { type: 'blob', max: 6144 }, ...decryptMembers, KeyId: keyId },
  (call, input) => decrypt(call, { ...input, CiphertextBlob: undefined }),
)

export const encryptOperations: Readonly<Record<string, Operation>> = {
  Encrypt: operation(
    {
      KeyId: keyId,
      Plaintext: { type: 'blob', required: true, sensitive: true, min: 1, max: 4096 },
      EncryptionAlgorithm: encryptionAlgorithm,
      EncryptionContext: encryptionContext,
      ...callMembers,
    },
    (call, { KeyId, Plaintext, EncryptionAlgorithm = symmetric, EncryptionContext, DryRun }) => {
      const key = usableKey(call, KeyId, 'ENCRYPT_DECRYPT')
      const { ciphertext } = sealUnder(call, key, {
        algorithm: EncryptionAlgorithm,
        context: EncryptionContext,
        plaintext: Plaintext,
        dryRun: DryRun,
      })
      return { KeyId: call.ring.keyArn(key), CiphertextBlob: blob(ciphertext), EncryptionAlgorithm }
    },
  ),

  Decrypt: (call) => (ignoresCiphertext(call) ? decryptWithout : decryptReal)(call),
}
