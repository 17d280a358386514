import { identitiesOf, readPrincipal, rootArn, type Caller } from './principals.js'

type EncryptionContext = Readonly<Record<string, string>>

/** What a grant says that decides something. A retired or revoked grant is no grant. */
export interface Grant {
  readonly granteePrincipal: string
  readonly retiringPrincipal?: string
  /** The account that made the grant. */
  readonly issuingAccount: string
  /** The operations, by the names of CreateGrant: `Decrypt`, `ReEncryptFrom`. */
  readonly operations: readonly string[]
  readonly constraints?: GrantConstraints
}

export interface GrantConstraints {
  readonly EncryptionContextEquals?: EncryptionContext
  readonly EncryptionContextSubset?: EncryptionContext
  /**
   * Resource on behalf of which an AWS service calls; nobody calls on behalf of one here, so such a
   * grant lets nobody in.
   */
  readonly SourceArn?: string
}

/** What a call is about, for grants. */
export interface GrantedCall {
  readonly action: string
  readonly encryptionContext?: EncryptionContext
  /** The grant that CreateGrant would make. */
  readonly child?: Pick<Grant, 'operations' | 'constraints'>
}

/** Operations to which constraints do not apply (API reference, GrantConstraints). */
const unconstrained = ['DescribeKey', 'RetireGrant']

/**
 * How a grant lets a caller in.
 *
 * It names one principal. Where that is an account, the IAM policies of the account decide, as with
 * a key policy.
 */
export function granteeMatch(
  { granteePrincipal }: Grant,
  caller: Caller,
): 'named' | 'account' | undefined {
  const principal = readPrincipal(granteePrincipal)
  if (principal?.kind === 'arn')
    return identitiesOf(caller).includes(principal.arn) ? 'named' : undefined
  return principal?.kind === 'account' && principal.account === caller.account
    ? 'account'
    : undefined
}

/** Whether a grant is for this operation and, where it has constraints, this encryption context. */
export function covers(
  { operations, constraints = {} }: Grant,
  { action, encryptionContext = {}, child }: GrantedCall,
): boolean {
  const operation = operations.find((name) => `kms:${name}`.toLowerCase() === action.toLowerCase())
  if (operation === undefined) return false
  if (constraints.SourceArn !== undefined && operation !== 'RetireGrant') return false
  if (unconstrained.includes(operation)) return true
  if (operation === 'CreateGrant')
    return (
      child !== undefined &&
      child.operations.every((name) => operations.includes(name)) &&
      isAsStrict(child.constraints ?? {}, constraints)
    )
  const { EncryptionContextEquals: equal, EncryptionContextSubset: subset } = constraints
  if (equal !== undefined && !isSame(encryptionContext, equal)) return false
  return subset === undefined || includes(encryptionContext, subset)
}

/**
 * Whether the constraints of a child grant are at least as strict as those of its parent.
 *
 * A child may turn a subset into equality, and add pairs to a subset (developer guide, "Granting
 * CreateGrant permission").
 */
function isAsStrict(child: GrantConstraints, parent: GrantConstraints): boolean {
  const { EncryptionContextEquals: equal, EncryptionContextSubset: subset } = parent
  const { EncryptionContextEquals: ownEqual, EncryptionContextSubset: ownSubset } = child
  if (equal !== undefined && (ownEqual === undefined || !isSame(ownEqual, equal))) return false
  return subset === undefined || includes(ownEqual ?? ownSubset ?? {}, subset)
}

const isSame = (one: EncryptionContext, other: EncryptionContext): boolean =>
  includes(one, other) && includes(other, one)

/**
 * Whether all pairs of one encryption context are in another one, as constraints compare them.
 *
 * Upper and lower case matter in a value, and not in a key (API reference, GrantConstraints).
 */
function includes(whole: EncryptionContext, part: EncryptionContext): boolean {
  const pairs = new Set(
    Object.entries(whole).map(([key, value]) => JSON.stringify([key.toLowerCase(), value])),
  )
  return Object.entries(part).every(([key, value]) =>
    pairs.has(JSON.stringify([key.toLowerCase(), value])),
  )
}

/**
 * How a caller may retire a grant.
 *
 * - By name: its retiring principal, its grantee if it has RetireGrant, and the root user of the
 *   account that made it.
 * - By IAM policies (`kms:RetireGrant`): principals of that account, or of an account that is the
 *   retiring principal.
 *
 * @see Developer guide, "Retiring and revoking grants"
 */
export function retirer(grant: Grant, caller: Caller): 'named' | 'account' | undefined {
  const issuer = rootArn({ arn: caller.arn, account: grant.issuingAccount })
  const may = [issuer]
  if (grant.retiringPrincipal !== undefined) may.push(grant.retiringPrincipal)
  if (grant.operations.includes('RetireGrant')) may.push(grant.granteePrincipal)
  const matches = may.map((granteePrincipal) =>
    granteeMatch({ ...grant, granteePrincipal }, caller),
  )
  if (matches.includes('named')) return 'named'
  return matches.includes('account') ? 'account' : undefined
}
