import { SealdropError } from '../errors/sealdrop-error.js'

/**
 * WebCrypto, found when it is first needed.
 *
 * @throws SealdropError `unsupported_runtime` on a page served over plain http, where browsers hide it
 */
export function subtle(): SubtleCrypto {
  const found = (globalThis.crypto as Crypto | undefined)?.subtle as SubtleCrypto | undefined
  if (!found) throw new SealdropError('unsupported_runtime', 'crypto.subtle is not here: serve the page over https (or from localhost)')
  return found
}

/** Random bytes from the host's generator. */
export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length))
}
