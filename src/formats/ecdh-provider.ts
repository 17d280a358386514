import { coordinateOf, curveNames } from '../algorithms/curves.js'
import type { CurveName } from '../algorithms/public-key.js'
import { fromBase64url, type Base64url } from '../bytes/base64url.js'
import { concat, sized, type Bytes } from '../bytes/bytes.js'
import { Cursor } from '../bytes/cursor.js'

/** A point in SEC 1 compressed form (§2.3.3): the parity of y, then x. */
export function compressPoint({ x, y }: { readonly x: Base64url; readonly y: Base64url }): Bytes {
  // oxlint-disable-next-line typescript/no-non-null-assertion -- no coordinate is empty
  const parity = fromBase64url(y).at(-1)! & 1
  return concat([2 + parity], fromBase64url(x))
}

/**
 * Provider info of `raw-ecdh`: version, recipient's point, sender's ephemeral point, each with its
 * length.
 */
export function ecdhInfo(recipient: Bytes, sender: Bytes): Bytes {
  return concat([1], sized(4, recipient, sender))
}

/** @throws SealdropError `malformed` */
export function parseEcdhInfo(info: Uint8Array): {
  readonly crv: CurveName
  readonly recipient: Bytes
  readonly sender: Bytes
} {
  const cursor = new Cursor(info, 'malformed')
  if (cursor.u8('raw-ecdh info') !== 1) cursor.fail('raw-ecdh info', 'expected version 1')
  const length = (info.length - 9) / 2
  const crv =
    curveNames.find((name) => coordinateOf(name) + 1 === length) ??
    cursor.fail("recipient's point", 'expected two compressed points')
  const point = (field: string): Bytes => {
    if (cursor.u32(field) !== length) cursor.fail(field, 'expected two compressed points')
    const bytes = cursor.take(length, field)
    if (bytes[0] !== 2 && bytes[0] !== 3) cursor.fail(field, 'expected a compressed point')
    return bytes as Bytes
  }
  return { recipient: point("recipient's point"), sender: point("sender's point"), crv }
}

/**
 * What derives and authenticates the wrapping key, by the running code of AWS's libraries.
 *
 * The order is the reverse of the info.
 */
export function fixedInfo(
  crv: string,
  recipient: Bytes,
  sender: Bytes,
  serializedContext: Bytes,
): Bytes {
  return concat(
    `ecdh-key-derivation\0${crv.toLowerCase().replace('-', '')}\0HMAC_SHA384\0`,
    sender,
    recipient,
    [0, 1, 0],
    serializedContext,
  )
}
