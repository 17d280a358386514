import { ensure, shown } from '../../errors/guard.js'
import { kindOf } from '../../errors/kind.js'
import { isJsonObject, type JsonObject } from '../../formats/json.js'
import { serviceOperations, type OperationRow } from '../service-operations.js'

/**
 * Says what goes wrong with a call.
 *
 * - `throttle`: ThrottlingException, status 400
 * - `internal`: KMSInternalException, status 500
 * - `unavailable`: DependencyTimeoutException, status 503
 * - `timeout`: no answer comes, until the client goes or the server closes
 * - `reset`: the connection is reset before an answer
 * - `half`: the connection ends after the headers and half of the body
 * - `wrong-key-id`: the answer names a key that does not exist
 * - `wrong-length`: Plaintext, SharedSecret, Signature or the like lacks its last byte
 * - `latency`: the right answer comes late
 * - `region-down`: every call to a Region is reset
 */
export type FaultKind =
  | 'throttle'
  | 'internal'
  | 'unavailable'
  | 'timeout'
  | 'reset'
  | 'half'
  | 'wrong-key-id'
  | 'wrong-length'
  | 'latency'
  | 'region-down'

/**
 * One fault that a local KMS injects. Without `operation`, `key` and `region` every call meets it.
 */
export interface FaultRule {
  /** What goes wrong. */
  readonly kind: FaultKind
  /** The name of the operation that meets it: `Decrypt`. Default: every operation. */
  readonly operation?: string
  /** The key that meets it: key id, key ARN, alias or alias ARN. Default: every key. */
  readonly key?: string
  /** The Region that meets it. Default: every Region. */
  readonly region?: string
  /** How many calls it strikes. Default: all. */
  readonly count?: number
  /**
   * How long a call waits before it is struck, in milliseconds. Default: 0.
   *
   * - Of `latency` it says how late the answer is, and must be there.
   */
  readonly latency?: number
  /** How many calls that would meet it pass unharmed before. Default: 0. */
  readonly after?: number
}

/** What a kind of fault needs, and where it does not fit. */
interface KindRow {
  readonly needs?: keyof FaultRule
  readonly refuses?: readonly (keyof FaultRule)[]
  /**
   * Whether the answer of an operation has something to damage.
   *
   * Other operations do not meet the rule.
   */
  readonly fits?: (row: OperationRow) => boolean
}

export const faultKinds: Readonly<Record<FaultKind, KindRow>> = {
  throttle: {},
  internal: {},
  unavailable: {},
  timeout: {},
  reset: {},
  half: {},
  'wrong-key-id': { fits: (row) => row.key !== undefined },
  'wrong-length': { fits: (row) => row.bytes !== undefined },
  latency: { needs: 'latency' },
  'region-down': { needs: 'region', refuses: ['operation', 'key'] },
}

const longest = 3_600_000
const resource = String.raw`(?:alias/[\w/-]{1,250}|key/(?:[0-9a-f-]{36}|mrk-[0-9a-f]{32}))`
const keyPattern = new RegExp(
  String.raw`^(?:arn:aws(?:-cn|-us-gov)?:kms:([a-z0-9-]+):\d{12}:${resource}|alias/[\w/-]{1,250}|[0-9a-f-]{36}|mrk-[0-9a-f]{32})$`,
)
const isText =
  (pattern: RegExp) =>
  (value: unknown): boolean =>
    typeof value === 'string' && pattern.test(value)
const isCount =
  (from: number, to: number) =>
  (value: unknown): boolean =>
    Number.isSafeInteger(value) && Number(value) >= from && Number(value) <= to

/** What a member has to be, and how to say so. */
const members: Readonly<
  Record<keyof FaultRule, readonly [expected: string, fits: (value: unknown) => boolean]>
