import { limits } from '../algorithms/limits.js'
import { checkCount, ensure } from '../errors/guard.js'
import { encodeValue, type Value } from '../formats/content.js'
import { checkContext, pathMember } from '../formats/context.js'
import { findFields, pointer, replaceFields } from '../formats/field-path.js'
import { isWorkerd } from '../io/runtime.js'
import { held, type HeldKeySet, type KeySet } from '../keys/key-set.js'
import type { SealOptions } from './seal.js'
import { dataKeyFor, writeValue, type DataKey } from './write.js'

export interface FieldOptions {
  /**
   * Members separated by dots, `*` for every member or element: `card.number`, `items.*.ssn`. Each
   * must be there.
   */
  readonly fields: readonly string[]
}

/** A record whose named fields became sealed strings. */
export type SealedFields<T> = {
  [K in keyof T]: T[K] extends object ? SealedFields<T[K]> | string : T[K] | string
}

/**
 * Seals many values under one data key, so that an opener with a cache needs one KMS call for all
 * of them.
 */
export interface Sealer {
  /** As the verb `seal`. */
  seal(value: Value, o: SealOptions): Promise<string>
  /** As the verb `sealFields`. */
  sealFields<T extends object>(record: T, o: SealOptions & FieldOptions): Promise<SealedFields<T>>
}

interface CurrentDataKey extends DataKey {
  readonly born: number
  used: number
}

class DataKeySealer implements Sealer {
  readonly #keys: HeldKeySet
  readonly #maxValues: number
  readonly #maxAge: number
  #current: CurrentDataKey | undefined

  constructor(keys: HeldKeySet, maxValues: number, maxAge: number) {
    this.#keys = keys
    this.#maxValues = maxValues
    this.#maxAge = maxAge
  }

  async seal(value: Value, o: SealOptions): Promise<string> {
    const context = checkContext(o?.context)
    const encoded = encodeValue(value, limits.jsonPadding)
    return writeValue(await this.#dataKey(1, o.signal), encoded, context, this.#keys.now())
  }

  async sealFields<T extends object>(
    record: T,
    o: SealOptions & FieldOptions,
  ): Promise<SealedFields<T>> {
    const context = checkContext(o?.context)
    const fields = findFields(record, o.fields, 'invalid_argument')
    ensure(
      fields.length <= this.#maxValues,
      'too_large',
      `a record of ${fields.length} fields: ` +
        `at most ${this.#maxValues} of them fit under one data key`,
    )
    const values = fields.map((field) => ({
      encoded: encodeValue(field.value as Value, limits.jsonPadding),
      context: { ...context, [pathMember]: pointer(field) },
    }))
    // now: what is added to the record meanwhile must not come out unsealed
    const copy = replaceFields(
      record,
      fields,
      fields.map(() => ''),
    )
    const dataKey = await this.#dataKey(values.length, o.signal)
    const sealed = await Promise.all(
      values.map((value) => writeValue(dataKey, value.encoded, value.context, this.#keys.now())),
    )
    return replaceFields(copy, fields, sealed) as SealedFields<T>
  }

  /** One data key for all of a record's fields: the current one where it has so many uses left. */
  async #dataKey(uses: number, signal: AbortSignal | undefined): Promise<DataKey> {
    const recipient = await this.#keys.forSealing(signal)
    const now = this.#keys.now()
    const current = this.#current
    if (
      current &&
      current.recipient.info.thumbprint === recipient.info.thumbprint &&
      now - current.born < this.#maxAge &&
      current.used + uses <= this.#maxValues
    ) {
      current.used += uses
      return current
    }
    const made = { ...dataKeyFor(recipient), born: now, used: uses }
    const whole = settled(made)
    if (isWorkerd()) {
      // a promise of this request must not be awaited by another: only the settled key is kept
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

/** A data key and its wrap once both are done. */
async function settled({ key, wrapped }: DataKey): Promise<Pick<DataKey, 'key' | 'wrapped'>> {
  const { header, encryptedKey } = await wrapped
  return { key: await key, wrapped: { header, encryptedKey: await encryptedKey } }
}

/**
 * Makes a sealer: one data key until `maxValues` or `maxAge` runs out or the selected key changes.
 * Values of one sealer can be told to belong together; where that matters use `seal`.
 *
 * @param o.maxValues default and most 2^20
 * @param o.maxAge milliseconds, default 1 hour
 * @throws SealdropError `invalid_argument`; its verbs throw what `seal` does
 * @see NIST SP 800-38D §8.3
 */
export function createSealer(
  keys: KeySet,
  o: { readonly maxValues?: number; readonly maxAge?: number } = {},
): Sealer {
  const { maxValues = limits.sealerValues, maxAge = 3_600_000 } = o
  checkCount('maxValues', maxValues, limits.sealerValues)
  ensure(
    maxAge > 0 && maxAge <= 24 * 3_600_000,
    'invalid_argument',
    'maxAge: expected milliseconds, at most 24 hours',
  )
  return new DataKeySealer(held(keys), maxValues, maxAge)
}

/**
 * Seals the named fields of a record, each bound to its place in it, under one data key; the rest
 * stays as it is and the record that came is not changed. A path that matches nothing throws, so
 * that no plaintext stays behind unnoticed.
 *
 * @throws SealdropError what `seal` throws
 * @see RFC 6901 for the place, kept in the context as `sealdrop:path`
 */
export async function sealFields<T extends object>(
  keys: KeySet,
  record: T,
  o: SealOptions & FieldOptions,
): Promise<SealedFields<T>> {
  return createSealer(keys).sealFields(record, o)
}
