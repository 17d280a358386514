import type { CryptoKey } from '../crypto/subtle.js'
import type { PrivateOperations } from '../envelope/private-operations.js'
import { isSealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'
import { decodeValue } from '../formats/content.js'
import { pathMember } from '../formats/context.js'
import { findFields, pointer, replaceFields } from '../formats/field-path.js'
import { abortable } from '../io/abort.js'
import { dataKeyId, noCache, type DataKeyCache } from './data-keys.js'
import { openPrepared, prepare, rejected, type Opened, type OpenerParts, type OpenOptions, type Prepared } from './open-value.js'
import { claimOnce } from './replay.js'

/** What happened to one value: for logs and counters, never content. */
export interface OpenEvent {
  readonly event: 'opened' | 'failed'
  readonly code?: SealdropErrorCode
  readonly messageId?: string
  /** Thumbprint of the key. */
  readonly key?: string
  /** KMS calls made for it, failover included. */
  readonly kmsCalls: number
}

/** Opens values and records; runtime-neutral, the private key is behind {@link PrivateOperations}. */
export class ValueOpener {
  readonly #parts: OpenerParts
  readonly #onEvent: (event: OpenEvent) => void
  /** Unwraps under way, so that values of one sealer that come together cost one call. */
  readonly #pending = new Map<string, Promise<unknown>>()

  constructor(parts: OpenerParts, onEvent: (event: OpenEvent) => void = () => {}) {
    this.#parts = parts
    this.#onEvent = onEvent
  }

  async open(jwe: string, o: OpenOptions): Promise<Opened> {
    return this.#reported(async (parts) => {
      const prepared = await prepare(jwe, o, parts)
      const opened = await (parts.cache === noCache ? openPrepared(prepared, o, parts) : this.#afterPending(prepared, o, parts))
      await this.#claim(prepared, o)
      return opened
    })
  }

  /** All fields pass the cheap checks before the first KMS call; a data key that they share is unwrapped once. */
  async openFields<T extends object>(record: object, o: OpenOptions & { readonly fields: readonly string[] }): Promise<T> {
    const fields = findFields(record, o?.fields, 'rejected')
    const shared = new Map<string, CryptoKey>()
    const { cache } = this.#parts
    const memo: DataKeyCache = { get: (id) => shared.get(id) ?? cache.get(id), set: (id, key) => { shared.set(id, key); cache.set(id, key) }, clear: () => { shared.clear(); cache.clear() } }
    const prepared: Prepared[] = []
    for (const field of fields) {
      if (typeof field.value !== 'string' || field.value.split('.', 6).length !== 5) throw rejected() // plaintext where a sealed field was named
      const sealed = field.value
      prepared.push(await this.#reported((parts) => prepare(sealed, o, parts, { [pathMember]: pointer(field) }), 'failed'))
    }
    const values: unknown[] = []
    for (const field of prepared) {
      const { bytes } = await this.#reported((parts) => openPrepared(field, o, { ...parts, cache: memo }))
      values.push(decodeValue(bytes, field.jwe.header.cty))
    }
    for (const field of prepared) await this.#claim(field, o) // last, so that a record that fails half-way can be opened again
    return replaceFields(record, fields, values) as T
  }

  async #claim({ jwe }: Prepared, o: OpenOptions): Promise<void> {
    await claimOnce(this.#parts.replay, jwe.header, Math.max(o.maxAge ?? 0, this.#parts.maxAge ?? 0))
  }

  /** Waits once for another call that unwraps the same data key, then finds it in the cache or goes on alone. */
  async #afterPending(prepared: Prepared, o: OpenOptions, parts: OpenerParts): Promise<Opened> {
    const [first] = prepared.candidates
    const id = await dataKeyId(first!.key.arn, prepared.jwe.header.kid, first!.wrapped)
    const pending = id === undefined ? undefined : this.#pending.get(id)
    if (pending) await abortable(pending, o.signal)
    const work = openPrepared(prepared, o, parts)
    if (id === undefined || this.#pending.has(id)) return work
    this.#pending.set(id, work.catch(() => {}).finally(() => this.#pending.delete(id)))
    return work
  }

  /** Counts the calls to KMS and tells `onEvent` how it ended; an observer that throws changes nothing. */
  async #reported<R extends Opened | Prepared>(work: (parts: OpenerParts) => Promise<R>, when: 'failed' | 'always' = 'always'): Promise<R> {
    let kmsCalls = 0
    const { operations } = this.#parts
    const counted: PrivateOperations = {
      decrypt: (...call) => { kmsCalls++; return operations.decrypt(...call) },
      agree: (...call) => { kmsCalls++; return operations.agree(...call) },
    }
    const tell = (event: OpenEvent): void => { try { this.#onEvent(event) } catch { /* theirs */ } }
    try {
      const result = await work({ ...this.#parts, operations: counted })
      if (when === 'always' && 'messageId' in result) tell({ event: 'opened', messageId: result.messageId, key: result.key.thumbprint, kmsCalls })
      return result
    } catch (error) {
      tell({ event: 'failed', ...(isSealdropError(error) && { code: error.code }), kmsCalls })
      throw error
    }
  }
}