> = {
  kind: [
    `one of ${Object.keys(faultKinds).join(', ')}`,
    (value) => typeof value === 'string' && Object.hasOwn(faultKinds, value),
  ],
  operation: [
    'the name of an operation of KMS like Decrypt',
    (value) => typeof value === 'string' && serviceOperations.has(value),
  ],
  key: ['a key id, a key ARN, an alias or an alias ARN', isText(keyPattern)],
  region: ['the name of a Region like us-east-1', isText(/^[a-z]{2,}(-[a-z]+)+-\d+$/)],
  count: ['an integer from 1', isCount(1, Number.MAX_SAFE_INTEGER)],
  latency: [`milliseconds from 1 to ${longest}`, isCount(1, longest)],
  after: ['an integer from 0', isCount(0, Number.MAX_SAFE_INTEGER)],
}

/**
 * Reads a rule from outside.
 *
 * @param at - how messages name a member; default `fault.kind`
 * @param regions - those of the server, in which a rule can strike; default any
 * @throws SealdropError `invalid_argument` naming the member and what was expected
 */
export function checkFault(
  rule: unknown,
  at: At = (member) => `fault.${member}`,
  regions?: readonly string[],
): FaultRule {
  ensure(
    isJsonObject(rule),
    'invalid_argument',
    `${at('kind')}: expected an object with a kind, found ${kindOf(rule)}`,
  )
  checkMembers(rule, at)
  const given = Object.entries(rule).filter(([, value]) => value !== undefined)
  const checked = Object.fromEntries(given) as unknown as FaultRule
  checkKind(checked, at)
  checkWhere(checked, at, regions)
  return checked
}

/** How messages name a member. */
type At = (member: string) => string

/** Each member by itself. */
function checkMembers(rule: JsonObject, at: At): void {
  const stranger = Object.keys(rule).find((name) => !Object.hasOwn(members, name))
  const known = Object.keys(members).map((name) => at(name).slice(at('').length))
  ensure(
    stranger === undefined,
    'invalid_argument',
    `${at(shownName(stranger))}: there is no such member, expected ${known.join(', ')}`,
  )
  for (const [name, [expected, fits]] of Object.entries(members)) {
    const value = rule[name]
    if (name !== 'kind' && value === undefined) continue
    ensure(
      fits(value),
      'invalid_argument',
      `${at(name)}: expected ${expected}, found ${foundAs(value)}`,
    )
  }
}

/** What a kind needs, refuses, and can damage. */
function checkKind(rule: FaultRule, at: At): void {
  const { kind, operation } = rule
  const { needs, refuses = [], fits } = faultKinds[kind]
  ensure(
    needs === undefined || rule[needs] !== undefined,
    'invalid_argument',
    `${at(needs ?? '')}: expected with kind ${kind}, found undefined`,
  )
  const refused = refuses.find((name) => rule[name] !== undefined)
  ensure(refused === undefined, 'invalid_argument', `${at(refused ?? '')}: kind ${kind} takes none`)
  const row = operation === undefined ? undefined : serviceOperations.get(operation)
  ensure(
    !fits || !row || fits(row),
    'invalid_argument',
    `${at('operation')}: the answer of ${operation} has nothing that kind ${kind} could damage`,
  )
}

/**
 * Refuses a rule for a Region that the server, or its key, does not have: it would never strike.
 */
function checkWhere(
  { key, region }: FaultRule,
  at: At,
  regions: readonly string[] | undefined,
): void {
  const home = keyPattern.exec(key ?? '')?.[1]
  ensure(
    home === undefined || region === undefined || home === region,
    'invalid_argument',
    `${at('key')}: an ARN of ${home} is never used in the region ${region}`,
  )
  const where = region ?? home
  const named = region === undefined ? 'key' : 'region'
  ensure(
    where === undefined || regions?.includes(where) !== false,
    'invalid_argument',
    `${at(named)}: this server has no Region ${where}, it has ${regions?.join(', ')}`,
  )
}

/** A name from outside, as it stands in a message without quotes. */
const shownName = (name = ''): string => shown(name).slice(1, -1)

function foundAs(value: unknown): string {
  if (typeof value === 'string') return shown(value)
  return typeof value === 'number' ? String(value) : kindOf(value)
}
