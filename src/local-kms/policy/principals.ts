/** Who calls: the identities that policies may name. */
export interface Caller {
  /** The ARN of a root user, a user or a session (`arn:aws:sts::…:assumed-role/Role/session`). */
  readonly arn: string
  readonly account: string
  readonly kind: 'root' | 'user' | 'assumed-role'
  /**
   * The ARN of a session's role where it has a path, which the ARN of the session does not show.
   */
  readonly roleArn?: string
}

/** One entry of a Principal element. */
export type Principal =
  | { readonly kind: 'any' }
  | { readonly kind: 'account'; readonly account: string }
  | { readonly kind: 'arn'; readonly arn: string }
  | { readonly kind: 'service' | 'federated'; readonly name: string }

const arnPattern =
  /^arn:aws(?:-cn|-us-gov)?:(?:iam::(\d{12}):(?:(root)|user\/[!-~]+|role\/[!-~]+)|sts::\d{12}:(?:assumed-role\/[^/\s]+\/[^/\s]+|federated-user\/[^/\s]+))$/

/**
 * Reads an entry under `AWS`; undefined where it names nobody.
 *
 * A wildcard stands alone, or not at all.
 */
export function readPrincipal(text: string): Principal | undefined {
  if (text === '*') return { kind: 'any' }
  if (/^\d{12}$/.test(text)) return { kind: 'account', account: text }
  const [whole, account, root] = arnPattern.exec(text) ?? []
  if (whole === undefined || /[*?]/.test(text)) return undefined
  return root === undefined
    ? { kind: 'arn', arn: text }
    : { kind: 'account', account: String(account) }
}

export const rootArn = ({ arn, account }: Pick<Caller, 'arn' | 'account'>): string =>
  `arn:${arn.split(':')[1]}:iam::${account}:root`

/** The ARN of a session's role. Without `roleArn` the path of the role is `/`. */
export function roleArnOf({ kind, arn, account, roleArn }: Caller): string | undefined {
  if (kind !== 'assumed-role') return undefined
  return roleArn ?? `arn:${arn.split(':')[1]}:iam::${account}:role/${arn.split('/')[1]}`
}

/** The ARNs of the caller itself: a session is its role too. */
export function identitiesOf(caller: Caller): readonly string[] {
  const roleArn = roleArnOf(caller)
  return roleArn === undefined ? [caller.arn] : [caller.arn, roleArn]
}

/**
 * How a Principal element meets a caller: by name, or only by its account.
 *
 * By the account, an Allow leaves the decision to the IAM policies there. The root user has no name
 * but that of its account.
 */
export function match(
  principals: readonly Principal[],
  caller: Caller,
): 'named' | 'account' | undefined {
  const identities = identitiesOf(caller)
  const isNamed = principals.some(
    (principal) =>
      principal.kind === 'any' || (principal.kind === 'arn' && identities.includes(principal.arn)),
  )
  if (isNamed) return 'named'
  return hasAccountOf(principals, caller) ? 'account' : undefined
}

const hasAccountOf = (principals: readonly Principal[], { account }: Caller): boolean =>
  principals.some((principal) => principal.kind === 'account' && principal.account === account)

/**
 * Whether NotPrincipal exempts a caller from a Deny (IAM User Guide, "NotPrincipal with Deny").
 *
 * Every identity of the caller must be listed: its session, its role and its account.
 */
export function exempts(principals: readonly Principal[], caller: Caller): boolean {
  const arns = caller.kind === 'root' ? [] : identitiesOf(caller)
  const lists = (identity: string): boolean =>
    principals.some((principal) => principal.kind === 'arn' && principal.arn === identity)
  if (principals.some(({ kind }) => kind === 'any')) return true
  return hasAccountOf(principals, caller) && arns.every(lists)
}
