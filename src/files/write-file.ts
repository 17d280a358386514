import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, link, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SealdropError } from '../errors/sealdrop-error.js'

function failed(cause: NodeJS.ErrnoException): never {
  throw new SealdropError(
    'output_failed',
    `the file cannot be written: ${cause.code ?? 'unknown error'}`,
    { cause },
  )
}

/** How a file is written. */
export interface WriteOptions {
  /** Whether a file that is there is replaced. Default: true. */
  readonly replace?: boolean
  /** Who may read it. Default: its owner, whatever the umask says. With `umask` that decides. */
  readonly mode?: 'owner' | 'umask'
}

/** What a file is called while it is written. */
const partOf = (name: string): string => `.${name}.${randomUUID()}.part`
const part = /^\.(.+)\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.part$/

/**
 * Temporary files of these names in a folder.
 *
 * Somebody writes them now, or was killed while doing so: nothing tells the one from the other.
 */
export async function partsIn(
  folder: string,
  names: readonly string[],
): Promise<readonly string[]> {
  const found = await readdir(folder).catch((): string[] => [])
  return found.filter((file) => names.includes(part.exec(file)?.[1] ?? ''))
}

/**
 * Writes a file whole or not at all.
 *
 * It writes a temporary file beside it, which takes its place when everything is on disk, and is
 * removed otherwise.
 *
 * @returns false where a file is there, and may not be replaced
 * @throws SealdropError `output_failed`, and what the stream fails with
 */
export async function writeFileWhole(
  path: string,
  stream: ReadableStream<Uint8Array>,
  { replace = true, mode = 'owner' }: WriteOptions = {},
): Promise<boolean> {
  const temporary = join(dirname(path), partOf(basename(path)))
  let handle: FileHandle
  try {
    handle = await open(temporary, 'wx', mode === 'owner' ? 0o600 : 0o666)
  } catch (error) {
    await stream.cancel(error)
    return failed(error as NodeJS.ErrnoException)
  }
  try {
    try {
      if (mode === 'owner') await handle.chmod(0o600).catch(failed)
      for await (const chunk of stream) await writeAll(handle, chunk)
      await handle.sync().catch(failed)
    } finally {
      await handle.close()
    }
    const isThere = await (replace ? replaced : placed)(temporary, path).catch(failed)
    if (!isThere) return false
  } finally {
    await rm(temporary, { force: true })
  }
  await syncFolder(dirname(path))
  return true
}

async function replaced(temporary: string, path: string): Promise<boolean> {
  await rename(temporary, path)
  return true
}

/** Puts a file where none is. */
async function placed(temporary: string, path: string): Promise<boolean> {
  try {
    // not every file system has links; a copy does not appear whole, but is as exclusive
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw error
      return copyFile(temporary, path, constants.COPYFILE_EXCL)
    })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Writes a file that is not there yet, whole or not at all, with the mode 0600.
 *
 * @returns false where another one is there already
 * @throws SealdropError `output_failed`
 */
export const writeNewFile = (path: string, text: string): Promise<boolean> =>
  writeFileWhole(path, new Blob([text]).stream(), { replace: false })

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  let at = 0
  while (at < chunk.length) {
    const { bytesWritten } = await handle.write(chunk, at).catch(failed)
    at += bytesWritten
  }
}

/** Writes a folder to disk, so that names survive a power failure too. Not every system can. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close()
}
