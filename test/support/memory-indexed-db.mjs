// IndexedDB in memory, as far as the library uses it, for examples that run in Node. The tests of
// the stores themselves run in a browser.

/** Order of keys: numbers, then text, then arrays (Indexed Database API 3.0 §2.4). */
function compare(a, b) {
  const rank = (key) => ['number', 'string', 'object'].indexOf(typeof key)
  if (rank(a) !== rank(b)) return rank(a) - rank(b)
  if (!Array.isArray(a)) return Number(a > b) - Number(a < b)
  const at = a.findIndex((part, i) => i >= b.length || compare(part, b[i]) !== 0)
  if (at === -1) return a.length - b.length
  return at >= b.length ? 1 : compare(a[at], b[at])
}

export class MemoryKeyRange {
  constructor(lower, upper) {
    this.lower = lower
    this.upper = upper
  }

  static bound(lower, upper) {
    return new MemoryKeyRange(lower, upper)
  }

  includes(key) {
    return compare(this.lower, key) <= 0 && compare(key, this.upper) <= 0
  }
}

const matcherOf = (query) => {
  if (query === undefined) return () => true
  if (query instanceof MemoryKeyRange) return (key) => query.includes(key)
  return (key) => compare(key, query) === 0
}

/** A transaction runs its requests in their order, and is complete when there is none left. */
class Transaction {
  oncomplete = () => {}
  onabort = () => {}
  error = null
  #pending = 0
  #stores

  constructor(stores) {
    this.#stores = stores
  }

  objectStore(name) {
    return new ObjectStore(this, this.#stores.get(name))
  }

  /** Answers a request with what the work gives, soon. */
  request(work) {
    const request = { result: undefined, onsuccess: () => {} }
    this.#pending++
    setImmediate(() => {
      request.result = work()
      request.onsuccess?.()
      this.#pending--
      if (this.#pending === 0) this.oncomplete()
    })
    return request
  }
}

class ObjectStore {
  #transaction
  #entries

  constructor(transaction, entries) {
    this.#transaction = transaction
    this.#entries = entries
  }

  /** Keys in their order. */
  #keys(query) {
    return this.#entries
      .map(({ key }) => key)
      .filter(matcherOf(query))
      .sort(compare)
  }

  #remove(query) {
    const isMeant = matcherOf(query)
    const left = this.#entries.filter(({ key }) => !isMeant(key))
    this.#entries.splice(0, Infinity, ...left)
  }

  #valueOf(key) {
    const found = this.#entries.find((entry) => compare(entry.key, key) === 0)
    return found && structuredClone(found.value)
  }

  get(key) {
    return this.#transaction.request(() => this.#valueOf(key))
  }

  put(value, key) {
    const copy = structuredClone(value)
    return this.#transaction.request(() => {
      this.#remove(key)
      this.#entries.push({ key, value: copy })
      return key
    })
  }

  delete(query) {
    return this.#transaction.request(() => this.#remove(query))
  }

  getAllKeys(query) {
    return this.#transaction.request(() => this.#keys(query))
  }

  getAll(query) {
    return this.#transaction.request(() => this.#keys(query).map((key) => this.#valueOf(key)))
  }
}

/** `indexedDB` of an origin that has no database yet. */
export function memoryIndexedDb() {
  const databases = new Map()
  return {
    open(name) {
      const isNew = !databases.has(name)
      if (isNew) databases.set(name, new Map())
      const stores = databases.get(name)
      const result = {
        createObjectStore: (store) => void stores.set(store, []),
        transaction: () => new Transaction(stores),
        close: () => {},
      }
      const request = { result, error: null, onupgradeneeded: () => {}, onsuccess: () => {} }
      setImmediate(() => {
        if (isNew) request.onupgradeneeded()
        request.onsuccess()
      })
      return request
    },
  }
}
