import { assert } from 'chai'
// What a row says of an answer: exact member names; a value is a constant, a text with references, or one of these.

class Matcher {
  constructor(says, fits, optional = false) {
    this.says = says
    this.fits = fits
    this.optional = optional
  }
}

const matcher = (says, fits) => new Matcher(says, fits)
/** A blob of exactly n bytes, or of any length but none. */
export const blob = (n) => matcher(n === undefined ? 'bytes' : `${n} bytes`, (value) => value instanceof Uint8Array && (n === undefined ? value.length > 0 : value.length === n))
export const date = matcher('a date', (value) => value instanceof Date && !Number.isNaN(value.getTime()))
export const like = (pattern) => matcher(`a text like ${pattern}`, (value) => typeof value === 'string' && pattern.test(value))
/** Identifiers of key material and of grants. */
export const hex64 = like(/^[0-9a-f]{64}$/)
export const oneOf = (...values) => matcher(`one of ${values.join(', ')}`, (value, resolve) => values.map(resolve).includes(value))
/** A JSON text with this content, whatever its white space. */
export const json = (content) => matcher('the JSON text', (value, resolve) => {
  assert.deepEqual(JSON.parse(value), resolve(content))
  return true
})
/** Anything but this, which another step answered. */
export const not = (reference) => matcher(`anything but ${reference}`, (value, resolve) => value !== resolve(reference))
/** A list that has an item like this among others. */
export const including = (item) => matcher('a list with the item', (list, resolve) => Array.isArray(list) && list.some((value) => {
  try {
    matches(value, item, resolve, 'item')
    return true
  } catch {
    return false
  }
}))
/** A list of this many items. */
export const count = (n) => matcher(`${n} items`, (list) => Array.isArray(list) && list.length === n)
/** A member that newer recordings have and this one, older, has not: it may be there. */
export const newer = (inner) => new Matcher(`absent, or ${inner.says}`, inner.fits, true)

const plain = (value) => typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && !(value instanceof Date)

/** @throws AssertionError that names the member */
export function matches(value, expected, resolve, path = 'answer') {
  if (expected instanceof Matcher) return assert.ok(expected.fits(value, resolve), `${path}: expected ${expected.says}, found ${shown(value)}`)
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(value), `${path}: expected a list, found ${shown(value)}`)
    assert.strictEqual(value.length, expected.length, `${path}: expected ${expected.length} items, found ${shown(value)}`)
    return expected.forEach((item, index) => matches(value[index], item, resolve, `${path}[${index}]`))
  }
  if (plain(expected)) {
    assert.ok(plain(value), `${path}: expected an object, found ${shown(value)}`)
    const { $metadata: _, ...members } = value
    const required = Object.keys(expected).filter((name) => !expected[name].optional || name in members)
    assert.sameMembers(Object.keys(members), required, `${path}: other members`)
    return required.forEach((name) => matches(members[name], expected[name], resolve, `${path}.${name}`))
  }
  const wanted = resolve(expected)
  if (value instanceof Uint8Array && wanted instanceof Uint8Array) return assert.deepEqual(Buffer.from(value), Buffer.from(wanted), path)
  return assert.deepEqual(value, wanted, path)
}

const shown = (value) => (value instanceof Uint8Array ? `${value.length} bytes` : JSON.stringify(value) ?? String(value)).slice(0, 300)
