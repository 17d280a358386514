import { arnIn } from '../../formats/arn.js'
import type { Purpose } from '../inventory/inventory-model.js'
import type { ListingPort } from '../port/listing-port.js'
import { unless } from '../port/management-port.js'
import { aliasFor } from './alias.js'

/** What the aliases of a purpose name. */
export interface Aliased {
  /** The key in the Region of the purpose. */
  readonly arn: string
  /** Keys in the Regions of replicas that are no replicas of it. */
  readonly strange: readonly string[]
}

/** Which keys the aliases of purposes name now, by the name of the purpose. */
export async function aliasedKeys(
  port: ListingPort,
  purposes: readonly Purpose[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, Aliased>> {
  const aliased = new Map<string, Aliased>()
  for (const { name, alias, replicas = [] } of purposes) {
    const found = await port.describe(alias, signal).catch(unless('key_unusable'))
    if (!found) continue
    const { arn } = found
    const strange: string[] = []
    for (const region of replicas) {
      const replica = arnIn(region, arn)
      const there = await port
        .describe(aliasFor(alias, replica), signal)
        .catch(unless('key_unusable'))
      if (there && there.arn !== replica) strange.push(there.arn)
    }
    aliased.set(name, { arn, strange })
  }
  return aliased
}
