import { createHash } from 'node:crypto'

/** A text that is served until it is over. */
export interface ServedText {
  readonly text: string
  readonly expires: Date
}

/** What of a request counts. */
export interface TextRequest {
  readonly method: string
  /** Its `If-None-Match`. */
  readonly known: string | null
}

/** An answer by HTTP. */
export interface TextAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

const methods = ['GET', 'HEAD']

/**
 * Answers a request for a text, with `ETag` and 304; 503 where there is none or it is over.
 *
 * @see RFC 9110 §13.1.2, RFC 9111 §5.2
 */
export async function answerText(
  { method, known }: TextRequest,
  held: () => Promise<ServedText | undefined>,
  { now, maxAge }: { readonly now: () => number; readonly maxAge: number },
): Promise<TextAnswer> {
  if (!methods.includes(method)) return answer(405, { allow: methods.join(', ') })
  const found = await held()
  const left = (found?.expires.getTime() ?? 0) - now()
  if (!found || left <= 0) return answer(503, { 'cache-control': 'no-store', 'retry-after': '30' })
  const fresh = {
    etag: etagOf(found),
    'cache-control': `public, max-age=${Math.floor(Math.min(maxAge, left) / 1000)}`,
  }
  if (matches(known, fresh.etag)) return answer(304, fresh)
  const whole = { ...fresh, 'content-type': 'text/plain; charset=utf-8' }
  return answer(200, whole, method === 'GET' ? found.text : null)
}

const answer = (
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | null = null,
): TextAnswer => ({ status, headers: { ...headers, 'x-content-type-options': 'nosniff' }, body })

const etagOf = ({ text }: ServedText): string =>
  `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`

const matches = (known: string | null, etag: string): boolean =>
  (known ?? '')
    .split(',')
    .some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
