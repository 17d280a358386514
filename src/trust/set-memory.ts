import { ensure, hasMethods } from '../errors/guard.js'
import { isSealdropError, SealdropError } from '../errors/sealdrop-error.js'
import { isText } from '../formats/json.js'
import type { SetClaims } from '../formats/signed-set.js'
import { within } from '../io/abort.js'
import { keepsHeldSet } from '../keys/held-set-codes.js'
import type { SetStore } from '../keys/set-store.js'

/** A set whose signature verified. */
export interface SignedSet {
  readonly document: string
  /** Thumbprint of the root that signed it. */
  readonly root: string
  readonly claims: SetClaims
}

/** Verifies a document. */
type ReadSet = (document: string) => Promise<SignedSet>

const patience = 5_000
/** More writers than that are not at it at once: such a store is broken. */
const attempts = 16

/** The newest set that was seen: here, and through the store before and in other tabs. */
export class SetMemory {
  declare newest: SignedSet | undefined
  readonly #store: SetStore | undefined
  /** By id, what the store has as far as is known here. */
  readonly #stored = new Map<string, string | undefined>()

  constructor(store: SetStore | undefined) {
    ensure(
      store === undefined || hasMethods(store, 'get', 'put'),
      'invalid_argument',
      'store: expected get and put',
    )
    this.#store = store
  }

  /**
   * Looks into the store for sets that are newer than what is remembered here.
   *
   * - what does not verify there was not put there by us, and is passed over
   * - a store that fails is forgiven where something is remembered here
   *
   * @param ids - under which sets may be
   * @param read - verifies one
   */
  async look(ids: readonly string[], read: ReadSet): Promise<void> {
    const store = this.#store
    if (!store) return
    try {
      await Promise.all(
        ids.map(async (id) => this.#has(id, await inTime(() => store.get(id)), read)),
      )
    } catch (error) {
      if (!this.newest) throw error
    }
  }

  /** Remembers what the store has, which counts only when it verifies. */
  async #has(id: string, document: string | undefined, read: ReadSet): Promise<void> {
    const found = isText(document) ? await read(document).catch(() => undefined) : undefined
    if (found && (!this.newest || isNewer(found, this.newest))) this.newest = found
    this.#stored.set(id, document)
  }

  /**
   * Remembers a set, unless a newer one came meanwhile.
   *
   * - the newest one is written until the store has it, since of two writes at once the older may
   *   end last
   * - a store that compares answers what another writer put there, which may be newer still
   * - a failure that may pass is made good the next time, and so is a store that never takes it
   */
  async keep(found: SignedSet, idOf: (root: string) => string, read: ReadSet): Promise<void> {
    if (!this.newest || isNewer(found, this.newest)) this.newest = found
    const store = this.#store
    for (let i = 0; store && i < attempts; i++) {
      const { root, document } = this.newest
      const id = idOf(root)
      const held = this.#stored.get(id)
      if (held === document) return
      try {
        if (store.swap) {
          const has = await inTime(async () => store.swap?.(id, document, held))
          await this.#has(id, has, read)
        } else {
          await inTime(() => store.put(id, document))
          this.#stored.set(id, document)
        }
      } catch (error) {
        if (isSealdropError(error) && error.retryable) return
        throw error
      }
    }
  }
}

/** Whether the first set is newer. One of the same counter that was signed again lives longer. */
export const isNewer = ({ claims: a }: SignedSet, { claims: b }: SignedSet): boolean =>
  a.ver > b.ver || (a.ver === b.ver && a.exp > b.exp)

async function inTime<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await within(patience, work)
  } catch (cause) {
    // other codes of a store that a user wrote would drop the set that is held
    if (isSealdropError(cause) && keepsHeldSet(cause.code)) throw cause
    throw new SealdropError('output_failed', 'the store of key sets failed, or did not answer', {
      cause,
      retryable: true,
    })
  }
}
