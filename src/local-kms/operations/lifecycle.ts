import { KmsFault } from '../wire/fault.js'
import { keyId } from '../wire/members.js'
import { changing, type Operation, timestamp } from './operation.js'
import { findKeyItself, notPendingDeletion } from './resolve.js'

const day = 86_400_000
const keyItself = { KeyId: keyId } as const

export const lifecycleOperations: Readonly<Record<string, Operation>> = {
  EnableKey: changing(keyItself, async (call, { KeyId }) => {
    await call.ring.saveKey({ ...notPendingDeletion(call, findKeyItself(call, KeyId)), enabled: true })
    return undefined
  }),

  DisableKey: changing(keyItself, async (call, { KeyId }) => {
    await call.ring.saveKey({ ...notPendingDeletion(call, findKeyItself(call, KeyId)), enabled: false })
    return undefined
  }),

  ScheduleKeyDeletion: changing(
    { KeyId: keyId, PendingWindowInDays: { type: 'integer', min: 7, max: 30 } },
    async (call, { KeyId, PendingWindowInDays = 30 }) => {
      const key = notPendingDeletion(call, findKeyItself(call, KeyId))
      const deletion = call.now() + PendingWindowInDays * day
      await call.ring.saveKey({ ...key, enabled: false, deletion })
      return { KeyId: call.ring.keyArn(key), DeletionDate: timestamp(deletion), KeyState: 'PendingDeletion', PendingWindowInDays }
    },
  ),

  /** The key comes back disabled, as in AWS. */
  CancelKeyDeletion: changing(keyItself, async (call, { KeyId }) => {
    const { deletion, waitingDays, ...key } = findKeyItself(call, KeyId)
    if (deletion === undefined && waitingDays === undefined) throw new KmsFault('KMSInvalidStateException', `${call.ring.keyArn(key)} is not pending deletion.`)
    await call.ring.saveKey(key)
    return { KeyId: call.ring.keyArn(key) }
  }),
}
