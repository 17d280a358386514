// Writes file signatures from jose-profile.md alone ("Large files"), with jose; nothing here comes
// from dist/.
import { keyPairs } from '../vectors/keys.js'
import { be, concat, utf8 } from './message-format.js'

export const chunkSize = 1_048_576
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))

/** Bytes that tell their place; no two chunks are the same. */
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
 * @param o.claims, o.header - added to what is usual; `o.payload` takes the place of all claims
 * @param o.list - the list of hashes, where it is to be another than the file's; `o.line` its text
 */
export async function signFile(
  jose,
  bytes,
  { alg = 'ES256', key = 'P-256-sig', claims, payload, header, list, line } = {},
) {
  const hashes = concat(...(await hashesOf(bytes)))
  const body =
    payload ?? JSON.stringify({ ...(await claimsOf(jose, bytes.length, hashes)), ...claims })
  const jws = new jose.CompactSign(typeof body === 'string' ? utf8(body) : body).setProtectedHeader(
    { alg, typ: 'sealdrop-file+jwt', ...header },
  )
  return `${await jws.sign(await jose.importJWK(keyPairs[key], alg))}\n${line ?? jose.base64url.encode(list ?? hashes)}`
}
