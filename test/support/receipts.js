// Receipts, the sets that vouch for their keys, and the files that partners keep of both.
import { keyPairs } from '../vectors/keys.js'
import { publicJwk, signatureKeys } from './host.js'
import { signJws } from './sign.js'

export const year = 365 * 24 * 3_600_000
/** When receipts and sets are signed, in milliseconds. */
export const start = 1_900_000_000_000
export const seconds = (time) => Math.floor(time / 1000)
/** The message that the receipts are for. */
export const sent = { messageId: 'm1', digest: 'd1' }

/**
 * What the suites of receipts share: a root, a key that signs receipts, and what both signed.
 *
 * @param {import('./host.js').DoorHost} host
 */
export function receipts({ door, jose, mlDsa }) {
  const { importKeySet, receiptFile, signedBy, verifyReceiptFile } = door
  const root = { ...publicJwk('P-384-sig'), alg: 'ES384' }
  const signing = (more = {}) => publicJwk('P-256-sig', { alg: 'ES256', ...more })
  const thumbprint = (jwk) => jose.calculateJwkThumbprint(jwk)

  const receiptOf = async (claims = {}, { alg = 'ES256', header = {} } = {}) =>
    signJws(
      alg,
      {
        alg,
        typ: 'sealdrop-receipt+jwt',
        kid: await thumbprint(publicJwk(signatureKeys[alg])),
        ...header,
      },
      JSON.stringify({
        iss: 'urn:x',
        iat: seconds(start),
        jti: 'j',
        ...sent,
        length: 5,
        ctx: { form: 'f' },
        stage: 'opened',
        ...claims,
      }),
    )
  /**
   * @param {readonly object[]} keys
   * @param {{
   *   at?: number
   *   name?: string
   *   by?: string
   *   alg?: string
   *   typ?: string
   *   [claim: string]: unknown
   * }} [o]
   */
  const setOf = async (
    keys,
    {
      at = start,
      name = 'default',
      by = 'P-384-sig',
      alg = 'ES384',
      typ = 'jwk-set+jwt',
      ...claims
    } = {},
  ) =>
    signJws(
      alg,
      { alg, typ, kid: await thumbprint(publicJwk(by)) },
      JSON.stringify({
        iss: 'https://x.example',
        sub: name,
        ver: 7,
        iat: seconds(at),
        exp: seconds(at) + 86_400,
        keys,
        ...claims,
      }),
      keyPairs[by],
    )
  const historyType = 'jwk-set-history+jwt'
  const inTenYears = { at: start + 10 * year, name: 'history', typ: historyType }
  const historyOf = async (keys, o = {}) =>
    importKeySet(await setOf(keys, { ...inTenYears, ...o }), {
      trust: signedBy([root], { history: true }),
      now: () => start + 10 * year,
    })
  const fileOf = async (keys = [signing()], receipt = receiptOf(), o = {}) =>
    receiptFile(
      importKeySet(await setOf(keys), {
        trust: signedBy([root]),
        now: () => start + 1000,
        providers: [mlDsa()],
      }),
      await receipt,
      { sent, ...o },
    )
  const later = (file, o = {}) => verifyReceiptFile(file, { trust: signedBy([root]), ...o })
  const revoked = (at, reason) => ({
    revoked: { revoked_at: seconds(at), ...(reason && { reason }) },
  })

  return { root, signing, thumbprint, receiptOf, setOf, historyOf, fileOf, later, revoked }
}
