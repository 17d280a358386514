import { limits } from '../algorithms/limits.js'
import type { Bytes } from '../bytes/bytes.js'
import type { CryptoKey } from '../crypto/subtle.js'
import { ensure, hasMethods } from '../errors/guard.js'
import { coded, SealdropError } from '../errors/sealdrop-error.js'
import { abortable, within } from '../io/abort.js'

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
  /**
   * Loads a record, and takes it over; undefined where there is none.
   *
   * The tags may overlap: one whose write failed may stand there twice.
   */
  load(id: string): Promise<
    | {
        readonly start: object
        readonly tags: Iterable<TagRun>
        readonly notes?: Iterable<readonly [name: string, note: object]>
      }
    | undefined
  >
  /** Deletes a record, which need not be there. */
  remove(id: string): Promise<void>
  /**
   * Keeps a note beside the tags; one of the same name takes the place of the one before.
   *
   * - it must be durable before the promise resolves
   * - a note is a flat object of text, numbers, booleans and Uint8Array
   * - who lost the record gets `conflict`
   */
  note?(id: string, name: string, note: object): Promise<void>
  /** The notes of this name of all records. It takes nothing over. */
  list?(name: string): Promise<readonly (readonly [id: string, note: object])[]>
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

export const conflict = (): SealdropError =>
  new SealdropError(
    'conflict',
    'another file sealer, perhaps in another tab, holds the record: close it first',
  )

/** @throws SealdropError `invalid_argument` */
export const checkRecords = (records: FileRecords): void =>
  ensure(
    hasMethods(records, 'create', 'append', 'load', 'remove'),
    'invalid_argument',
    'records: expected create, append, load and remove',
  )

const verbs = ['create', 'append', 'load', 'remove', 'note', 'list'] as const

/** The same store, whose failures all have a code; the signal ends `create` and `load`. */
export function namedRecords(records: FileRecords, signal?: AbortSignal): FileRecords {
  const there = records as unknown as Record<string, (...args: readonly unknown[]) => unknown>
  const calls = verbs
    .filter((verb) => hasMethods(records, verb))
    .map((verb) => {
      const ends = verb === 'create' || verb === 'load' ? signal : undefined
      const call = (...args: readonly unknown[]): unknown =>
        abortable(
          named(async () => there[verb]?.(...args)),
          ends,
        )
      return [verb, call] as const
    })
  return Object.fromEntries(calls) as unknown as FileRecords
}

const named = <T>(work: () => Promise<T>): Promise<T> =>
  work().catch(coded('output_failed', 'the store of records failed', true))

/** Whether a record that was made then is older than it may be, by whichever clock was wrong. */
export const isOld = (created: number): boolean =>
  !(Math.abs(Date.now() - created) < limits.recordAge)

const locksOf = (): LockManager | undefined =>
  (globalThis as { readonly navigator?: { readonly locks?: LockManager } }).navigator?.locks

const lockName = (id: string): string => `sealdrop ${id}`

/** Does the work unless a sealer holds the record; never where nobody can tell. */
export const unlessHeld = (
  id: string,
  work: () => Promise<unknown>,
): Promise<unknown> | undefined =>
  locksOf()?.request(lockName(id), { ifAvailable: true }, (lock) => lock && work())

const heldIds = new WeakMap<FileRecords, Set<string>>()

/**
 * Makes the caller the one holder of a record.
 *
 * - by Web Locks within the whole origin, else within this store; across processes the store decides
 * - one that is just being let go of is waited for, also that of a page that is being closed
 * - the caller lets go by calling what this answers, and awaiting it
 *
 * @throws SealdropError:
 *   - `conflict`: another sealer holds it
 *   - `output_failed`: the browser allows no Web Locks here
 */
export async function holdRecord(
  records: FileRecords,
  id: string,
): Promise<() => Promise<unknown>> {
  try {
    const locks = locksOf()
    if (locks)
      return await within(limits.lockPatience, (signal) => held(locks, id, signal), conflict())
  } catch (error) {
    coded('output_failed', 'Web Locks are not allowed here: is site data blocked?')(error)
  }
  const ids = heldIds.get(records) ?? new Set()
  heldIds.set(records, ids)
  if (ids.has(id)) throw conflict()
  ids.add(id)
  return async () => ids.delete(id)
}

/** Resolves when the lock is held, with what lets go of it. */
const held = (
  locks: LockManager,
  id: string,
  signal: AbortSignal,
): Promise<() => Promise<unknown>> =>
  new Promise((resolve, reject) => {
    const work = async (): Promise<void> => {
      // nobody waits for it any more
      if (signal.aborted) return
      await new Promise<void>((release) =>
        resolve(() => {
          release()
          return request
        }),
      )
    }
    const request = locks.request(lockName(id), { signal }, work).catch(reject)
  })
