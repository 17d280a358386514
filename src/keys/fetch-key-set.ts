import { limits } from '../algorithms/limits.js'
import { ensure } from '../errors/guard.js'
import { fetchDocument } from './fetch-document.js'
import { HeldKeySet, type KeySet, type KeySetOptions } from './key-set.js'

export interface FetchOptions extends KeySetOptions {
  /** Sent along, such as an Authorization. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
  /** Default: globalThis.fetch. */
  readonly fetch?: typeof globalThis.fetch
  /** Milliseconds for one answer. Default: 5,000. */
  readonly timeout?: number
  /**
   * Longest time a set counts as fresh, in milliseconds. Default: what the server says, otherwise
   * 10 minutes; never over 24 hours.
   */
  readonly maxAge?: number
}

const minute = 60_000

/**
 * A key set published at a URL. Nothing is fetched before it is used; then it is kept while fresh,
 * fetched once for all callers, and served while its host cannot be reached: for up to 24 hours, a
 * signed one until it expires.
 *
 * @param url https, or http on loopback
 * @throws SealdropError `invalid_argument`; using it throws `keys_unreachable`, `keys_malformed`,
 *   `keys_untrusted`, `keys_expired`, `keys_rolled_back`, `no_usable_key`
 * @see RFC 7517 §5
 */
export function fetchKeySet(url: string | URL, o: FetchOptions): KeySet {
  const parsed = checkUrl(url)
  const { trust, headers = {}, timeout = 5_000, maxAge = Infinity } = o ?? {}
  ensure(trust?.kind !== 'in-hand', 'invalid_argument', 'trust: inHand() is for importKeySet')
  ensure(
    Number.isSafeInteger(timeout) && timeout > 0 && maxAge >= 0,
    'invalid_argument',
    'timeout and maxAge: expected milliseconds',
  )
  // a browser's cache may have kept one that has expired
  const signed = trust?.kind === 'signed'
  const accept = `application/jwk-set+${signed ? 'jwt' : 'json, application/json;q=0.9'}`
  return new HeldKeySet(async ({ refresh }) => {
    const answer = await fetchDocument({
      url: parsed,
      accept,
      headers,
      fetch: o.fetch ?? globalThis.fetch,
      timeout,
      revalidate: refresh || signed,
      most: trust.most ?? limits.keySet,
    })
    const stated = Math.max(answer.maxAge ?? 10 * minute, minute / 2)
    return { document: answer.document, freshFor: Math.min(stated, maxAge, 24 * 60 * minute) }
  }, o)
}

function checkUrl(url: string | URL): URL {
  const parsed = urlOf(url)
  ensure(
    parsed &&
      (parsed.protocol === 'https:' || isLoopback(parsed)) &&
      !parsed.username &&
      !parsed.password,
    'invalid_argument',
    `url: expected https or loopback, no credentials, found ${parsed?.origin ?? 'no URL'}`,
  )
  return parsed
}

/** A URL, also one that is relative to the page; undefined where it is none. */
function urlOf(url: string | URL): URL | undefined {
  const base = (globalThis as { location?: { href?: string } }).location?.href
  try {
    return new URL(url, base)
  } catch {
    return undefined
  }
}

const isLoopback = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
