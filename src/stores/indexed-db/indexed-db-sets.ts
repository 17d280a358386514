import { SealdropError } from '../../errors/sealdrop-error.js'
import { database } from './database.js'
import type { SetStore } from '../../keys/set-store.js'

/**
 * Keeps the newest signed sets in IndexedDB, so that a page that is opened again knows what it has
 * seen.
 *
 * @param name - of the database. Default: `sealdrop-sets`
 * @returns a store for `signedBy` whose verbs throw SealdropError `output_failed`, also where the
 *   browser has or allows no IndexedDB
 * @see design.md, "Trust"
 */
export function indexedDbSets(name = 'sealdrop-sets'): SetStore {
  const open = database(name, ['sets'])
  const run = async <T>(
    mode: IDBTransactionMode,
    work: (sets: IDBObjectStore) => IDBRequest,
  ): Promise<T> => {
    try {
      const transaction = (await open()).transaction('sets', mode)
      const request = work(transaction.objectStore('sets'))
      return await new Promise<T>((resolve, reject) => {
        transaction.oncomplete = () => resolve(request.result as T)
        transaction.onabort = () => reject(transaction.error)
      })
    } catch (cause) {
      throw new SealdropError(
        'output_failed',
        'IndexedDB failed: is storage full, or not allowed here?',
        { cause },
      )
    }
  }
  return {
    get: (id) => run('readonly', (sets) => sets.get(id)),
    put: (id, set) => run('readwrite', (sets) => sets.put(set, id)),
  }
}
