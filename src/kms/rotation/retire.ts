import { ensure, hasMethods, shown } from '../../errors/guard.js'
import type { CallOptions } from '../../io/abort.js'
import {
  isMade,
  type InventoryKey,
  type InventoryStore,
  type KeyInventory,
  type MadeKey,
} from '../inventory/inventory-model.js'
import { isoOf, purposeOf, updateInventory, withKey } from '../inventory/update.js'
import { ManagementPort, type LastUse } from '../port/management-port.js'
import type { Kms } from '../port/port.js'
import { day, settle } from './steps.js'
import { keptFor, timeOf } from './when.js'

export interface KeyOptions extends CallOptions {
  /** How KMS is reached. Default `{}`: the AWS default chain. */
  readonly kms?: Kms
  readonly store: InventoryStore
  /** Thumbprint of the key in the inventory. */
  readonly key: string
  /** Milliseconds since 1970. Default: Date.now. */
  readonly now?: () => number
}

export interface RetiredKey {
  readonly keepUntil: Date
  readonly disabled: boolean
  /**
   * The last time that it did cryptography, by kms:GetKeyLastUsage; undefined where it never did.
   */
  readonly lastUse: LastUse | undefined
}

/**
 * Says until when a retired key must stay enabled for what it sealed, and, only when that is over
 * and only when asked, disables it: then nothing opens with it, until `restoreKey`. A signing key
 * is kept for its purpose's keepDays, unless it was withdrawn from the set.
 *
 * @param o.keepUntil default: as the inventory has it
 * @param o.disable default: false
 * @throws SealdropError `invalid_argument` for a key that is in use or that must still be kept,
 *   `key_not_found`, `key_unusable`, `conflict`, `kms_*`, and what the store throws
 */
export async function retireKey(
  o: KeyOptions & { readonly keepUntil?: Date; readonly disable?: boolean },
): Promise<RetiredKey> {
  return withPort(o, async (found) => {
    const { key, port, now } = found
    ensure(
      key.state === 'retired' || key.state === 'disabled',
      'invalid_argument',
      `${shown(key.thumbprint)} is ${key.state}: ${key.state === 'deleting' ? 'its deletion runs' : 'another one must take its place first, by a rotation'}`,
    )
    const keepUntil = o.keepUntil ?? new Date(key.keepUntil ?? NaN)
    ensure(
      keepUntil instanceof Date && Number.isFinite(keepUntil.getTime()),
      'invalid_argument',
      'keepUntil: expected the Date until which what was sealed to it, or signed by it, may be needed',
    )
    const lastUse = await lastUseOf(port, key.arns, o.signal)
    if (o.disable) {
      checkMayBeDisabled(found, keepUntil)
      const there = await thereOf(port, key.arns, o.signal)
      for (const arn of there) await port.disable(arn, o.signal)
    }
    const members = {
      keepUntil: keepUntil.toISOString(),
      ...(o.disable && disabledAt(key, isoOf(now))),
    }
    await updateInventory(o.store, now, (inventory) => withKey(inventory, key, members))
    return { keepUntil, disabled: o.disable === true || key.state === 'disabled', lastUse }
  })
}

/** Its time is over: nobody needs it any more, nor may a set with it be in use. */
function checkMayBeDisabled({ key, inventory, now }: Found, keepUntil: Date): void {
  ensure(
    keepUntil.getTime() <= now,
    'invalid_argument',
    `it is kept until ${keepUntil.toISOString()}; it is not disabled before`,
  )
  const isSigning = key.usage === 'SIGN_VERIFY'
  const isVerified = isSigning && key.unpublished === undefined
  const kept = isVerified ? keptFor(purposeOf(inventory, key)) : 0
  const usedUntil = timeOf(key.retired) + Math.max(settle(inventory.lifetime), kept)
  ensure(
    usedUntil <= now,
    'invalid_argument',
    `it was retired at ${key.retired}, and may be ${isSigning ? 'verified with' : 'sealed to'} until ${isoOf(usedUntil)}`,
  )
}

/** What is written down of a key that is disabled, which leaves the set too. */
const disabledAt = (
  { disabled, published, unpublished }: MadeKey,
  at: string,
): Partial<InventoryKey> => ({
  state: 'disabled',
  disabled: disabled ?? at,
  ...(published !== undefined && { unpublished: unpublished ?? at }),
})

export interface DeletedKey {
  /** When it becomes final; until then `restoreKey` brings the key back. */
  readonly deletes: Date
  readonly lastUse: LastUse | undefined
  /** What nobody will be able to open any more, for people to read. */
  readonly unreadable: string
}

/**
 * Schedules the deletion of a key that is disabled and that need not be kept any more, with its
 * replicas. It takes 7 to 30 days and can be taken back until then; after that what was sealed to
 * it is lost for everybody, AWS too.
 *
 * @param o.confirm the thumbprint again
 * @param o.days 7 to 30. Default: 30
 * @throws SealdropError `invalid_argument` unless it is disabled, its keepUntil is over, and it is
 *   confirmed; `key_not_found`, `key_unusable`, `conflict`, `kms_*`, and what the store throws
 */
