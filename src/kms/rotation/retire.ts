import { ensure, isDate, shown } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { blaming } from '../../errors/whose.js'
import type { InventoryKey, MadeKey } from '../inventory/inventory-model.js'
import { isoOf, purposeOf, updateInventory, withKey } from '../inventory/update.js'
import type { LastUse } from '../port/management-port.js'
import { lastUseOf, thereOf, withPort, type Found, type KeyOptions } from './listed-key.js'
import { settle } from './steps.js'
import { keptFor, timeOf } from './when.js'

/** How long a retired key is kept, and whether anybody still uses it. */
export interface RetiredKey {
  /** Until when it must stay enabled. */
  readonly keepUntil: Date
  /** Whether it is disabled now. */
  readonly disabled: boolean
  /** When it did cryptography last, as KMS tells; undefined where it never did. */
  readonly lastUse: LastUse | undefined
}

/**
 * Says until when a retired key must be kept, and disables it when that is over and you ask.
 *
 * - It must stay enabled for as long as anything that was sealed to it may be opened.
 * - Nothing opens with a disabled key, until `restoreKey`.
 * - A signing key is kept for `keepDays` of its purpose, unless it was withdrawn from the set.
 *
 * @param o.keepUntil - until when it must stay enabled; default: what the inventory says
 * @param o.disable - disable it now; default: false
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: the key is in use, or no `keepUntil` is known
 *   - `key_not_found`: the inventory has no such key
 *   - `source_failed`: the inventory cannot be read
 *   - `malformed`: the inventory is damaged
 * @throws SealdropError from KMS:
 *   - `invalid_argument`: the key must still be kept, so that it is not disabled
 *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
 *   - `kms_throttled`: KMS limits calls a second; retry later
 *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
 *   - `kms_unexpected`: KMS answered what this version does not understand
 *   - `key_unusable`: the key waits for its deletion
 * @throws SealdropError while writing:
 *   - `conflict`: other writers were first each time
 *   - `output_failed`: the inventory cannot be written
 * @example
 *   ```js
 *   import { fileInventory, retireKey } from 'sealdrop/kms'
 *   const store = fileInventory('keys')
 *   const { inventory } = await store.read()
 *   const { thumbprint: key } = inventory.keys.find(({ state }) => state === 'retired')
 *   const found = await retireKey({ store, key, keepUntil: new Date('2035-01-01') })
 *   console.log(found.keepUntil.toISOString(), found.disabled) // 2035-01-01T00:00:00.000Z false
 *   ```
 */
export function retireKey(
  o: KeyOptions & { readonly keepUntil?: Date; readonly disable?: boolean },
): Promise<RetiredKey> {
  return blaming('operator', () => retired(o))
}

type RetireOptions = Parameters<typeof retireKey>[0]

/** What `retireKey` would answer. It refuses what that refuses, and changes nothing. */
export const retirementOf = (o: RetireOptions): Promise<RetiredKey> =>
  blaming('operator', () => withPort(o, (found) => lookedAt(found, o)))

async function lookedAt(found: Found, o: RetireOptions): Promise<RetiredKey> {
  const { key, port } = found
  ensure(
    key.state === 'retired' || key.state === 'disabled',
    'invalid_argument',
    `${shown(key.thumbprint)} is ${key.state}: ${key.state === 'deleting' ? 'its deletion runs' : 'another one must take its place first, by a rotation'}`,
  )
  const keepUntil = o.keepUntil ?? new Date(key.keepUntil ?? NaN)
  ensure(
    isDate(keepUntil),
    'invalid_argument',
    'keepUntil: expected the Date until which what was sealed to it, or signed by it, may be needed',
  )
  const lastUse = await lastUseOf(port, key.arns, o.signal)
  if (o.disable) checkMayBeDisabled(found, keepUntil)
  return { keepUntil, disabled: o.disable === true || key.state === 'disabled', lastUse }
}

async function retired(o: RetireOptions): Promise<RetiredKey> {
  checkOptions(o, 'signal kms store key now keepUntil disable')
  return withPort(o, async (found) => {
    const { key, port, now } = found
    const answer = await lookedAt(found, o)
    if (o.disable) {
      const there = await thereOf(port, key.arns, o.signal)
      for (const arn of there) await port.disable(arn, o.signal)
    }
    const members = {
      keepUntil: answer.keepUntil.toISOString(),
      ...(o.disable && disabledAt(key, isoOf(now))),
    }
    await updateInventory(o.store, now, (inventory) => withKey(inventory, key, members))
    return answer
  })
}

/** Checks that nobody needs the key any more, and that no set with it can be in use. */
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

/** What is written down of a key that is disabled. It leaves the set too. */
const disabledAt = (
  { disabled, published, unpublished }: MadeKey,
  at: string,
): Partial<InventoryKey> => ({
  state: 'disabled',
  disabled: disabled ?? at,
  ...(published !== undefined && { unpublished: unpublished ?? at }),
})
