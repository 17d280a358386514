import { ensure } from '../errors/guard.js'
import { longestLink, parseDropLink, type DropLinkClaims } from '../formats/drop-link.js'
import { reservedTypes } from '../formats/jws.js'
import { isLoopback } from '../io/secure-url.js'
import { thumbprintUrn } from '../keys/key.js'
import type { KeySet } from '../keys/key-set.js'
import { checkSigningTime, verified } from './verify.js'

/**
 * A URL that a link names, as it is compared.
 *
 * @throws SealdropError `invalid_argument` unless it is https, or http of this machine
 */
export function linkUrl(name: string, given: string | URL): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined
  ensure(
    url &&
      (url.protocol === 'https:' || isLoopback(url)) &&
      url.username + url.password === '' &&
      !url.href.includes('#'),
    'invalid_argument',
    `${name}: expected an https URL without user and fragment, or an http one of this machine`,
  )
  return url
}

/** Milliseconds by which clocks may differ. */
export const linkTolerance = 60_000

/**
 * Verifies a link for this handler. Whether its time is over is still to be looked at.
 *
 * @throws SealdropError what `verify` throws, and `rejected` for the link of another handler
 */
export async function verifyDropLink(
  keys: KeySet,
  token: string,
  { audience, now }: { readonly audience: string; readonly now: number },
): Promise<DropLinkClaims> {
  const { parsed, key } = await verified(keys, token, { typ: reservedTypes.drop })
  ensure(parsed.header.cty === undefined, 'rejected', 'link: expected no cty')
  const claims = parseDropLink(parsed.payload)
  const { iss, aud, iat, exp } = claims
  ensure(iss === thumbprintUrn(key.info.thumbprint), 'rejected', 'link: iss is not its key')
  ensure(aud === audience, 'rejected', 'link: aud names another handler')
  ensure(
    iat * 1000 <= now + linkTolerance && exp > iat && exp - iat <= longestLink + 1,
    'rejected',
    'link: iat is in the future, or exp is more than 366 days later: are both clocks right?',
  )
  checkSigningTime(key, iat)
  return claims
}
