import type { Bytes } from '../bytes/bytes.js'
import { ensure, hasMethods } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { isSealdropError, SealdropError } from '../errors/sealdrop-error.js'
import { blaming } from '../errors/whose.js'
import type { CallOptions } from './abort.js'
import type { ByteSource } from './byte-source.js'
import { isLoopback } from './secure-url.js'
import { giveUp, readLimited } from './read-limited.js'

/** How a file behind a URL is asked for. */
export interface HttpSourceOptions extends CallOptions {
  /**
   * Headers of every request, for example an authorization. Default: none.
   *
   * - Over plain http they are sent to loopback only, since anybody on the way could read them.
   */
  readonly headers?: Readonly<Record<string, string>>
  /** Makes the requests. Default: `globalThis.fetch`. */
  readonly fetch?: typeof globalThis.fetch
}

/** A file as it was when it was first asked for. */
interface RemoteFile {
  readonly ask: Ask
  readonly size: number
  readonly version: string
}

/** One Range request; `ifMatch` is the version that it is for. */
type Ask = (
  start: number,
  end: number,
  o: { readonly ifMatch?: string | undefined; readonly signal?: AbortSignal | undefined },
) => Promise<Response>

/**
 * Makes a byte source of a file behind a URL, which is read with Range requests.
 *
 * - One request finds the size and the version: the ETag, or else Last-Modified.
 * - Each read asks for that version.
 * - Redirects are not followed.
 *
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: the URL is neither http nor https
 * @throws SealdropError from the server:
 *   - `source_failed`: it cannot be reached, or does not answer Range requests; retry when
 *     `retryable`
 * @throws SealdropError while reading:
 *   - `source_failed`: the server answered with other bytes, or with too few
 *   - `source_changed`: the file was changed since it was first asked for
 * @example
 *   ```js
 *   import { fetchKeySet, overHttps, sealStream } from 'sealdrop'
 *   import { createOpener, httpSource } from 'sealdrop/kms'
 *   const url = 'https://files.example.com/order-7.sealed'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const sealed = await sealStream(keys, new Blob(['order 7, order 8']), { context: {} })
 *   await fetch(url, { method: 'PUT', body: await new Response(sealed.readable).blob() })
 *   const opener = createOpener({ keys: ['alias/claims'] })
 *   const part = await opener.openRange(await httpSource(url), 9, 16, { context: {} })
 *   console.log(await new Response(part.readable).text()) // order 8
 *   ```
 * @see RFC 9110 §14
 */
export function httpSource(url: string | URL, o?: HttpSourceOptions): Promise<ByteSource> {
  return blaming('operator', () => sourceAt(url, o))
}

async function sourceAt(url: string | URL, o?: HttpSourceOptions): Promise<ByteSource> {
  const { headers = {}, fetch = globalThis.fetch, signal } = checkOptions(o, 'signal headers fetch')
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const { href = '', protocol = 'no URL' } = parsed ?? {}
  ensure(
    parsed && (protocol === 'https:' || protocol === 'http:'),
    'invalid_argument',
    `url: expected http or https, found ${protocol}`,
  )
  const isPrivate = protocol === 'https:' || isLoopback(parsed)
  const left = isPrivate || Object.keys(headers).length === 0 ? '' : leftOut
  const file = await findFile(asker(href, left ? {} : headers, fetch), left, signal)
  return {
    size: file.size,
    read: (start, end, call = {}) =>
      blaming('operator', () =>
        start >= end ? new Uint8Array() : readRange(file, start, end, call.signal),
      ),
    version: async () => file.version,
  }
}

function asker(
  href: string,
  headers: Readonly<Record<string, string>>,
  fetch: typeof globalThis.fetch,
): Ask {
  return async (start, end, { ifMatch, signal }) => {
    try {
      const response = await fetch(href, {
        headers: {
          ...headers,
          range: `bytes=${start}-${end - 1}`,
          'accept-encoding': 'identity',
          ...(ifMatch && { 'if-match': ifMatch }),
        },
        redirect: 'manual',
        ...(signal && { signal }),
      })
      ensure(hasMethods(response?.headers, 'get'), 'source_failed', 'fetch answered no Response')
      return response
    } catch (cause) {
      signal?.throwIfAborted()
      throw failed('the URL does not answer', cause)
    }
  }
}

const leftOut = ', and was not sent the headers, which need https'

/** Asks for one byte, and learns the size and the version of the file from the answer. */
async function findFile(
  ask: Ask,
  left: string,
  signal: AbortSignal | undefined,
): Promise<RemoteFile> {
  const response = await ask(0, 1, { signal })
  const { status } = response
  const size = sizeIn(response)
  const answersRanges = status === 206 || (status === 416 && size === 0)
  if (!answersRanges || !Number.isSafeInteger(size))
    return refuse(response, `expected a server that answers Range requests${left}`)
  giveUp(response.body)
  return { ask, size, version: versionOf(response) }
}

/** The length of the whole file; NaN where the answer does not tell. */
function sizeIn(response: Response): number {
  const [, size = NaN] =
    /^bytes (?:0-0|\*)\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? []
  return Number(size)
}

const versionOf = ({ headers }: Response): string =>
  headers.get('etag') ?? headers.get('last-modified') ?? ''

/** If-Match takes strong versions only (RFC 9110 §13.1.1). */
const strong = (version: string): string | undefined =>
  version.startsWith('"') ? version : undefined

async function readRange(
  { ask, size, version }: RemoteFile,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): Promise<Bytes> {
  const response = await ask(start, end, { ifMatch: strong(version), signal })
  if (response.status !== 206 && response.status !== 416)
    return refuse(response, `expected bytes ${start} to ${end}`)
  const range = response.headers.get('content-range') ?? ''
  const same = versionOf(response) === version && range.endsWith(`/${size}`)
  const whole = same && range === `bytes ${start}-${end - 1}/${size}`
  if (!whole) giveUp(response.body)
  ensure(same, 'source_changed', 'the file behind the URL was changed since it was first asked for')
  if (!whole) throw failed(`expected bytes ${start} to ${end}, the URL answered with others`)
  const bytes = await bodyOf(response, end - start, signal)
  if (bytes?.length !== end - start)
    throw failed(`expected ${end - start} bytes, the URL answered with ${bytes?.length ?? 'more'}`)
  return bytes
}

/** What an answer brings; undefined where that is more than was asked for. */
async function bodyOf(
  { body }: Response,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Bytes | undefined> {
  if (!body) return undefined
  try {
    return await readLimited(body, length)
  } catch (cause) {
    signal?.throwIfAborted()
    throw isSealdropError(cause) ? cause : failed('the connection ended within an answer', cause)
  }
}

const failed = (message: string, cause?: unknown): SealdropError =>
  new SealdropError('source_failed', message, { retryable: true, ...(cause ? { cause } : {}) })

function refuse({ body, status }: Response, what: string): never {
  giveUp(body)
  throw new SealdropError(
    status === 412 ? 'source_changed' : 'source_failed',
    `${what}; the URL answered with status ${status}`,
    { retryable: status >= 500 || status === 429 },
  )
}
