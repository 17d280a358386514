import { isJsonObject } from '../../formats/json.js'

/** A scalar member as conditions compare it: always text. */
export const text = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined

export const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.flatMap((item) => text(item) ?? []) : []

export const pairs = (value: unknown): Readonly<Record<string, string>> =>
  isJsonObject(value)
    ? Object.fromEntries(
        Object.entries(value).flatMap(([name, member]) =>
          text(member) === undefined ? [] : [[name, String(text(member))]],
        ),
      )
    : {}
