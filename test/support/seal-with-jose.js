// Values as another JOSE library writes them, and an opener over test keys, for the suites of the
// room `open`.
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { publicJwk } from './host.js'
import { privateOperations } from './private-operations.js'

export const arnOf = (name, region = 'eu-central-1') =>
  `arn:aws:kms:${region}:111122223333:key/${name}`

/**
 * A JWE by jose.
 *
 * @param {typeof import('jose')} jose
 * @param {string} name of the test key
 * @param {string | Uint8Array} plaintext
 * @param {{ alg?: string, apu?: Uint8Array, apv?: Uint8Array, [member: string]: unknown }} [header]
 */
export async function sealWithJose(jose, name, plaintext, { apu, apv, ...header } = {}) {
  const jwk = publicJwk(name)
  const alg = header.alg ?? (jwk.kty === 'RSA' ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW')
  const kid = await jose.calculateJwkThumbprint(jwk)
  const jwe = new jose.CompactEncrypt(
    typeof plaintext === 'string' ? new TextEncoder().encode(plaintext) : plaintext,
  ).setProtectedHeader({ enc: 'A256GCM', kid, ...header, alg })
  if (apu || apv) jwe.setKeyManagementParameters({ apu, apv })
  return jwe.encrypt(await jose.importJWK({ ...jwk, use: undefined }, alg))
}

/**
 * An opener for these test keys, which are named or given as private JWKs. Several ARNs may name
 * one key.
 */
export async function openerOver({ rooms, jose }, arns, o = {}) {
  const operations = privateOperations(arns, o.answer)
  const keys = await Promise.all(
    Object.entries(arns).map(async ([arn, name]) => {
      const { use: _use, ...jwk } = publicJwk(name)
      return {
        arn,
        jwk,
        info: {
          thumbprint: await jose.calculateJwkThumbprint(jwk),
          alg: jwk.kty === 'RSA' ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW',
          use: 'enc',
          arn,
        },
      }
    }),
  )
  const events = []
  const parts = {
    keys: {
      find: async (fits) => {
        const found = keys.filter(fits)
        if (found.length === 0)
          throw Object.assign(new Error('not on the list'), {
            name: 'SealdropError',
            code: 'key_not_found',
            retryable: false,
          })
        return found
      },
    },
    operations,
    cache: o.cache ?? rooms.noCache,
    now: o.now ?? Date.now,
    maxAge: o.maxAge,
    tolerance: o.tolerance,
    maxFrameLength: o.maxFrameLength,
    replay: o.replay,
    decompress,
  }
  const onEvent = (event) => events.push(event)
  return {
    opener: new rooms.ValueOpener(parts, onEvent),
    streams: new rooms.StreamOpener(parts, onEvent),
    calls: operations.calls,
    events,
  }
}

/** An opener for these test keys, by name, each under an ARN of its own. */
export const openerOf = (host, names, o) =>
  openerOver(host, Object.fromEntries(names.map((name) => [arnOf(name), name])), o)

/** What the companion asks node:crypto for. Here a library does it, so that every host can. */
export const decompress = (crv, point) =>
  ({ 'P-256': p256, 'P-384': p384, 'P-521': p521 })[crv].Point.fromBytes(
    new Uint8Array(point),
  ).toBytes(false)

/** A cache without bounds, to see what is put into it. */
export function plainCache() {
  const entries = new Map()
  return {
    entries,
    get: (id) => entries.get(id),
    used: () => {},
    set: (id, key) => {
      entries.set(id, key)
    },
    forget: () => {},
    clear: () => entries.clear(),
  }
}
