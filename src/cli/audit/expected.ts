import type { PolicyRole } from '../../doors/kms.js'
import { roles, type Permission } from '../../kms/policy/roles.js'
import { UsageError } from '../exit-codes.js'
import { kmsItself } from './call.js'

/** Somebody who is expected to have a role. */
export interface Expected {
  readonly role: PolicyRole
  readonly pattern: string
}

/** Reads `opener=arn:aws:iam::111122223333:role/Claims`. @throws UsageError */
export function parseExpected(given: string): Expected {
  const [, role = '', pattern = ''] = /^([^=]*)=(.+)$/s.exec(given) ?? []
  if (!Object.hasOwn(roles, role) || pattern === '')
    throw new UsageError(
      `--expect ${given}: expected ROLE=ARN, and one of ${Object.keys(roles).join(', ')}`,
    )
  return { role: role as PolicyRole, pattern }
}

/** `*` stands for any characters, and `?` for one, as in policies. */
function matches(pattern: string, principal: string): boolean {
  const literal = pattern.replace(/[\\^$.|+()[\]{}]/g, String.raw`\$&`)
  const source = literal.replaceAll('*', '.*').replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's').test(principal)
}

const allowed = ({ effect = 'Allow', actions }: Permission): readonly string[] =>
  effect === 'Allow' ? actions : []

/** What each role calls. */
function operationsOf(role: PolicyRole): ReadonlySet<string> {
  const row = roles[role]
  return new Set(row.permissions(row.algs).flatMap(allowed))
}

/**
 * Makes what tells whether a call is one that somebody of an expected role makes.
 *
 * @returns undefined where nobody said what is expected
 */
export function expectations(
  expected: readonly Expected[],
): ((principal: string, operation: string) => boolean) | undefined {
  if (expected.length === 0) return undefined
  const rows = expected.map(({ role, pattern }) => ({ pattern, operations: operationsOf(role) }))
  return (principal, operation) =>
    principal === kmsItself ||
    rows.some(({ pattern, operations }) => operations.has(operation) && matches(pattern, principal))
}
