import { globOf, literal, type Glob } from './glob.js'

/** The condition keys of a request, in lower case, with their values. */
export type Context = ReadonlyMap<string, readonly string[]>

/** What callers write for it: condition keys, each with its value or values. */
export type ConditionValues = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * Makes the condition keys of a request, whose names have no case.
 *
 * A key without a value is as absent as one that is not there.
 */
export function contextOf(conditions: ConditionValues): Context {
  const context = new Map<string, readonly string[]>()
  for (const [name, value] of Object.entries(conditions)) {
    if (value === undefined) continue
    const values = typeof value === 'string' ? [value] : value
    const key = name.toLowerCase()
    if (values.length > 0) context.set(key, [...(context.get(key) ?? []), ...values])
  }
  return context
}

export interface Template {
  readonly text: string
  /** Whether there are variables. In version 2008-10-17 what looks like one is text. */
  readonly variables: boolean
  readonly wildcards: boolean
}

/**
 * Resolves `${aws:username}`, `${aws:PrincipalTag/team, 'default'}`, `${*}`, `${?}` and `${$}`.
 *
 * The value of a variable is text, also where it has a star in it (IAM User Guide, "Policy
 * variables").
 *
 * @returns undefined where a variable has no value, or several: nothing matches then
 */
export function resolve(
  { text, variables, wildcards }: Template,
  context: Context,
): Glob | undefined {
  const plain = wildcards ? globOf : literal
  if (!variables) return plain(text)
  const glob: number[] = []
  let end = 0
  for (const match of text.matchAll(/\$\{([^{}]*)\}/g)) {
    const value = valueOf(match[1] ?? '', context)
    if (value === undefined) return undefined
    append(glob, plain(text.slice(end, match.index)))
    append(glob, literal(value))
    end = match.index + match[0].length
  }
  append(glob, plain(text.slice(end)))
  return glob
}

function append(glob: number[], part: Glob): void {
  for (const code of part) glob.push(code)
}

function valueOf(name: string, context: Context): string | undefined {
  if (['*', '?', '$'].includes(name)) return name
  const [, key = name, fallback] = /^([^,]+?)\s*,\s*'([^']*)'$/.exec(name) ?? []
  const values = context.get(key.toLowerCase())
  if (values === undefined) return fallback
  return values.length === 1 ? values[0] : undefined
}
