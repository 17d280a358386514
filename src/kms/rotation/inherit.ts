import { ensure } from '../../errors/guard.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import type { MadeKey, Purpose } from '../inventory/inventory-model.js'
import type { Inherited, ManagementPort } from '../port/management-port.js'

/** Which key the next one takes its policy and tags from. */
export interface Inheritance {
  readonly purpose: Purpose
  readonly current: MadeKey | undefined
  /** The current key, or its replica in a Region; undefined where there is none. */
  readonly arn: string | undefined
}

/** The policy and tags for the next key, so that the same people may use it. Grants stay behind. */
export async function inherit(
  port: ManagementPort,
  { purpose, current, arn }: Inheritance,
  signal: AbortSignal | undefined,
): Promise<Inherited> {
  const inherited = arn === undefined ? {} : await inheritedOf(port, purpose, arn, signal)
  const stated = purpose.policy ? JSON.stringify(purpose.policy) : inherited.policy
  if (stated === undefined) return inherited
  return { ...inherited, policy: policyForSuccessor(stated, current?.arns ?? []) }
}

async function inheritedOf(
  port: ManagementPort,
  { name, policy }: Purpose,
  arn: string,
  signal: AbortSignal | undefined,
): Promise<Inherited> {
  try {
    return await port.inherited(arn, signal)
  } catch (error) {
    if (!isSealdropError(error) || error.code !== 'key_unusable') throw error
    ensure(
      policy,
      'key_unusable',
      `the current key of ${name} is gone, and its key policy with it: give the purpose a policy for the next one`,
    )
    return {}
  }
}

/** A policy for the next key: one that names the current key would let nobody use it. */
function policyForSuccessor(policy: string, arns: readonly string[]): string {
  const isOwn = (resource: unknown): boolean =>
    arns.includes(resource as string) || (Array.isArray(resource) && resource.some(isOwn))
  return JSON.stringify(JSON.parse(policy), (name, value: unknown) =>
    name === 'Resource' && isOwn(value) ? '*' : value,
  )
}
