// Writes file signatures with jose, from file-signature.md alone. Nothing here comes
// from dist/.
import { keyPairs } from '../vectors/keys.js'
import { fails, keySetOf, publicJwk, signatureKeys } from './host.js'
import { be, concat, utf8 } from './message-format.js'
import { collect } from './sources.js'
import { wrong } from './types.mjs'

export const chunkSize = 1_048_576
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))

/** Bytes that differ by their place, so that no two chunks are the same. */
export function fileOf(length) {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = i * 31 + (i >> 8) * 7 + (i >> 20) * 13
  return bytes
}

/** The hashes of the chunks, one by one. */
export async function hashesOf(bytes) {
  const hashes = []
  for (let at = 0; at < bytes.length; at += chunkSize)
    hashes.push(await sha256(bytes.slice(at, at + chunkSize)))
  return hashes
}

/** SHA-256 over the prefix, the size, the chunk size and the list. */
export const digestOf = async (size, list) =>
  sha256(concat(utf8('sealdrop-chunks-v1'), be(size, 8), be(chunkSize, 4), list))

/** When files are signed here, in seconds. */
export const signedAt = 1_700_000_000

/** What is signed of a file. */
export async function claimsOf({ base64url }, size, list) {
  return {
    v: 1,
    size,
    chunkSize,
    hash: 'SHA-256',
    digest: base64url.encode(await digestOf(size, list)),
    ctx: {},
    iat: signedAt,
    iss: 'urn:x',
  }
}

/**
 * A file signature.
 *
 * @param {typeof import('jose')} jose
 * @param {Uint8Array} bytes
 * @param {{
 *   alg?: string
 *   key?: string
 *   claims?: object
 *   header?: object
 *   payload?: string | Uint8Array
 *   list?: Uint8Array
 *   line?: string
 * }} [o] `claims` and `header` are added to what is usual, `payload` takes the place of all claims;
 *   `list` is the list of hashes, where it is to be another than the file's, and `line` its text
 */
export async function signFile(jose, bytes, o = {}) {
  const { alg = 'ES256', key = 'P-256-sig', claims, payload, header, list, line } = o
  const hashes = concat(...(await hashesOf(bytes)))
  const body =
    payload ?? JSON.stringify({ ...(await claimsOf(jose, bytes.length, hashes)), ...claims })
  const jws = await new jose.CompactSign(typeof body === 'string' ? utf8(body) : body)
    .setProtectedHeader({ alg, typ: 'sealdrop-file+jwt', ...header })
    .sign(await jose.importJWK(keyPairs[key], alg))
  return `${jws}\n${line ?? jose.base64url.encode(list ?? hashes)}`
}

/**
 * What the suites of file signatures share. There are keys, a file of three chunks and a piece, and
 * a small file, with their signatures. Each is made once.
 *
 * @param {import('./host.js').DoorHost} host
 */
export function fileSignatures({ assert, door, jose, mlDsa }) {
  const { importKeySet, inHand, verifyStream } = door
  const keysOf = (alg = 'ES256', extra = {}, o = {}) =>
    importKeySet(keySetOf(publicJwk(signatureKeys[alg], { alg, ...extra })), {
      trust: inHand(),
      providers: [mlDsa()],
      ...o,
    })
  const keys = keysOf()
  const size = 3 * chunkSize + 5
  const file = fileOf(size)
  const small = fileOf(1_000)
  const sign = (bytes, o) => signFile(jose, bytes, o)
  const signatures = {}
  const signed = async (bytes = file) =>
    (signatures[bytes.length] ??= await sign(bytes, {
      claims: { name: 'report.bin', mediaType: 'application/x-report' },
    }))
  const changed = (at, bytes = file) => {
    const other = bytes.slice()
    other[at] ^= 1
    return other
  }

  /**
   * A source and its signature. `verifyStream` must refuse one of the two.
   *
   * @param {unknown} source
   * @param {unknown} signature
   * @param {string | string[]} code
   * @param {{ pattern?: RegExp, [option: string]: unknown }} [o]
   */
  const refused = async (source, signature, code, { pattern, ...o } = {}) =>
    fails(assert, verifyStream(keys, wrong(signature), wrong(source), o), code, pattern)

  /** What a source gives until it fails, which it must. */
  async function releasedOf(source, code, pattern, signature) {
    const released = []
    const { readable } = await verifyStream(keys, signature ?? (await signed()), source)
    const error = await fails(assert, collect(readable, released), code, pattern)
    return { bytes: concat(...released), error }
  }

  return { keysOf, keys, size, file, small, sign, signed, changed, refused, releasedOf }
}
