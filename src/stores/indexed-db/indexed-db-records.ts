import { toBase64url } from '../../bytes/base64url.js'
import type { Bytes } from '../../bytes/bytes.js'
import { importDataKey } from '../../crypto/aes.js'
import { randomBytes } from '../../crypto/subtle.js'
import { ensure } from '../../errors/guard.js'
import {
  conflict,
  isOld,
  unlessHeld,
  type FileRecords,
  type RecordStart,
  type TagRun,
} from '../../stream/record-store.js'
import { database, found, type Store, type Work } from './database.js'

/**
 * Rows of the store `records`, under the message id.
 *
 * The store `tags` has three kinds of rows, and an older build calls the newer two damaged:
 *
 * - `[id, index]`: the tag of a frame, from before there were runs
 * - `[id, holder, count]`: the runs of one append
 * - `[id, name]`: a note with its name
 */
type Entry = { start: RecordStart; holder: string }
type Note = readonly [name: string, note: object]

/**
 * Keeps the records of file sealers in IndexedDB, where a page that is opened again finds them.
 *
 * - the data key is kept as a CryptoKey that is not extractable: scripts of the origin can use it,
 *   none can read it
 * - records older than 7 days are deleted when a new one is made, unless a sealer holds them. A
 *   browser without Web Locks deletes none
 * - scripts of the origin can read the notes of an upload
 *
 * @param name - of the database. Default: `sealdrop`
 * @returns records for `createFileSealer`, whose verbs throw SealdropError:
 *   - `output_failed`: IndexedDB is full, not allowed here, or blocked by another tab
 *   - `conflict`: another file sealer, perhaps in another tab, took over the record
 *   - `expired`: the record was deleted meanwhile, as with all data of the site
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
  let count = 0
  const taken = new Set<string>()
  const inDatabase = database(name, ['records', 'tags'])
  const run = <T>(work: Work<T>): Promise<T | undefined> => {
    holder ||= toBase64url(randomBytes(16))
    return inDatabase(work)
  }
  /** Adds a row to a record, if this is its holder. */
  const add = async (id: string, key: readonly (string | number)[], row: unknown) => {
    const has = await run<string>((store, done) =>
      readEntry(store, id, (entry) => {
        if (entry?.holder === holder) store('tags').put(row, [id, ...key])
        done(entry?.holder ?? '')
      }),
    )
    ensure(has, 'expired', 'the record is gone: start over with createFileSealer')
    if (has !== holder) throw conflict()
  }
  return {
    async create(id, start) {
      const key = await importDataKey((start as RecordStart).key as Bytes)
      const old = await run<IDBValidKey[]>((store, done) => {
        findOld(store('records'), done)
        store('records').put({ start: { ...start, key }, holder }, id)
        taken.add(id)
      })
      for (const oldId of old as string[])
        await unlessHeld(oldId, () => run((store) => erase(store, oldId)))
    },
    // of a view the whole memory below it would be kept
    append: (id, frames) =>
      add(
        id,
        [holder, count++],
        frames.map(([first, tags]) => [first, new Uint8Array(tags)]),
      ),
    load: async (id) =>
      run((store, done) =>
        readEntry(store, id, (entry) => {
          if (!entry) return
          store('records').put({ ...entry, holder }, id)
          taken.add(id)
          readRows(store('tags'), id, (rows) => done({ start: entry.start, ...rows }))
        }),
      ),
    async remove(id) {
      await run((store) =>
        readEntry(store, id, (entry) => {
          const takenOver = taken.delete(id) && entry?.holder !== holder
          if (!takenOver) erase(store, id)
        }),
      )
    },
    note: (id, title, note) => add(id, [title], [title, note]),
    list: async (title) => (await run(notesCalled(title))) ?? [],
  }
}

type Listed = (readonly [id: string, note: object])[]

const notesCalled =
  (title: string): Work<Listed> =>
  (store, done) => {
    const notes: Listed = []
    done(notes)
    found(store('records').getAllKeys() as IDBRequest<string[]>, (ids) => {
      for (const id of ids)
        found<Note | undefined>(store('tags').get([id, title]), (row) => {
          if (row) notes.push([id, row[1]])
        })
    })
  }

function readEntry(store: Store, id: string, use: (entry: Entry | undefined) => void): void {
  found(store('records').get(id), use)
}

const rowsOf = (id: string): IDBKeyRange => IDBKeyRange.bound([id], [id, []])

function erase(store: Store, id: string): void {
  store('records').delete(id)
  store('tags').delete(rowsOf(id))
}

/** The ids of records that are too old. */
function findOld(records: IDBObjectStore, use: (ids: IDBValidKey[]) => void): void {
  const keys = records.getAllKeys()
  found<Entry[]>(records.getAll(), (entries) =>
    use(keys.result.filter((_, i) => isOld((entries[i] as Entry).start.created))),
  )
}

function readRows(
  tags: IDBObjectStore,
  id: string,
  use: (rows: { tags: TagRun[]; notes: Note[] }) => void,
): void {
  // numbers come before text, so that these are the keys of the first rows
  const older = tags.getAllKeys(IDBKeyRange.bound([id], [id, '']))
  found<(Uint8Array | TagRun[] | Note)[]>(tags.getAll(rowsOf(id)), (rows) => {
    const read: { tags: TagRun[]; notes: Note[] } = { tags: [], notes: [] }
    for (const [i, row] of rows.entries()) {
      const key = older.result[i]
      if (key) read.tags.push([(key as [string, number])[1], row as Uint8Array])
      else if (typeof row[0] === 'string') read.notes.push(row as Note)
      else for (const run of row as TagRun[]) read.tags.push(run)
    }
    use(read)
  })
}
