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
import { usableKey } from './resolve.js'

const decryptMembers = {
  KeyId: optionalKeyId,
  EncryptionAlgorithm: algorithm,
  EncryptionContext: context,
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

/** A dry run opens the ciphertext too: it tells that the call would succeed. */
function decrypt(
  call: Call,
  {
    CiphertextBlob,
    KeyId,
    EncryptionAlgorithm = symmetric,
    EncryptionContext,
    DryRun,
  }: DecryptInput,
): Answer {
  const { key, plaintext, materialId } = openWith(call, {
    keyId: KeyId,
    algorithm: EncryptionAlgorithm,
    context: EncryptionContext,
    ciphertext: CiphertextBlob,
    permission: 'Decrypt',
  })
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
      EncryptionAlgorithm: algorithm,
      EncryptionContext: context,
      ...callMembers,
    },
    (call, { KeyId, Plaintext, EncryptionAlgorithm = symmetric, EncryptionContext, DryRun }) => {
      const key = usableKey(call, KeyId, 'ENCRYPT_DECRYPT')
      const { ciphertext } = sealUnder(
        call,
        key,
        EncryptionAlgorithm,
        EncryptionContext,
        Plaintext,
        DryRun,
      )
      return { KeyId: call.ring.keyArn(key), CiphertextBlob: blob(ciphertext), EncryptionAlgorithm }
    },
  ),

  Decrypt: (call) => (ignoresCiphertext(call) ? decryptWithout : decryptReal)(call),
}
