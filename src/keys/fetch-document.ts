import { fromUtf8 } from '../bytes/text.js'
import { ensure, hasMethods, shown } from '../errors/guard.js'
import { isSealdropError, SealdropError } from '../errors/sealdrop-error.js'
import { within } from '../io/abort.js'
import { giveUp, readLimited } from '../io/read-limited.js'
import { isWorkerd } from '../io/runtime.js'

/** What is asked for, and for how long. */
export interface FetchDocumentOptions {
  readonly url: URL
  /** Value of the header `accept`. */
  readonly accept: string
  readonly headers: Readonly<Record<string, string>>
  readonly fetch: typeof globalThis.fetch
  /** Milliseconds for the whole answer. */
  readonly timeout: number
  /** Whether to go past the browser's HTTP cache. */
  readonly revalidate: boolean
  /** Bytes of the answer, at most. */
  readonly most: number
}

/**
 * Gets one document with one request.
 *
 * - no redirect is followed, and no credentials go along
 * - no more bytes are read than were asked for
 *
 * @throws SealdropError:
 *   - `keys_unreachable`: retryable unless the server said no
 *   - `keys_malformed`: the answer is too long, no text, or a web page
 */
export async function fetchDocument(
  o: FetchDocumentOptions,
): Promise<{ readonly document: string; readonly maxAge: number | undefined }> {
  const unreachable = (why: string, cause?: unknown): SealdropError =>
    new SealdropError('keys_unreachable', `${whereOf(o.url)}: ${why}`, { retryable: true, cause })
  try {
    return await within(
      o.timeout,
      (signal) => load(o, signal),
      unreachable(`no answer within ${o.timeout} ms`),
    )
  } catch (cause) {
    if (isSealdropError(cause)) throw cause
    // fetch rejects with a TypeError whatever went wrong, and that of workerd with an Error
    const { name } = Object(cause) as Partial<Error>
    const isFetch = name === 'TypeError' || (name === 'Error' && isWorkerd())
    throw unreachable(isFetch ? 'no connection, or blocked by CORS or CSP' : shown(name), cause)
  }
}

/** The URL as messages name it: without its query, which may hold a token. */
const whereOf = ({ origin, pathname }: URL): string => `key set at ${shown(origin + pathname)}`

async function load(
  o: FetchDocumentOptions,
  signal: AbortSignal,
): Promise<{ document: string; maxAge: number | undefined }> {
  const where = whereOf(o.url)
  // workerd has neither credentials nor an HTTP cache to speak of, and throws where it is told
  // about them
  const browserOptions: RequestInit =
    'credentials' in (globalThis.Request?.prototype ?? {})
      ? { credentials: 'omit', cache: o.revalidate ? 'no-cache' : 'default' }
      : {}
  const { fetch } = o
  ensure(typeof fetch === 'function', 'unsupported_runtime', 'no fetch: hand one in')
  const response = await fetch(o.url.href, {
    ...browserOptions,
    headers: { accept: o.accept, ...o.headers },
    redirect: 'manual',
    signal,
  })
  const { status } = response
  // a browser shows a redirect as status 0
  const redirect = status % 300 < 100 ? '; redirects are not followed' : ''
  if (status !== 200) {
    giveUp(response.body)
    throw new SealdropError('keys_unreachable', `${where}: found status ${status}${redirect}`, {
      retryable: /^(408|429|5..)$/.test(`${status}`),
    })
  }
  const document = (await textOf(response, o.most))?.trim()
  ensure(
    document && !document.startsWith('<'),
    'keys_malformed',
    `${where}: expected a JWK Set of at most ${o.most} bytes, ` +
      `found ${document ? 'a web page' : 'other text'}`,
  )
  return { document, maxAge: maxAgeOf((name) => response.headers?.get?.(name)) }
}

/** The text of an answer; undefined where it is too long, or not UTF-8. */
async function textOf(response: Response, most: number): Promise<string | undefined> {
  if (hasMethods(response.body, 'getReader')) {
    const bytes = await readLimited(response.body as ReadableStream<Uint8Array>, most)
    return bytes && fromUtf8(bytes)
  }
  // React Native, node-fetch and mocks have no web stream
  ensure(
    hasMethods(response, 'text'),
    'unsupported_runtime',
    'fetch: answers with neither a stream nor text()',
  )
  if (Number(response.headers?.get?.('content-length')) > most) return undefined
  const text = await response.text()
  return text.length > most ? undefined : text
}

/**
 * For how many milliseconds the answer is fresh (RFC 9111 §5.2.2, §5.1).
 *
 * `max-age` less the `age` that it came with; 0 for `no-store` and `no-cache`.
 */
function maxAgeOf(header: (name: string) => string | null | undefined): number | undefined {
  const control = header('cache-control') ?? ''
  if (/\bno-(store|cache)\b/i.test(control)) return 0
  const found = /\bmax-age="?(\d{1,9})/i.exec(control)
  if (!found) return undefined
  return Math.max(0, Number(found[1]) - (Number(header('age')) || 0)) * 1000
}
