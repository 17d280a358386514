import { limits } from '../../algorithms/limits.js'
import { ensure } from '../../errors/guard.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { within } from '../../io/abort.js'

/** The object stores of one transaction by their names. */
export type Store = (name: string) => IDBObjectStore

/** What one transaction over all stores does; `done` is told the result. */
export type Work<T> = (store: Store, done: (result: T) => void) => void

/** Runs a transaction, which is durable when it resolves. */
export type Run = <T>(work: Work<T>) => Promise<T | undefined>

/** Hands on what a request finds. */
export function found<T>(request: IDBRequest<T>, use: (result: T) => void): void {
  request.onsuccess = () => use(request.result)
}

/** Words for the names of what IndexedDB throws. */
const words: Readonly<Record<string, string>> = {
  VersionError: 'a newer build of the page has changed the database: load the page again',
  NotFoundError: 'another program has a database of this name: choose another one',
  QuotaExceededError: 'storage is full',
}

const failed = (cause: unknown): SealdropError =>
  new SealdropError(
    'output_failed',
    `IndexedDB: ${words[(cause as Error | null)?.name ?? ''] ?? 'it failed, or is not allowed here'}`,
    { cause },
  )

/**
 * A database of version 1 with these object stores.
 *
 * - It is opened when it is first asked for, and again after the browser closed it.
 * - Another connection can keep it from being opened, also that of a frozen tab: the wait is bounded.
 *
 * @returns what runs its transactions, and throws SealdropError `output_failed`
 */
export function database(name: string, stores: readonly string[]): Run {
  let opened: Promise<IDBDatabase> | undefined
  const forget = (): void => {
    opened = undefined
  }
  const open = async (): Promise<IDBDatabase> => {
    ensure(
      globalThis.indexedDB,
      'output_failed',
      'no IndexedDB here: in Node use fileRecords and fileSets',
    )
    opened ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name, 1)
      request.onupgradeneeded = () =>
        stores.forEach((store) => request.result.createObjectStore(store))
      request.onerror = () => reject(request.error)
      request.onsuccess = () => {
        request.result.onclose = forget
        request.result.onversionchange = () => {
          request.result.close()
          forget()
        }
        resolve(request.result)
      }
    })
    opened.catch(forget)
    return opened
  }
  return async <T>(work: Work<T>) => {
    try {
      const db = await within(
        limits.openPatience,
        open,
        new SealdropError('output_failed', 'IndexedDB: another tab blocks the database: close it', {
          retryable: true,
        }),
      )
      return await new Promise<T | undefined>((resolve, reject) => {
        let result: T | undefined
        const transaction = db.transaction(stores, 'readwrite', { durability: 'strict' })
        transaction.oncomplete = () => resolve(result)
        transaction.onabort = () => reject(transaction.error)
        work(
          (store) => transaction.objectStore(store),
          (told) => {
            result = told
          },
        )
      })
    } catch (cause) {
      throw isSealdropError(cause) ? cause : failed(cause)
    }
  }
}
