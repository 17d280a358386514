import { ensure } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { blaming } from '../../errors/whose.js'
import { updateInventory, withKey } from '../inventory/update.js'
import { thereOf, withPort, type Found, type KeyOptions } from './listed-key.js'

/**
 * Brings back a key that is disabled, or whose deletion is not final yet.
 *
 * - It is enabled in KMS, and retired in the inventory as before.
 * - A key that somebody disabled, or scheduled for deletion, by hand is enabled too. It stays what
 *   the inventory says.
 *
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: an option is missing
 *   - `key_not_found`: the inventory has no such key
 *   - `source_failed`: the inventory cannot be read
 *   - `malformed`: the inventory is damaged
 * @throws SealdropError from KMS:
 *   - `invalid_argument`: the key is enabled, so that there is nothing to bring back
 *   - `key_unusable`: the key is gone
 *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
 *   - `kms_throttled`: KMS limits calls a second; retry later
 *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
 *   - `kms_unexpected`: KMS answered what this version does not understand
 * @throws SealdropError while writing:
 *   - `conflict`: other writers were first each time
 *   - `output_failed`: the inventory cannot be written
 * @example
 *   ```js
 *   import { fileInventory, restoreKey, retireKey } from 'sealdrop/kms'
 *   const store = fileInventory('keys')
 *   const { inventory } = await store.read()
 *   const { thumbprint: key } = inventory.keys.find(({ state }) => state === 'retired')
 *   await retireKey({ store, key, keepUntil: new Date(), disable: true })
 *   await restoreKey({ store, key })
 *   const { keys } = (await store.read()).inventory
 *   console.log(keys.find(({ thumbprint }) => thumbprint === key).state) // retired
 *   ```
 */
export function restoreKey(o: KeyOptions): Promise<void> {
  return blaming('operator', () => restored(o))
}

/** Refuses what `restoreKey` refuses, and changes nothing. */
export const checkRestoration = (o: KeyOptions): Promise<void> =>
  blaming('operator', () => withPort(o, async (found) => void (await lookedAt(found, o.signal))))

/** The ARNs of a key that can be brought back, and whether the inventory has it as out of use. */
async function lookedAt(
  { key, port }: Found,
  signal: AbortSignal | undefined,
): Promise<{ readonly there: readonly string[]; readonly wasOut: boolean }> {
  // KMS is asked, since somebody may have cancelled a deletion that the inventory takes for final
  const there = await thereOf(port, key.arns, signal)
  ensure(
    there.length > 0,
    'key_unusable',
    `the key was deleted${key.deletes === undefined ? '' : ` at ${key.deletes}`}: it cannot be brought back`,
  )
  const wasOut = ['disabled', 'deleting', 'deleted'].includes(key.state)
  const states = wasOut ? [] : await Promise.all(there.map((arn) => port.stateOf(arn, signal)))
  ensure(
    wasOut || states.some((state) => state !== 'Enabled'),
    'invalid_argument',
    `the key is ${key.state}, and enabled in KMS: there is nothing to bring back`,
  )
  return { there, wasOut }
}

async function restored(o: Parameters<typeof restoreKey>[0]): Promise<void> {
  checkOptions(o, 'signal kms store key now')
  await withPort(o, async (found) => {
    const { key, port, now } = found
    const { there, wasOut } = await lookedAt(found, o.signal)
    for (const arn of there) await port.restore(arn, o.signal)
    if (!wasOut) return
    const members = { arns: there, disabled: undefined, deletes: undefined }
    await updateInventory(o.store, now, (inventory) =>
      withKey(inventory, key, { state: 'retired', ...members }),
    )
  })
}
