import { SealdropError } from '../errors/sealdrop-error.js'

/**
 * The host's CryptoKey.
 *
 * The name also exists where there are neither DOM types nor recent Node types.
 */
export type CryptoKey = Extract<
  Awaited<ReturnType<typeof crypto.subtle.generateKey>>,
  { type: string }
>

/**
 * WebCrypto, found when it is first needed.
 *
 * @throws SealdropError:
 *   - `unsupported_runtime`: the page is served over plain http, where browsers hide it
 */
export function subtle(): typeof crypto.subtle {
  const found = (globalThis.crypto as typeof crypto | undefined)?.subtle as
    typeof crypto.subtle | undefined
  if (!found)
    throw new SealdropError('unsupported_runtime', 'no crypto.subtle: serve the page over https')
  return found
}

/** Random bytes from the host's generator. */
export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length))
}
