// What a page or a Worker has and Node lacks, for examples: a location, hosts by their names, and
// IndexedDB.
import { MemoryKeyRange, memoryIndexedDb } from './memory-indexed-db.mjs'

const page = 'https://app.example.com/'

/**
 * Sets the globals of this process.
 *
 * @param {Record<string, string>} hosts by origin, the server on loopback that stands for it
 */
export function enterWorld(hosts) {
  const realFetch = globalThis.fetch
  /** @type {typeof globalThis.fetch} */
  const fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input, page)
    const host = hosts[url.origin]
    return realFetch(host ? `${host}${url.pathname}${url.search}` : url, init)
  }
  const location = { href: page, origin: new URL(page).origin }
  Object.assign(globalThis, {
    fetch,
    location,
    indexedDB: memoryIndexedDb(),
    IDBKeyRange: MemoryKeyRange,
  })
}
