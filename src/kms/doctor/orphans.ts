import type { InventoryKey, KeyInventory } from '../inventory/inventory-model.js'
import { isDenied } from '../port/aws-errors.js'
import { ListingPort } from '../port/listing-port.js'
import type { Kms } from '../port/port.js'
import { orphansOf, type Orphan } from '../rotation/orphans.js'
import { examined, finding, warning, type Finding } from './finding.js'

const check = 'keys: none may be left over'

/** Looks for keys that a CreateKey whose answer was lost may have left behind. */
export async function examineOrphans(
  kms: Kms,
  inventory: KeyInventory,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const port = new ListingPort(kms)
  try {
    return await examined(check, () => lookFor(port, inventory, signal))
  } finally {
    port.close()
  }
}

async function lookFor(
  port: ListingPort,
  inventory: KeyInventory,
  signal: AbortSignal,
): Promise<Finding | readonly Finding[]> {
  try {
    const found = await orphansOf(port, inventory, signal)
    return found.length > 0 ? warning(check, adviceFor(found)) : finding(check)
  } catch (error) {
    if (isDenied(error)) return inventory.keys.some(isCutOff) ? notFromHere : []
    if (!signal.aborted) throw error
    return warning(
      check,
      'cannot be told, since the keys of the account could not all be looked at in time: give a longer timeout',
    )
  }
}

/** Who opens or publishes need not list keys, and hears of it only where an answer was lost. */
const isCutOff = ({ state, arns }: InventoryKey): boolean => state === 'making' && !arns

const notFromHere = warning(
  check,
  'cannot be told from here, since these credentials may not list keys: run doctor as the administrator too',
)

/** What people are told. It is never that they should delete a key: it may be another's. */
function adviceFor(found: readonly Orphan[]): string {
  const lines = found.map(
    ({ arn, purpose, created }) =>
      `${arn} (says ${purpose}, made ${created?.toISOString() ?? 'nobody knows when'})`,
  )
  return `look in CloudTrail who made these keys. They say that they are for a purpose, and nothing names or ever used them: ${lines.join('; ')}. They are never brought into use`
}
