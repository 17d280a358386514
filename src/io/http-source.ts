import { ensure } from '../errors/guard.js'
import { isSealdropError, SealdropError } from '../errors/sealdrop-error.js'
import type { CallOptions } from './abort.js'
import type { ByteSource } from './byte-source.js'
import { readLimited } from './read-limited.js'

export interface HttpSourceOptions extends CallOptions {
  /** Sent with every request, for example an authorization. */
  readonly headers?: Readonly<Record<string, string>>
  /** Default: the host's. */
  readonly fetch?: typeof globalThis.fetch
}

/**
 * A file behind a URL as a byte source, read with Range requests. One request finds its size and
 * version (ETag, else Last-Modified); each read asks for that version. Redirects are not followed.
 *
 * @throws SealdropError `source_failed` (retryable where the server may answer another time),
 *   `source_changed`, `invalid_argument`
 * @see RFC 9110 §14
 */
export async function httpSource(
  url: string | URL,
  { headers, fetch = globalThis.fetch, signal }: HttpSourceOptions = {},
): Promise<ByteSource> {
  const { href, protocol } = new URL(url)
  ensure(
    protocol === 'https:' || protocol === 'http:',
    'invalid_argument',
    `url: expected http or https, found ${protocol}`,
  )
  const ask = async (
    start: number,
    end: number,
    etag: string | undefined,
    stop: AbortSignal | undefined,
  ): Promise<Response> => {
    try {
      return await fetch(href, {
        headers: {
          ...headers,
          range: `bytes=${start}-${end - 1}`,
          'accept-encoding': 'identity',
          ...(etag && { 'if-match': etag }),
        },
        redirect: 'manual',
        ...(stop && { signal: stop }),
      })
    } catch (cause) {
      stop?.throwIfAborted()
      throw new SealdropError('source_failed', 'the URL does not answer', {
        cause,
        retryable: true,
      })
    }
  }
  const versionOf = (response: Response): string =>
    response.headers.get('etag') ?? response.headers.get('last-modified') ?? ''
  const refuse = async (response: Response, what: string): Promise<never> => {
    await response.body?.cancel().catch(() => {})
    const { status } = response
    throw new SealdropError(
      status === 412 ? 'source_changed' : 'source_failed',
      `${what}; the URL answered with status ${status}`,
      { retryable: status >= 500 || status === 429 },
    )
  }

  const first = await ask(0, 1, undefined, signal)
  const size = Number(
    /^bytes (?:0-0|\*)\/(\d+)$/.exec(first.headers.get('content-range') ?? '')?.[1] ?? NaN,
  )
  if (
    !(first.status === 206 || (first.status === 416 && size === 0)) ||
    !Number.isSafeInteger(size)
  )
    return refuse(first, 'expected a server that answers Range requests')
  await first.body?.cancel().catch(() => {})
  const version = versionOf(first)
  const etag = version.startsWith('"') ? version : undefined // If-Match takes strong ones only (RFC 9110 §13.1.1)

  return {
    size,
    async read(start, end, o = {}) {
      if (start >= end) return new Uint8Array()
      const response = await ask(start, end, etag, o.signal)
      if (response.status !== 206 && response.status !== 416)
        return refuse(response, `expected bytes ${start} to ${end}`)
      const range = response.headers.get('content-range') ?? ''
      const same = versionOf(response) === version && range.endsWith(`/${size}`)
      const whole = same && range === `bytes ${start}-${end - 1}/${size}`
      if (!whole) await response.body?.cancel().catch(() => {})
      ensure(
        same,
        'source_changed',
        'the file behind the URL was changed since it was first asked for',
      )
      if (!whole)
        throw new SealdropError(
          'source_failed',
          `expected bytes ${start} to ${end}, the URL answered with others`,
          { retryable: true },
        )
      const bytes =
        response.body &&
        (await readLimited(response.body, end - start).catch((cause: unknown) => {
          o.signal?.throwIfAborted()
          throw isSealdropError(cause)
            ? cause
            : new SealdropError('source_failed', 'the connection ended within an answer', {
                cause,
                retryable: true,
              })
        }))
      if (bytes?.length !== end - start)
        throw new SealdropError(
          'source_failed',
          `expected ${end - start} bytes, the URL answered with ${bytes ? bytes.length : 'more'}`,
          { retryable: true },
        )
      return bytes
    },
    version: async () => version,
  }
}
