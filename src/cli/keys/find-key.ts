import type { KeyInventory, Purpose } from '../../doors/kms.js'
import { shown } from '../../errors/guard.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { isMade, type MadeKey } from '../../kms/inventory/inventory-model.js'

const isNamed = ({ thumbprint, arns }: MadeKey, name: string): boolean =>
  thumbprint === name || arns.includes(name)

/**
 * A key of an inventory by its thumbprint or its ARN.
 *
 * A purpose is no name here: which key it means changes by itself.
 *
 * @throws SealdropError `key_not_found`
 */
export function keyNamed({ keys }: KeyInventory, name: string): MadeKey {
  const found = keys.filter(isMade).find((key) => isNamed(key, name))
  if (found) return found
  throw new SealdropError(
    'key_not_found',
    `the inventory has no key ${shown(name)}: expected a thumbprint or a key ARN, as sealdrop keys list shows them`,
  )
}

/** A key, and its purpose where that is what was named. */
export interface KeyMeant {
  readonly key: MadeKey
  readonly purpose: Purpose | undefined
}

/**
 * A key by its thumbprint or ARN, or the current key of a purpose by its name or alias.
 *
 * @throws SealdropError `key_not_found`
 */
export function keyMeant(inventory: KeyInventory, name: string): KeyMeant {
  const purpose = inventory.purposes.find((one) => isPurpose(one, name))
  if (!purpose) return { key: keyNamed(inventory, name), purpose }
  const key = keyOf(inventory, purpose, 'current')
  if (key) return { key, purpose }
  throw new SealdropError('key_not_found', `${purpose.name} has no current key yet`)
}

const isPurpose = ({ name, alias }: Purpose, given: string): boolean =>
  given === name || given === alias || alias.endsWith(`:${given}`)

/** The key of a purpose in a state that only one of its keys can have. */
export const keyOf = (
  { keys }: KeyInventory,
  { name }: Purpose,
  state: 'current' | 'next',
): MadeKey | undefined =>
  keys.filter(isMade).find((key) => key.purpose === name && key.state === state)
