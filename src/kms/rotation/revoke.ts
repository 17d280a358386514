import { ensure, shown } from '../../errors/guard.js'
import { revocationReasons } from '../inventory/check.js'
import { isMade, type RevocationReason } from '../inventory/model.js'
import { isoOf, updateInventory, withKey } from '../inventory/update.js'
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
    typeof o?.store?.read === 'function',
    'invalid_argument',
    'store: expected the store of the inventory, such as fileInventory makes',
  )
  const now = (o.now ?? Date.now)()
  const {
    since = new Date(now),
    withdraw = false,
    reason = withdraw ? 'compromised' : 'superseded',
  } = o
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
  const at = isoOf(now)
  let goneBy = 0
  let replacedBy: string | undefined
  await updateInventory(o.store, now, (inventory) => {
    const key = inventory.keys.find(
      ({ thumbprint }) => thumbprint !== undefined && thumbprint === o.key,
    )
    ensure(key && isMade(key), 'key_not_found', `the inventory has no key ${shown(String(o.key))}`)
    const purpose = inventory.purposes.find(({ name }) => name === key.purpose)!
    const { next, fits } = standing(inventory, purpose, now)
    const isCurrent = key.state === 'current'
    ensure(
      !isCurrent || fits,
      'key_not_found',
      `${purpose.name} has no next key to take its place: planRotation and applyRotation make one, then revoke again`,
    )
    const leaves =
      key.published !== undefined &&
      (key.usage !== 'SIGN_VERIFY' || key.state === 'next' || withdraw)
    const from = isoOf(
      Math.min(since.getTime(), key.revoked === undefined ? Infinity : timeOf(key.revoked.at)),
    ) // the earliest that was ever said
    const revoked = withKey(inventory, key, {
      revoked: { at: from, reason: key.revoked?.reason === 'compromised' ? 'compromised' : reason },
      expires: isoOf(
        Math.min(since.getTime(), key.expires === undefined ? Infinity : timeOf(key.expires)),
      ),
      ...(leaves && { unpublished: key.unpublished ?? at }),
      ...((isCurrent || key.state === 'next') && { state: 'retired', retired: at }),
    })
    goneBy = now + settle(inventory.lifetime)
    replacedBy = isCurrent ? next!.thumbprint : undefined
    if (!isCurrent) return revoked
    return withKey(revoked, next!, {
      state: 'current',
      published: next!.published ?? at,
      starts: isoOf(key.usage !== 'SIGN_VERIFY' ? now + openersCooldown : now),
    })
  })
  return { replacedBy, goneBy: new Date(goneBy) }
}
