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
    if (request.method === 'OPTIONS')
      return new Response(null, {
        status: 204,
        headers: {
          ...headers,
          allow: methods,
          'access-control-allow-methods': methods,
          'access-control-allow-headers': 'accept, if-none-match',
          'access-control-max-age': '86400',
        },
      })
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return new Response(null, { status: 405, headers: { ...headers, allow: methods } })
    const documents = await Promise.resolve()
      .then(() => source.documents())
      .catch(() => undefined)
    // a KV store gives the date as text
    const left = documents ? new Date(documents.expires).getTime() - Date.now() : 0
    const { jwks, jws, etag: tag } = documents ?? {}
    if (typeof jwks !== 'string' || !/^"[!#-~]*"$/.test(tag ?? '') || !(left > 0))
      return new Response(null, {
        status: 503,
        headers: { ...headers, 'cache-control': 'no-store', 'retry-after': '30' },
      })
    const signed = jws !== undefined && prefersSigned(request.headers.get('accept') ?? '')
    const etag = signed ? tag!.replace(/"$/, '-jwt"') : tag!
    const fresh = {
      ...headers,
      etag,
      'cache-control': `public, max-age=${Math.floor(Math.min(maxAge, left) / 1000)}`,
    }
    if (matches(request.headers.get('if-none-match'), etag))
      return new Response(null, { status: 304, headers: fresh })
    const body = signed ? jws : jwks
    return new Response(request.method === 'HEAD' ? null : body, {
      headers: { ...fresh, 'content-type': signed ? types.jws : types.jwks },
    })
  }
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
