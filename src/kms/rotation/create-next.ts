import { limits } from '../../algorithms/limits.js'
import { toBase64url } from '../../bytes/base64url.js'
import { randomBytes } from '../../crypto/subtle.js'
import { ensure } from '../../errors/guard.js'
import type { InventoryKey, InventoryStore, Purpose } from '../inventory/model.js'
import { publishedKeys } from '../inventory/published-keys.js'
import { isoOf, updateInventory } from '../inventory/update.js'
import { loadKey } from '../load-key.js'
import type { KmsPort } from '../port.js'

export interface Making {
  readonly port: KmsPort
  readonly store: InventoryStore
  /** When the step began, and what time it is. */
  readonly now: number
  readonly clock: () => number
  readonly signal: AbortSignal | undefined
}

/**
 * Makes the next key of a purpose. That it is begun is written down first, with a token that the key's description has: CreateKey itself
 * cannot be repeated, so after a crash the key is looked for before one is made.
 *
 * @param begun what was begun before and is finished now
 * @throws SealdropError `conflict` where another publisher is at it, `too_large` where the set would have more than 32 keys, `kms_*`, and what the store throws
 */
export async function createNext({ port, store, now, clock, signal }: Making, purpose: Purpose, begun: InventoryKey | undefined): Promise<void> {
  const { name, use, alias } = purpose
  const making: InventoryKey = begun ?? { purpose: name, state: 'making', token: toBase64url(randomBytes(16)), spec: purpose.spec, usage: purpose.usage }
  const { token, spec, usage } = making
  await updateInventory(store, now, (inventory) => {
    const found = inventory.keys.find((key) => key.purpose === name && key.state === 'making')
    ensure(publishedKeys(inventory).length + 2 <= limits.keys, 'too_large', `the key set would have more than ${limits.keys} keys, which no client takes: shorten keepDays of ${name} or of another purpose, or rotate less often`)
    ensure(found?.token === begun?.token && found?.began === begun?.began, 'conflict', `another publisher is making the next key of ${name}`)
    return { ...inventory, keys: [...inventory.keys.filter((key) => key !== found), { ...making, began: isoOf(now) }] }
  })
  const description = `sealdrop ${name} ${token}`
  const arn = (begun && await port.findKey({ alias, description }, signal)) ?? await port.createKey({ alias, spec, usage, description }, signal)
  const { jwk, info: { thumbprint, alg } } = await loadKey(port, arn, purpose.alg, signal)
  const at = isoOf(clock()) // not before KMS answered: waits are counted from it
  const made: InventoryKey = { purpose: name, state: 'next', token, spec, usage, arns: [arn], thumbprint, jwk, alg, made: at, ...(use === 'sig' && { published: at }) }
  await updateInventory(store, now, (inventory) => {
    ensure(inventory.keys.some((key) => key.token === token && key.state === 'making'), 'conflict', `another publisher has made the next key of ${name}: ${arn}`)
    return { ...inventory, keys: inventory.keys.map((key) => (key.token === token ? made : key)) }
  })
}
