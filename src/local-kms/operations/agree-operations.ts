import { agree } from '../crypto/agreement.js'
import { decapsulate, encapsulate } from '../crypto/encapsulation.js'
import { enums } from '../key-specs.js'
import { currentMaterial } from '../state/states.js'
import { callMembers, keyId } from '../wire/members.js'
import { blob, operation, type Operation } from './operation.js'
import { usableKey } from './resolve.js'

const encapsulation = {
  KeyId: keyId,
  EncapsulationAlgorithm: { type: 'string', required: true, values: enums.encapsulationAlgorithm },
  ...callMembers,
} as const

/** Secrets shared with somebody who has a public key, and by ML-KEM. */
export const agreeOperations: Readonly<Record<string, Operation>> = {
  DeriveSharedSecret: operation(
    {
      KeyId: keyId,
      KeyAgreementAlgorithm: {
        type: 'string',
        required: true,
        values: enums.keyAgreementAlgorithm,
      },
      PublicKey: { type: 'blob', required: true, min: 1, max: 8192 },
      Recipient: { type: 'unimplemented' },
      ...callMembers,
    },
    (call, { KeyId, KeyAgreementAlgorithm, PublicKey, DryRun }) => {
      const key = usableKey(call, KeyId, 'KEY_AGREEMENT')
      const secret = agree(key.spec, currentMaterial(key), KeyAgreementAlgorithm, PublicKey)
      call.proceed(DryRun)
      return {
        KeyId: call.ring.keyArn(key),
        SharedSecret: blob(secret),
        KeyAgreementAlgorithm,
        KeyOrigin: key.origin,
      }
    },
  ),

  Encapsulate: operation(encapsulation, (call, { KeyId, EncapsulationAlgorithm, DryRun }) => {
    const key = usableKey(call, KeyId, 'ENCAPSULATE_DECAPSULATE')
    const { sharedSecret, ciphertext } = encapsulate(
      key.spec,
      currentMaterial(key),
      EncapsulationAlgorithm,
    )
    call.proceed(DryRun)
    return {
      KeyId: call.ring.keyArn(key),
      SharedSecret: blob(sharedSecret),
      SharedSecretCiphertextBlob: blob(ciphertext),
      EncapsulationAlgorithm,
    }
  }),

  /**
   * Rejection is implicit: a ciphertext that was made for another key does not fail.
   *
   * The answer is a secret that nobody else has.
   */
  Decapsulate: operation(
    {
      ...encapsulation,
      SharedSecretCiphertextBlob: { type: 'blob', required: true, min: 1, max: 6144 },
    },
    (call, { KeyId, EncapsulationAlgorithm, SharedSecretCiphertextBlob, DryRun }) => {
      const key = usableKey(call, KeyId, 'ENCAPSULATE_DECAPSULATE')
      const secret = decapsulate(
        key.spec,
        currentMaterial(key),
        EncapsulationAlgorithm,
        SharedSecretCiphertextBlob,
      )
      call.proceed(DryRun)
      return { KeyId: call.ring.keyArn(key), SharedSecret: blob(secret), EncapsulationAlgorithm }
    },
  ),
}
