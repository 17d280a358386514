import { limits } from '../../algorithms/limits.js'
import { toBase64url } from '../../bytes/base64url.js'
import type { Bytes } from '../../bytes/bytes.js'
import { importDataKey } from '../../crypto/aes.js'
import { randomBytes } from '../../crypto/subtle.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { database } from './database.js'
import type { FileRecords, RecordStart } from '../../stream/record-store.js'

type Entry = { start: RecordStart; holder: string }

function failed(cause: unknown): SealdropError {
  return (cause as Error | null)?.name === 'ConstraintError'
    ? new SealdropError('source_changed', 'a frame left before with another tag: start over')
    : new SealdropError('output_failed', 'IndexedDB did not keep the record: is storage full?', {
        cause,
      })
}

/**
 * Keeps the records of file sealers in IndexedDB, where a page that is opened again finds them.
 *
 * - the data key is kept as a CryptoKey that is not extractable: scripts of the origin can use it,
 *   none can read it
 * - records older than 7 days are deleted when a new one is made
 *
 * @param name - of the database. Default: `sealdrop`
 * @returns records for `createFileSealer`, whose verbs throw SealdropError:
 *   - `output_failed`: IndexedDB is full, or not allowed here
 *   - `conflict`: another file sealer, perhaps in another tab, took over the record
 *   - `source_changed`: a frame left before with another tag
 * @example
 *   ```js
 *   import { openAsBlob } from 'node:fs'
 *   import { createFileSealer, fetchKeySet, indexedDbRecords, overHttps } from 'sealdrop'
 *   const keys = fetchKeySet('/.well-known/jwks.json', { trust: overHttps() })
 *   const file = await openAsBlob('report.pdf') // a page takes it from an <input type="file">
 *   const sealer = await createFileSealer(keys, file, {
 *     context: { order: '7' },
 *     records: indexedDbRecords(),
 *   })
 *   const part = await sealer.slice(0, 262_144)
 *   console.log(part.length, sealer.messageId.length) // 262144 43
 *   await sealer.close() // the record stays until every byte was sealed
 *   ```
 * @see design.md, "Sealing a frame twice"
 */
export function indexedDbRecords(name = 'sealdrop'): FileRecords {
  let holder = ''
  const taken = new Set<string>()
  const open = database(name, ['records', 'tags'])
  const run = <T>(work: Work<T>): Promise<T | undefined> => {
    holder ||= toBase64url(randomBytes(16))
    return transact(open, work)
  }
  return {
    async create(id, start) {
      const key = await importDataKey((start as RecordStart).key as Bytes)
      await run((records, tags) => {
        eraseOld(records, tags)
        records.put({ start: { ...start, key }, holder }, id)
        taken.add(id)
      })
    },
    async append(id, frames) {
      const mine = await run<boolean>((records, tags, done) =>
        find(records, id, (entry) => {
          if (entry?.holder !== holder) return
          // never over another one: that would be a second plaintext under one key and IV
          for (const [index, tag] of frames) tags.add(tag, [id, index])
          done(true)
        }),
      )
      if (!mine)
        throw new SealdropError(
          'conflict',
          'another file sealer, perhaps in another tab, took over the record',
        )
    },
    load: async (id) =>
      run((records, tags, done) =>
        find(records, id, (entry) => {
          if (!entry) return
          records.put({ ...entry, holder }, id)
          taken.add(id)
          readTags(tags, id, (found) => done({ start: entry.start, tags: found }))
        }),
      ),
    async remove(id) {
      await run((records, tags) =>
        find(records, id, (entry) => {
          const takenOver = taken.delete(id) && entry?.holder !== holder
          if (!takenOver) erase(records, tags, id)
        }),
      )
    },
  }
}

/** What one transaction does with both stores; `done` is told the result. */
type Work<T> = (records: IDBObjectStore, tags: IDBObjectStore, done: (result: T) => void) => void

/** One transaction, durable when it resolves. */
async function transact<T>(
  open: () => Promise<IDBDatabase>,
  work: Work<T>,
): Promise<T | undefined> {
  try {
    const db = await open()
    return await new Promise<T | undefined>((resolve, reject) => {
      let result: T | undefined
      const transaction = db.transaction(['records', 'tags'], 'readwrite', {
        durability: 'strict',
      })
      transaction.oncomplete = () => resolve(result)
      transaction.onabort = () => reject(transaction.error)
      work(transaction.objectStore('records'), transaction.objectStore('tags'), (found) => {
        result = found
      })
    })
  } catch (cause) {
    throw failed(cause)
  }
}

function find(records: IDBObjectStore, id: string, use: (entry: Entry | undefined) => void): void {
  const request = records.get(id)
  request.onsuccess = () => use(request.result as Entry | undefined)
}

/** Goes over the entries of a store, and tells when it is at the end. */
function each(
  request: IDBRequest<IDBCursorWithValue | null>,
  use: (cursor: IDBCursorWithValue) => void,
  end?: () => void,
): void {
  request.onsuccess = () => {
    const cursor = request.result
    if (!cursor) return end?.()
    use(cursor)
    cursor.continue()
  }
}

const tagsOf = (id: string): IDBKeyRange => IDBKeyRange.bound([id], [id, []])

function erase(records: IDBObjectStore, tags: IDBObjectStore, id: string): void {
  records.delete(id)
  tags.delete(tagsOf(id))
}

function eraseOld(records: IDBObjectStore, tags: IDBObjectStore): void {
  each(records.openCursor(), ({ key, value }) => {
    const { start } = value as Entry
    if (Date.now() - start.created > limits.recordAge) erase(records, tags, key as string)
  })
}

function readTags(
  tags: IDBObjectStore,
  id: string,
  use: (found: ReadonlyMap<number, Uint8Array>) => void,
): void {
  const found = new Map<number, Uint8Array>()
  each(
    tags.openCursor(tagsOf(id)),
    ({ key, value }) => found.set((key as [string, number])[1], value as Uint8Array),
    () => use(found),
  )
}
