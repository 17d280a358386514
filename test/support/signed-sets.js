// Signed key sets as a publisher makes them, the hosts that serve them, and stores that remember
// them. jose signs the sets.
import { keyPairs } from '../vectors/keys.js'
import { fails, publicJwk } from './host.js'
import { signJws } from './sign.js'

export const hour = 3_600_000
/** When the sets are signed, in milliseconds. */
export const start = 1_900_000_000_000
/** By algorithm that a root may have, its root key. */
export const roots = {
  ES256: 'P-256-sig',
  ES384: 'P-384-sig',
  ES512: 'P-521-sig',
  PS256: 'RSA-2048-sig',
  RS512: 'RSA-3072-sig',
  Ed25519: 'Ed25519-sig',
  'ML-DSA-65': 'ML-DSA-65-sig',
}
export const keyNames = ['RSA-2048-enc', 'P-256-enc']

/** A store that is a map, and counts its calls. */
export function mapStore(entries = new Map()) {
  const store = {
    entries,
    gets: 0,
    puts: 0,
    get: async (id) => {
      store.gets++
      return entries.get(id)
    },
    put: async (id, set) => {
      store.puts++
      entries.set(id, set)
    },
  }
  return store
}

/**
 * What the suites of signed sets share: roots, the sets that they signed, and hosts that serve
 * them.
 *
 * @param {import('./host.js').DoorHost} host
 */
export function signedSets({ assert, door, jose }) {
  const { fetchKeySet, seal } = door
  const rootJwk = (alg = 'ES256') => ({ ...publicJwk(roots[alg]), alg })
  const thumbprint = (jwk) => jose.calculateJwkThumbprint(jwk)

  /** A set as the publisher signs it. Claims and header members that are undefined are left out. */
  async function signedSet({
    alg = 'ES256',
    by = roots[alg],
    claims = {},
    header = {},
    keys = keyNames.map((name) => publicJwk(name)),
    at = start,
  } = {}) {
    const all = {
      iss: 'https://claims.example',
      sub: 'default',
      ver: 7,
      iat: at / 1000,
      exp: (at + 24 * hour) / 1000,
      keys,
      ...claims,
    }
    const full = {
      alg,
      typ: 'jwk-set+jwt',
      kid: await thumbprint(publicJwk(roots[alg])),
      ...header,
    }
    const present = (object) =>
      Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
    if (alg.startsWith('ML'))
      // jose has it in few hosts
      return signJws(alg, present(full), JSON.stringify(present(all)), keyPairs[by])
    return new jose.CompactSign(new TextEncoder().encode(JSON.stringify(present(all))))
      .setProtectedHeader({ ...present(full), alg: full.alg })
      .sign(await jose.importJWK(keyPairs[by], full.alg))
  }

  /**
   * A key set whose host answers `state.answer`. This is a document, an error to throw, or a
   * status.
   */
  function hosted(trust, answer, o = {}) {
    const state = { calls: 0, at: start, answer, accept: undefined }
    const keys = fetchKeySet('https://keys.example/', {
      trust,
      now: () => state.at,
      ...o,
      /** @param {unknown} _url @param {{ headers?: any }} [init] */
      fetch: async (_url, { headers } = {}) => {
        state.calls++
        state.accept = headers.accept
        const found = await state.answer
        if (found instanceof Error) throw found
        return typeof found === 'number' ? new Response('', { status: found }) : new Response(found)
      },
    })
    return { state, keys, sealed: () => seal(keys, 'x', { context: {} }) }
  }
  const refused = async (trust, document, code, pattern) => {
    const { sealed } = hosted(trust, document)
    return fails(assert, sealed(), code, pattern)
  }

  const kidOf = async (sealed) => jose.decodeProtectedHeader(await sealed).kid

  return { rootJwk, thumbprint, signedSet, hosted, refused, kidOf }
}
