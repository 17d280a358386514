import { limits } from '../algorithms/limits.js'
import { checkCount, ensure, milliseconds } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { encodeValue, type EncodedValue, type Value } from '../formats/content.js'
import { checkContext, pathMember } from '../formats/context.js'
import { findFields, type Field } from '../formats/field-path.js'
import { jsonForm } from '../formats/json-form.js'
import { isWorkerd } from '../io/runtime.js'
import { ringOf, type KeyRing, type KeySet } from '../keys/key-set.js'
import { sealedOnce } from '../keys/sealed-twice.js'
import type { SealOptions } from './seal.js'
import { dataKeyFor, writeValue, type DataKey } from './write.js'

/** Which fields of a record are to be sealed. */
export interface FieldOptions {
  /**
   * Paths of members separated by dots: `card.number`.
   *
   * - `*` is every member or element: `items.*.ssn`. There must be one
   * - each path must be there
   * - `?` at the end of a segment says that it may be absent: `items.*?.ssn?`. What it stands in
   *   must be there
   * - two `?` stand for one of the name: `ssn??` is a member named `ssn?`
   */
  readonly fields: readonly string[]
}

/** A record whose named fields became sealed strings. */
export type SealedFields<T> = {
  [K in keyof T]: T[K] extends object ? SealedFields<T[K]> | string : T[K] | string
}

/**
 * The name under which the answer of `sealFields` lists the places that it sealed.
 *
 * - JSON, a copy by `...` and a comparison of members do not see the list
 */
export const sealedPlaces: unique symbol = Symbol.for('sealdrop.sealedPlaces')

/** What `sealFields` sealed. */
export interface SealedPlaces {
  /**
   * The places as JSON Pointers (RFC 6901), in the order of `fields`: `/items/0/ssn`.
   *
   * - A path with `?` may match nothing. A typo in it shows here only.
   */
  readonly [sealedPlaces]: readonly string[]
}

/**
 * Seals many values under one data key, so that an opener with a cache needs one KMS call for all.
 */
export interface Sealer {
  /** Seals a value, as the verb `seal` does. */
  seal(value: Value, o: SealOptions): Promise<string>
  /** Seals fields of a record, as the verb `sealFields` does. */
  sealFields<T extends object>(
    record: T,
    o: SealOptions & FieldOptions,
  ): Promise<SealedFields<T> & SealedPlaces>
}

interface CurrentDataKey extends DataKey {
  readonly born: number
  used: number
}

/** Its methods are functions that know their object: they work behind the proxies of Vue and MobX. */
class DataKeySealer implements Sealer {
  readonly #keys: KeyRing
  readonly #maxValues: number
  readonly #maxAge: number
  #current: CurrentDataKey | undefined

  constructor(keys: KeyRing, maxValues: number, maxAge: number) {
    this.#keys = keys
    this.#maxValues = maxValues
    this.#maxAge = maxAge
  }

