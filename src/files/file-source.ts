import type { BigIntStats } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { SealdropError } from '../errors/sealdrop-error.js'
import { ensure } from '../errors/guard.js'
import type { ByteSource } from '../io/byte-source.js'
import { filePath } from './file-path.js'

/**
 * A file as a byte source. It is opened for every read, so that nothing need be closed;
 * `openAsBlob` of node:fs would lose bytes beyond 4 GiB on Node 20.
 *
 * @throws SealdropError `invalid_argument`; `source_failed` when it is not there, not readable, or
 *   not a file
 */
export async function fileSource(path: string | URL): Promise<ByteSource> {
  const file = filePath(path, 'fileSource: expected a path')
  const { size, version } = describe(await stat(file, { bigint: true }).catch(failed))
  const unchanged = async (handle: FileHandle): Promise<void> => {
    const now = describe(await handle.stat({ bigint: true }).catch(failed))
    ensure(
      now.version === version,
      'source_changed',
      'the file is another than when it was opened as a source, or was written to',
    )
  }
  return {
    size,
    async read(start, end, o = {}): Promise<Uint8Array> {
      const areOffsets = Number.isSafeInteger(start) && Number.isSafeInteger(end)
      ensure(
        areOffsets && start >= 0 && start <= end && end <= size,
        'invalid_argument',
        `read: expected a range within 0 to ${size}`,
      )
      o.signal?.throwIfAborted()
      const length = end - start
      const bytes = (o.into ?? new Uint8Array(length)).subarray(0, length)
      ensure(
        bytes.length === length,
        'invalid_argument',
        `into: expected memory for ${length} bytes, found ${bytes.length}`,
      )
      const handle = await open(file, 'r').catch(failed)
      try {
        await unchanged(handle)
        await fill(bytes, handle, { start, size, signal: o.signal })
        await unchanged(handle)
        return bytes
      } finally {
        await handle.close()
      }
    },
    version: async () => describe(await stat(file, { bigint: true }).catch(failed)).version,
  }
}

/** Reads as many bytes as the memory has room for, from a place of a file. */
async function fill(
  bytes: Uint8Array,
  handle: FileHandle,
  o: { readonly start: number; readonly size: number; readonly signal: AbortSignal | undefined },
): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    o.signal?.throwIfAborted()
    const most = Math.min(bytes.length - done, mostAtOnce)
    const { bytesRead } = await handle.read(bytes, done, most, o.start + done).catch(failed)
    ensure(
      bytesRead > 0,
      'source_changed',
      `the file ended at byte ${o.start + done}, before its size of ${o.size} bytes: it was cut while it was read`,
    )
    done += bytesRead
  }
}

/** node:fs ends the process when it is asked for 2 GiB in one read. */
const mostAtOnce = 2 ** 30

function describe(found: BigIntStats): { readonly size: number; readonly version: string } {
  ensure(found.isFile(), 'source_failed', 'the path is not a file')
  return {
    size: Number(found.size),
    version: `${found.dev}-${found.ino}-${found.size}-${found.mtimeNs}`,
  }
}

function failed(cause: NodeJS.ErrnoException): never {
  throw new SealdropError(
    'source_failed',
    `the file cannot be read: ${cause.code ?? 'unknown error'}`,
    { cause },
  )
}
