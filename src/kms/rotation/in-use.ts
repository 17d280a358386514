import { ensure, shown } from '../../errors/guard.js'
import type { InventoryKey, Purpose } from '../inventory/inventory-model.js'
import type { Aliased } from './aliased-keys.js'
import type { Finding } from './found-keys.js'

interface InUse {
  /** The keys whose purposes are looked at: those of others stay as they are. */
  readonly changed: readonly InventoryKey[]
  readonly purposes: readonly Purpose[]
  readonly aliased: ReadonlyMap<string, Aliased>
  readonly found: readonly Finding[]
  readonly at: string
}

/**
 * The keys of an inventory, with those in use that aliases name now.
 *
 * @throws SealdropError `conflict` where an alias names a key that may not be in use
 */
export function inUse(keys: readonly InventoryKey[], o: InUse): readonly InventoryKey[] {
  const looked = new Set(o.changed.map(({ purpose }) => purpose))
  const named = new Set<InventoryKey>()
  for (const purpose of o.purposes.filter(({ name }) => looked.has(name))) {
    const { arn, strange } = o.aliased.get(purpose.name) ?? { strange: [] }
    for (const one of arn === undefined ? strange : [arn, ...strange]) {
      const key = keys.find((other) => isOf(other, purpose) && other.arns?.includes(one))
      ensure(key, 'conflict', unknownKey(purpose.name, one, o.found))
      ensure(one === arn, 'conflict', elsewhere(purpose.name, one))
      named.add(ensureFit(key, purpose, o))
    }
  }
  return keys.map((key) => {
    if (named.has(key)) return asCurrent(key, o.at)
    const isOut = key.state === 'current' && looked.has(key.purpose)
    return isOut ? { ...key, state: 'retired', retired: o.at } : key
  })
}

const isOf = (key: InventoryKey, { name }: Purpose): boolean => key.purpose === name

/** A key that may be in use: it is enabled, of the use of its purpose, and was not revoked. */
function ensureFit(key: InventoryKey, { name, use }: Purpose, { found }: InUse): InventoryKey {
  const { arns = [], usage, revoked } = key
  const states = found.filter(({ shown: { arns: all } }) => all.some((arn) => arns.includes(arn)))
  const why = [
    revoked && 'was revoked',
    (usage === 'SIGN_VERIFY') !== (use === 'sig') && `is not for the use ${use}`,
    states.some(({ shown: { state } }) => state !== 'Enabled') && 'is not enabled',
  ].find(Boolean)
  ensure(
    !why,
    'conflict',
    `the alias of ${name} names ${arns.join(' and ')}, which ${why}: move the alias to another key first`,
  )
  return key
}

function unknownKey(purpose: string, arn: string, found: readonly Finding[]): string {
  const { thumbprint } = found.find(({ shown: key }) => key.arns.includes(arn))?.shown ?? {}
  return `the alias of ${purpose} names ${arn} (thumbprint ${shown(thumbprint ?? 'unknown')}), which is not entered: enter it if it is yours, or move the alias back first`
}

const elsewhere = (purpose: string, arn: string): string =>
  `the alias of ${purpose} in another Region names ${arn}, another key than in its own: move it back first`

function asCurrent(key: InventoryKey, at: string): InventoryKey {
  if (key.state === 'current') return key
  const { retired: _, disabled: __, deletes: ___, unpublished: ____, ...rest } = key
  const { made = at, starts = made, published = made } = key
  return { ...rest, state: 'current', starts, published, aliased: at }
}
