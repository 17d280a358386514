import { toBase64url } from '../../bytes/base64url.js'
import { randomBytes } from '../../crypto/subtle.js'
import { ensure } from '../../errors/guard.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import { arnIn, regionOf } from '../../formats/arn.js'
import type { InventoryKey, InventoryStore, Purpose } from '../inventory/model.js'
import { ensureRoom } from '../inventory/published-keys.js'
import { isoOf, updateInventory } from '../inventory/update.js'
import { loadKey } from '../load-key.js'
import { isRefusal, type Inherited, type ManagementPort } from '../management-port.js'
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
 * Makes the next key of a purpose. That it is begun is written down first, with a token that the
 * key's description has: CreateKey itself cannot be repeated, so after a crash the key is looked
 * for before one is made. It has the key policy and the tags of the current one.
 *
 * @param o.begun what was begun before and is finished now, as it was begun
 * @throws SealdropError `conflict` where another publisher is at it, `too_large` where the set
 *   would have more than 32 keys, `kms_*`, and what the store throws
 */
export async function createNext(
  { port, store, now, clock, signal }: Making,
  {
    purpose,
    begun,
    current,
  }: Pick<Standing, 'purpose' | 'current'> & { readonly begun: InventoryKey | undefined },
): Promise<void> {
  const { name, replicas = [] } = purpose
  const making: InventoryKey = begun ?? {
    purpose: name,
    state: 'making',
    token: newToken(),
    spec: purpose.spec,
    usage: purpose.usage,
    ...(purpose.alg !== undefined && { alg: purpose.alg }),
    alias: purpose.alias,
  }
  const { token, spec, usage, alg: wanted, alias = purpose.alias } = making
  const inherit = (arn: string | undefined): Promise<Inherited> =>
    inheritance(port, purpose, current, arn, signal)
  const key = {
    alias,
    spec,
    usage,
    multiRegion: replicas.length > 0,
    description: `sealdrop ${name} ${token}`,
    ...(await inherit(current?.arns?.[0])),
  }
  await updateInventory(store, now, (inventory) => {
    const found = inventory.keys.find((key) => key.purpose === name && key.state === 'making')
    ensureRoom(inventory, spec, 2)
    ensure(
      found?.token === begun?.token && found?.began === begun?.began,
      'conflict',
      `another publisher is making the next key of ${name}`,
    )
    return {
      ...inventory,
      keys: [...inventory.keys.filter((key) => key !== found), { ...making, began: isoOf(now) }],
    }
  })
  const drop = (): Promise<boolean> =>
    updateInventory(store, now, (inventory) => ({
      ...inventory,
      keys: inventory.keys.filter((key) => key.token !== token || key.state !== 'making'),
    }))
  const found =
    begun &&
    (await port.findKey({ alias, token }, signal).catch(async (error: unknown) => {
      // it was begun for a place that cannot be asked, and that nobody wants any more
      if (isSealdropError(error) && alias !== purpose.alias) await drop()
      throw error
    }))
  const arn =
    found ??
    (await port.createKey(key, signal).catch(async (error: unknown) => {
      // nothing was made, and what was asked for may be corrected
      if (isRefusal((error as { readonly cause?: unknown }).cause)) await drop()
      throw error
    }))
  aliasFor(alias, arn)
  const arns = [arn]
  if (arn.includes(':key/mrk-'))
    for (const region of replicas)
      arns.push(
        await port.replicate(
          arn,
          region,
          {
            ...key,
            ...(await inherit(
              current?.arns?.find((of) => regionOf(of) === region) ?? current?.arns?.[0],
            )),
          },
          signal,
        ),
      )
  const {
    jwk,
    info: { thumbprint, alg },
  } = await loadKey(port, arn, wanted, signal)
  const at = isoOf(clock()) // not before KMS answered: waits are counted from it
  const made: InventoryKey = {
    purpose: name,
    state: 'next',
    token,
    spec,
    usage,
    arns,
    thumbprint,
    jwk,
    alg,
    made: at,
    ...(usage === 'SIGN_VERIFY' && { published: at }),
  }
  let isSecond = false
  await updateInventory(store, now, (inventory) => {
    isSecond =
      !inventory.keys.some((other) => other.token === token && other.state === 'making') &&
      !inventory.keys.some(({ arns: known = [] }) => known.includes(arn))
    const { published, ...unpublished } = made
    if (isSecond)
      return {
        ...inventory,
        keys: [
          ...inventory.keys,
          { ...unpublished, token: newToken(), state: 'retired', retired: at },
        ],
      } // nothing was done with it, and nobody loses sight of it
    return {
      ...inventory,
      keys: inventory.keys.map((other) =>
        other.token === token && other.state === 'making' ? made : other,
      ),
    }
  })
  ensure(
    !isSecond,
    'conflict',
    `another publisher has made the next key of ${name}; ${arn} is not needed, and stands in the inventory as retired`,
  )
}

const newToken = (): string => toBase64url(randomBytes(16))

/** What who may use the current key needs of the next one. Grants are not taken over. */
async function inheritance(
  port: ManagementPort,
  { name, policy }: Purpose,
  current: InventoryKey | undefined,
  arn: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Inherited> {
  const inherited: Inherited =
    arn === undefined
      ? {}
      : await port.inherited(arn, signal).catch((error: unknown) => {
          if (!isSealdropError(error) || error.code !== 'key_unusable') throw error
          ensure(
            policy,
            'key_unusable',
            `the current key of ${name} is gone, and its key policy with it: give the purpose a policy for the next one`,
          )
          return {}
        })
  const stated = policy ? JSON.stringify(policy) : inherited.policy
  return {
    ...inherited,
    ...(stated !== undefined && { policy: policyForSuccessor(stated, current?.arns ?? []) }),
  }
}

/** A key policy that names its own key as the resource would let nobody use the next one. */
function policyForSuccessor(policy: string, arns: readonly string[]): string {
  const isOwn = (resource: unknown): boolean =>
    arns.includes(resource as string) || (Array.isArray(resource) && resource.some(isOwn))
  return JSON.stringify(JSON.parse(policy), (name, value: unknown) =>
    name === 'Resource' && isOwn(value) ? '*' : value,
  )
}

/**
 * The name that an alias has where a key is. @throws SealdropError `invalid_argument` for an alias
 * of another account
 */
export function aliasFor(alias: string, arn: string): string {
  const there = arn.replace(/key\/.*$/, alias.slice(alias.indexOf('alias/')))
  ensure(
    !alias.startsWith('arn:') || arnIn(regionOf(arn)!, alias) === there,
    'invalid_argument',
    `${alias} is of another account than the key ${arn}: an alias names keys of its own account, and rotates with its credentials`,
  )
  return there
}
