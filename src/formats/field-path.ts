import { ensure, kindOf, shown } from '../errors/guard.js'
import { SealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'

/** A place in a record that a field path such as `items.*.ssn` names. */
export interface Field {
  readonly segments: readonly string[]
  readonly value: unknown
}

/** The place as a JSON Pointer (RFC 6901 §3), which is what a sealed field is bound to. */
export const pointer = (field: Field): string =>
  field.segments.map((name) => `/${name.replace(/~/g, '~0').replace(/\//g, '~1')}`).join('')

/**
 * Finds every place that the paths name: members separated by dots, `*` for every member or
 * element. Each branch must reach its end: a path that matches nothing would leave plaintext
 * behind, or hide that a field was taken away.
 *
 * @param missing the code where something is not there: `invalid_argument` when sealing, `rejected`
 *   when opening
 */
export function findFields(
  record: object,
  paths: readonly string[],
  missing: SealdropErrorCode,
): readonly Field[] {
  ensure(
    typeof record === 'object' && record !== null,
    'invalid_argument',
    `record: expected an object, found ${kindOf(record)}`,
  )
  ensure(
    Array.isArray(paths) &&
      paths.length > 0 &&
      paths.every((path) => typeof path === 'string' && path !== ''),
    'invalid_argument',
    "fields: expected at least one path, such as ['card.number', 'items.*.ssn']",
  )
  const found = paths.flatMap((path) =>
    walk({ segments: [], value: record }, path.split('.'), path, missing),
  )
  const places = found.map((field) => `${pointer(field)}/`).sort()
  const overlap = places.findIndex((place, i) => i > 0 && place.startsWith(places[i - 1]!))
  ensure(
    overlap < 0,
    'invalid_argument',
    'fields: two paths name the same field, or one inside another',
  )
  return found
}

function walk(
  at: Field,
  rest: readonly string[],
  path: string,
  missing: SealdropErrorCode,
): readonly Field[] {
  const [name, ...deeper] = rest
  if (name === undefined) return [at]
  const inside = at.value
  const names =
    typeof inside !== 'object' || inside === null || ArrayBuffer.isView(inside)
      ? []
      : name === '*'
        ? Object.keys(inside)
        : Object.prototype.propertyIsEnumerable.call(inside, name)
          ? [name]
          : []
  const next = names
    .map((key) => ({
      segments: [...at.segments, key],
      value: (inside as Record<string, unknown>)[key],
    }))
    .filter((field) => field.value !== undefined)
  if (next.length === 0 || names.includes('__proto__'))
    throw new SealdropError(
      missing,
      `field ${shown(path)} is not in the record${at.segments.length > 0 ? `: nothing named ${shown(name)} at ${shown(pointer(at))}` : ''}`,
    )
  return next.flatMap((field) => walk(field, deeper, path, missing))
}

/**
 * A copy of the record with other values at the fields; what lies beside them is shared, what came
 * is not changed.
 */
export function replaceFields<T>(
  record: T,
  fields: readonly Field[],
  values: readonly unknown[],
): T {
  const copies = new Set<unknown>()
  const own = <U>(value: U): U => {
    if (copies.has(value)) return value
    const copied = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as U
    copies.add(copied)
    return copied
  }
  const copy = own(record)
  fields.forEach((field, i) => {
    const last = field.segments.at(-1)!
    const parent = field.segments
      .slice(0, -1)
      .reduce<Record<string, unknown>>(
        (at, name) => (at[name] = own(at[name] as Record<string, unknown>)),
        copy as Record<string, unknown>,
      )
    parent[last] = values[i]
  })
  return copy
}
