import { ensure, shown } from '../../errors/guard.js'
import { readKey, readPrincipals, type KeyTarget, type PolicyPrincipal } from './arns.js'
import { capitalized } from './capitalized.js'
import {
  keyPolicyDocument,
  policyDocument,
  type Condition,
  type PolicyStatement,
} from './document.js'
import type { KeyPolicyOptions, Policies } from './key-policy-options.js'
import { deletionWindow, roles, windowKey, type Permission, type PolicyRole } from './roles.js'

/**
 * Writes what `keyPolicy` answers, and reads the principals.
 *
 * @param field - names the principals in messages
 * @param keyResource - stands for the key in the IAM policy where its ARN is not known yet
 * @throws SealdropError `invalid_argument`, `too_large`
 */
export function writeRole(
  { role, key: arn, principals: names, accountRoot = false, algs }: KeyPolicyOptions,
  field: string,
  keyResource?: object,
): Policies & { readonly principals: readonly PolicyPrincipal[] } {
  const permissions = permissionsOf(role, algs)
  const key = readKey(arn)
  const principals = readPrincipals(names, key, field)
  if (role === 'administrator') checkAdministrators(principals, key, field)
  ensure(
    typeof accountRoot === 'boolean',
    'invalid_argument',
    'accountRoot: expected true or false',
  )
  const forKey = [
    ...(accountRoot ? [accountIamPolicies(key)] : []),
    ...keyStatements(role, permissions, principals),
    deletionTakes30Days,
  ]
  return {
    keyPolicy: keyPolicyDocument(forKey),
    iamPolicy: policyDocument(iamStatements(role, permissions, key, keyResource)),
    principals,
  }
}

function permissionsOf(
  role: PolicyRole,
  algs: readonly string[] | undefined,
): readonly Permission[] {
  ensure(
    Object.hasOwn(roles, role),
    'invalid_argument',
    `role: expected ${Object.keys(roles).join(', ')}, found ${shown(String(role))}`,
  )
  const row = roles[role]
  ensure(
    algs === undefined || row.takes.length > 0,
    'invalid_argument',
    `algs: a ${role} uses no algorithm; leave it out`,
  )
  ensure(
    algs === undefined || (Array.isArray(algs) && algs.length > 0),
    'invalid_argument',
    'algs: expected an array with at least one JOSE name',
  )
  for (const alg of algs ?? []) {
    ensure(
      row.takes.includes(alg),
      'invalid_argument',
      `algs: expected ${row.takes.join(', ')}, found ${shown(String(alg))}`,
    )
  }
  return row.permissions(algs ?? row.algs)
}

/**
 * Refuses administrators of other accounts, and a whole account as one.
 *
 * KMS lets nobody manage a key from another account. What is denied to an administrator must not be
 * denied to a whole account.
 */
function checkAdministrators(
  principals: readonly PolicyPrincipal[],
  { account }: KeyTarget,
  field: string,
): void {
  for (const principal of principals) {
    ensure(
      principal.account === account,
      'invalid_argument',
      `${field}: expected roles or users of account ${account}, found ${shown(principal.arn)}: KMS lets nobody manage a key from another account`,
    )
    ensure(
      principal.kind !== 'root',
      'invalid_argument',
      `${field}: expected roles or users, found the whole account ${account}, which could then neither open nor sign; accountRoot lets its IAM policies decide`,
    )
  }
}

/** The statement of the default key policy of KMS. */
const accountIamPolicies = ({ partition, account }: KeyTarget): PolicyStatement => ({
  Sid: 'AccountIamPolicies',
  Effect: 'Allow',
  Principal: { AWS: `arn:${partition}:iam::${account}:root` },
  Action: 'kms:*',
  Resource: '*',
})

/**
 * Denies everybody a shorter deletion, so that no IAM policy of the account allows one.
 *
 * A call that names no window gets 30 days.
 */
const deletionTakes30Days: PolicyStatement = {
  Sid: 'DeletionTakes30Days',
  Effect: 'Deny',
  Principal: { AWS: '*' },
  Action: 'kms:ScheduleKeyDeletion',
  Resource: '*',
  Condition: { NumericLessThan: { [windowKey]: deletionWindow } },
}

function keyStatements(
  role: PolicyRole,
  permissions: readonly Permission[],
  principals: readonly PolicyPrincipal[],
): readonly PolicyStatement[] {
  // an object for each statement, so that a caller who changes one changes no other
  const place = (): Pick<PolicyStatement, 'Principal' | 'Resource'> => ({
    Principal: { AWS: principals.map(({ arn }) => arn) },
    Resource: '*',
  })
  return permissions
    .filter(({ on }) => on === 'key')
    .map((permission) => statement(role, permission, place()))
}

/**
 * Writes the statements of the IAM policy.
 *
 * New keys of an administrator have no alias yet: those statements are for all keys, also where an
 * alias is named.
 */
function iamStatements(
  role: PolicyRole,
  permissions: readonly Permission[],
  { arn, home, alias }: KeyTarget,
  keyResource: object | undefined,
): readonly PolicyStatement[] {
  const isAlias = alias !== undefined
  const places = {
    key: keyResource ?? (isAlias ? `${home}:key/*` : arn),
    alias: isAlias ? arn : `${home}:alias/*`,
    account: '*',
  }
  const isAnyAlias = !isAlias || role === 'administrator' || keyResource !== undefined
  const aliased: Condition = isAnyAlias
    ? {}
    : { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': alias } }
  return permissions.map((permission) => {
    const condition = both(permission.condition ?? {}, permission.on === 'key' ? aliased : {})
    return statement(role, { ...permission, condition }, { Resource: places[permission.on] })
  })
}

/** Both conditions, also where they share an operator. */
const both = (one: Condition, other: Condition): Condition => ({
  ...one,
  ...Object.fromEntries(
    Object.entries(other).map(([operator, keys]) => [operator, { ...one[operator], ...keys }]),
  ),
})

function statement(
  role: PolicyRole,
  { sid, effect = 'Allow', actions, condition = {} }: Permission,
  place: Pick<PolicyStatement, 'Principal' | 'Resource'>,
): PolicyStatement {
  return {
    Sid: `${capitalized(role)}${sid}`,
    Effect: effect,
    ...place,
    Action: actions.map((action) => `kms:${action}`),
    ...(Object.keys(condition).length > 0 && { Condition: condition }),
  }
}
