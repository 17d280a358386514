import { ensure, shown } from '../../errors/guard.js'
import { kindOf } from '../../errors/kind.js'

/** A key, all keys of an account in a Region, or an alias. */
export interface KeyTarget {
  readonly arn: string
  readonly partition: string
  readonly account: string
  /** `arn:aws:kms:us-east-1:111122223333` */
  readonly home: string
  /** `alias/claims`, where an alias is named. */
  readonly alias: string | undefined
}

/** Somebody whom a policy names. */
export interface PolicyPrincipal {
  readonly arn: string
  readonly account: string
  readonly kind: 'root' | 'role' | 'user'
  /** Without its path. */
  readonly name: string
}

const keyPattern =
  /^(arn:(aws[a-z-]*):kms:[a-z0-9-]+:(\d{12})):(?:key\/(?:\*|[\w-]{1,64})|(alias\/(?!aws\/)[\w/-]{1,250}))$/
const principalPattern =
  /^arn:(aws[a-z-]*):iam::(\d{12}):(?:(root)|(role|user)\/(?:[\w+=,.@-]+\/)*([\w+=,.@-]{1,64}))$/

const text = (value: unknown): string => (typeof value === 'string' ? shown(value) : kindOf(value))

/**
 * Reads the ARN of a key, of all keys of an account in a Region, or of an alias.
 *
 * @throws SealdropError `invalid_argument`
 */
export function readKey(key: string): KeyTarget {
  const [, home, partition, account, alias] = keyPattern.exec(String(key)) ?? []
  ensure(
    home !== undefined && partition !== undefined && account !== undefined,
    'invalid_argument',
    `key: expected the ARN of a key or an alias, or arn:aws:kms:REGION:ACCOUNT:key/* for all keys, found ${text(key)}`,
  )
  return { arn: key, partition, account, home, alias }
}

/** What people write that is no principal, and what to write instead. */
const mistakes: readonly (readonly [RegExp, string])[] = [
  [/[*?]/, 'a wildcard would let in whoever fits it; name each role, user or account'],
  [
    /:assumed-role\//,
    'a session ends; name its role, arn:aws:iam::ACCOUNT:role/NAME, with its path',
  ],
  [/:group\//, 'a group is no principal; name its account, and give the IAM policy to the group'],
]

/**
 * Reads roles, users and accounts, each once.
 *
 * An account becomes its root ARN, which stands for the IAM policies of the account.
 *
 * @throws SealdropError `invalid_argument`
 */
export function readPrincipals(
  principals: readonly string[],
  { partition }: KeyTarget,
  field = 'principals',
): readonly PolicyPrincipal[] {
  ensure(
    Array.isArray(principals) && principals.length > 0,
    'invalid_argument',
    `${field}: expected at least one ARN of a role or user, or account, found ${kindOf(principals)}`,
  )
  const found = principals.map((principal: unknown, i): PolicyPrincipal => {
    const arn = /^\d{12}$/.test(String(principal))
      ? `arn:${partition}:iam::${String(principal)}:root`
      : String(principal)
    const [, part, account, root, kind, name] = principalPattern.exec(arn) ?? []
    const advice =
      mistakes.find(([pattern]) => pattern.test(arn))?.[1] ??
      'services and other names have no place here'
    ensure(
      typeof principal === 'string' && account !== undefined,
      'invalid_argument',
      `${field}[${i}]: expected the ARN of a role or user, or an account, found ${text(principal)}: ${advice}`,
    )
    ensure(
      part === partition,
      'invalid_argument',
      `${field}[${i}]: expected the partition of the key, ${partition}, found ${text(part)}: no call goes from one partition to another`,
    )
    return {
      arn,
      account,
      kind: root === undefined ? (kind as 'role' | 'user') : 'root',
      name: name ?? '',
    }
  })
  return [...new Map(found.map((principal) => [principal.arn, principal])).values()]
}
