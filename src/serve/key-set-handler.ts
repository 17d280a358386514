import { ensure, hasMethods, milliseconds } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import type { KeySetDocuments } from '../keys/documents.js'

/** For how long and to whose pages a key set is served. */
export interface KeySetHandlerOptions {
  /**
   * For how long caches may keep an answer, in milliseconds.
   *
   * Default: 5 minutes. It is never longer than the documents are good.
   */
  readonly maxAge?: number
  /** Origins whose pages may read the set. Default: every origin, since the set is public. */
  readonly origins?: readonly string[]
}

const types = { jwks: 'application/jwk-set+json', jws: 'application/jwk-set+jwt' }
const methods = 'GET, HEAD, OPTIONS'

/**
 * Makes a handler that serves a key set to pages and servers.
 *
 * - it answers GET, HEAD and OPTIONS, with CORS, `ETag` and 304, and `Cache-Control`
 * - whoever accepts `application/jwk-set+jwt` gets the signed set
 * - mount it at any path, for example `/.well-known/jwks.json`
 * - it never throws: where the documents cannot be had it answers 503
 *
 * @param source - what `createPublisher` makes, or anything else that has `documents()`
 * @returns a function that takes a Request and answers a Response
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: the source has no `documents()`, or `maxAge` is no number of milliseconds
 * @example
 *   ```js
 *   import { createPublisher } from 'sealdrop/kms'
 *   import { keySetHandler } from 'sealdrop/serve'
 *   const publisher = createPublisher({ keys: [{ key: 'alias/claims' }] })
 *   const handler = keySetHandler(publisher, { maxAge: 60_000 })
 *   const response = await handler(new Request('https://keys.example.com/keys.json'))
 *   const { keys } = await response.json()
 *   console.log(keys.length, response.headers.get('cache-control')) // 1 public, max-age=60
 *   ```
 * @see RFC 7517 §8.5, RFC 9110 §12.5.1 and §13.1.2, RFC 9111 §5.2
 */
export function keySetHandler(
  source: KeySetDocuments,
  o: KeySetHandlerOptions = {},
): (request: Request) => Promise<Response> {
  checkOptions(o, 'maxAge origins')
  const { maxAge = 300_000, origins } = o
  ensure(
    hasMethods(source, 'documents'),
    'invalid_argument',
    'source: expected documents(), such as createPublisher makes',
  )
  milliseconds('maxAge', maxAge)
  return async (request) => {
    const headers = { ...corsHeaders(request, origins), 'x-content-type-options': 'nosniff' }
    if (request.method === 'OPTIONS') return preflight(headers)
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return new Response(null, { status: 405, headers: { ...headers, allow: methods } })
    const documents = await goodDocuments(source)
    if (!documents) return unavailable(headers)
    const age = Math.floor(Math.min(maxAge, documents.left) / 1000)
    return answer(request, documents, {
      ...headers,
      'cache-control': `public, max-age=${age}`,
    })
  }
}

type HeaderRecord = Readonly<Record<string, string>>

const preflight = (headers: HeaderRecord): Response =>
  new Response(null, {
    status: 204,
    headers: {
      ...headers,
      allow: methods,
      'access-control-allow-methods': methods,
      'access-control-allow-headers': 'accept, if-none-match',
      'access-control-max-age': '86400',
    },
  })

const unavailable = (headers: HeaderRecord): Response =>
  new Response(null, {
    status: 503,
    headers: { ...headers, 'cache-control': 'no-store', 'retry-after': '30' },
  })

/** Documents that may be served, and for how many milliseconds yet. */
interface GoodDocuments {
  readonly jwks: string
  readonly jws: string | undefined
  readonly etag: string
  readonly left: number
}

/** Undefined where there are none that can be served, or where their time is over. */
async function goodDocuments(source: KeySetDocuments): Promise<GoodDocuments | undefined> {
  const documents = await Promise.resolve()
    .then(() => source.documents())
    .catch(() => undefined)
  if (!documents) return undefined
  const { jwks, jws, etag, expires } = documents
  // a KV store gives the date as text
  const left = new Date(expires).getTime() - Date.now()
  const isGood = typeof jwks === 'string' && /^"[!#-~]*"$/.test(etag ?? '') && left > 0
  return isGood ? { jwks, jws, etag, left } : undefined
}

/** The plain set or the signed one, each with a tag of its own, or that nothing changed. */
function answer(
  request: Request,
  { jwks, jws, etag }: GoodDocuments,
  headers: HeaderRecord,
): Response {
  const isSigned = jws !== undefined && prefersSigned(request.headers.get('accept') ?? '')
  const tag = isSigned ? etag.replace(/"$/, '-jwt"') : etag
  const fresh = { ...headers, etag: tag }
  if (matches(request.headers.get('if-none-match'), tag))
    return new Response(null, { status: 304, headers: fresh })
  const body = isSigned ? jws : jwks
  return new Response(request.method === 'HEAD' ? null : body, {
    headers: { ...fresh, 'content-type': isSigned ? types.jws : types.jwks },
  })
}

/**
 * The headers by which browsers decide who may read the answer.
 *
 * - public keys are for everybody unless the publisher names origins
 * - where it does, caches must tell the origins apart
 */
function corsHeaders(
  request: Request,
  origins: readonly string[] | undefined,
): Record<string, string> {
  const exposed = {
    'access-control-expose-headers': 'etag, age',
    'cross-origin-resource-policy': 'cross-origin',
  }
  if (!origins) return { vary: 'Accept', 'access-control-allow-origin': '*', ...exposed }
  const vary = 'Accept, Origin'
  const origin = request.headers.get('origin')
  if (origin === null || !origins.includes(origin)) return { vary }
  return { vary, 'access-control-allow-origin': origin, ...exposed }
}

/** Whether the signed set is asked for by name and not refused with `q=0`. */
function prefersSigned(accept: string): boolean {
  return accept.split(',').some((range) => {
    const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    return type === types.jws && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
  })
}

/** `If-None-Match` with its weak comparison (RFC 9110 §13.1.2). */
function matches(header: string | null, etag: string): boolean {
  return (
    header !== null &&
    header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
  )
}
