import { SealdropError } from '../../errors/sealdrop-error.js'
import { database } from './database.js'
import type { SetStore } from '../../keys/set-store.js'

/**
 * Keeps the newest signed sets in IndexedDB, for pages that are closed and opened again.
 *
 * - verbs that use the set throw `output_failed` where the browser has or allows no IndexedDB
 *
 * @param name - of the database. Default: `sealdrop-sets`
 * @returns a store for `signedBy`, whose verbs throw SealdropError:
 *   - `output_failed`: IndexedDB is full, or not allowed here
 * @example
 *   ```js
 *   import { fetchKeySet, indexedDbSets, signedBy } from 'sealdrop'
 *   import root from './root.json' with { type: 'json' }
 *   const url = 'https://keys.example.com/signed-keys.json'
 *   const trust = signedBy([root], { store: indexedDbSets() })
 *   await fetchKeySet(url, { trust }).ready()
 *   // later, in a new page, while the host is down:
 *   const fetch = () => Promise.reject(new Error('offline'))
 *   const again = signedBy([root], { store: indexedDbSets() })
 *   const keys = fetchKeySet(url, { trust: again, fetch })
 *   console.log((await keys.list()).length) // 3
 *   ```
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
    async swap(id, set, held) {
      let has: string | undefined
      await run('readwrite', (sets) => {
        const request: IDBRequest<string | undefined> = sets.get(id)
        request.onsuccess = () => {
          has = request.result
          if (has === held) sets.put((has = set), id)
        }
        return request
      })
      return has
    },
  }
}
