import { globOf, literal, type Glob } from './glob.js'

/** Condition keys of a request, in lower case, with their values. */
export type Context = ReadonlyMap<string, readonly string[]>

/** The same as callers write it: a condition key and its value or values. */
export type ConditionValues = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * Names of condition keys have no case; a key without a value is as absent as one that is not
 * there.
 */
export function contextOf(conditions: ConditionValues): Context {
  const context = new Map<string, readonly string[]>()
  for (const [name, value] of Object.entries(conditions)) {
    const values = value === undefined ? [] : typeof value === 'string' ? [value] : value
    if (values.length > 0)
      context.set(name.toLowerCase(), [...(context.get(name.toLowerCase()) ?? []), ...values])
  }
  return context
}

export interface Template {
  readonly text: string
  /** Version 2008-10-17 has no variables: what looks like one is text. */
  readonly variables: boolean
  readonly wildcards: boolean
}

/**
 * Resolves `${aws:username}`, `${aws:PrincipalTag/team, 'default'}`, `${*}`, `${?}` and `${$}`.
 * What a variable brings is text, also where it has a star in it (IAM User Guide, "Policy
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
    for (const part of [plain(text.slice(end, match.index)), literal(value)])
      for (const code of part) glob.push(code)
    end = match.index + match[0].length
  }
  return [...glob, ...plain(text.slice(end))]
}

function valueOf(name: string, context: Context): string | undefined {
  if (['*', '?', '$'].includes(name)) return name
  const [, key = name, fallback] = /^([^,]+?)\s*,\s*'([^']*)'$/.exec(name) ?? []
  const values = context.get(key.toLowerCase())
  return values === undefined ? fallback : values.length === 1 ? values[0] : undefined
}
