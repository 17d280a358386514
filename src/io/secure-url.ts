import { ensure } from '../errors/guard.js'

/** Whether a URL is plain http to this machine, where nobody is on the way. */
export const isLoopback = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)

/**
 * A URL that nobody on the way can answer for; it may be relative to the page.
 *
 * @throws SealdropError `invalid_argument`
 */
export function secureUrl(url: string | URL): URL {
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
