import { isWellFormed } from '../bytes/text.js'
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
 * Finds every place that the paths name.
 *
 * - members are separated by dots; `*` is every member or element
 * - each branch must reach its end: a path that matches nothing would leave plaintext behind, or
 *   hide that a field was taken away
 *
 * @param missing - the code where something is not there: `invalid_argument` when sealing,
 *   `rejected` when opening
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
  const overlap = places.some((place, i) => places[i + 1]?.startsWith(place))
  ensure(
    !overlap,
    'invalid_argument',
    'fields: two paths name the same field, or one inside another',
  )
  ensure(isWellFormed(places.join('')), missing, 'fields: a name has a lone surrogate')
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
  const names = namesIn(inside, name)
  const next = names
    .map((key) => ({
      segments: [...at.segments, key],
      value: (inside as Record<string, unknown>)[key],
    }))
    .filter((field) => field.value !== undefined)
  if (next.length === 0 || names.includes('__proto__')) {
    const where =
      at.segments.length > 0 ? `: nothing named ${shown(name)} at ${shown(pointer(at))}` : ''
    throw new SealdropError(missing, `field ${shown(path)} is not in the record${where}`)
  }
  return next.flatMap((field) => walk(field, deeper, path, missing))
}

/** The members of a value that one segment of a path names. */
function namesIn(value: unknown, name: string): readonly string[] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return []
  if (name === '*') return Object.keys(value)
  return Object.keys(value).includes(name) ? [name] : []
}

/**
 * A copy of the record with other values at the fields.
 *
 * What lies beside them is shared, and what came is not changed.
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
  const put = (at: unknown, [name, ...deeper]: readonly string[], value: unknown): unknown => {
    if (name === undefined) return value
    const copy = own(at) as Record<string, unknown>
    copy[name] = put(copy[name], deeper, value)
    return copy
  }
  return fields.reduce<unknown>(
    (copy, { segments }, i) => put(copy, segments, values[i]),
    record,
  ) as T
}
