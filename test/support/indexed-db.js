// How tests reach into a database of the browser without the library.

/** Waits for a request and answers its result. */
const resultOf = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

/** Everything in a database by its stores, with keys and values. */
export async function dump(name) {
  /** @type {IDBDatabase} */
  const db = await resultOf(indexedDB.open(name))
  /** @type {{ store: string, key: any, value: any }[]} */
  const entries = []
  for (const store of db.objectStoreNames) {
    const held = db.transaction(store).objectStore(store)
    const [keys, values] = await Promise.all([resultOf(held.getAllKeys()), resultOf(held.getAll())])
    for (const [i, key] of keys.entries()) entries.push({ store, key, value: values[i] })
  }
  const put = (store, key, value) =>
    new Promise((resolve) => {
      const transaction = db.transaction(store, 'readwrite')
      transaction.objectStore(store).put(value, key)
      transaction.oncomplete = resolve
    })
  return { entries, put, close: () => db.close() }
}

/** Deletes a database, which waits for every connection to it. */
export const deleted = (name) => resultOf(indexedDB.deleteDatabase(name))

/**
 * A connection of a program that does not close it for a deletion or an upgrade.
 *
 * @param {string} name
 * @param {number} [version]
 */
export const stubborn = (name, version) => resultOf(indexedDB.open(name, version))

/**
 * Runs the work while this page has no Web Locks, as in an older browser.
 *
 * @param {() => unknown} work
 * @param {() => unknown} [get] answers what is there instead
 */
export async function withoutLocks(work, get = () => undefined) {
  Object.defineProperty(navigator, 'locks', { get, configurable: true })
  try {
    return await work()
  } finally {
    Reflect.deleteProperty(navigator, 'locks')
  }
}

/**
 * Runs the work while another function takes the place of a method of a prototype.
 *
 * @param {object} prototype
 * @param {string} method
 * @param {(self: any, args: any[], call: () => any) => unknown} instead gets what the method would
 *   get, and calls the real one
 * @param {() => unknown} work
 */
export async function replacing(prototype, method, instead, work) {
  const real = Reflect.get(prototype, method)
  Object.assign(prototype, {
    /** @this {any} */
    [method](...args) {
      return instead(this, args, () => real.apply(this, args))
    },
  })
  try {
    await work()
  } finally {
    Object.assign(prototype, { [method]: real })
  }
}