  readonly seal = async (value: Value, o: SealOptions): Promise<string> => {
    checkOptions(o, 'signal context again')
    const context = checkContext(o?.context)
    const encoded = encodeValue(value, limits.jsonPadding)
    return writeValue(await this.#dataKey([encoded], o), encoded, context, this.#keys.now())
  }

  readonly sealFields = async <T extends object>(
    record: T,
    o: SealOptions & FieldOptions,
  ): Promise<SealedFields<T> & SealedPlaces> => {
    checkOptions(o, 'signal context fields again')
    const context = checkContext(o?.context)
    // copied now: what is added to the record meanwhile must not come out unsealed
    const { copy, fields } = findFields(record, o.fields, 'invalid_argument')
    ensure(
      fields.length <= this.#maxValues,
      'too_large',
      `a record of ${fields.length} fields: ` +
        `at most ${this.#maxValues} of them fit under one data key`,
    )
    const values = fields.map((field) => ({
      encoded: encodeValue(valueOf(field), limits.jsonPadding),
      context: { ...context, [pathMember]: field.place },
    }))
    const dataKey = await this.#dataKey(
      values.map(({ encoded }) => encoded),
      o,
    )
    const sealed = await Promise.all(
      values.map((value) => writeValue(dataKey, value.encoded, value.context, this.#keys.now())),
    )
    fields.forEach(({ holder, name }, i) => (holder[name] = sealed[i]))
    const places = fields.map(({ place }) => place)
    return Object.defineProperty(copy, sealedPlaces, { value: places }) as SealedFields<T> &
      SealedPlaces
  }

  /** One data key for all of a record's fields: the current one where it has so many uses left. */
  async #dataKey(
    values: readonly EncodedValue[],
    { signal, again }: SealOptions,
  ): Promise<DataKey> {
    const look = await sealedOnce(again, [this.#keys], signal)
    for (const { bytes } of values) look(bytes, true)
    const uses = values.length
    const recipient = await this.#keys.forSealing(signal)
    const now = this.#keys.now()
    const current = this.#current
    if (
      current &&
      current.recipient.info.thumbprint === recipient.info.thumbprint &&
      // one that was born in the future is as old as nobody knows: the clock was put right
      now >= current.born &&
      now - current.born < this.#maxAge &&
      current.used + uses <= this.#maxValues
    ) {
      current.used += uses
      return current
    }
    const made = { ...dataKeyFor(recipient), born: now, used: uses }
    const whole = settled(made)
    if (isWorkerd()) {
      // another request must not await a promise of this one: only the settled key is kept
      this.#current = { ...made, ...(await whole) }
      return this.#current
    }
    this.#current = made
    whole.catch(() => {
      if (this.#current === made) this.#current = undefined
    })
    return made
  }
}

/** What is sealed of a field. Its `toJSON` is asked once, by the name that JSON.stringify gives. */
function valueOf({ holder, name }: Field): Value {
  const value = holder[name]
  const form = jsonForm(value, name)
  return (form === value ? value : { toJSON: () => form }) as Value
}

/** A data key and its wrap once both are done. */
async function settled(made: DataKey): Promise<Pick<DataKey, 'key' | 'wrapped'>> {
  const [key, { header, encryptedKey }] = await Promise.all([made.key, made.wrapped])
  return { key, wrapped: { header, encryptedKey: await encryptedKey } }
}

/**
 * Makes a sealer, which seals many values under one data key.
 *
 * - a new data key begins when `maxValues` or `maxAge` runs out, or when another key is selected
 * - others can tell that values of one sealer belong together; where that matters use `seal`
 *
 * @param o.maxValues - values under one data key. Default and most: 2^20
 * @param o.maxAge - of a data key, in milliseconds, at most 24 hours. Default: 1 hour
 * @returns a sealer, whose verbs throw what `seal` and `sealFields` throw
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: a number is out of its range, or `keys` is no key set
 * @example
 *   ```js
 *   import { createSealer, fetchKeySet, overHttps } from 'sealdrop'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const sealer = createSealer(keys, { maxValues: 1000 })
 *   const claims = ['7', '8', '9'].map((order) =>
 *     sealer.seal({ iban: 'DE02' }, { context: { order } }),
 *   )
 *   const sealed = await Promise.all(claims)
 *   const wrappedKeys = new Set(sealed.map((text) => text.split('.')[1]))
 *   console.log(sealed.length, wrappedKeys.size) // 3 1
 *   ```
 * @see NIST SP 800-38D §8.3
 */
export function createSealer(
  keys: KeySet,
  o: { readonly maxValues?: number; readonly maxAge?: number } = {},
): Sealer {
  const { maxValues = limits.sealerValues, maxAge = 3_600_000 } = checkOptions(
    o,
    'maxValues maxAge',
  )
  checkCount('maxValues', maxValues, limits.sealerValues)
  milliseconds('maxAge', maxAge)
  ensure(
    maxAge > 0 && maxAge <= 24 * 3_600_000,
    'invalid_argument',
    'maxAge: expected milliseconds, at most 24 hours',
  )
  return new DataKeySealer(ringOf(keys), maxValues, maxAge)
}

/**
 * Seals the named fields of a record, each bound to its place in it, under one data key.
 *
 * - JSON of the answer is JSON of the record, but for the places that were sealed
 * - objects on the way to a field come back as plain copies. Each gives what JSON shows of it: what
 *   its `toJSON` answers, else its own enumerable members
 * - what lies beside the fields is handed on, and the record that came is not changed
 * - a path that matches nothing throws, so that no plaintext stays behind unnoticed. A `?` allows
 *   it: look at `sealedPlaces` of the answer then
 *
 * @param keys - the company's key set
 * @param record - an object or an array
 * @returns a copy of the record, with a sealed string in each named place, which `sealedPlaces`
 *   lists
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: the context is missing, a path is not in the record or names a field
 *     twice, JSON cannot carry a value, or a value is sealed to this key set already, see `again`
 *   - `too_large`: a value has more than 1 MiB, or the record more than 2^20 fields to seal
 * @throws SealdropError while fetching keys:
 *   - what `seal` throws then
 * @example
 *   ```js
 *   import { fetchKeySet, overHttps, sealFields } from 'sealdrop'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const order = { id: 7, customer: { name: 'A. Weber', iban: 'DE02' } }
 *   const sealed = await sealFields(keys, order, {
 *     fields: ['customer.iban'],
 *     context: { order: '7' },
 *   })
 *   console.log(sealed.id, sealed.customer.iban.split('.').length) // 7 5
 *   ```
 * @see RFC 6901 for the place, kept in the context as `sealdrop:path`
 */
export async function sealFields<T extends object>(
  keys: KeySet,
  record: T,
  o: SealOptions & FieldOptions,
): Promise<SealedFields<T> & SealedPlaces> {
  return createSealer(keys).sealFields(record, o)
}
