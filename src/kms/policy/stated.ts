import { isJsonObject } from '../../formats/json.js'
import type { PolicyStatement } from './document.js'

/** What a statement says, in lists. */
export interface Stated {
  readonly sid: string | undefined
  readonly effect: PolicyStatement['Effect']
  readonly actions: readonly string[]
  /** Whom it names under AWS. `*` is everybody, also without AWS before it. */
  readonly principals: readonly string[]
  /** Whether it names everybody, as whatever they come. */
  readonly isForAll: boolean
  readonly isConditional: boolean
  /** Whether it can be about the key that has the policy. */
  readonly isOfKey: boolean
}

const textsOf = (value: unknown): readonly string[] =>
  [value].flat().filter((text) => typeof text === 'string')

export function stated(statement: PolicyStatement): Stated {
  const { Sid, Effect, Action, Principal, Condition } = statement
  const kinds: Readonly<Record<string, unknown>> =
    typeof Principal === 'object' ? Principal : { AWS: Principal }
  return {
    sid: Sid,
    effect: Effect,
    actions: textsOf(Action),
    principals: textsOf(kinds['AWS']).map(inFull),
    isForAll: Object.values(kinds).flatMap(textsOf).includes('*'),
    isConditional: Object.values(Condition ?? {}).some(
      (keys: unknown) => isJsonObject(keys) && Object.keys(keys).length > 0,
    ),
    isOfKey: isOfKey(statement),
  }
}

/** An account may stand as its number, and is its root then. */
const inFull = (principal: string): string =>
  /^\d{12}$/.test(principal) ? `arn:aws:iam::${principal}:root` : principal

/**
 * A statement without a resource, or about an alias, has no effect in a key policy.
 *
 * A Deny counts also where its resource is a pattern that may mean any service.
 */
function isOfKey(statement: PolicyStatement): boolean {
  const isDeny = statement.Effect === 'Deny'
  if ('NotResource' in statement) return isDeny
  return textsOf(statement.Resource).some(
    (text) =>
      /^(\*$|arn:[^:]*:kms:(?!.*:alias\/))/.test(text) ||
      (isDeny && /^(?:[^:]*:){0,2}[^:]*[*?]/.test(text)),
  )
}

/** Whether a pattern of actions covers all of another one. `*` is a long run that none guesses. */
export const coversAction = (pattern: string, action: string): boolean =>
  matches(pattern.toLowerCase(), action.toLowerCase().replaceAll('*', '\0'.repeat(64)))

/** Whether a principal is also meant by a pattern: by name, by its account, or by its role. */
export const coversPrincipal = (pattern: string, principal: string): boolean =>
  matches(pattern, principal) ||
  (rootPattern.test(pattern) && accountOf(pattern) === accountOf(principal)) ||
  isSessionOf(principal, pattern)

const rootPattern = /^arn:[^:]*:iam::\d{12}:root$/
const rolePattern = /^(arn:[^:]*:)iam(::\d{12}:)role\/(?:.*\/)?([^/]+)$/
const accountOf = (arn: string): string | undefined => arn.split(':')[4]

const isSessionOf = (principal: string, role: string): boolean =>
  rolePattern.test(role) &&
  principal.startsWith(role.replace(rolePattern, '$1sts$2assumed-role/$3/'))

function matches(pattern: string, text: string): boolean {
  const source = pattern
    // `*?*?` is `??*`: a run of stars between which single signs stand takes ages to match
    .replace(/[*?]{2,}/g, (run) => run.replaceAll('*', '') + (run.includes('*') ? '*' : ''))
    .replace(/[.+^${}()|[\]\\/-]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's').test(text)
}
