import { KmsFault } from '../wire/fault.js'
import { holds } from './conditions.js'
import type { Choice, PolicyDocument, Statement } from './policy-document.js'
import { globMatches, globOf, inLowerCase } from './glob.js'
import { covers, granteeMatch, retirer, type Grant, type GrantedCall } from './grant-rules.js'
import { exempts, match, type Caller } from './principals.js'
import { contextOf, resolve, type ConditionValues, type Context } from './variables.js'

export interface PolicyPrincipal extends Caller {
  /** IAM policies. The root user has none and may do everything in its account. */
  readonly policies: readonly PolicyDocument[]
}

export interface Question extends Omit<GrantedCall, 'action'> {
  /**
   * The action: `kms:Decrypt`.
   *
   * ReEncrypt asks for `kms:ReEncryptFrom` of one key, and for `kms:ReEncryptTo` of the other.
   */
  readonly action: string
  /** An ARN, or `*` for what concerns no key. */
  readonly resource: string
  readonly principal: PolicyPrincipal
  readonly conditions: ConditionValues
  /** The key policy. Absent for `*` and for an alias, of which IAM policies alone decide. */
  readonly keyPolicy?: PolicyDocument
  /** The account of the resource. Default: that of the principal. */
  readonly keyAccount?: string
  readonly grants?: readonly Grant[]
}

export type DenialReason =
  'explicit_deny_resource' | 'explicit_deny_identity' | 'no_resource_allow' | 'no_identity_allow'
export type Decision =
  { readonly allowed: true } | { readonly allowed: false; readonly reason: DenialReason }

/** Actions with "Cross-account use: Yes" in the API reference. */
export const crossAccountActions: ReadonlySet<string> = new Set(
  [
    'CreateGrant',
    'Decapsulate',
    'Decrypt',
    'DeriveSharedSecret',
    'DescribeKey',
    'Encapsulate',
    'Encrypt',
    'GenerateDataKey',
    'GenerateDataKeyPair',
    'GenerateDataKeyPairWithoutPlaintext',
    'GenerateDataKeyWithoutPlaintext',
    'GenerateMac',
    'GetKeyRotationStatus',
    'GetPublicKey',
    'ListGrants',
    'ReEncryptFrom',
    'ReEncryptTo',
    'RetireGrant',
    'RevokeGrant',
    'Sign',
    'Verify',
    'VerifyMac',
  ].map((name) => `kms:${name}`),
)

const allowed: Decision = { allowed: true }
const denied = (reason: DenialReason): Decision => ({ allowed: false, reason })

/**
 * Decides a call.
 *
 * - A Deny that applies wins. Then the key must let the caller in.
 * - In the key's account, a statement or a grant that names the caller suffices. A statement that
 *   names the account leaves it to IAM policies there.
 * - From another account, a statement needs an IAM policy beside it. A grant to the caller does
 *   not: "users and roles in the external account cannot use the CMK until you attach IAM policies
 *   that delegate those permissions, or use grants to manage access to the CMK" (developer guide,
 *   "Allowing users in other accounts to use a KMS key"). The service-linked role of EC2 Auto
 *   Scaling has no kms permission, and uses keys of other accounts by a grant alone.
 */
export function decide(question: Question): Decision {
  const applying = statementsOf(question)
  const denial = explicitDenial(question, applying)
  if (denial) return denied(denial)
  const way = wayIn(question, applying)
  if (way === undefined) return denied('no_resource_allow')
  const isAllowed = way === 'named' || isAllowedByIdentity(question, applying)
  return isAllowed ? allowed : denied('no_identity_allow')
}

/** The statements of one effect that apply to a question. */
type Applying = (policy: PolicyDocument, effect: Statement['effect']) => readonly Statement[]

function statementsOf(question: Question): Applying {
  const context = contextOf(question.conditions)
  return ({ statements, variables }, effect) =>
    statements.filter(
      (statement) =>
        statement.effect === effect && applies(statement, variables, question, context),
    )
}

function explicitDenial(
  { keyPolicy, principal }: Question,
  applying: Applying,
): DenialReason | undefined {
  const byKey = keyPolicy ? applying(keyPolicy, 'Deny') : []
  if (byKey.some((statement) => isTarget(statement, principal))) return 'explicit_deny_resource'
  const isDenied = principal.policies.some((policy) => applying(policy, 'Deny').length > 0)
  return isDenied ? 'explicit_deny_identity' : undefined
}

