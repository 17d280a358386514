import type { BigIntStats } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { SealdropError } from '../errors/sealdrop-error.js'
import { ensure } from '../errors/guard.js'
import type { ByteSource } from '../io/byte-source.js'
import { filePath } from './file-path.js'

/**
 * Makes a byte source of a file.
 *
 * - The file is opened for every read, so that nothing need be closed.
 * - `openAsBlob` of node:fs is no substitute: on Node 20 it loses bytes beyond 4 GiB.
 *
 * @param path - a path, or a `file:` URL
 * @throws SealdropError when it is called:
 *   - `invalid_argument`: the path is neither text nor a `file:` URL
 *   - `source_failed`: the file is not there, cannot be read, or is none
 * @throws SealdropError while reading:
 *   - `invalid_argument`: the range is not within the file
 *   - `source_failed`: the file cannot be read
 *   - `source_changed`: the file was written to, or is another one now
 * @example
 *   ```js
 *   import { fetchKeySet, overHttps, sealStream } from 'sealdrop'
 *   import { fileSource } from 'sealdrop/fs'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const file = await fileSource('report.pdf')
 *   const { readable, length } = await sealStream(keys, file, { context: { order: '7' } })
 *   const body = await new Response(readable).blob()
 *   await fetch('https://files.example.com/report.sealed', { method: 'PUT', body })
 *   console.log(file.size, length === body.size) // 1048576 true
 *   ```
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

/** Reads bytes from a place of a file until the memory is full. */
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

/** Bytes that are read at once: node:fs ends the process when it is asked for 2 GiB. */
const mostAtOnce = 2 ** 30

function describe(found: BigIntStats): { readonly size: number; readonly version: string } {
  ensure(found.isFile(), 'source_failed', 'the path is not a file')
  return {
    size: Number(found.size),
    version: `${found.dev}-${found.ino}-${found.size}-${found.mtimeNs}-${found.ctimeNs}`,
  }
}

function failed(cause: NodeJS.ErrnoException): never {
  throw new SealdropError(
    'source_failed',
    `the file cannot be read: ${cause.code ?? 'unknown error'}`,
    { cause },
  )
}
