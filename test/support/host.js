import { keyPairs } from '../vectors/keys.js'

/**
 * What a suite gets from its host, so that one file runs in Node, Chromium (modules and script tag)
 * and workerd. A suite is a function of this object.
 *
 * @typedef {object} DoorHost
 * @property {(title: string, work: () => unknown) => unknown} test the runner
 * @property {typeof import('chai').assert} assert of chai
 * @property {typeof import('#dist/doors/index.js')} door as this host loads it
 * @property {typeof import('#dist/doors/ml-dsa.js').mlDsa} mlDsa of an opt-in door
 * @property {typeof import('#dist/doors/digests.js').digests} digests of an opt-in door
 * @property {typeof import('./rooms.js')} [rooms] behind the door; a bundle has none
 * @property {typeof import('jose')} jose the foreign reader
 * @property {boolean} [whole] whether every bit is turned, as `npm run test:soak` does
 * @property {string} fixture base URL of the server that does everything wrong
 *
 * @typedef {DoorHost & { rooms: typeof import('./rooms.js') }} Host what suites get that look into
 *   rooms
 */

/**
 * The public half of a test key as a JWK for a key set. The key is named, or given as a private
 * JWK.
 */
export function publicJwk(key, extra = {}) {
  const name = typeof key === 'string' ? key : 'enc'
  const { kty, n, e, crv, x, y, alg, pub } = keyPairs[key] ?? key
  const members = {
    RSA: { kty, n, e },
    EC: { kty, crv, x, y },
    OKP: { kty, crv, x },
    AKP: { kty, alg, pub },
  }[kty]
  return { ...members, use: name.endsWith('enc') ? 'enc' : 'sig', ...extra }
}

export const encryptionKeys = [
  'RSA-2048-enc',
  'RSA-3072-enc',
  'RSA-4096-enc',
  'P-256-enc',
  'P-384-enc',
  'P-521-enc',
]

/** By key wrap, the test keys that suites open it with. */
export const wrapKeys = {
  'RSA-OAEP-256': encryptionKeys.slice(0, 3),
  'ECDH-ES+A256KW': encryptionKeys.slice(3),
  'ECDH-ES': encryptionKeys.slice(3),
}

/** By signature algorithm, its test key. The RSA sizes are spread over the algorithms. */
export const signatureKeys = {
  PS256: 'RSA-2048-sig',
  PS384: 'RSA-3072-sig',
  PS512: 'RSA-4096-sig',
  RS256: 'RSA-2048-sig',
  RS384: 'RSA-3072-sig',
  RS512: 'RSA-4096-sig',
  ES256: 'P-256-sig',
  ES384: 'P-384-sig',
  ES512: 'P-521-sig',
  Ed25519: 'Ed25519-sig',
  'ML-DSA-44': 'ML-DSA-44-sig',
  'ML-DSA-65': 'ML-DSA-65-sig',
  'ML-DSA-87': 'ML-DSA-87-sig',
}

export const keySetOf = (...jwks) => JSON.stringify({ keys: jwks })

/** A key set of these named test keys, under the trust `inHand`. */
export const keysInHand = ({ importKeySet, inHand }, ...names) =>
  importKeySet(keySetOf(...names.map((name) => publicJwk(name))), { trust: inHand() })

/**
 * In workerd only settled data keys are shared, so a sealer is warm after its first value.
 * Elsewhere a cold sealer shares them too.
 */
export const warmUp = async (sealer) => {
  if ('WebSocketPair' in globalThis) await sealer.seal('first', { context: {} })
}

/**
 * Awaits a failure and checks its code, and its message where a pattern is given.
 *
 * @param {Host['assert']} assert
 * @param {unknown} work a promise, or a function that fails at once or by its promise
 * @param {string | readonly string[]} code or one of several
 * @param {RegExp} [pattern] of the message
 * @returns {Promise<import('#dist/doors/index.js').SealdropError>}
 */
export async function fails(assert, work, code, pattern) {
  let outcome
  try {
    outcome = await (typeof work === 'function' ? work() : work)
  } catch (caught) {
    const error = /** @type {import('#dist/doors/index.js').SealdropError} */ (caught)
    assert.equal(
      error.name,
      'SealdropError',
      `expected a SealdropError, got ${error.stack ?? error}`,
    )
    if (Array.isArray(code)) assert.include(code, error.code, error.message)
    else assert.equal(error.code, code, error.message)
    if (pattern) assert.match(error.message, pattern)
    return error
  }
  return assert.fail(
    `expected ${[code].flat().join(' or ')}, but it succeeded with ${typeof outcome}`,
  )
}

/** How the work ended: `done`, the code of its failure, or the reason of an abort. */
export const outcomeOf = (work) =>
  work.then(
    () => 'done',
    (error) => error?.code ?? error,
  )

/**
 * The same codes, typed so that the compiler knows each of them.
 *
 * @param {import('#dist/doors/index.js').SealdropErrorCode[]} codes
 */
export const ofCodes = (...codes) => codes

/**
 * The reason why settled work failed, or undefined where it did not.
 *
 * @param {PromiseSettledResult<unknown>} result
 */
export const reasonOf = (result) => (result.status === 'rejected' ? result.reason : undefined)

/** A view at a non-zero offset into a larger buffer full of other bytes. */
export function offsetView(bytes) {
  const larger = new Uint8Array(bytes.length + 13).fill(0xaa)
  larger.set(bytes, 7)
  return larger.subarray(7, 7 + bytes.length)
}

export const randomBytes = (length) => crypto.getRandomValues(new Uint8Array(length))
