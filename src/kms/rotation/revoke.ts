import { clockOf, ensure, hasMethods, isDate, shown } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { blaming } from '../../errors/whose.js'
import { revocationReasons } from '../inventory/member-rules.js'
import {
  isMade,
  type KeyInventory,
  type MadeKey,
  type RevocationReason,
} from '../inventory/inventory-model.js'
import { isoOf, purposeOf, updateInventory, withKey } from '../inventory/update.js'
import type { KeyOptions } from './listed-key.js'
import { openersCooldown, settle } from './steps.js'
import { standing, timeOf } from './when.js'

/** Which key took the place of the one that was taken back, and when everybody knows. */
export interface RevokedKey {
  /** The thumbprint of the key that took its place; undefined where it was not the current one. */
  readonly replacedBy: string | undefined
  /**
   * When no cache, host or client uses an older set any more.
   *
   * - A hostile host may serve an older set for longer: `exp` of a signed set ends that.
   */
  readonly goneBy: Date
}

/**
 * Takes a key back at once after a compromise, and puts the next key in its place.
 *
 * - KMS is not called, also where `kms` is given. The alias moves when `applyRotation` runs.
 * - The waits of a rotation are left out.
 * - A key to seal to leaves the set, and stays enabled for what was sealed to it.
 * - A signing key in use stays in the set with `exp` and the reason. One that was the next leaves
 *   the set.
 * - What a superseded key signed before still counts. What another one signed counts only for those
 *   who can show that they held it before.
 * - Whoever can sign chooses the date: say `superseded` only where nobody else can have the key.
 * - A second call only moves the date earlier and the reason up: superseded, unspecified,
 *   compromised.
 *
 * @param o.reason - what verifiers are told, of every key: `superseded`, `unspecified` or
 *   `compromised`; required, since what verifiers believe depends on it
 * @param o.since - from when what it signed is not believed, not after now; default: now
 * @param o.withdraw - takes a signing key out of the set, so that nothing that it ever signed is
 *   believed; default: false
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: the reason or another option is missing or wrong
 *   - `key_not_found`: the inventory has no such key, or no next one to take its place
 *   - `source_failed`: the inventory cannot be read
 *   - `malformed`: the inventory is damaged
 * @throws SealdropError while writing:
 *   - `conflict`: other writers were first each time
 *   - `output_failed`: the inventory cannot be written
 * @example
 *   ```js
 *   import { fileInventory, revokeKey } from 'sealdrop/kms'
 *   const store = fileInventory('keys')
 *   const { inventory } = await store.read()
 *   const [current, next] = ['current', 'next'].map((state) =>
 *     inventory.keys.find((key) => key.purpose === 'contracts' && key.state === state),
 *   )
 *   const key = current.thumbprint
 *   const { replacedBy } = await revokeKey({ store, key, reason: 'compromised' })
 *   console.log(replacedBy === next.thumbprint) // true
 *   ```
 */
export function revokeKey(
  o: KeyOptions & {
    readonly reason: RevocationReason
    readonly since?: Date
    readonly withdraw?: boolean
  },
): Promise<RevokedKey> {
  return blaming('operator', () => takenBack(o))
}

async function takenBack(o: Parameters<typeof revokeKey>[0]): Promise<RevokedKey> {
  checkOptions(o, 'signal kms store key now since reason withdraw')
  ensure(
    hasMethods(o?.store, 'read'),
    'invalid_argument',
    'store: expected the store of the inventory, such as fileInventory makes',
  )
  o.signal?.throwIfAborted()
  const now = clockOf(o.now)()
  const { reason, since = new Date(now), withdraw = false } = o
  ensure(
    isDate(since) && since.getTime() >= 0 && since.getTime() <= now,
    'invalid_argument',
    'since: expected a Date, not after now',
  )
  ensure(
    revocationReasons.includes(reason),
    'invalid_argument',
    `reason: expected ${revocationReasons.join(', ')}; what verifiers believe depends on it`,
  )
  let answer: RevokedKey = { replacedBy: undefined, goneBy: new Date(0) }
  await updateInventory(o.store, now, (inventory) => {
    const key = keyNamed(o.key, inventory)
    const successor = successorOf(key, inventory, now)
    const goneBy = new Date(now + settle(inventory.lifetime))
    answer = { replacedBy: successor?.thumbprint, goneBy }
    const revoked = withRevoked(inventory, key, { now, since, reason, withdraw })
    return successor ? withCurrent(revoked, successor, now) : revoked
  })
  return answer
}

function keyNamed(name: string, { keys }: KeyInventory): MadeKey {
  const key = keys.find(({ thumbprint }) => thumbprint !== undefined && thumbprint === name)
  ensure(key && isMade(key), 'key_not_found', `the inventory has no key ${shown(String(name))}`)
  return key
}

/** The key that takes the place of a current key; undefined for a key that is not current. */
function successorOf(key: MadeKey, inventory: KeyInventory, now: number): MadeKey | undefined {
  if (key.state !== 'current') return undefined
  const purpose = purposeOf(inventory, key)
  const { fitting } = standing(inventory, purpose, now)
  ensure(
    fitting,
    'key_not_found',
    `${purpose.name} has no next key to take its place: planRotation and applyRotation make one, then revoke again`,
  )
  return fitting
}

/** How and when a key is taken back. */
interface Revocation {
  readonly now: number
  readonly since: Date
  readonly reason: RevocationReason
  readonly withdraw: boolean
}

function withRevoked(inventory: KeyInventory, key: MadeKey, o: Revocation): KeyInventory {
  const at = isoOf(o.now)
  const staysInSet = key.usage === 'SIGN_VERIFY' && key.state !== 'next' && !o.withdraw
  const leavesSet = key.published !== undefined && !staysInSet
  const isReplaced = key.state === 'current' || key.state === 'next'
  return withKey(inventory, key, {
    revoked: {
      ...key.revoked,
      at: earliest(o.since, key.revoked?.at),
      reason: gravest(o.reason, key.revoked?.reason),
    },
    expires: earliest(o.since, key.expires),
    ...(leavesSet && { unpublished: key.unpublished ?? at }),
    ...(isReplaced && { state: 'retired', retired: at }),
  })
}

/** The gravest reason that was ever named: nothing that was refused is believed again. */
const gravest = (reason: RevocationReason, said: RevocationReason = reason): RevocationReason =>
  revocationReasons.indexOf(said) > revocationReasons.indexOf(reason) ? said : reason

/** The earliest time that was ever named. */
const earliest = (since: Date, said: string | undefined): string =>
  isoOf(Math.min(since.getTime(), said === undefined ? Infinity : timeOf(said)))

/**
 * The inventory with the next key in use at once, or a minute later where openers must learn of it.
 */
function withCurrent(inventory: KeyInventory, next: MadeKey, now: number): KeyInventory {
  const starts = next.usage === 'SIGN_VERIFY' ? now : now + openersCooldown
  return withKey(inventory, next, {
    state: 'current',
    published: next.published ?? isoOf(now),
    starts: isoOf(starts),
  })
}
