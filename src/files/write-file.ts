import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, link, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SealdropError } from '../errors/sealdrop-error.js'

function failed(cause: NodeJS.ErrnoException): never {
  throw new SealdropError(
    'output_failed',
    `the file cannot be written: ${cause.code ?? 'unknown error'}`,
    { cause },
  )
}

/**
 * Writes a file whole or not at all.
 *
 * It writes a temporary file beside it, mode 0600, which takes its place when everything is on
 * disk, and is removed otherwise.
 *
 * @throws SealdropError `output_failed`, and what the stream fails with
 */
export async function writeFileWhole(
  path: string,
  stream: ReadableStream<Uint8Array>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.part`)
  let handle: FileHandle
  try {
    handle = await open(temporary, 'wx', 0o600)
  } catch (error) {
    await stream.cancel(error)
    return failed(error as NodeJS.ErrnoException)
  }
  try {
    try {
      for await (const chunk of stream) await writeAll(handle, chunk)
      await handle.sync().catch(failed)
    } finally {
      await handle.close()
    }
    await rename(temporary, path).catch(failed)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

/**
 * Writes a file that is not there yet, whole or not at all, with the mode 0600.
 *
 * @returns false where another one is there already
 * @throws SealdropError `output_failed`
 */
export async function writeNewFile(path: string, text: string): Promise<boolean> {
  const whole = join(dirname(path), `.${randomUUID()}`)
  await writeFileWhole(whole, new Blob([text]).stream())
  try {
    // not every file system has links; a copy does not appear whole, but is as exclusive
    await link(whole, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw error
      return copyFile(whole, path, constants.COPYFILE_EXCL)
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    return failed(error as NodeJS.ErrnoException)
  } finally {
    await rm(whole, { force: true })
  }
  await syncFolder(dirname(path))
  return true
}

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
