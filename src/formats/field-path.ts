import { isWellFormed } from '../bytes/text.js'
import { ensure, shown } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'
import { SealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'
import { jsonForm, plainCopy, showsNothing } from './json-form.js'

/** A place that a field path such as `items.*.ssn` names, in a copy of the record. */
export interface Field {
  /** The object or the array of the copy in which the value stands. */
  readonly holder: Record<string, unknown>
  readonly name: string
  /** The place as a JSON Pointer (RFC 6901 §3), which is what a sealed field is bound to. */
  readonly place: string
}

/** What a walk through a record needs at each step. */
interface Walk {
  readonly path: string
  readonly missing: SealdropErrorCode
  readonly copies: Set<unknown>
}

/**
 * Finds every place that the paths name, in a copy of the record that may be written to.
 *
 * - members are separated by dots; `*` is every member or element
 * - each branch must reach its end: a path that matches nothing would leave plaintext behind, or
 *   hide that a field was taken away
 * - where a segment ends in `?` a branch may end before it, so that nothing is found
 * - the way to a field is copied as JSON.stringify sees it: nothing comes out that JSON of the
 *   record does not show
 * - what lies beside the way is shared, and what came is not changed
 *
 * @param missing - the code where something is not there: `invalid_argument` when sealing,
 *   `rejected` when opening
 */
export function findFields(
  record: object,
  paths: readonly string[],
  missing: SealdropErrorCode,
): { readonly copy: object; readonly fields: readonly Field[] } {
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
  const holder = { '': record }
  const copies = new Set<unknown>()
  const fields = paths.flatMap((path) =>
    walk({ holder, name: '', place: '' }, path.split('.'), { path, missing, copies }),
  )
  const places = fields.map(({ place }) => `${place}/`).sort()
  const overlap = places.some((place, i) => places[i + 1]?.startsWith(place))
  ensure(
    !overlap,
    'invalid_argument',
    'fields: two paths name the same field, or one inside another',
  )
  ensure(isWellFormed(places.join('')), missing, 'fields: a name has a lone surrogate')
  return { copy: holder[''], fields }
}

function walk(at: Field, [segment, ...deeper]: readonly string[], way: Walk): readonly Field[] {
  if (segment === undefined) return [at]
  const { name, optional } = parseSegment(segment)
  const holder = copied(at, way.copies)
  const names = namesIn(holder, name)
  if (!holder || (names.length === 0 && !optional) || names.includes('__proto__')) {
    const where = at.place && `: nothing named ${shown(name)} at ${shown(at.place)}`
    throw new SealdropError(way.missing, `field ${shown(way.path)} is not in the record${where}`)
  }
  return names.flatMap((key) => {
    const place = `${at.place}/${key.replace(/~/g, '~0').replace(/\//g, '~1')}`
    return walk({ holder, name: key, place }, deeper, way)
  })
}

/** `ssn?` may be absent. Two `?` at the end stand for one of the name: `ssn??` must be there. */
function parseSegment(segment: string): { readonly name: string; readonly optional: boolean } {
  const marks = /\?*$/.exec(segment)?.[0].length ?? 0
  return {
    name: segment.slice(0, segment.length - Math.ceil(marks / 2)),
    optional: marks % 2 === 1,
  }
}

/** The members of a copy that one segment of a path names, unless they are undefined. */
const namesIn = (holder: Field['holder'] = {}, name: string): readonly string[] =>
  Object.keys(holder).filter((key) => (name === '*' || key === name) && holder[key] !== undefined)

/** Puts a copy in the place of an object or an array, and answers it. Another value has none. */
function copied({ holder, name }: Field, copies: Set<unknown>): Field['holder'] | undefined {
  const form = jsonForm(holder[name], name)
  if (typeof form !== 'object' || form === null || ArrayBuffer.isView(form)) return undefined
  if (copies.has(form)) return form as Field['holder']
  const list = Array.isArray(form)
  if (!list && showsNothing(form)) return undefined
  const copy = list ? [...(form as unknown[])] : plainCopy(form)
  copies.add(copy)
  holder[name] = copy
  return copy as Field['holder']
}
