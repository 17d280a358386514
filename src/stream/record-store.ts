import { ensure, hasMethods } from '../errors/guard.js'
import { coded, SealdropError } from '../errors/sealdrop-error.js'
import type { CryptoKey } from '../crypto/subtle.js'
import type { Bytes } from '../bytes/bytes.js'

/** Tags of frames side by side: the index of the first, and 16 bytes for each. */
export type TagRun = readonly [first: number, tags: Uint8Array]

/**
 * Where a file sealer keeps what it needs to go on after a crash: a log, never a snapshot.
 *
 * - a record has one holder: who loads it takes it over, and the one before gets `conflict` at its
 *   next append
 */
export interface FileRecords {
  /**
   * Begins a record. `start.key`, 32 bytes, is the key of the frames: keep it as safe as you can.
   */
  create(id: string, start: object): Promise<void>
  /**
   * Adds the tags of frames to a record.
   *
   * They must be durable before the promise resolves: the frames leave right after.
   */
  append(id: string, frames: readonly TagRun[]): Promise<void>
  /** Loads a record, and takes it over; undefined where there is none. */
  load(id: string): Promise<{ readonly start: object; readonly tags: Iterable<TagRun> } | undefined>
  /** Deletes a record, which need not be there. */
  remove(id: string): Promise<void>
}

/** What a record begins with. */
export interface RecordStart {
  readonly v: 1
  /** Milliseconds since 1970. */
  readonly created: number
  /** Of the file. */
  readonly size: number
  /** Of the file, where it has one. */
  readonly version?: string | undefined
  /** Of the message, with its tag. */
  readonly header: Bytes
  /** Key of the frames; a store may have made a non-extractable key of the bytes. */
  readonly key: Bytes | CryptoKey
  /** Thumbprints. */
  readonly recipients: readonly string[]
}

const conflict = (): SealdropError =>
  new SealdropError(
    'conflict',
    'another file sealer, perhaps in another tab, holds the record: close it first',
  )

/** The same store, whose failures all have a code. */
export function namedRecords(records: FileRecords): FileRecords {
  ensure(
    hasMethods(records, 'create', 'append', 'load', 'remove'),
    'invalid_argument',
    'records: expected create, append, load and remove',
  )
  return {
    create: (id, start) => named(async () => records.create(id, start)),
    append: (id, frames) => named(async () => records.append(id, frames)),
    load: (id) => named(async () => records.load(id)),
    remove: (id) => named(async () => records.remove(id)),
  }
}

const named = <T>(work: () => Promise<T>): Promise<T> =>
  work().catch(coded('output_failed', 'the store of records failed', true))

const heldIds = new WeakMap<FileRecords, Set<string>>()

/**
 * Makes the caller the one holder of a record.
 *
 * - within this store, and by Web Locks within the whole origin; across processes the store decides
 * - the caller lets go by calling what this answers, and awaiting it
 *
 * @throws SealdropError:
 *   - `conflict`: another sealer holds it
 */
export async function holdRecord(
  records: FileRecords,
  id: string,
): Promise<() => Promise<unknown>> {
  const held = heldIds.get(records) ?? new Set()
  heldIds.set(records, held)
  if (held.has(id)) throw conflict()
  held.add(id)
  const free = (): boolean => held.delete(id)
  const locks = (globalThis as { readonly navigator?: { readonly locks?: LockManager } }).navigator
    ?.locks
  if (!locks) return async () => free()
  return new Promise<() => Promise<unknown>>((resolve, reject) => {
    const request = locks.request(`sealdrop ${id}`, { ifAvailable: true }, async (lock) => {
      if (!lock) throw conflict()
      await new Promise<void>((release) =>
        resolve(() => {
          release()
          return request.then(free)
        }),
      )
    })
    request.catch((error: unknown) => {
      free()
      reject(error)
    })
  })
}
