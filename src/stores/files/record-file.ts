import { Buffer } from 'node:buffer'
import { open, type FileHandle } from 'node:fs/promises'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { lineOf, type Line } from './record-log.js'

/** A log that is held here, and how many of its bytes are known. */
export interface HeldLog {
  readonly path: string
  readonly holder: string
  known: number
  /** The tags of frames that are on disk, in base64url. */
  readonly tags: Map<number, string>
}

export const conflict = (): SealdropError =>
  new SealdropError('conflict', 'another process took over the record of this message')

/** Opens a file for some work, and closes it after that. A new file gets the mode 0600. */
export async function withFile<T>(
  path: string,
  flags: string | number,
  work: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  const handle = await open(path, flags, 0o600)
  try {
    return await work(handle)
  } finally {
    await handle.close()
  }
}

/**
 * Appends a line to a log, and waits until it is on disk.
 *
 * @returns what others wrote before the line, from where the log was known
 * @throws SealdropError `conflict` where another file has its path now, so that the line is lost
 */
export function appendLine(
  held: HeldLog,
  flags: string | number,
  line: Omit<Line, 'holder'>,
): Promise<string> {
  return withFile(held.path, flags, async (handle) => {
    const text = lineOf({ holder: held.holder, ...line })
    await handle.appendFile(Buffer.from(text))
    await handle.datasync()
    const log = await readFrom(handle, held.known)
    const at = log.indexOf(text)
    if (at < 0) throw conflict()
    held.known += at + text.length
    return log.slice(0, at)
  })
}

async function readFrom(handle: FileHandle, position: number): Promise<string> {
  const { size } = await handle.stat()
  const memory = Buffer.alloc(Math.max(0, size - position))
  // lines are ASCII
  const { buffer, bytesRead } = await handle.read(memory, { position })
  return buffer.toString('latin1', 0, bytesRead)
}