export async function deleteKey(
  o: KeyOptions & { readonly confirm: string; readonly days?: number },
): Promise<DeletedKey> {
  return withPort(o, async ({ key, port, now }) => {
    const { days = 30 } = o
    ensure(
      o.confirm === key.thumbprint,
      'invalid_argument',
      'confirm: expected the thumbprint of the key again',
    )
    ensure(
      Number.isInteger(days) && days >= 7 && days <= 30,
      'invalid_argument',
      'days: expected 7 to 30',
    )
    ensure(
      key.state === 'disabled' || key.state === 'deleting',
      'invalid_argument',
      `the key is ${key.state}: retireKey with disable comes first, so that it shows what is still needed`,
    )
    ensure(
      timeOf(key.keepUntil ?? isoOf(8.64e15)) <= now,
      'invalid_argument',
      `the key is kept until ${key.keepUntil}`,
    )
    const lastUse = await lastUseOf(port, key.arns, o.signal)
    const there = await thereOf(port, key.arns, o.signal)
    let deletes = new Date(0)
    // replicas before their primary
    for (const arn of there.reverse()) {
      const date = await port.scheduleDeletion(arn, { days, now }, o.signal)
      if (date > deletes) deletes = date
    }
    await updateInventory(o.store, now, (found) =>
      withKey(found, key, { state: 'deleting', deletes: deletes.toISOString() }),
    )
    return { deletes, lastUse, unreadable: unreadableWithout(key) }
  })
}

function unreadableWithout(key: MadeKey): string {
  if (key.usage === 'SIGN_VERIFY')
    return 'nothing: what it signed can be verified with its public key, which stays in the inventory'
  const from = key.starts ?? key.made
  const days = Math.ceil((timeOf(key.retired) - timeOf(from)) / day)
  return `everything that was sealed to ${key.thumbprint}, in use from ${from} to ${key.retired ?? 'never'} (${days} days), and is kept anywhere, backups included`
}

/**
 * Brings back a key that is disabled, or whose deletion is not final yet: it is enabled, and
 * retired as before. One that somebody disabled, or scheduled for deletion, without telling the
 * inventory is enabled too, and stays what the inventory says.
 *
 * @throws SealdropError `invalid_argument` for a key that is enabled, `key_not_found`,
 *   `key_unusable` when it is gone, `conflict`, `kms_*`, and what the store throws
 */
export async function restoreKey(o: KeyOptions): Promise<void> {
  await withPort(o, async ({ key, port, now }) => {
    // KMS decides: somebody may have cancelled a deletion that the inventory takes for final
    const there = await thereOf(port, key.arns, o.signal)
    ensure(
      there.length > 0,
      'key_unusable',
      `the key was deleted${key.deletes === undefined ? '' : ` at ${key.deletes}`}: it cannot be brought back`,
    )
    const wasOut = ['disabled', 'deleting', 'deleted'].includes(key.state)
    const states = wasOut ? [] : await Promise.all(there.map((arn) => port.stateOf(arn, o.signal)))
    ensure(
      wasOut || states.some((state) => state !== 'Enabled'),
      'invalid_argument',
      `the key is ${key.state}, and enabled in KMS: there is nothing to bring back`,
    )
    for (const arn of there) await port.restore(arn, o.signal)
    if (!wasOut) return
    const members = { arns: there, disabled: undefined, deletes: undefined }
    await updateInventory(o.store, now, (found) =>
      withKey(found, key, { state: 'retired', ...members }),
    )
  })
}

/** The ARNs of a key that KMS still has: a replica may be gone before its primary. */
async function thereOf(
  port: ManagementPort,
  arns: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const states = await Promise.all(arns.map((arn) => port.stateOf(arn, signal)))
  return arns.filter((_, i) => states[i] !== undefined)
}

/** In whichever Region it was. */
async function lastUseOf(
  port: ManagementPort,
  arns: readonly string[],
  signal: AbortSignal | undefined,
): Promise<LastUse | undefined> {
  const there = await thereOf(port, arns, signal)
  const found = await Promise.all(there.map((arn) => port.lastUse(arn, signal)))
  const uses = found.filter((use) => use !== undefined)
  const [last] = uses.sort((a, b) => b.at.getTime() - a.at.getTime())
  return last
}

interface Found {
  readonly key: MadeKey
  readonly inventory: KeyInventory
  readonly port: ManagementPort
  readonly now: number
}

async function withPort<T>(o: KeyOptions, work: (found: Found) => Promise<T>): Promise<T> {
  ensure(
    hasMethods(o?.store, 'read'),
    'invalid_argument',
    'store: expected the store of the inventory, such as fileInventory makes',
  )
  ensure(
    typeof o.key === 'string',
    'invalid_argument',
    'key: expected the thumbprint of a key of the inventory',
  )
  const found = await o.store.read()
  const inventory = found?.inventory
  const key = inventory?.keys.find(({ thumbprint }) => thumbprint === o.key)
  ensure(
    inventory && key && isMade(key),
    'key_not_found',
    `the inventory has no key ${shown(o.key)}`,
  )
  const port = new ManagementPort(o.kms ?? {})
  try {
    return await work({ key, inventory, port, now: (o.now ?? Date.now)() })
  } finally {
    port.close()
  }
}
