import { identitiesOf, readPrincipal, rootArn, type Caller } from './principals.js'

type EncryptionContext = Readonly<Record<string, string>>

/** What a grant says, as far as it decides something. A retired or revoked grant is none. */
export interface Grant {
  readonly granteePrincipal: string
  readonly retiringPrincipal?: string
  /** Account that made the grant. */
  readonly issuingAccount: string
  /** As in CreateGrant: `Decrypt`, `ReEncryptFrom`. */
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
  /** What CreateGrant would make. */
  readonly child?: Pick<Grant, 'operations' | 'constraints'>
}

/** Not subject to constraints on the encryption context (API reference, GrantConstraints). */
const unconstrained = ['DescribeKey', 'RetireGrant']

/**
 * A grant names one principal; that it names an account delegates to the account's IAM policies,
 * like a key policy.
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
 * In a grant constraint, the key of a pair has no case, its value has (API reference,
 * GrantConstraints).
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
 * Who may retire a grant: by name its retiring principal, its grantee if it has RetireGrant, and
 * the root user of the account that made it; by the account's IAM policies (`kms:RetireGrant`),
 * principals of that account, or of one that is the retiring principal.
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
