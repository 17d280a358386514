import { randomUUID } from 'node:crypto'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
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
