import { database, found } from './database.js'
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
  const run = database(name, ['sets'])
  return {
    get: (id) => run<string | undefined>((store, done) => found(store('sets').get(id), done)),
    put: (id, set) =>
      run((store) => {
        store('sets').put(set, id)
      }),
    swap: (id, set, held) =>
      run<string | undefined>((store, done) =>
        found<string | undefined>(store('sets').get(id), (has) => {
          if (has === held) store('sets').put(set, id)
          done(has === held ? set : has)
        }),
      ),
  }
}
