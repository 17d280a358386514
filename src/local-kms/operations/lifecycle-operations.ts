import type { Key } from '../state/key-model.js'
import { KmsFault } from '../wire/fault.js'
import { keyId } from '../wire/members.js'
import type { Call } from './call.js'
import { changing, type Operation, timestamp } from './operation.js'
import { findKeyItself, notPendingDeletion, notPendingImport } from './resolve.js'

const day = 86_400_000
const keyItself = { KeyId: keyId } as const

export const lifecycleOperations: Readonly<Record<string, Operation>> = {
  /** Enables a key. A rotation that it missed meanwhile is due now, once. */
  EnableKey: changing(keyItself, async (call, { KeyId }) => {
    const key = switchable(call, KeyId)
    const { rotation } = key
    const isMissed = rotation !== undefined && rotation.next < call.now() && !key.enabled
    const next = isMissed ? { rotation: { ...rotation, next: call.now() } } : {}
    await call.ring.saveKey({ ...key, enabled: true, ...next })
    return undefined
  }),

  DisableKey: changing(keyItself, async (call, { KeyId }) => {
    await call.ring.saveKey({ ...switchable(call, KeyId), enabled: false })
    return undefined
  }),

  /**
   * Schedules a deletion.
   *
   * The waiting period of a primary begins when the last of its replicas is gone.
   */
  ScheduleKeyDeletion: changing(
    { KeyId: keyId, PendingWindowInDays: { type: 'integer', min: 7, max: 30 } },
    async (call, { KeyId, PendingWindowInDays = 30 }) => {
      const key = notPendingDeletion(call, findKeyItself(call, KeyId))
      const waits =
        key.primaryRegion === call.ring.region &&
        call.kms.replicas(key, call.ring.region).length > 0
      const deletion = call.now() + PendingWindowInDays * day
      await call.ring.saveKey({
        ...key,
        enabled: false,
        ...(waits ? { waitingDays: PendingWindowInDays } : { deletion }),
      })
      return {
        KeyId: call.ring.keyArn(key),
        ...(!waits && { DeletionDate: timestamp(deletion) }),
        KeyState: waits ? 'PendingReplicaDeletion' : 'PendingDeletion',
        PendingWindowInDays,
      }
    },
  ),

  /** Takes a deletion back. The key is disabled then, as in AWS. */
  CancelKeyDeletion: changing(keyItself, async (call, { KeyId }) => {
    const { deletion, waitingDays, ...key } = findKeyItself(call, KeyId)
    if (deletion === undefined && waitingDays === undefined)
      throw new KmsFault(
        'KMSInvalidStateException',
        `${call.ring.keyArn(key)} is not pending deletion.`,
      )
    await call.ring.saveKey(key)
    return { KeyId: call.ring.keyArn(key) }
  }),
}

const switchable = (call: Call, id: string): Key =>
  notPendingImport(call, notPendingDeletion(call, findKeyItself(call, id)))
