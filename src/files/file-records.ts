import { constants } from 'node:fs'
import { mkdir, open, readdir, stat, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { limits } from '../algorithms/limits.js'
import { toBase64url } from '../bytes/base64url.js'
import { isSealdropError, SealdropError } from '../errors/sealdrop-error.js'
import type { FileRecords, RecordStart } from '../stream/file-records.js'
import { holderOf, lineOf, linesOf, readLog, startLine, type Line } from './record-log.js'
import { syncFolder } from './write-file.js'
import { filePath } from './file-path.js'

const failed = (cause: unknown): never => {
  if (isSealdropError(cause)) throw cause
  throw new SealdropError(
    'output_failed',
    `the record cannot be kept: ${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}`,
    { cause },
  )
}

const missing = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'

const conflict = (): SealdropError =>
  new SealdropError(
    'conflict',
    'another process took over the record of this message, or deleted it',
  )

/** Who holds a record here, and how far its log is known. */
interface Held {
  readonly holder: string
  known: number
}

/**
 * Records of file sealers in a folder, one log for each message, mode 0600. A log holds the data
 * key, beside a file that is plaintext anyway. Logs older than 7 days are deleted when a new one is
 * made.
 *
 * Every line is on disk before the promise resolves. Who loads a record takes it over by a line of
 * its own; lines that a holder wrote after that do not count, and it learns of it before its frames
 * leave.
 *
 * @returns records whose verbs throw SealdropError `output_failed`, `conflict`, `malformed`
 * @see design.md, "Sealing a frame twice"
 */
export function fileRecords(folder: string | URL): FileRecords {
  const dir = filePath(folder, 'fileRecords: expected the path of a folder')
  const pathOf = (id: string): string | undefined =>
    /^[\w-]{43}$/.test(id) ? join(dir, `${id}.sealdrop`) : undefined
  const records = new Map<string, Held>()
  const queues = new Map<string, Promise<unknown>>()

  /** One after the other for each record, so that each knows what the one before wrote. */
  const inTurn = <T>(id: string, work: () => Promise<T>): Promise<T> => {
    const mine = (queues.get(id) ?? Promise.resolve()).then(work)
    const settled = mine.catch(() => {})
    queues.set(id, settled)
    void settled.then(() => {
      if (queues.get(id) === settled) queues.delete(id)
    })
    return mine
  }

  /** Appends a line, and answers the log before it from where it was known. */
  const append = async (
    handle: FileHandle,
    held: Held,
    line: Omit<Line, 'holder'>,
  ): Promise<string> => {
    const text = lineOf({ holder: held.holder, ...line })
    await handle.appendFile(Buffer.from(text))
    await handle.datasync()
    const { size } = await handle.stat()
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.max(0, size - held.known)), {
      position: held.known,
    })
    const log = buffer.toString('latin1', 0, bytesRead) // lines are ASCII
    const at = log.indexOf(text)
    if (at < 0) throw conflict()
    held.known += at + text.length
    return log.slice(0, at)
  }

  const using = async <T>(
    id: string,
    flags: string | number,
    work: (handle: FileHandle) => Promise<T>,
  ): Promise<T> => {
    const handle = await open(pathOf(id)!, flags, 0o600)
    try {
      return await work(handle)
    } finally {
      await handle.close()
    }
  }
  const existing = constants.O_RDWR | constants.O_APPEND // never made anew

  return {
    create: (id, start) =>
      inTurn(id, async () => {
        await mkdir(dir, { recursive: true, mode: 0o700 })
        await prune(dir)
        const held = { holder: crypto.randomUUID(), known: 0 }
        await using(id, 'ax+', (handle) => append(handle, held, startLine(start as RecordStart)))
        await syncFolder(dir)
        records.set(id, held)
      }).catch(failed),
    append: (id, frames) =>
      inTurn(id, async () => {
        const held = records.get(id)
        if (!held) throw conflict()
        const before = await using(id, existing, (handle) =>
          append(handle, held, { frames: frames.map(([index, tag]) => [index, toBase64url(tag)]) }),
        )
        if (holderOf(linesOf(before), held.holder) !== held.holder) throw conflict()
      }).catch((error: unknown) => {
        throw missing(error) ? conflict() : failed(error)
      }),
    load: (id) =>
      inTurn(id, async () => {
        if (!pathOf(id)) return undefined
        const held = { holder: crypto.randomUUID(), known: 0 }
        const log = await using(id, existing, (handle) => append(handle, held, { takes: true }))
        records.set(id, held)
        return readLog(log)
      }).catch((error: unknown) => (missing(error) ? undefined : failed(error))),
    remove: (id) =>
      inTurn(id, async () => {
        const path = pathOf(id)
        const held = records.get(id)
        records.delete(id)
        if (!path) return
        const log = held && (await using(id, 'r', (handle) => handle.readFile('latin1')))
        if (held && holderOf(linesOf(log!), '') !== held.holder) return // it is another's now
        await unlink(path)
      }).catch((error: unknown) => {
        if (!missing(error)) failed(error)
      }),
  }
}

async function prune(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!/^[\w-]{43}\.sealdrop$/.test(name)) continue
    const path = join(dir, name)
    const found = await stat(path).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > limits.recordAge) await unlink(path).catch(() => {})
  }
}
