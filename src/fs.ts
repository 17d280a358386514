/** Node files as byte sources; no AWS. */
import { open, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { SealdropError } from './errors/sealdrop-error.js'
import { ensure } from './errors/guard.js'
import type { ByteSource } from './io/byte-source.js'

export type { ByteSource } from './io/byte-source.js'

/**
 * A file as a byte source. It is opened for every read, so that nothing need be closed; `openAsBlob` of node:fs would lose
 * bytes beyond 4 GiB on Node 20.
 *
 * @throws SealdropError `source_failed` when it is not there, not readable, or not a file
 */
export async function fileSource(path: string | URL): Promise<ByteSource> {
  const file = path instanceof URL ? fileURLToPath(path) : path
  const look = async () => {
    const found = await stat(file, { bigint: true }).catch(failed)
    ensure(found.isFile(), 'source_failed', 'the path is not a file')
    return { size: Number(found.size), version: `${found.dev}-${found.ino}-${found.size}-${found.mtimeNs}` }
  }
  const { size } = await look()
  return {
    size,
    async read(start, end, o = {}): Promise<Uint8Array> {
      ensure(Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end && end <= size, 'invalid_argument', `read: expected a range within 0 to ${size}`)
      o.signal?.throwIfAborted()
      const handle = await open(file, 'r').catch(failed)
      try {
        const bytes = new Uint8Array(end - start)
        for (let done = 0; done < bytes.length;) {
          o.signal?.throwIfAborted()
          const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done).catch(failed)
          ensure(bytesRead > 0, 'source_changed', `the file ended at byte ${start + done}, before its size of ${size} bytes: it was cut while it was read`)
          done += bytesRead
        }
        return bytes
      } finally {
        await handle.close()
      }
    },
    version: async () => (await look()).version,
  }
}

function failed(cause: NodeJS.ErrnoException): never {
  throw new SealdropError('source_failed', `the file cannot be read: ${cause.code ?? 'unknown error'}`, { cause })
}
