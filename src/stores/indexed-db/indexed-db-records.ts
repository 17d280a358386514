import { limits } from '../../algorithms/limits.js'
import { toBase64url } from '../../bytes/base64url.js'
import type { Bytes } from '../../bytes/bytes.js'
import { importDataKey } from '../../crypto/aes.js'
import { randomBytes } from '../../crypto/subtle.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { database } from './database.js'
import type { FileRecords, RecordStart } from '../../stream/record-store.js'

type Entry = { start: RecordStart; holder: string }

const failed = (cause: unknown): SealdropError =>
  new SealdropError('output_failed', 'IndexedDB did not keep the record: is storage full?', {
    cause,
  })

/**
 * Records of file sealers in IndexedDB, where a page that is opened again finds them. The data key
 * is kept as a non-extractable CryptoKey: scripts of the origin can use it, none can read it.
 * Records older than 7 days are deleted when a new one is made.
 *
 * @param name - of the database. Default: `sealdrop`
 * @returns records whose verbs throw SealdropError `output_failed`, `conflict`
 * @see design.md, "Sealing a frame twice"
 */
export function indexedDbRecords(name = 'sealdrop'): FileRecords {
  let holder = ''
  const taken = new Set<string>()
  const open = database(name, ['records', 'tags'])
  /** One transaction, durable when it resolves. */
  const run = async <T>(
    work: (records: IDBObjectStore, tags: IDBObjectStore, done: (result: T) => void) => void,
  ): Promise<T | undefined> => {
    holder ||= toBase64url(randomBytes(16))
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
  const framesOf = (id: string): IDBKeyRange => IDBKeyRange.bound([id], [id, []])
  const erase = (records: IDBObjectStore, tags: IDBObjectStore, id: string): void => {
    records.delete(id)
    tags.delete(framesOf(id))
  }
  return {
    async create(id, start) {
      const key = await importDataKey((start as RecordStart).key as Bytes)
      await run((records, tags) => {
        records.openCursor().onsuccess = ({ target }) => {
          const cursor = (target as IDBRequest<IDBCursorWithValue | null>).result
          if (!cursor) return
          if (Date.now() - (cursor.value as Entry).start.created > limits.recordAge)
            erase(records, tags, cursor.key as string)
          cursor.continue()
        }
        records.put({ start: { ...start, key }, holder }, id)
        taken.add(id)
      })
    },
    async append(id, frames) {
      const mine = await run<boolean>((records, tags, done) => {
        const request = records.get(id)
        request.onsuccess = () => {
          if ((request.result as Entry | undefined)?.holder !== holder) return
          for (const [index, tag] of frames) tags.put(tag, [id, index])
          done(true)
        }
      })
      if (!mine)
        throw new SealdropError(
          'conflict',
          'another file sealer, perhaps in another tab, took over the record',
        )
    },
    async load(id) {
      return run((records, tags, done) => {
        const request = records.get(id)
        request.onsuccess = () => {
          const entry = request.result as Entry | undefined
          if (!entry) return
          records.put({ ...entry, holder }, id)
          taken.add(id)
          const found = new Map<number, Uint8Array>()
          tags.openCursor(framesOf(id)).onsuccess = ({ target }) => {
            const cursor = (target as IDBRequest<IDBCursorWithValue | null>).result
            if (!cursor) return done({ start: entry.start, tags: found })
            found.set((cursor.key as [string, number])[1], cursor.value as Uint8Array)
            cursor.continue()
          }
        }
      })
    },
    async remove(id) {
      await run((records, tags) => {
        const request = records.get(id)
        request.onsuccess = () => {
          const another =
            // took it over
            taken.delete(id) && (request.result as Entry | undefined)?.holder !== holder
          if (!another) erase(records, tags, id)
        }
      })
    },
  }
}
