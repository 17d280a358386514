/**
 * What JSON.stringify writes in place of a member: the answer of its `toJSON`, which gets the name.
 *
 * - The answer is not asked for a `toJSON` of its own, as JSON.stringify does not either.
 * - Bytes stay as they are, also a Buffer, whose `toJSON` makes a list of numbers.
 */
export function jsonForm(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  const { toJSON } = value as { toJSON?: unknown }
  return typeof toJSON === 'function' ? (toJSON.call(value, name) as unknown) : value
}

/**
 * Whether JSON would write `{}` of an instance of a class, whose state is in private members.
 *
 * - A plain object may be empty, also one of another realm: no other prototype has
 *   `isPrototypeOf`.
 * - So may one that was made without a constructor, as Node does for the query of a URL.
 */
export function showsNothing(form: object): boolean {
  const above = Object.getPrototypeOf(form) as object | null
  return (
    Object.keys(form).length === 0 &&
    above?.constructor !== undefined &&
    !Object.hasOwn(above, 'isPrototypeOf')
  )
}

/** What JSON shows of an object. JSON.stringify would ask a `toJSON` that is left in it again. */
export const plainCopy = (form: object): object =>
  Object.fromEntries(
    Object.entries(form).filter(
      ([name, member]) => name !== 'toJSON' || typeof member !== 'function',
    ),
  )
