import { limits } from '../algorithms/limits.js'
import type { CryptoKey } from '../crypto/subtle.js'
import { ensure, shown } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { retold } from '../errors/retold.js'
import { decodeValue } from '../formats/content.js'
import { pathMember } from '../formats/context.js'
import { findFields } from '../formats/field-path.js'
import { abortable } from '../io/abort.js'
import type { SharedAnswers } from './candidates.js'
import { noCache, type DataKeyCache } from './data-keys.js'
import { mistakenFor } from './mistaken.js'
import { openPrepared, prepare, type Opened, type Prepared } from './open-value.js'
import type { OpenerParts, OpenOptions } from './options.js'
import { claimOnce } from './replay.js'
import { reported, type OpenEvent } from './report.js'

/** Opens values and records in every runtime: the private key is behind the private operations. */
export class ValueOpener {
  readonly #parts: OpenerParts
  readonly #onEvent: (event: OpenEvent) => void
  /** Data keys that are being unwrapped: values of one sealer that come together cost one call. */
  readonly #pending = new Map<string, Promise<unknown>>()

  constructor(parts: OpenerParts, onEvent: (event: OpenEvent) => void = () => {}) {
    this.#parts = parts
    this.#onEvent = onEvent
  }

  /** @param shared - what it shares with others that are opened in the same run */
  async open(jwe: string, o: OpenOptions, shared?: SharedAnswers): Promise<Opened> {
    const [value] = await this.#reported(async (parts): Promise<[Opened]> => {
      checkOptions(o, 'signal context maxAge')
      const prepared = await prepare(jwe, o, parts)
      const opened = await (shared || parts.cache === noCache
        ? openPrepared(prepared, o, { ...parts, shared })
        : this.#afterPending(prepared, o, parts))
      // what nobody reads must open later
      shared?.ensureAwaited()
      await this.#claim(prepared)
      return [opened]
    })
    return value
  }

  /**
   * Opens the fields of a record, once all of them passed the cheap checks.
   *
   * A data key that they share is unwrapped once.
   */
  async openFields<T extends object>(
    record: object,
    o: OpenOptions & { readonly fields: readonly string[] },
  ): Promise<T> {
    const prepared: Prepared[] = []
    let answer: object = record
    await this.#reported(async (parts) => {
      checkOptions(o, 'signal context maxAge fields')
      const { copy, fields } = findFields(record, o?.fields, 'rejected')
      for (const { holder, name, place } of fields) {
        const value = sealedText(holder[name], place)
        const found = prepare(value, o, parts, { [pathMember]: place })
        prepared.push(await found.catch((error: unknown) => Promise.reject(ofField(error, place))))
      }
      const dataKeys = new Set(prepared.map(({ candidates: [first], text }) => first?.id ?? text))
      ensure(
        dataKeys.size <= limits.recordDataKeys,
        'too_large',
        `the fields of the record are under ${dataKeys.size} data keys, ` +
          `at most ${limits.recordDataKeys} are opened: each costs a KMS call`,
      )
      const sealed: { readonly opened: Opened; readonly cty: string | undefined }[] = []
      const shared = sharing(parts.cache)
      for (const field of prepared) {
        const opened = await openPrepared(field, o, { ...parts, cache: shared })
        sealed.push({ opened, cty: field.jwe.header.cty })
      }
      const values = sealed.map(({ opened, cty }) => decodeValue(opened.bytes, cty))
      // claimed last, so that a record that does not open can be opened again
      for (const field of prepared) await this.#claim(field)
      fields.forEach(({ holder, name }, i) => (holder[name] = values[i]))
      answer = copy
      return sealed.map(({ opened }) => opened)
    })
    return answer as T
  }

  /** Claims a value for as long as any call of this opener would take it, not this call alone. */
  async #claim({ text, jwe }: Prepared): Promise<void> {
    const { replay, maxAge = 0, tolerance = limits.tolerance, stopped } = this.#parts
    stopped?.throwIfStopped() // what nobody waits for must open later
    await claimOnce(replay, text, jwe.header.iat, maxAge + tolerance)
  }

  /**
   * Opens a value after another call that unwraps the same data key has ended.
   *
   * The data key is in the cache then. If it is not, this call goes on alone.
   */
  async #afterPending(prepared: Prepared, o: OpenOptions, parts: OpenerParts): Promise<Opened> {
    const id = prepared.candidates[0]?.id
    const pending = id === undefined ? undefined : this.#pending.get(id)
    if (pending) await abortable(pending, o.signal)
    const work = openPrepared(prepared, o, parts)
    if (id === undefined || this.#pending.has(id)) return work
    this.#pending.set(
      id,
      work.catch(() => {}).finally(() => this.#pending.delete(id)),
    )
    return work
  }

  #reported<Results extends readonly Opened[]>(
    work: (parts: OpenerParts) => Promise<Results>,
  ): Promise<Results> {
    return reported(this.#parts, this.#onEvent, work)
  }
}

/** The sealed text of a field. Where plaintext stands, the message says where. */
function sealedText(value: unknown, place: string): string {
  ensure(
    typeof value === 'string' && value.split('.', 6).length === 5,
    'rejected',
    `field ${shown(place)} is not sealed: ${mistakenFor(value) ?? 'plaintext stands there'}`,
  )
  return value
}

/** What public bytes decide of a field. */
const ofBytes: readonly unknown[] = [
  'malformed',
  'too_large',
  'unsupported_algorithm',
  'context_mismatch',
  'expired',
]

/** Says which field an error is of, where public bytes decided it. */
const ofField = (error: unknown, place: string): unknown =>
  ofBytes.includes(Object(error).code)
    ? retold(error, (message) => `field ${shown(place)}: ${message}`)
    : error

/** A cache that also holds what one record shares, for as long as it is opened. */
function sharing(cache: DataKeyCache): DataKeyCache {
  const shared = new Map<string, CryptoKey>()
  return {
    get: (id) => shared.get(id) ?? cache.get(id),
    used: (id, key, opened) => {
      if (shared.get(id) !== key) cache.used(id, key, opened)
    },
    set: (id, key, arn) => {
      shared.set(id, key)
      cache.set(id, key, arn)
    },
    forget: (arn) => cache.forget(arn),
    clear: () => cache.clear(),
  }
}
