import { constants } from 'node:fs'
import { mkdir, readdir, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { toBase64url } from '../../bytes/base64url.js'
import { ensure } from '../../errors/guard.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import type { FileRecords, RecordStart, TagRun } from '../../stream/record-store.js'
import { filePath } from '../../files/file-path.js'
import { appendLine, conflict, withFile, type HeldLog } from './record-file.js'
import {
  holderOf,
  linesOf,
  noteLine,
  readLog,
  singleTags,
  startLine,
  type Line,
} from './record-log.js'
import { logName, prune, thisProcess } from './old-logs.js'
import { syncFolder } from '../../files/write-file.js'

/**
 * Keeps what file sealers need to go on after a crash in a folder, as one log for each message.
 *
 * - A log has the mode 0600. It holds the data key, beside a file that is plaintext anyway.
 * - Logs older than 7 days are deleted when a new one is made, but none that a sealer holds. A log
 *   of a process that still runs is left to that process.
 * - Every line is on disk before the promise resolves.
 * - Whoever loads a record takes it over, by a line of its own. What another holder writes after
 *   that does not count, and it gets `conflict` before its frames leave.
 *
 * @param folder - path of the folder, which is made when a record is
 * @returns records for `createFileSealer` and `restoreFileSealer`
 * @throws SealdropError when it is called:
 *   - `invalid_argument`: the path is neither text nor a `file:` URL
 * @throws SealdropError while reading, by `load()`:
 *   - `malformed`: the record is damaged
 * @throws SealdropError while writing, by its verbs:
 *   - `output_failed`: the record cannot be kept
 *   - `conflict`: another process took the record over
 *   - `expired`: its log was deleted
 *   - `source_changed`: a frame left before with another tag
 * @example
 *   ```js
 *   import { createFileSealer, fetchKeySet, overHttps, restoreFileSealer } from 'sealdrop'
 *   import { fileRecords, fileSource } from 'sealdrop/fs'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const [file, records] = [await fileSource('report.pdf'), fileRecords('uploads')]
 *   const sealer = await createFileSealer(keys, file, { context: { order: '7' }, records })
 *   const first = await sealer.slice(0, 65_536)
 *   await sealer.close() // the program ends here, and another one goes on
 *   const restored = await restoreFileSealer(keys, records, sealer.messageId, file)
 *   const again = await restored.slice(0, 65_536)
 *   console.log(Buffer.compare(first, again)) // 0
 *   ```
 * @see design.md, "Sealing a frame twice"
 */
export function fileRecords(folder: string | URL): FileRecords {
  const logs = new RecordFolder(filePath(folder, 'fileRecords: expected the path of a folder'))
  const turns = new Turns()
  return {
    create: (id, start) =>
      turns.take(id, () => logs.create(id, start as RecordStart)).catch(failed),
    append: (id, frames) => turns.take(id, () => logs.append(id, frames)).catch(failedToAdd),
    load: (id) =>
      turns
        .take(id, () => logs.load(id))
        .catch((error: unknown) => (isMissing(error) ? undefined : failed(error))),
    remove: (id) =>
      turns
        .take(id, () => logs.remove(id))
        .catch((error: unknown) => {
          if (!isMissing(error)) failed(error)
        }),
    note: (id, title, note) => turns.take(id, () => logs.note(id, title, note)).catch(failedToAdd),
    list: (title) => logs.list(title).catch(failed),
  }
}

function failedToAdd(error: unknown): never {
  if (!isMissing(error)) failed(error)
  throw new SealdropError('expired', 'the log of the record is gone: start over')
}

function failed(cause: unknown): never {
  if (isSealdropError(cause)) throw cause
  throw new SealdropError(
    'output_failed',
    `the record cannot be kept: ${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}`,
    { cause },
  )
}

const isMissing = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'

/** Does the work on a record one after the other, so that each knows what the one before wrote. */
class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  take<T>(id: string, work: () => Promise<T>): Promise<T> {
    const mine = (this.#last.get(id) ?? Promise.resolve()).then(work)
    const settled = mine.catch(() => {})
    this.#last.set(id, settled)
    void settled.then(() => {
      if (this.#last.get(id) === settled) this.#last.delete(id)
    })
    return mine
  }
}

/** Opens a log that is there, and makes none. */
const existing = constants.O_RDWR | constants.O_APPEND

/** The logs of a folder, of which some are held here. */
class RecordFolder {
  readonly #dir: string
  readonly #held = new Map<string, HeldLog>()

  constructor(dir: string) {
    this.#dir = dir
  }

  async create(id: string, start: RecordStart): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    await prune(this.#dir, (old) => this.#held.has(old))
    const held = this.#newlyHeld(id)
    if (!held) throw new SealdropError('output_failed', 'the record cannot be kept: no message id')
    await appendLine(held, 'ax+', { ...startLine(start), by: thisProcess() })
    await syncFolder(this.#dir)
    this.#held.set(id, held)
  }

  async append(id: string, frames: readonly TagRun[]): Promise<void> {
    const held = this.#heldLog(id)
    const tags = [...singleTags(frames)].map(([index, tag]) => [index, toBase64url(tag)] as const)
    // never over another one: that would be a second plaintext under one key and IV
    ensure(
      tags.every(([index, tag]) => (held.tags.get(index) ?? tag) === tag),
      'source_changed',
      'a frame left before with another tag: start over with createFileSealer',
    )
    await appendOwn(held, {
      frames: frames.map(([first, run]) => [first, toBase64url(run)] as const),
    })
    for (const [index, tag] of tags) held.tags.set(index, tag)
  }

  async note(id: string, title: string, note: object): Promise<void> {
    await appendOwn(this.#heldLog(id), noteLine(title, note))
  }

  async list(title: string): Promise<(readonly [string, object])[]> {
    const found: (readonly [string, object])[] = []
    for (const file of await readdir(this.#dir).catch(none)) {
      const id = logName.exec(file)?.[1]
      const note = id && (await notesOf(join(this.#dir, file))).get(title)
      if (note) found.push([id, note])
    }
    return found
  }

  async load(id: string): ReturnType<FileRecords['load']> {
    const held = this.#newlyHeld(id)
    if (!held) return undefined
    const log = await appendLine(held, existing, { takes: true, by: thisProcess() })
    this.#held.set(id, held)
    const record = readLog(log)
    for (const [index, tag] of record.tags) held.tags.set(index, toBase64url(tag))
    return record
  }

  async remove(id: string): Promise<void> {
    const path = this.#pathOf(id)
    const held = this.#held.get(id)
    this.#held.delete(id)
    if (path === undefined) return
    if (held) {
      const log = await withFile(path, 'r', (handle) => handle.readFile('latin1'))
      const isAnothers = holderOf(linesOf(log), '') !== held.holder
      if (isAnothers) return
    }
    await unlink(path)
  }

  #heldLog(id: string): HeldLog {
    const held = this.#held.get(id)
    if (!held) throw conflict()
    return held
  }

  #newlyHeld(id: string): HeldLog | undefined {
    const path = this.#pathOf(id)
    if (path === undefined) return undefined
    return { path, holder: crypto.randomUUID(), known: 0, tags: new Map() }
  }

  /** The path of a log; undefined for what is no message id. */
  #pathOf(id: string): string | undefined {
    const file = `${id}.sealdrop`
    return logName.test(file) ? join(this.#dir, file) : undefined
  }
}

const none = (error: unknown): [] => {
  if (isMissing(error)) return []
  throw error
}

/** The notes of a log; none of one that is gone, or is damaged, which restoring it says. */
async function notesOf(path: string): Promise<ReadonlyMap<string, object>> {
  const log = await readFile(path, 'latin1').catch(none)
  try {
    return readLog(String(log)).notes
  } catch {
    return new Map()
  }
}

/** Appends a line of who still holds the record. */
async function appendOwn(held: HeldLog, line: Omit<Line, 'holder'>): Promise<void> {
  const before = await appendLine(held, existing, line)
  if (holderOf(linesOf(before), held.holder) !== held.holder) throw conflict()
}
