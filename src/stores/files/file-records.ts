import { constants } from 'node:fs'
import { mkdir, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { limits } from '../../algorithms/limits.js'
import { toBase64url } from '../../bytes/base64url.js'
import { ensure } from '../../errors/guard.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import type { FileRecords, RecordStart } from '../../stream/record-store.js'
import { filePath } from '../../files/file-path.js'
import { appendLine, conflict, withFile, type HeldLog } from './record-file.js'
import { holderOf, linesOf, readLog, startLine } from './record-log.js'
import { syncFolder } from '../../files/write-file.js'

/**
 * Keeps what file sealers need to go on after a crash in a folder, as one log for each message.
 *
 * - A log has the mode 0600. It holds the data key, beside a file that is plaintext anyway.
 * - Logs older than 7 days are deleted when a new one is made.
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
 *   - `conflict`: another process took the record over, or deleted it
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
    append: (id, frames) =>
      turns
        .take(id, () => logs.append(id, frames))
        .catch((error: unknown) => {
          throw isMissing(error) ? conflict() : failed(error)
        }),
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
  }
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

const name = /^[\w-]{43}\.sealdrop$/
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
    await prune(this.#dir)
    const held = this.#newlyHeld(id)
    if (!held) throw new SealdropError('output_failed', 'the record cannot be kept: no message id')
    await appendLine(held, 'ax+', startLine(start))
    await syncFolder(this.#dir)
    this.#held.set(id, held)
  }

  async append(id: string, frames: Parameters<FileRecords['append']>[1]): Promise<void> {
    const held = this.#held.get(id)
    if (!held) throw conflict()
    const tags = frames.map(([index, tag]) => [index, toBase64url(tag)] as const)
    // never over another one: that would be a second plaintext under one key and IV
    ensure(
      tags.every(([index, tag]) => (held.tags.get(index) ?? tag) === tag),
      'source_changed',
      'a frame left before with another tag: start over with createFileSealer',
    )
    const before = await appendLine(held, existing, { frames: tags })
    if (holderOf(linesOf(before), held.holder) !== held.holder) throw conflict()
    for (const [index, tag] of tags) held.tags.set(index, tag)
  }

  async load(id: string): ReturnType<FileRecords['load']> {
    const held = this.#newlyHeld(id)
    if (!held) return undefined
    const log = await appendLine(held, existing, { takes: true })
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

  #newlyHeld(id: string): HeldLog | undefined {
    const path = this.#pathOf(id)
    if (path === undefined) return undefined
    return { path, holder: crypto.randomUUID(), known: 0, tags: new Map() }
  }

  /** The path of a log; undefined for what is no message id. */
  #pathOf(id: string): string | undefined {
    const file = `${id}.sealdrop`
    return name.test(file) ? join(this.#dir, file) : undefined
  }
}

/** Deletes logs that nobody goes on with. */
async function prune(dir: string): Promise<void> {
  for (const file of await readdir(dir)) {
    if (!name.test(file)) continue
    const path = join(dir, file)
    const found = await stat(path).catch(() => undefined)
    const isOld = found && Date.now() - found.mtimeMs > limits.recordAge
    if (isOld) await unlink(path).catch(() => {})
  }
}
