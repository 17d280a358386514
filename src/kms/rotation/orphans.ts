import type { KeyInventory } from '../inventory/inventory-model.js'
import { isDenied } from '../port/aws-errors.js'
import type { ListingPort } from '../port/listing-port.js'
import { isPendingDeletion } from '../port/key-state.js'
import type { KeyDescription } from '../port/port.js'

/** A key that may have been made for a purpose by a CreateKey whose answer was lost. */
export interface Orphan {
  readonly arn: string
  /** The purpose that its description names. Whoever made the key chose what it says. */
  readonly purpose: string
  /** When KMS says that it was made. */
  readonly created: Date | undefined
}

/** So many are told at most. */
const most = 20
const described = /^sealdrop (\S+) \S{22}$/

/** The purpose that the description of a key claims. Anybody who may make keys can write it. */
export const claimedPurpose = ({ description }: KeyDescription): string | undefined =>
  described.exec(description)?.[1]

/**
 * Keys that may be left over, as leads for people.
 *
 * - A key that the inventory or an alias names, or that ever did cryptography, is none.
 * - Neither is one whose deletion is scheduled: somebody saw to it.
 * - Anybody who may make keys can make one that looks so.
 */
export async function orphansOf(
  port: ListingPort,
  inventory: KeyInventory,
  signal?: AbortSignal,
): Promise<readonly Orphan[]> {
  const known = new Set(inventory.keys.flatMap(({ arns = [] }) => arns))
  const names = new Set(inventory.purposes.map(({ name }) => name))
  const found: Orphan[] = []
  for (const alias of regionsOf(inventory)) {
    const aliases = await port.aliasesIn(alias, signal)
    for await (const key of port.keysIn(alias, signal)) {
      const purpose = claimedPurpose(key) ?? ''
      if (!names.has(purpose) || key.arns.some((arn) => known.has(arn))) continue
      if (aliases.has(idOf(key.arn)) || (await isInUse(port, key, signal))) continue
      found.push({ arn: key.arn, purpose, created: key.created })
      if (found.length === most) return found
    }
  }
  return found
}

/** An alias of each Region that purposes have keys in. */
export function regionsOf({ purposes }: Pick<KeyInventory, 'purposes'>): readonly string[] {
  const region = (alias: string): string => alias.split(':')[3] ?? ''
  return [...new Map(purposes.map(({ alias }) => [region(alias), alias])).values()]
}

/** The id of a key, as aliases name it. */
export const idOf = (arn: string): string => arn.slice(arn.indexOf('/') + 1)

/** Whether somebody sees to a key. Where that cannot be told it is no lead. */
async function isInUse(
  port: ListingPort,
  { arn, state }: KeyDescription,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (isPendingDeletion(state)) return true
  try {
    return (await port.lastUse(arn, signal)) !== undefined
  } catch (error) {
    if (!isDenied(error)) throw error
    return true
  }
}
