import { ensure, shown } from '../../errors/guard.js'
import { kindOf } from '../../errors/kind.js'
import { checkOptions } from '../../errors/options.js'
import { blamingNow } from '../../errors/whose.js'
import type { Purpose } from '../inventory/inventory-model.js'
import { algorithmsOf } from './algorithm-uses.js'
import { readKey, type KeyTarget } from './arns.js'
import { capitalized } from './capitalized.js'
import type { PolicyDocument } from './document.js'
import { joinPolicies } from './join-policies.js'
import { logicalName } from './logical-name.js'
import { deletionWindow, roles, symmetricRoles, type PolicyRole } from './roles.js'
import { writeRole } from './write-role.js'

/** Which key a template makes, and who may do what with it. */
export interface KeyTemplateOptions {
  /**
   * The ARN of the key's alias: `arn:aws:kms:REGION:ACCOUNT:alias/NAME`.
   *
   * - The stack is made in that account and Region.
   */
  readonly key: string
  /** KMS KeySpec, as the inventory has it: `ECC_NIST_P256`. */
  readonly spec: string
  /** KMS KeyUsage, as the inventory has it. */
  readonly usage: Purpose['usage']
  /** The principals of each role, as {@link keyPolicy} takes them. */
  readonly roles: Readonly<Partial<Record<PolicyRole, readonly string[]>>>
  /**
   * Lets IAM policies of the account allow anything. Default: false.
   *
   * - Whoever makes the stack needs it, or is an administrator: KMS refuses a policy that its
   *   author could not change.
   */
  readonly accountRoot?: boolean
  /**
   * JOSE names of the algorithms of opener and signer.
   *
   * - Default: those that Sealdrop uses with such a key.
   */
  readonly algs?: readonly string[]
}

/** A CloudFormation template: `JSON.stringify` it. */
export interface KeyTemplate {
  /** The version of the format. */
  readonly AWSTemplateFormatVersion: '2010-09-09'
  /** What the template is for, in words for people. */
  readonly Description: string
  /** The key, its alias, and a managed policy for each role. */
  readonly Resources: Readonly<Record<string, object>>
  /** The ARN of the key. */
  readonly Outputs: Readonly<Record<string, object>>
}

const symmetric = 'SYMMETRIC_DEFAULT'
/** Of a symmetric key, which alone can rotate by itself. */
const rotation = { EnableKeyRotation: true, RotationPeriodInDays: 365 }

/**
 * Writes a CloudFormation template of a key with its alias, its policy and a policy for each role.
 *
 * - Managed policies are attached to roles and users of the key's account. A principal of another
 *   account gets the IAM policy of `keyPolicy` there.
 * - Key and alias stay when the stack is deleted.
 * - Names of resources begin with that of the alias, so that templates can be put together. No two
 *   aliases have the same names: unless an alias is lower-case words with hyphens, as
 *   `alias/claims-eu`, twelve digits of its hash follow.
 * - A key of `SYMMETRIC_DEFAULT` is for archives, and rotates by itself every year.
 * - Enter a key that is to rotate in the inventory, as the current one of its purpose. The keys
 *   that rotation makes later are not the stack's.
 *
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: an option is wrong, an administrator is of another account than the key,
 *     nobody could change the policy, or a principal has two roles that exclude each other
 *   - `too_large`: the key policy has over 32,768 bytes
 * @example
 *   ```js
 *   import { keyTemplate } from 'sealdrop/kms'
 *   const role = (name) => `arn:aws:iam::111122223333:role/${name}`
 *   const { Resources } = keyTemplate({
 *     key: 'arn:aws:kms:us-east-1:111122223333:alias/claims',
 *     spec: 'ECC_NIST_P256',
 *     usage: 'KEY_AGREEMENT',
 *     roles: { administrator: [role('admin')], opener: [role('claims-desk')] },
 *   })
 *   console.log(Object.keys(Resources).join(' ')) // ClaimsKey ClaimsAlias Claims…
 *   ```
 * @see AWS CloudFormation, AWS::KMS::Key, AWS::KMS::Alias, AWS::IAM::ManagedPolicy
 */
export function keyTemplate(o: KeyTemplateOptions): KeyTemplate {
  return blamingNow(() => templateOf(o))
}

