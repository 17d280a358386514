/** The key-set endpoint, for anything that has Request and Response; no KMS. */
import { ensure } from './errors/guard.js'
import type { KeySetDocuments } from './keys/documents.js'

export type { KeySetDocuments } from './keys/documents.js'

export interface KeySetHandlerOptions {
  /**
   * For how long caches may keep an answer, in milliseconds. Default: 5 minutes. Never beyond the
   * documents' end.
   */
  readonly maxAge?: number
  /** Origins whose pages may read the set. Default: every origin, since it is public. */
  readonly origins?: readonly string[]
}

const types = { jwks: 'application/jwk-set+json', jws: 'application/jwk-set+jwt' }
const methods = 'GET, HEAD, OPTIONS'

/**
 * Makes a handler that serves a key set: GET, HEAD and OPTIONS with CORS, `ETag` and 304,
 * `Cache-Control`, and the signed set to whoever accepts `application/jwk-set+jwt`. Mount it at any
 * path, for example `/.well-known/jwks.json`.
 *
 * @throws SealdropError `invalid_argument`; the handler never throws: 503 where the documents
 *   cannot be had
 * @see RFC 7517 §8.5, RFC 9110 §12.5.1 and §13.1.2, RFC 9111 §5.2
 */
export function keySetHandler(
  source: KeySetDocuments,
  o: KeySetHandlerOptions = {},
): (request: Request) => Promise<Response> {
  const { maxAge = 300_000, origins } = o
  ensure(
    typeof source?.documents === 'function',
    'invalid_argument',
    'source: expected documents(), such as createPublisher makes',
  )
  ensure(maxAge >= 0, 'invalid_argument', 'maxAge: expected milliseconds')
  return async (request) => {
    const headers = { ...corsHeaders(request, origins), 'x-content-type-options': 'nosniff' }
    const empty = (status: number, more: Record<string, string>): Response =>
      new Response(null, { status, headers: { ...headers, ...more } })
    if (request.method === 'OPTIONS') return empty(204, preflight)
    if (request.method !== 'GET' && request.method !== 'HEAD') return empty(405, { allow: methods })
    const documents = await goodDocuments(source)
    if (!documents) return empty(503, { 'cache-control': 'no-store', 'retry-after': '30' })
    const { body, etag, type } = preferred(documents, request.headers.get('accept') ?? '')
    const left = Math.min(maxAge, documents.left)
    const fresh = { etag, 'cache-control': `public, max-age=${Math.floor(left / 1000)}` }
    if (matches(request.headers.get('if-none-match'), etag)) return empty(304, fresh)
    return new Response(request.method === 'HEAD' ? null : body, {
      headers: { ...headers, ...fresh, 'content-type': type },
    })
  }
}

const preflight = {
  allow: methods,
  'access-control-allow-methods': methods,
  'access-control-allow-headers': 'accept, if-none-match',
  'access-control-max-age': '86400',
}

/** Documents that can be served. */
interface GoodDocuments {
  readonly jwks: string
  readonly jws?: string | undefined
  readonly etag: string
  /** For how long they are good, in milliseconds. */
  readonly left: number
}

/** Undefined where the source fails, or what it has is not complete or not good any more. */
async function goodDocuments(source: KeySetDocuments): Promise<GoodDocuments | undefined> {
  try {
    const { jwks, jws, etag, expires } = await source.documents()
    // a KV store gives the date as text
    const left = new Date(expires).getTime() - Date.now()
    const good = typeof jwks === 'string' && /^"[!#-~]*"$/.test(etag) && left > 0
    return good ? { jwks, jws, etag, left } : undefined
  } catch {
    return undefined
  }
}

/** The signed set where there is one and it is asked for, otherwise the plain one. */
function preferred(
  { jwks, jws, etag }: GoodDocuments,
  accept: string,
): { readonly body: string; readonly etag: string; readonly type: string } {
  return jws !== undefined && prefersSigned(accept)
    ? { body: jws, etag: etag.replace(/"$/, '-jwt"'), type: types.jws }
    : { body: jwks, etag, type: types.jwks }
}

/**
 * Public keys are for everybody unless the publisher names origins; then caches must tell them
 * apart.
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
  const origin = request.headers.get('origin')
  return {
    vary: 'Accept, Origin',
    ...(origin !== null &&
      origins.includes(origin) && { 'access-control-allow-origin': origin, ...exposed }),
  }
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