/** How the key lets the caller in: by name, or by its account, where IAM policies decide. */
function wayIn(question: Question, applying: Applying): 'named' | 'account' | undefined {
  const { action, principal, keyPolicy, keyAccount = principal.account, grants = [] } = question
  const isSameAccount = keyAccount === principal.account
  if (!keyPolicy) return isSameAccount ? 'account' : undefined
  if (!isSameAccount && !crossAccountActions.has(action)) return undefined
  const byPolicy = applying(keyPolicy, 'Allow').map((statement) => admits(statement, principal))
  const byGrant = grants
    .filter((grant) => covers(grant, question))
    .map((grant) => granteeMatch(grant, principal))
  if (byGrant.includes('named') || (isSameAccount && byPolicy.includes('named'))) return 'named'
  const isLetIn = [...byPolicy, ...byGrant].some((way) => way !== undefined)
  return isLetIn ? 'account' : undefined
}

const isAllowedByIdentity = ({ principal }: Question, applying: Applying): boolean =>
  principal.kind === 'root' ||
  principal.policies.some((policy) => applying(policy, 'Allow').length > 0)

/** Decides RetireGrant: the grant does, a Deny wins, and no key policy can allow it. */
export function decideRetire(question: Question, grant: Grant): Decision {
  const alone = decide({ ...question, action: 'kms:RetireGrant', grants: [] })
  if (!alone.allowed && alone.reason.startsWith('explicit')) return alone
  const way = retirer(grant, question.principal)
  if (way !== 'account') return way === 'named' ? allowed : denied('no_resource_allow')
  const { keyPolicy: _keyPolicy, keyAccount: _keyAccount, ...identityOnly } = question
  return decide({ ...identityOnly, action: 'kms:RetireGrant', grants: [] })
}

/**
 * Refuses a key policy that locks its author out.
 *
 * @param question - PutKeyPolicy by the same caller on the same key, with the new policy as
 *   `keyPolicy`
 * @throws KmsFault MalformedPolicyDocumentException
 */
export function checkLockout(question: Omit<Question, 'action'>): void {
  if (!decide({ ...question, action: 'kms:PutKeyPolicy', grants: [] }).allowed) {
    throw new KmsFault(
      'MalformedPolicyDocumentException',
      'The new key policy will not allow you to update the key policy in the future.',
    )
  }
}

/**
 * Whether a statement applies to a question, whoever asks.
 *
 * A statement of a key policy without an action or a resource applies to nothing.
 */
function applies(
  { actions, resources, conditions }: Statement,
  variables: boolean,
  { action, resource }: Question,
  context: Context,
): boolean {
  if (!actions || !resources) return false
  const isAction = (pattern: string): boolean =>
    globMatches(inLowerCase(globOf(pattern)), action.toLowerCase())
  const isResource = (text: string): boolean => {
    const glob = resolve({ text, variables, wildcards: true }, context)
    return glob !== undefined && globMatches(glob, resource)
  }
  return (
    chosen(actions, isAction) &&
    chosen(resources, isResource) &&
    conditions.every((condition) => holds(condition, context, variables))
  )
}

const chosen = <T>({ not, of }: Choice<T>, matches: (item: T) => boolean): boolean =>
  of.some(matches) !== not

/** Whom an Allow means. NotPrincipal in it names everybody whom it does not list. */
function admits({ principals }: Statement, caller: Caller): 'named' | 'account' | undefined {
  if (!principals?.not) return principals && match(principals.of, caller)
  return match(principals.of, caller) === undefined ? 'named' : undefined
}

/** Whom a Deny means. A Deny for an account is one for all its principals. */
function isTarget({ principals }: Statement, caller: Caller): boolean {
  if (!principals) return false
  return principals.not
    ? !exempts(principals.of, caller)
    : match(principals.of, caller) !== undefined
}

const contexts: Readonly<Record<DenialReason, (action: string) => string>> = {
  explicit_deny_resource: () => 'with an explicit deny in a resource-based policy',
  explicit_deny_identity: () => 'with an explicit deny in an identity-based policy',
  no_resource_allow: (action) => `because no resource-based policy allows the ${action} action`,
  no_identity_allow: (action) => `because no identity-based policy allows the ${action} action`,
}

const elsewhere =
  'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'

export interface Denial extends Pick<Question, 'action' | 'resource' | 'keyAccount'> {
  readonly principal: Pick<Caller, 'arn' | 'account'>
  readonly reason: DenialReason
  /** Whether the ciphertext named the key, since Decrypt or ReEncrypt came without a KeyId. */
  readonly byCiphertext?: boolean
}

/**
 * A denial in the words of the service, which tell nothing of a key in another account.
 *
 * @see IAM User Guide, "Troubleshoot access denied error messages"
 */
export function deniedMessage({
  principal,
  action,
  resource,
  keyAccount = principal.account,
  reason,
  byCiphertext = false,
}: Denial): string {
  const start = `User: ${principal.arn} is not authorized to perform: ${action} on`
  const foreign = keyAccount !== principal.account && reason.includes('resource')
  const what = byCiphertext ? 'the resource associated with this ciphertext' : 'this resource'
  if (foreign) return `${start} ${what} ${elsewhere}`
  return `${start} resource: ${resource} ${contexts[reason](action)}`
}
