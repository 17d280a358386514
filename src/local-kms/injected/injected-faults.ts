import type { JsonObject } from '../../formats/json.js'
import { serviceOperations } from '../service-operations.js'
import { checkFault, faultKinds, type FaultRule } from './rules.js'

/** What a call is known by. */
export interface CallNames {
  readonly operation: string
  readonly region: string
  /**
   * Every name by which the keys of the call are known.
   *
   * These are the names in the request, and the ARNs and aliases that the server knows.
   */
  readonly keyIds: readonly string[]
}

/** A rule that a call has met. */
export interface Strike {
  /** The id of the fault. */
  readonly id: string
  /** The fault as it was added. */
  readonly rule: FaultRule
}

/** A fault that a server injects. */
export interface ListedFault extends Strike {
  /** How many calls it has struck. */
  readonly struck: number
}

interface Entry {
  readonly rule: FaultRule
  /** Calls that would have met the rule, also those that `after` let pass. */
  met: number
  struck: number
}

/**
 * The faults that a server injects.
 *
 * A call meets at most one: of those that fit it, the one that was added first.
 */
export class InjectedFaults {
  readonly #entries = new Map<string, Entry>()
  #made = 0

  readonly #regions: readonly string[] | undefined

  /**
   * Begins with faults.
   *
   * @throws SealdropError `invalid_argument` naming the rule and the member: `faults[0].kind`
   */
  constructor(rules: readonly unknown[] = [], regions?: readonly string[]) {
    this.#regions = regions
    rules.forEach((rule, index) => this.add(rule, (member) => `faults[${index}].${member}`))
  }

  /**
   * Adds a fault, and answers its id.
   *
   * @throws SealdropError `invalid_argument` naming the member
   */
  add(rule: unknown, at?: (member: string) => string): string {
    const entry = { rule: checkFault(rule, at, this.#regions), met: 0, struck: 0 }
    const id = `fault-${++this.#made}`
    this.#entries.set(id, entry)
    return id
  }

  /** Removes a fault, and answers whether it was there. */
  remove(id: string): boolean {
    return this.#entries.delete(id)
  }

  clear(): void {
    this.#entries.clear()
  }

  /** Lists faults in the order in which they were added, also those that strike no more. */
  list(): readonly ListedFault[] {
    return [...this.#entries].map(([id, { rule, struck }]) => ({ id, rule, struck }))
  }

  /** Decides what a call meets, and counts the call: ask once a call. */
  match(call: CallNames): Strike | undefined {
    for (const [id, entry] of this.#entries) {
      const { rule } = entry
      if (entry.struck >= (rule.count ?? Infinity) || !fits(rule, call)) continue
      if (entry.met++ < (rule.after ?? 0)) continue
      entry.struck++
      return { id, rule }
    }
    return undefined
  }
}

/** Members of requests that name a key. */
const keyMembers = ['KeyId', 'TargetKeyId', 'SourceKeyId', 'DestinationKeyId', 'AliasName']

/** The keys that a request names, as it names them. */
export const namedKeys = (body: JsonObject): readonly string[] =>
  keyMembers.map((name) => body[name]).filter((name) => typeof name === 'string')

function fits({ kind, operation, key, region }: FaultRule, call: CallNames): boolean {
  const row = serviceOperations.get(call.operation)
  const harms = faultKinds[kind].fits
  return (
    (region === undefined || region === call.region) &&
    (operation === undefined || operation === call.operation) &&
    (harms === undefined || (row !== undefined && harms(row))) &&
    (key === undefined || call.keyIds.some((name) => isSameKey(key, name, call.region)))
  )
}

/**
 * Two ARNs have to be equal; a bare id or alias stands for the ARN of that resource in the call's
 * Region.
 */
function isSameKey(key: string, name: string, region: string): boolean {
  if (key === name) return true
  const [one, other] = [parse(key), parse(name)]
  return (
    one.resource === other.resource &&
    (one.region === undefined) !== (other.region === undefined) &&
    (one.region ?? region) === (other.region ?? region)
  )
}

/**
 * Splits `arn:aws:kms:<region>:<account>:key/<id>`; the region is undefined for a bare id or alias.
 */
function parse(name: string): { readonly region: string | undefined; readonly resource: string } {
  const [, region, resource = name] = /^arn:[^:]*:kms:([^:]*):[^:]*:(.+)$/.exec(name) ?? []
  return { region, resource: resource.replace(/^key\//, '') }
}
