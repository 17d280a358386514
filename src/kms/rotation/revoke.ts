import { ensure, hasMethods, shown } from '../../errors/guard.js'
import { revocationReasons } from '../inventory/member-rules.js'
import {
  isMade,
  type KeyInventory,
  type MadeKey,
  type RevocationReason,
} from '../inventory/inventory-model.js'
import { isoOf, purposeOf, updateInventory, withKey } from '../inventory/update.js'
import type { KeyOptions } from './retire.js'
import { openersCooldown, settle } from './steps.js'
import { standing, timeOf } from './when.js'

export interface RevokedKey {
  /** Thumbprint of the key that took its place; undefined where it was not the current one. */
  readonly replacedBy: string | undefined
  /**
   * When no cache, host or client uses a set of before any more; a host that is hostile is outlived
   * by `exp` of a signed set only.
   */
  readonly goneBy: Date
}

/**
 * Takes a key back at once, after a compromise. It asks KMS for nothing. The next key takes the
 * place of a current one without the waits of a rotation, and the alias moves when `applyRotation`
 * runs. A key to seal to leaves the set and stays enabled for what it sealed. A signing key stays
 * in the set with its `expires`, so that what says that it was signed before is believed; since who
 * signs chooses the date, `withdraw` it where somebody else could sign with it.
 *
 * @param o.since from when what it signed is not believed, not after now. Default: now
 * @param o.reason what verifiers are told; of a key that is `superseded` what it signed before
 *   still counts, of others only for who can show that they held it before. Default: `compromised`
 *   with `withdraw`, otherwise `superseded`
 * @param o.withdraw take a signing key out of the set: nothing that it ever signed is believed.
 *   Default: false
 * @throws SealdropError `invalid_argument`, `key_not_found` for a key that is not there, or a
 *   current one without a next, `conflict`, and what the store throws
 */
export async function revokeKey(
  o: Omit<KeyOptions, 'kms' | 'signal'> & {
    readonly since?: Date
    readonly reason?: RevocationReason
    readonly withdraw?: boolean
  },
): Promise<RevokedKey> {
  ensure(
    hasMethods(o?.store, 'read'),
    'invalid_argument',
    'store: expected the store of the inventory, such as fileInventory makes',
  )
  const now = (o.now ?? Date.now)()
  const { since = new Date(now), withdraw = false } = o
  const { reason = withdraw ? 'compromised' : 'superseded' } = o
  ensure(
    since instanceof Date && since.getTime() >= 0 && since.getTime() <= now,
    'invalid_argument',
    'since: expected a Date, not after now',
  )
  ensure(
    revocationReasons.includes(reason),
    'invalid_argument',
    `reason: expected ${revocationReasons.join(', ')}`,
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

/** The key that takes the place of a current one; others have no successor. */
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

/** How a key is taken back, and when. */
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
  const reason = key.revoked?.reason === 'compromised' ? 'compromised' : o.reason
  return withKey(inventory, key, {
    revoked: { at: earliest(o.since, key.revoked?.at), reason },
    expires: earliest(o.since, key.expires),
    ...(leavesSet && { unpublished: key.unpublished ?? at }),
    ...(isReplaced && { state: 'retired', retired: at }),
  })
}

/** The earliest that was ever said. */
const earliest = (since: Date, said: string | undefined): string =>
  isoOf(Math.min(since.getTime(), said === undefined ? Infinity : timeOf(said)))

/** The next key is in use at once; openers learn of a key to seal to first. */
function withCurrent(inventory: KeyInventory, next: MadeKey, now: number): KeyInventory {
  const starts = next.usage === 'SIGN_VERIFY' ? now : now + openersCooldown
  return withKey(inventory, next, {
    state: 'current',
    published: next.published ?? isoOf(now),
    starts: isoOf(starts),
  })
}
