import { sign, verify, type MessageType, type ToSign } from '../crypto/signing.js'
import { enums } from '../key-specs.js'
import { currentMaterial } from '../state/states.js'
import { KmsFault } from '../wire/fault.js'
import { callMembers, keyId } from '../wire/members.js'
import { blob, operation, type Operation } from './operation.js'
import { usableKey } from './resolve.js'

const signing = {
  KeyId: keyId,
  Message: { type: 'blob', required: true, sensitive: true, min: 1, max: 4096 },
  MessageType: { type: 'string', values: enums.messageType },
  // the service lets SYMMETRIC_DEFAULT through to the key
  SigningAlgorithm: {
    type: 'string',
    required: true,
    values: [...enums.signingAlgorithm, 'SYMMETRIC_DEFAULT'],
    listed: enums.signingAlgorithm,
  },
  ...callMembers,
} as const

export const signOperations: Readonly<Record<string, Operation>> = {
  Sign: operation(
    signing,
    (call, { KeyId, Message, MessageType = 'RAW', SigningAlgorithm, DryRun }) => {
      const key = usableKey(call, KeyId, 'SIGN_VERIFY')
      const signature = sign(key.spec, currentMaterial(key), {
        algorithm: SigningAlgorithm,
        messageType: MessageType as MessageType,
        message: Message,
      })
      call.proceed(DryRun)
      return { KeyId: call.ring.keyArn(key), Signature: blob(signature), SigningAlgorithm }
    },
  ),

  /**
   * An invalid signature is an error, and never `SignatureValid: false`.
   *
   * A dry run does not say whether it is valid.
   */
  Verify: operation(
    { ...signing, Signature: { type: 'blob', required: true, min: 1, max: 6144 } },
    (call, { KeyId, Message, MessageType = 'RAW', SigningAlgorithm, Signature, DryRun }) => {
      const key = usableKey(call, KeyId, 'SIGN_VERIFY')
      const signed: ToSign = {
        algorithm: SigningAlgorithm,
        messageType: MessageType as MessageType,
        message: Message,
      }
      const valid = verify(key.spec, currentMaterial(key), signed, Signature)
      call.proceed(DryRun)
      if (!valid) throw new KmsFault('KMSInvalidSignatureException')
      return { KeyId: call.ring.keyArn(key), SignatureValid: true, SigningAlgorithm }
    },
  ),
}
