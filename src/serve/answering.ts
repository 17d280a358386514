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

type Published = Awaited<ReturnType<KeySetDocuments['documents']>>

/**
 * Documents to serve, which `createPublisher` makes, or a KV store or a disk has kept as JSON.
 *
 * So the date may be text. Where there is nothing to serve, the answer is 503.
 */
export interface ServedDocuments {
  /** The documents to serve now. A handler asks for them at each request. */
  documents(): Promise<
    (Omit<Published, 'expires'> & { readonly expires: Date | string }) | null | undefined
  >
}

/** An answer of HTTP. */
export interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body?: string
}

/** Reads a header of a request by its name in small letters. */
type HeaderOf = (name: string) => string | null | undefined

const types = { jwks: 'application/jwk-set+json', jws: 'application/jwk-set+jwt' }
const methods = 'GET, HEAD, OPTIONS'

/**
 * Makes what answers requests for a key set, in whatever form they come.
 *
 * @throws SealdropError `invalid_argument`
 */
export function answering(
  source: ServedDocuments,
  o: KeySetHandlerOptions,
): (method: string, headerOf: HeaderOf) => Promise<Answer> {
  const { maxAge = 300_000, origins } = checkOptions(o, 'maxAge origins')
  ensure(
    hasMethods(source, 'documents'),
    'invalid_argument',
    'source: expected documents(), such as createPublisher makes',
  )
  milliseconds('maxAge', maxAge)
  ensure(
    origins === undefined ||
      (Array.isArray(origins) && origins.every((origin) => typeof origin === 'string')),
    'invalid_argument',
    'origins: expected an array of origins, such as https://app.example.com',
  )
  return async (method, headerOf) => {
    const headers = {
      ...corsHeaders(headerOf('origin'), origins),
      'x-content-type-options': 'nosniff',
    }
    if (method === 'OPTIONS') return preflight(headers)
    if (method !== 'GET' && method !== 'HEAD')
      return { status: 405, headers: { ...headers, allow: methods } }
    const documents = await goodDocuments(source)
    if (!documents) return unavailable(headers)
    const age = Math.floor(Math.min(maxAge, documents.left) / 1000)
    const found = answer(headerOf, documents, {
      ...headers,
      'cache-control': `public, max-age=${age}`,
    })
    if (method === 'GET') return found
    const { body: _body, ...head } = found
    return head
  }
}

type HeaderRecord = Readonly<Record<string, string>>

/** A page may send any header: `*` covers those that it names, all but `authorization`. */
const preflight = (headers: HeaderRecord): Answer => ({
  status: 204,
  headers: {
    ...headers,
    allow: methods,
    'access-control-allow-methods': methods,
    'access-control-allow-headers': 'accept, if-none-match, authorization, *',
    'access-control-max-age': '86400',
  },
})

const unavailable = (headers: HeaderRecord): Answer => ({
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
async function goodDocuments(source: ServedDocuments): Promise<GoodDocuments | undefined> {
  try {
    const documents = await source.documents()
    if (!documents) return undefined
    const { jwks, jws, etag, expires } = documents
    const left = new Date(expires).getTime() - Date.now()
    const isText = [jwks, jws ?? '', etag].every((text) => typeof text === 'string')
    return isText && /^"[!#-~]*"$/.test(etag) && left > 0 ? { jwks, jws, etag, left } : undefined
  } catch {
    return undefined
  }
}

/** The plain set or the signed one, each with a tag of its own, or that nothing changed. */
function answer(
  headerOf: HeaderOf,
  { jwks, jws, etag }: GoodDocuments,
  headers: HeaderRecord,
): Answer {
  const signed = prefersSigned(headerOf('accept') ?? '') ? jws : undefined
  const tag = signed === undefined ? etag : etag.replace(/"$/, '-jwt"')
  const fresh = { ...headers, etag: tag }
  if (matches(headerOf('if-none-match'), tag)) return { status: 304, headers: fresh }
  const type = signed === undefined ? types.jwks : types.jws
  return { status: 200, headers: { ...fresh, 'content-type': type }, body: signed ?? jwks }
}

/**
 * The headers by which browsers decide who may read the answer.
 *
 * - public keys are for everybody unless the publisher names origins
 * - where it does, caches must tell the origins apart
 */
function corsHeaders(
  origin: string | null | undefined,
  origins: readonly string[] | undefined,
): Record<string, string> {
  const exposed = {
    'access-control-expose-headers': 'etag, age',
    'cross-origin-resource-policy': 'cross-origin',
  }
  if (!origins) return { vary: 'Accept', 'access-control-allow-origin': '*', ...exposed }
  const vary = 'Accept, Origin'
  if (typeof origin !== 'string' || !origins.includes(origin)) return { vary }
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
function matches(header: string | null | undefined, etag: string): boolean {
  return (
    typeof header === 'string' &&
    header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
  )
}
