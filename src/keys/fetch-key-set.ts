import { limits } from '../algorithms/limits.js'
import { ensure, milliseconds } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { secureUrl } from '../io/secure-url.js'
import { fetchDocument } from './fetch-document.js'
import type { Told } from './key.js'
import { KeyRing, type KeySet, type KeySetOptions } from './key-set.js'

/** Where keys are fetched from, how long they are kept, and why they are believed. */
export interface FetchOptions extends KeySetOptions, Told {
  /** Request headers to send along, such as an `authorization`. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
  /** The function that fetches. Default: globalThis.fetch. */
  readonly fetch?: typeof globalThis.fetch
  /** For how long to wait for one answer, in milliseconds. Default: 5,000. */
  readonly timeout?: number
  /**
   * Longest time that a set counts as fresh, in milliseconds.
   *
   * Default: what the server says, otherwise 10 minutes; at least 30 s, and never over 24 hours.
   */
  readonly maxAge?: number
}

const minute = 60_000

/**
 * Makes a key set that is published at a URL.
 *
 * - nothing is fetched before the set is used
 * - it is kept while it is fresh, and fetched once for all callers
 * - while its host cannot be reached, the set in hand is used: for up to 24 hours, a signed one
 *   until it expires
 * - redirects are not followed, and no cookies are sent
 * - `alg` and `use` are for sets of others, whose keys do not say it: those of Microsoft Entra name
 *   no `alg`
 *
 * @param url - https, or http on loopback; may be relative to the page
 * @returns a key set for every verb that takes `keys`
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: the URL, the trust or a number is not one that is expected
 * @throws SealdropError while fetching keys, from each verb that uses the set:
 *   - `keys_unreachable`: the host did not answer in time, or not with status 200
 *   - `keys_malformed`: the answer is no key set
 *   - `keys_untrusted`: the trust does not believe it
 *   - `keys_expired`: the signed set is over
 *   - `keys_rolled_back`: the signed set is older than one seen before
 *   - `no_usable_key`: no key of the set can be used, or none can be sealed to; `alg` may be needed
 *   - `unsupported_runtime`: there is no WebCrypto, or it lacks the root's algorithm
 *   - `output_failed`: the store of the trust cannot be reached, or cannot be written
 *   - `source_failed`: the store of the trust cannot be read
 * @example
 *   ```js
 *   import { fetchKeySet, pinned } from 'sealdrop'
 *   import pins from './pins.json' with { type: 'json' }
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', {
 *     trust: pinned(pins),
 *     maxAge: 60_000,
 *   })
 *   await keys.ready() // throws now if something is wrong with the set
 *   const found = await keys.list()
 *   console.log(found.map(({ alg }) => alg).join(' ')) // ECDH-ES+A256KW RSA-OAEP-256 ES256
 *   ```
 * @see RFC 7517 §5
 */
export function fetchKeySet(url: string | URL, o: FetchOptions): KeySet {
  const {
    trust,
    headers = {},
    fetch,
    timeout = 5_000,
    maxAge = Infinity,
  } = checkOptions(o, 'trust prefer providers now headers fetch timeout maxAge use alg')
  const parsed = secureUrl(url)
  ensure(trust?.kind !== 'in-hand', 'invalid_argument', 'trust: inHand() is for importKeySet')
  ensure(
    Number.isSafeInteger(timeout) && timeout > 0,
    'invalid_argument',
    'timeout: expected milliseconds',
  )
  milliseconds('maxAge', maxAge)
  // a browser's cache may have kept a signed set that has expired, so it is revalidated
  const signed = trust?.kind === 'signed'
  const accept = `application/jwk-set+${signed ? 'jwt' : 'json, application/json;q=0.9'}`
  return new KeyRing(async ({ refresh }) => {
    const answer = await fetchDocument({
      url: parsed,
      accept,
      headers,
      fetch: fetch ?? globalThis.fetch,
      timeout,
      revalidate: refresh || signed,
      most: trust.most ?? limits.keySet,
    })
    const stated = Math.max(answer.maxAge ?? 10 * minute, minute / 2)
    return { document: answer.document, freshFor: Math.min(stated, maxAge, 24 * 60 * minute) }
  }, o)
}
