import { limits } from '../../algorithms/limits.js'
import { toBase64url } from '../../bytes/base64url.js'
import { randomBytes } from '../../crypto/subtle.js'
import { ensure } from '../../errors/guard.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import { arnIn, regionOf } from '../../formats/arn.js'
import type { InventoryKey, InventoryStore, Purpose } from '../inventory/model.js'
import { publishedKeys } from '../inventory/published-keys.js'
import { isoOf, updateInventory } from '../inventory/update.js'
import { loadKey } from '../load-key.js'
import type { Inherited, ManagementPort } from '../management-port.js'
import type { Standing } from './when.js'

export interface Making {
  readonly port: ManagementPort
  readonly store: InventoryStore
  /** When the step began, and what time it is. */
  readonly now: number
  readonly clock: () => number
  readonly signal: AbortSignal | undefined
  /** Whether nothing was published when the run began. */
  readonly isNew: boolean
}

/**
 * Makes the next key of a purpose. That it is begun is written down first, with a token that the key's description has: CreateKey itself
 * cannot be repeated, so after a crash the key is looked for before one is made. It has the key policy and the tags of the current one.
 *
 * @param o.begun what was begun before and is finished now, as it was begun
 * @throws SealdropError `conflict` where another publisher is at it, `too_large` where the set would have more than 32 keys, `kms_*`, and what the store throws
 */
export async function createNext({ port, store, now, clock, signal }: Making, { purpose, begun, current }: Pick<Standing, 'purpose' | 'current'> & { readonly begun: InventoryKey | undefined }): Promise<void> {
  const { name, replicas = [] } = purpose
  const making: InventoryKey = begun ?? { purpose: name, state: 'making', token: newToken(), spec: purpose.spec, usage: purpose.usage, ...(purpose.alg !== undefined && { alg: purpose.alg }), alias: purpose.alias }
  const { token, spec, usage, alg: wanted, alias = purpose.alias } = making
  await updateInventory(store, now, (inventory) => {
    const found = inventory.keys.find((key) => key.purpose === name && key.state === 'making')
    ensure(publishedKeys(inventory).length + 2 <= limits.keys, 'too_large', `the key set would have more than ${limits.keys} keys, which no client takes: shorten keepDays of ${name} or of another purpose, or rotate less often`)
    ensure(found?.token === begun?.token && found?.began === begun?.began, 'conflict', `another publisher is making the next key of ${name}`)
    return { ...inventory, keys: [...inventory.keys.filter((key) => key !== found), { ...making, began: isoOf(now) }] }
  })
  const key = { alias, spec, usage, multiRegion: replicas.length > 0, description: `sealdrop ${name} ${token}`, ...await inheritance(port, purpose, current, signal) }
  const arn = (begun && await port.findKey(key, signal)) ?? await port.createKey(key, signal)
  aliasFor(alias, arn)
  const arns = [arn]
  if (arn.includes(':key/mrk-')) for (const region of replicas) arns.push(await port.replicate(arn, region, key, signal))
  const { jwk, info: { thumbprint, alg } } = await loadKey(port, arn, wanted, signal)
  const at = isoOf(clock()) // not before KMS answered: waits are counted from it
  const made: InventoryKey = { purpose: name, state: 'next', token, spec, usage, arns, thumbprint, jwk, alg, made: at, ...(usage === 'SIGN_VERIFY' && { published: at }) }
  let isSecond = false
  await updateInventory(store, now, (inventory) => {
    isSecond = !inventory.keys.some((other) => other.token === token && other.state === 'making') && !inventory.keys.some(({ arns: known = [] }) => known.includes(arn))
    const { published, ...unpublished } = made
    if (isSecond) return { ...inventory, keys: [...inventory.keys, { ...unpublished, token: newToken(), state: 'retired', retired: at }] } // nothing was done with it, and nobody loses sight of it
    return { ...inventory, keys: inventory.keys.map((other) => (other.token === token && other.state === 'making' ? made : other)) }
  })
  ensure(!isSecond, 'conflict', `another publisher has made the next key of ${name}; ${arn} is not needed, and stands in the inventory as retired`)
}

const newToken = (): string => toBase64url(randomBytes(16))

/** What who may use the current key needs of the next one. Grants are not taken over. */
async function inheritance(port: ManagementPort, { policy }: Purpose, current: InventoryKey | undefined, signal: AbortSignal | undefined): Promise<Inherited> {
  const inherited = current?.arns && await port.inherited(current.arns[0]!, signal).catch((error: unknown) => {
    if (!policy || !isSealdropError(error) || error.code !== 'key_unusable') throw error // it is gone, and its policy is known
    return {}
  })
  return { ...inherited, ...(policy && { policy: JSON.stringify(policy) }) }
}

/** The name that an alias has where a key is. @throws SealdropError `invalid_argument` for an alias of another account */
export function aliasFor(alias: string, arn: string): string {
  const there = arn.replace(/key\/.*$/, alias.slice(alias.indexOf('alias/')))
  ensure(!alias.startsWith('arn:') || arnIn(regionOf(arn)!, alias) === there, 'invalid_argument', `${alias} is of another account than the key ${arn}: an alias names keys of its own account, and rotates with its credentials`)
  return there
}
