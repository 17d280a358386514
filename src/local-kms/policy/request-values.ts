import { isJsonObject } from '../../formats/json.js'

/** A scalar member as conditions compare it, which is as text. */
export const text = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined

export const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.flatMap((item) => text(item) ?? []) : []

/** The members of an object that are scalars. */
export function pairs(value: unknown): Readonly<Record<string, string>> {
  if (!isJsonObject(value)) return {}
  const entries = Object.entries(value).flatMap(([name, member]) => {
    const scalar = text(member)
    return scalar === undefined ? [] : [[name, scalar] as const]
  })
  return Object.fromEntries(entries)
}
