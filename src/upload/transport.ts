import { fromUtf8 } from '../bytes/text.js'
import { ensure, hasMethods } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { isSealdropError, SealdropError } from '../errors/sealdrop-error.js'
import { isJsonObject, isText, parseJson } from '../formats/json.js'
import { abortable, within, type CallOptions } from '../io/abort.js'
import { readLimited } from '../io/read-limited.js'
import { secureUrl } from '../io/secure-url.js'
import {
  uploadBody,
  uploadStatuses,
  uploadType,
  type SignedPart,
  type UploadAnswers,
  type UploadOp,
  type UploadRequests,
} from './protocol.js'
import { putPart, type PutAnswer, type PutOptions } from './put.js'
import { retryAfterOf } from './retry.js'
import type { Bytes } from '../bytes/bytes.js'

/** How the handler is asked. */
export interface AskOptions extends CallOptions {
  /** The token of a link, which takes the place of an `authorization` of `headers`. Default: none. */
  readonly link?: string | undefined
}

/** Speaks with the upload handler of a company, and sends parts where it says. */
export interface UploadTransport {
  /** Where the handler is: an unfinished upload goes on at the one that it began at. Default: ''. */
  readonly url?: string
  /** One verb of the protocol. It throws SealdropError, whose `retryable` says to try again. */
  ask<Op extends UploadOp>(
    op: Op,
    request: UploadRequests[Op],
    o?: AskOptions,
  ): Promise<UploadAnswers[Op]>
  /** Sends one part, and answers what became of it. */
  put(part: SignedPart, body: Bytes, o?: PutOptions): Promise<PutAnswer>
}

/** How an upload handler is reached. */
export interface TransportOptions {
  /**
   * Headers of every request to the handler, or what answers them anew for each.
   *
   * Default: none. They never go to S3.
   */
  readonly headers?:
    | Readonly<Record<string, string>>
    | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>)
  /** Another `fetch` for requests to the handler. Default: the host's. */
  readonly fetch?: typeof globalThis.fetch
}

/** Milliseconds for an answer of the handler, which may have to complete an upload of S3. */
const patience = 90_000

/**
 * Reaches an upload handler at a URL.
 *
 * - every verb is one POST of JSON to this URL, see docs/formats/upload.md
 * - cookies go along to the page's own origin only
 *
 * @param url - of the handler; relative to the page where there is one
 * @throws SealdropError:
 *   - `invalid_argument`: this is no URL, or one that is neither https nor of this machine
 * @example
 *   ```js
 *   import { uploadTransport } from 'sealdrop/upload'
 *   const transport = uploadTransport('https://files.example.com/uploads', {
 *     headers: () => ({ authorization: 'Bearer of-this-hour' }),
 *   })
 *   console.log(typeof transport.ask) // function
 *   ```
 * @see upload.md
 */
export function uploadTransport(url: string | URL, o?: TransportOptions): UploadTransport {
  const { headers = {}, fetch } = checkOptions(o, 'headers fetch')
  const { href, origin, pathname } = secureUrl(url)
  return {
    url: origin + pathname, // it is kept with the record, and a query may hold a token
    put: putPart,
    async ask(op, request, given) {
      const { signal, link } = checkOptions(given, 'signal link')
      const body = JSON.stringify({ op, ...request })
      ensure(body.length <= uploadBody, 'too_large', `${op}: more than ${uploadBody} bytes`)
      const answer = await abortable(
        within(
          patience,
          async (late) => {
            const ours = typeof headers === 'function' ? await headers() : headers
            return asked(() => (fetch ?? globalThis.fetch)(href, requestOf(body, ours, link, late)))
          },
          unreachable('no answer in time'),
        ),
        signal,
      )
      return answer as never
    },
  }
}

function requestOf(
  body: string,
  ours: Readonly<Record<string, string>>,
  ...[link, signal]: [link: string | undefined, signal: AbortSignal]
): RequestInit {
  const headers = new Headers(ours)
  headers.set('content-type', uploadType)
  headers.set('accept', uploadType)
  if (link) headers.set('authorization', `Bearer ${link}`)
  return { method: 'POST', headers, body, redirect: 'error', signal }
}

const unreachable = (why: string, cause?: unknown): SealdropError =>
  new SealdropError('output_failed', `upload handler: ${why}`, { retryable: true, cause })

/** The answer of one request. */
async function asked(send: () => Promise<Response>): Promise<unknown> {
  let response: Response
  let text: string | undefined
  try {
    response = await send()
    text = await textOf(response)
  } catch (cause) {
    if (isSealdropError(cause)) throw cause
    throw unreachable('no connection, or blocked by CORS or CSP', cause)
  }
  const answer = parsed(text)
  if (response.ok && answer) return answer
  throw refusalOf(response, answer)
}

async function textOf(response: Response): Promise<string | undefined> {
  ensure(hasMethods(response, 'text'), 'unsupported_runtime', 'fetch answered no Response')
  if (!hasMethods(response.body, 'getReader')) return (await response.text()).slice(0, uploadBody)
  const bytes = await readLimited(response.body as ReadableStream<Uint8Array>, uploadBody)
  return bytes && fromUtf8(bytes)
}

function parsed(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = parseJson(text ?? '', { code: 'malformed', field: 'answer', depth: 8 })
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** What an answer that is no success says, by its body or by its status. */
function refusalOf(
  { status, headers }: Response,
  answer: Readonly<Record<string, unknown>> | undefined,
): SealdropError {
  const { code, message, retryable } = (answer?.['error'] ?? {}) as Readonly<
    Record<string, unknown>
  >
  const rows = uploadStatuses
  const said = rows.find(([, known]) => known === code) ?? rows.find(([known]) => known === status)
  const passes = [408, 429].includes(status) || status >= 500
  const error = new SealdropError(
    said?.[1] ?? 'output_failed',
    `upload handler: ${isText(message) ? message.slice(0, 300) : `found status ${status}`}`,
    { retryable: typeof retryable === 'boolean' ? retryable : passes },
  )
  return Object.defineProperty(error, 'retryAfter', {
    value: retryAfterOf(headers?.get('retry-after')),
  })
}
