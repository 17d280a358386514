import { ECDH } from 'node:crypto'
import type { CurveName } from '../../algorithms/public-key.js'
import type { Bytes } from '../../bytes/bytes.js'

const names: Readonly<Record<CurveName, string>> = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
}

/**
 * Writes a compressed point as `04 ‖ x ‖ y` (SEC 1 §2.3.4), which WebCrypto cannot do.
 *
 * It throws when the curve has no point with that x.
 */
export function decompressPoint(crv: CurveName, point: Bytes): Uint8Array {
  return ECDH.convertKey(point, names[crv], undefined, undefined, 'uncompressed') as Buffer
}
