import { createHmac, timingSafeEqual } from 'node:crypto'
import { enums, keySpecs } from '../key-specs.js'
import type { Key } from '../state/model.js'
import { currentMaterial } from '../state/states.js'
import { KmsFault } from '../wire/fault.js'
import { callMembers, keyId } from '../wire/members.js'
import type { Call } from './call.js'
import { blob, operation, type Operation } from './operation.js'
import { incompatible, usableKey } from './resolve.js'

const members = {
  KeyId: keyId,
  Message: { type: 'blob', required: true, sensitive: true, min: 1, max: 4096 },
  MacAlgorithm: { type: 'string', required: true, values: enums.macAlgorithm },
  ...callMembers,
} as const

export const macOperations: Readonly<Record<string, Operation>> = {
  GenerateMac: operation(members, (call, input) => {
    const { key, mac } = compute(call, input)
    return { KeyId: call.ring.keyArn(key), Mac: blob(mac), MacAlgorithm: input.MacAlgorithm }
  }),

  /** A MAC that does not fit is an error, never `MacValid: false`. */
  VerifyMac: operation({ ...members, Mac: { type: 'blob', required: true, min: 1, max: 6144 } }, (call, input) => {
    const { key, mac } = compute(call, input)
    if (mac.length !== input.Mac.length || !timingSafeEqual(mac, input.Mac)) throw new KmsFault('KMSInvalidMacException')
    return { KeyId: call.ring.keyArn(key), MacValid: true, MacAlgorithm: input.MacAlgorithm }
  }),
}

interface MacInput { readonly KeyId: string; readonly Message: Uint8Array; readonly MacAlgorithm: string; readonly DryRun: boolean | undefined }

/** HMAC (FIPS 198-1), whole. */
function compute(call: Call, { KeyId, Message, MacAlgorithm, DryRun }: MacInput): { readonly key: Key; readonly mac: Buffer } {
  const key = usableKey(call, KeyId, 'GENERATE_VERIFY_MAC')
  if (!keySpecs.get(key.spec)?.algorithms.GENERATE_VERIFY_MAC?.includes(MacAlgorithm)) throw incompatible(MacAlgorithm, key)
  const material = currentMaterial(key)
  if (material.kind !== 'secret') throw new Error(`a ${key.spec} key has no secret`)
  call.proceed(DryRun)
  return { key, mac: createHmac(`sha${MacAlgorithm.slice(-3)}`, material.secret).update(Message).digest() }
}
