// What a cell of the table says comes from here: one genuine signature of each kind, in the host
// that this runs in.
import { fromBase64url } from '../../dist/bytes/base64url.js'
import { keySetOf } from '../support/host.js'
import { present } from '../support/types.mjs'
import { payload, refusedOnce, signedOnce } from '../vectors/signed-once.js'

/** The code and message of a refusal; what is no refusal of ours fails the cell. */
async function refusal(work) {
  const found = await work.then(
    () => {
      throw new Error('it verified')
    },
    (error) => error,
  )
  if (found?.name !== 'SealdropError') throw found
  return { code: found.code, reason: found.message }
}

/** The text with one bit of the segment's first byte turned. */
function turned(jws, segment) {
  const parts = jws.split('.')
  const bytes = present(fromBase64url(parts[segment]))
  bytes[0] ^= 1
  parts[segment] = btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
  return parts.join('.')
}

/** The genuine one verifies, and with one bit turned in payload or signature it is `rejected`. */
async function verifies({ verify }, keys, jws) {
  const { json, key } = await verify(keys, jws).then((proof) => ({
    json: JSON.stringify(proof.json()),
    key: proof.key.alg,
  }))
  if (json !== payload) throw new Error('another payload came out')
  for (const segment of [1, 2]) {
    const { code, reason } = await refusal(verify(keys, turned(jws, segment)))
    if (code !== 'rejected') throw new Error(`a turned bit is ${code}: ${reason}`)
  }
  return key
}

/**
 * `native` without a provider; `door` where the host lacks it, says so, and verifies with the
 * door's provider.
 */
async function verifiedCell({ door, mlDsa }, { alg, jwk, jws }) {
  const keysWith = (o) => door.importKeySet(keySetOf(jwk), { trust: door.inHand(), ...o })
  const needsDoor = alg.startsWith('ML-DSA')
  if (needsDoor) await verifies(door, keysWith({ providers: [mlDsa()] }), jws)
  try {
    await verifies(door, keysWith({}), jws)
    return 'native'
  } catch (error) {
    const { code, message } = Object(error)
    if (needsDoor && code === 'unsupported_runtime' && message.includes('sealdrop/ml-dsa'))
      return 'door'
    throw error
  }
}

/**
 * @param {{ door: typeof import('../../dist/doors/index.js') }} doors
 * @param {{ name: string, jwk: object, jws?: string, signature?: string }} row
 */
async function refusedCell({ door }, { name, jwk, jws, signature = '' }) {
  const keys = door.importKeySet(keySetOf(jwk), { trust: door.inHand() })
  const { code, reason } = await refusal(
    jws
      ? door.verify(keys, jws)
      : door.verifySignature(keys, {
          message: payload,
          signature: present(fromBase64url(signature)),
          algorithm: name,
        }),
  )
  return `refused: ${code}: ${reason}`
}

/**
 * One cell for each algorithm that KMS signs with, of the host that calls.
 *
 * @returns by name: `native`, `door`, `refused: code: reason` or `FAILED: why`
 */
export async function cells(doors) {
  const rows = [
    ...signedOnce.map((row) => ({ name: row.alg, cell: () => verifiedCell(doors, row) })),
    ...refusedOnce.map((row) => ({ name: row.name, cell: () => refusedCell(doors, row) })),
  ]
  const found = {}
  for (const { name, cell } of rows)
    found[name] = await cell().catch(
      (error) => `FAILED: ${error.code ?? error.name}: ${error.message}`,
    )
  return found
}