function templateOf(o: Parameters<typeof keyTemplate>[0]): KeyTemplate {
  ensure(o, 'invalid_argument', 'keyTemplate: expected { key, spec, usage, roles }')
  checkOptions(o, 'key spec usage roles accountRoot algs')
  const target = readKey(o.key)
  const { alias } = target
  ensure(
    alias !== undefined,
    'invalid_argument',
    `key: expected the ARN of an alias, found ${shown(o.key)}: the template makes the key`,
  )
  ensure(
    typeof o.roles === 'object' && o.roles !== null,
    'invalid_argument',
    `roles: expected an object of principals by role, found ${kindOf(o.roles)}`,
  )
  const name = logicalName(alias)
  const arn = { 'Fn::GetAtt': [`${name}Key`, 'Arn'] }
  const parts = (Object.keys(o.roles) as PolicyRole[]).map((role) => partOf(role, o, target, arn))
  const KeyPolicy = joinPolicies(parts.map(({ keyPolicy }) => keyPolicy))
  const properties = {
    Description: `Sealdrop ${alias}`,
    KeySpec: o.spec,
    KeyUsage: o.usage,
    KeyPolicy,
    PendingWindowInDays: Number(deletionWindow),
    ...(o.spec === symmetric && rotation),
  }
  const kept = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' }
  const aliasProperties = { AliasName: alias, TargetKeyId: { Ref: `${name}Key` } }
  const policies = parts.flatMap(({ id, managed }) =>
    managed ? [[name + id, { Type: 'AWS::IAM::ManagedPolicy', Properties: managed }] as const] : [],
  )
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `Sealdrop: the key of ${alias}, and who may do what with it`,
    Resources: {
      [`${name}Key`]: { Type: 'AWS::KMS::Key', ...kept, Properties: properties },
      [`${name}Alias`]: { Type: 'AWS::KMS::Alias', ...kept, Properties: aliasProperties },
      ...Object.fromEntries(policies),
    },
    Outputs: { [`${name}KeyArn`]: { Value: arn } },
  }
}

/** What one role adds to a template. */
interface Part {
  readonly id: string
  readonly keyPolicy: PolicyDocument
  /** Properties of AWS::IAM::ManagedPolicy; undefined where there is nobody to attach it to. */
  readonly managed: object | undefined
}

function partOf(role: PolicyRole, o: KeyTemplateOptions, key: KeyTarget, arn: object): Part {
  const { accountRoot = false } = o
  const { [role]: names = [] } = o.roles
  const algs = algorithmsFor(role, o)
  const asked = { role, key: o.key, principals: names, accountRoot, ...(algs && { algs }) }
  const { keyPolicy, iamPolicy, principals } = writeRole(asked, `roles.${role}`, arn)
  const own = principals.filter(({ account }) => account === key.account)
  const named = (kind: 'role' | 'user'): readonly string[] =>
    own.filter((principal) => principal.kind === kind).map(({ name }) => name)
  const [Roles, Users] = [named('role'), named('user')]
  const attached = { ...(Roles.length > 0 && { Roles }), ...(Users.length > 0 && { Users }) }
  const isAttached = Roles.length + Users.length > 0
  return {
    id: `${capitalized(role)}Policy`,
    keyPolicy,
    managed: isAttached ? { PolicyDocument: iamPolicy, ...attached } : undefined,
  }
}

/** The algorithms that a role uses such a key with; undefined for a role without algorithms. */
function algorithmsFor(
  role: PolicyRole,
  { spec, usage, algs }: KeyTemplateOptions,
): readonly string[] | undefined {
  ensure(
    !Object.hasOwn(roles, role) ||
      symmetricRoles.includes(role) === (spec === symmetric) ||
      role === 'administrator',
    'invalid_argument',
    `roles.${role}: a key of ${shown(String(spec))} has no ${role}`,
  )
  if (spec === symmetric) return symmetricAlgorithms(usage, algs)
  const fitting = algorithmsOf(spec, usage)
  ensure(
    fitting.length > 0,
    'invalid_argument',
    `spec and usage: expected those of an RSA key or one on a NIST curve that go together, found ${shown(String(spec))} and ${shown(String(usage))}`,
  )
  ensure(
    algs === undefined || (Array.isArray(algs) && algs.length > 0),
    'invalid_argument',
    'algs: expected an array with at least one JOSE name',
  )
  const strange = algs?.find((alg) => !fitting.includes(alg))
  ensure(
    strange === undefined,
    'invalid_argument',
    `algs: a key of ${spec} for ${usage} takes ${fitting.join(', ')}, found ${shown(String(strange))}`,
  )
  const row = Object.hasOwn(roles, role) ? roles[role] : undefined
  if (!row || row.takes.length === 0) return undefined
  const takes = (alg: string): boolean => row.takes.includes(alg) && fitting.includes(alg)
  const used = role === 'administrator' ? fitting : (algs ?? row.algs).filter(takes)
  ensure(used.length > 0, 'invalid_argument', `roles.${role}: a key for ${usage} has no ${role}`)
  return used
}

/** A symmetric key has no algorithms to name. @throws SealdropError `invalid_argument` */
function symmetricAlgorithms(usage: string, algs: unknown): undefined {
  ensure(
    usage === 'ENCRYPT_DECRYPT',
    'invalid_argument',
    `usage: a symmetric key is for ENCRYPT_DECRYPT, found ${shown(String(usage))}`,
  )
  ensure(algs === undefined, 'invalid_argument', 'algs: a symmetric key takes none')
}
