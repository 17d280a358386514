import { ensure } from '../../errors/guard.js'
import { kindOf } from '../../errors/kind.js'
import { blamingNow } from '../../errors/whose.js'
import { isJsonObject, type JsonObject } from '../../formats/json.js'
import { keyPolicyDocument, type PolicyDocument, type PolicyStatement } from './document.js'
import { coversAction, coversPrincipal, stated, type Stated } from './stated.js'

/**
 * Joins the parts of a key policy into one, since a key has one key policy.
 *
 * - The parts are what `keyPolicy` wrote for roles, and what you wrote.
 * - A statement that is there twice stands once. No two have the same Sid.
 * - A policy that nobody could change any more is refused. KMS refuses it too, or AWS Support would
 *   have to help. Patterns of actions, everybody and whole accounts are looked at, also in a Deny.
 * - An Allow to everybody needs a condition. Whether a condition can be false is not looked at.
 *
 * @param policies - key policies
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: a part is no key policy, nobody could change the policy, everybody is
 *     allowed something without a condition, or one part denies to a principal what another one
 *     allows
 *   - `too_large`: the key policy has over 32,768 bytes
 * @example
 *   ```js
 *   import { joinPolicies, keyPolicy } from 'sealdrop/kms'
 *   const key = 'arn:aws:kms:us-east-1:111122223333:alias/claims'
 *   const role = (name) => `arn:aws:iam::111122223333:role/${name}`
 *   const parts = ['administrator', 'opener'].map(
 *     (name) => keyPolicy({ role: name, key, principals: [role(name)] }).keyPolicy,
 *   )
 *   const { Statement } = joinPolicies(parts)
 *   console.log(Statement[0].Sid) // AdministratorManage
 *   ```
 */
export function joinPolicies(policies: readonly object[]): PolicyDocument {
  return blamingNow(() => joined(policies))
}

function joined(policies: Parameters<typeof joinPolicies>[0]): PolicyDocument {
  ensure(
    Array.isArray(policies) && policies.length > 0,
    'invalid_argument',
    `policies: expected at least one key policy, found ${kindOf(policies)}`,
  )
  const statements = policies.flatMap((policy: unknown, i) =>
    statementsOf(policy, `policies[${i}]`),
  )
  const byText = new Map(statements.map((statement) => [JSON.stringify(statement), statement]))
  const distinct = [...byText.values()]
  const said = distinct.map(stated)
  checkEverybody(said)
  checkChange(said)
  checkOpposites(said)
  return keyPolicyDocument(withSids(distinct))
}

function statementsOf(policy: unknown, at: string): readonly PolicyStatement[] {
  ensure(
    isJsonObject(policy),
    'invalid_argument',
    `${at}: expected a key policy, found ${kindOf(policy)}`,
  )
  const list = [policy['Statement']].flat()
  for (const [i, statement] of list.entries()) {
    const where = `${at}.Statement[${i}]`
    ensure(
      isStatement(statement),
      'invalid_argument',
      `${where}: expected an object with Effect and Action`,
    )
    ensure(
      statement['Principal'] === '*' || isJsonObject(statement['Principal']),
      'invalid_argument',
      `${where}.Principal: expected one, as key policies have; an IAM policy is attached to its principals`,
    )
  }
  return list as unknown as readonly PolicyStatement[]
}

const effects: readonly unknown[] = ['Allow', 'Deny']
const isList = (value: unknown): boolean => [value].flat().every((text) => typeof text === 'string')
const isStatement = (value: unknown): value is JsonObject =>
  isJsonObject(value) && effects.includes(value['Effect']) && isList(value['Action'])

/** Refuses to let in whoever has any AWS account. */
function checkEverybody(said: readonly Stated[]): void {
  const open = said.find(
    ({ effect, isForAll, isConditional }) => effect === 'Allow' && isForAll && !isConditional,
  )
  ensure(
    !open,
    'invalid_argument',
    `policies: ${open?.sid ?? 'a statement'} allows ${open?.actions.join(', ')} to everybody; name the principals, or give it a condition`,
  )
}

const change = 'kms:PutKeyPolicy'
const changes = ({ actions, isConditional, isOfKey }: Stated): boolean =>
  !isConditional && isOfKey && actions.some((action) => coversAction(action, change))

/** Refuses what locks out everybody: a condition may fail, and a Deny wins. */
function checkChange(said: readonly Stated[]): void {
  const having = (effect: PolicyStatement['Effect']): readonly string[] =>
    said
      .filter((statement) => statement.effect === effect && changes(statement))
      .flatMap(({ principals }) => principals)
  const denied = having('Deny')
  const canChange = having('Allow').some(
    (principal) =>
      !/[*?]/.test(principal) && !denied.some((pattern) => coversPrincipal(pattern, principal)),
  )
  ensure(
    canChange,
    'invalid_argument',
    'policies: nobody could change the key policy; add an administrator, or accountRoot, and deny neither kms:PutKeyPolicy',
  )
}

/** Refuses a Deny of what another part allows: it wins, and nobody would see why. */
function checkOpposites(said: readonly Stated[]): void {
  const having = (effect: PolicyStatement['Effect']): readonly Stated[] =>
    said.filter((statement) => statement.effect === effect)
  for (const deny of having('Deny')) {
    for (const allow of having('Allow')) {
      const who = allow.principals.find((principal) => names(deny, principal))
      ensure(
        who === undefined || !allow.actions.some((action) => denies(deny, action)),
        'invalid_argument',
        `policies: ${allow.sid ?? 'a statement'} allows ${who ?? ''} what ${deny.sid ?? 'another'} denies: who manages a key does not open or sign with it`,
      )
    }
  }
}

/** Under a condition, a Deny to everybody takes away a part only. So does one by a pattern. */
const names = ({ principals, isConditional }: Stated, principal: string): boolean =>
  principals.includes(principal) && !(isConditional && principal === '*')
const denies = ({ actions, isConditional }: Stated, action: string): boolean =>
  actions.some((denied) => denied === action || (!isConditional && coversAction(denied, action)))

function withSids(statements: readonly PolicyStatement[]): readonly PolicyStatement[] {
  const taken = new Set<string>()
  return statements.map((statement) => {
    const { Sid } = statement
    if (Sid === undefined) return statement
    let free = Sid
    for (let i = 2; taken.has(free); i++) free = `${Sid}${i}`
    taken.add(free)
    return { ...statement, Sid: free }
  })
}
