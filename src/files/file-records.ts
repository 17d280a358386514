import { constants } from 'node:fs'
import { mkdir, open, readdir, stat, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { limits } from '../algorithms/limits.js'
import { fromBase64url, toBase64url } from '../bytes/base64url.js'
import { isSealdropError, SealdropError } from '../errors/sealdrop-error.js'
import type { FileRecords, RecordStart } from '../stream/file-records.js'
import { syncFolder } from './write-file.js'

type Line = { start?: Record<string, unknown>; holder?: string; frames?: [number, string][] }

const failed = (cause: unknown): never => {
  if (isSealdropError(cause)) throw cause
  throw new SealdropError('output_failed', `the record cannot be kept: ${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}`, { cause })
}

const conflict = (): SealdropError => new SealdropError('conflict', 'another process took over the record of this message, or deleted it')

/**
 * Records of file sealers in a folder, one log for each message, mode 0600. A log holds the data key, beside a file that is
 * plaintext anyway. Logs older than 7 days are deleted when a new one is made.
 *
 * Every line is synced before the promise resolves. Who loads a record appends a line of its own; an append that finds
 * anything but its own line behind what it knew has been taken over: of two holders never both go on.
 *
 * @returns records whose verbs throw SealdropError `output_failed`, `conflict`, `malformed`
 * @see design.md, "Sealing a frame twice"
 */
export function fileRecords(folder: string | URL): FileRecords {
  const dir = folder instanceof URL ? fileURLToPath(folder) : folder
  const pathOf = (id: string): string | undefined => (/^[\w-]{43}$/.test(id) ? join(dir, `${id}.sealdrop`) : undefined)
  /** How far each log is known. */
  const known = new Map<string, number>()

  /** Appends a line and makes sure that nothing else was appended since. */
  const append = async (handle: FileHandle, id: string, line: Line): Promise<void> => {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
    const from = known.get(id)!
    await handle.appendFile(bytes)
    await handle.datasync()
    const { size } = await handle.stat()
    const found = Buffer.alloc(Math.min(bytes.length, size - from) || 0)
    await handle.read(found, 0, found.length, from)
    if (size !== from + bytes.length || !found.equals(bytes)) throw conflict()
    known.set(id, size)
  }

  return {
    async create(id, start) {
      try {
        await mkdir(dir, { recursive: true, mode: 0o700 })
        await prune(dir)
        const handle = await open(pathOf(id)!, 'ax+', 0o600)
        try {
          known.set(id, 0)
          await append(handle, id, { start: encode(start as RecordStart) })
        } finally {
          await handle.close()
        }
        await syncFolder(dir)
      } catch (error) {
        failed(error)
      }
    },
    async append(id, frames) {
      try {
        const handle = await open(pathOf(id)!, constants.O_RDWR | constants.O_APPEND) // never made anew
        try {
          await append(handle, id, { frames: frames.map(([index, tag]) => [index, toBase64url(tag)]) })
        } finally {
          await handle.close()
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw conflict()
        failed(error)
      }
    },
    async load(id) {
      const path = pathOf(id)
      if (!path) return undefined
      try {
        const handle = await open(path, constants.O_RDWR | constants.O_APPEND)
        try {
          const before = await handle.readFile()
          const whole = before.lastIndexOf('\n') + 1
          if (whole < before.length) await handle.truncate(whole) // a line torn by a crash: its frames never left
          known.set(id, whole)
          const log = parse(before.subarray(0, whole).toString())
          await append(handle, id, { holder: crypto.randomUUID() })
          return log
        } finally {
          await handle.close()
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        return failed(error)
      }
    },
    async remove(id) {
      const path = pathOf(id)
      known.delete(id)
      if (path) await unlink(path).catch((error: NodeJS.ErrnoException) => { if (error.code !== 'ENOENT') failed(error) })
    },
  }
}

const encode = ({ header, key, ...rest }: RecordStart): Record<string, unknown> => ({ ...rest, header: toBase64url(header), key: toBase64url(key as Uint8Array) })

/** A log that is not whole is none: what frames left is not known then. */
function parse(text: string): { start: object; tags: Map<number, Uint8Array> } {
  const tags = new Map<number, Uint8Array>()
  try {
    const [first, ...lines] = text.trimEnd().split('\n').map((line) => JSON.parse(line) as Line)
    const { header, key, ...rest } = first!.start!
    for (const { frames = [] } of lines) for (const [index, tag] of frames) tags.set(index, decoded(tag))
    return { start: { ...rest, header: decoded(header), key: decoded(key) }, tags }
  } catch (cause) {
    throw new SealdropError('malformed', 'the record is damaged: start over with createFileSealer', { cause })
  }
}

function decoded(text: unknown): Uint8Array {
  const bytes = fromBase64url(text as string)
  if (!bytes) throw new Error('not base64url')
  return bytes
}

async function prune(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!/^[\w-]{43}\.sealdrop$/.test(name)) continue
    const path = join(dir, name)
    const age = Date.now() - (await stat(path).catch(() => undefined))?.mtimeMs!
    if (age > limits.recordAge) await unlink(path).catch(() => {})
  }
}
