import { generateMac, verifyMac } from '../crypto/mac.js'
import { enums } from '../key-specs.js'
import { currentMaterial } from '../state/states.js'
import { KmsFault } from '../wire/fault.js'
import { callMembers, keyId } from '../wire/members.js'
import { blob, operation, type Operation } from './operation.js'
import { usableKey } from './resolve.js'

const members = {
  KeyId: keyId,
  Message: { type: 'blob', required: true, sensitive: true, min: 1, max: 4096 },
  MacAlgorithm: { type: 'string', required: true, values: enums.macAlgorithm },
  ...callMembers,
} as const

export const macOperations: Readonly<Record<string, Operation>> = {
  GenerateMac: operation(members, (call, { KeyId, Message, MacAlgorithm, DryRun }) => {
    const key = usableKey(call, KeyId, 'GENERATE_VERIFY_MAC')
    const mac = generateMac(key.spec, currentMaterial(key), MacAlgorithm, Message)
    call.proceed(DryRun)
    return { KeyId: call.ring.keyArn(key), Mac: blob(mac), MacAlgorithm }
  }),

  /**
   * A MAC that does not fit is an error, and never `MacValid: false`.
   *
   * A dry run does not say whether it fits.
   */
  VerifyMac: operation(
    { ...members, Mac: { type: 'blob', required: true, min: 1, max: 6144 } },
    (call, { KeyId, Message, MacAlgorithm, Mac, DryRun }) => {
      const key = usableKey(call, KeyId, 'GENERATE_VERIFY_MAC')
      const valid = verifyMac(key.spec, currentMaterial(key), {
        algorithm: MacAlgorithm,
        message: Message,
        mac: Mac,
      })
      call.proceed(DryRun)
      if (!valid) throw new KmsFault('KMSInvalidMacException')
      return { KeyId: call.ring.keyArn(key), MacValid: true, MacAlgorithm }
    },
  ),
}
