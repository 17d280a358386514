// Key sets of the keys that sign, and tokens by them, for the suites of signatures.
import { keySetOf, publicJwk, signatureKeys } from './host.js'
import { signJws } from './sign.js'

/** Octets of each of the two integers of an ECDSA signature. */
export const coordinates = { ES256: 32, ES384: 48, ES512: 66 }

/**
 * What the suites of signatures share: the public key of an algorithm, a key set of it, and what it
 * signed.
 *
 * @param {import('./host.js').DoorHost} host
 * @param {readonly ReturnType<import('./host.js').Host['mlDsa']>[]} [providers] of the key sets
 */
export function signers(host, providers = [host.mlDsa(), host.digests()]) {
  const { door, jose } = host
  const { importKeySet, inHand } = door
  const publicKey = (alg, extra = {}) => publicJwk(signatureKeys[alg], { alg, ...extra })
  const keysOf = (alg, extra, o = {}) =>
    importKeySet(keySetOf(publicKey(alg, extra)), {
      trust: inHand(),
      providers,
      ...o,
    })
  const signed = async (alg, payload, header = {}) =>
    signJws(
      alg,
      { alg, kid: await jose.calculateJwkThumbprint(publicKey(alg)), ...header },
      payload,
    )
  /** A token in which one bit of a part is turned. */
  const flip = (jws, part, at) => {
    const segments = jws.split('.')
    const bytes = jose.base64url.decode(segments[part])
    bytes[at] ^= 1
    segments[part] = jose.base64url.encode(bytes)
    return segments.join('.')
  }
  return { publicKey, keysOf, signed, flip }
}

/**
 * Verifies all tokens and answers those that did. They run side by side, since there are thousands.
 */
export async function verifying(candidates, work) {
  const found = []
  for (let at = 0; at < candidates.length; at += 64) {
    const outcomes = await Promise.allSettled(candidates.slice(at, at + 64).map(work))
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') found.push(candidates[at + i])
      else if (outcome.reason?.name !== 'SealdropError') throw outcome.reason
    }
  }
  return found
}
