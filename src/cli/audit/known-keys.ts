import type { KeyInventory } from '../../doors/kms.js'
import type { Use } from './tally.js'

/** A key that was named, by the inventory or by hand. */
export interface KnownKey {
  /** Its ARN, and those of its replicas. */
  readonly arns: readonly string[]
  /** What people call it: `claims, current`. */
  readonly name: string | undefined
}

/** Operations that use the private half of a key. */
const privateUse: ReadonlySet<string> = new Set(['Decrypt', 'DeriveSharedSecret', 'Sign'])

/** The keys of an inventory that KMS may have. */
export const keysOf = ({ keys }: KeyInventory): readonly KnownKey[] =>
  keys.flatMap(({ arns, purpose, state }) =>
    arns === undefined || state === 'deleted' ? [] : [{ arns, name: `${purpose}, ${state}` }],
  )

/** Keys whose private half nobody used in these records. */
export function unusedOf(
  known: readonly KnownKey[],
  uses: readonly Readonly<Use>[],
): readonly KnownKey[] {
  const used = new Set(
    uses
      .filter(({ operation, outcome }) => privateUse.has(operation) && outcome === 'ok')
      .map(({ key }) => key),
  )
  return known.filter(({ arns }) => !arns.some((arn) => used.has(arn)))
}

/** What people call a key. */
export const nameOf = (known: readonly KnownKey[], arn: string): string | undefined =>
  known.find(({ arns }) => arns.includes(arn))?.name
