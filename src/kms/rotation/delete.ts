import { ensure } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { blaming } from '../../errors/whose.js'
import type { MadeKey } from '../inventory/inventory-model.js'
import { isoOf, updateInventory, withKey } from '../inventory/update.js'
import type { LastUse } from '../port/management-port.js'
import { lastUseOf, thereOf, withPort, type Found, type KeyOptions } from './listed-key.js'
import { day } from './steps.js'
import { timeOf } from './when.js'

/** When a deletion becomes final, and what it costs. */
export interface DeletedKey {
  /** When it becomes final. Until then `restoreKey` brings the key back. */
  readonly deletes: Date
  /** When the key did cryptography last, as KMS tells; undefined where it never did. */
  readonly lastUse: LastUse | undefined
  /** What nobody will be able to open any more, in words for people. */
  readonly unreadable: string
}

/**
 * Schedules the deletion of a key and its replicas, after which what was sealed to it is lost.
 *
 * - It takes 7 to 30 days. Until then `restoreKey` takes it back.
 * - After that nobody can open what was sealed to the key, and neither can AWS.
 * - The key must be disabled by `retireKey`, and its `keepUntil` must be over.
 *
 * @param o.confirm - the thumbprint again
 * @param o.days - days until the deletion is final, 7 to 30; default: 30
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: the key is not disabled, must still be kept, or is not confirmed
 *   - `key_not_found`: the inventory has no such key
 *   - `source_failed`: the inventory cannot be read
 *   - `malformed`: the inventory is damaged
 * @throws SealdropError from KMS:
 *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
 *   - `kms_throttled`: KMS limits calls a second; retry later
 *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
 *   - `kms_unexpected`: KMS answered what this version does not understand
 *   - `key_unusable`: the key was deleted meanwhile
 * @throws SealdropError while writing:
 *   - `conflict`: other writers were first each time
 *   - `output_failed`: the inventory cannot be written
 * @example
 *   ```js
 *   import { deleteKey, fileInventory, restoreKey, retireKey } from 'sealdrop/kms'
 *   const store = fileInventory('keys')
 *   const { inventory } = await store.read()
 *   const { thumbprint: key } = inventory.keys.find(({ state }) => state === 'retired')
 *   await retireKey({ store, key, keepUntil: new Date(), disable: true })
 *   const { deletes, unreadable } = await deleteKey({ store, key, confirm: key })
 *   console.log(unreadable) // everything that was sealed to…
 *   console.log(deletes > new Date()) // true
 *   await restoreKey({ store, key }) // it is not final yet
 *   ```
 */
export function deleteKey(
  o: KeyOptions & { readonly confirm: string; readonly days?: number },
): Promise<DeletedKey> {
  return blaming('operator', () => deleted(o))
}

type DeleteOptions = Parameters<typeof deleteKey>[0]

/**
 * What `deleteKey` would answer. It refuses what that refuses, and changes nothing.
 *
 * - The date is the earliest one: KMS says it when the deletion is scheduled.
 */
export const deletionOf = (o: Omit<DeleteOptions, 'confirm'>): Promise<DeletedKey> =>
  blaming('operator', () =>
    withPort(o, async (found) => {
      const deletes = new Date(found.now + (o.days ?? 30) * day)
      return { ...(await lookedAt(found, o)), deletes }
    }),
  )

/** When a key was used last, and what cannot be read without it, where it may be deleted. */
async function lookedAt(
  { key, port, now }: Found,
  { days = 30, signal }: Omit<DeleteOptions, 'confirm'>,
): Promise<Omit<DeletedKey, 'deletes'>> {
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
  const lastUse = await lastUseOf(port, key.arns, signal)
  return { lastUse, unreadable: unreadableWithout(key) }
}

async function deleted(o: DeleteOptions): Promise<DeletedKey> {
  checkOptions(o, 'signal kms store key now confirm days')
  return withPort(o, async (found) => {
    const { key, port, now } = found
    const { days = 30 } = o
    ensure(
      o.confirm === key.thumbprint,
      'invalid_argument',
      'confirm: expected the thumbprint of the key again',
    )
    const answer = await lookedAt(found, o)
    const there = await thereOf(port, key.arns, o.signal)
    let deletes = new Date(0)
    // replicas before their primary, which waits for them
    for (const arn of there.reverse()) {
      const date = await port.scheduleDeletion(arn, { days, now }, o.signal)
      if (date > deletes) deletes = date
    }
    await updateInventory(o.store, now, (inventory) =>
      withKey(inventory, key, { state: 'deleting', deletes: deletes.toISOString() }),
    )
    return { ...answer, deletes }
  })
}

function unreadableWithout(key: MadeKey): string {
  if (key.usage === 'SIGN_VERIFY')
    return 'nothing: what it signed can be verified with its public key, which stays in the inventory'
  const from = key.starts ?? key.made
  const days = Math.ceil((timeOf(key.retired) - timeOf(from)) / day)
  return `everything that was sealed to ${key.thumbprint}, in use from ${from} to ${key.retired ?? 'never'} (${days} days), to no other key, and is kept anywhere, backups included`
}
