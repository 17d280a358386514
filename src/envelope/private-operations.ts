import type { Bytes } from '../bytes/bytes.js'

/**
 * What only the holder of a private key can do. The companion's KMS port implements it; tests hand
 * in WebCrypto keys. Both throw SealdropError `kms_*` or `key_unusable` where no cryptographic
 * answer came.
 */
export interface PrivateOperations {
  /**
   * RSAES_OAEP_SHA_256 of a ciphertext; undefined when the key's holder answers that it is not one.
   */
  decrypt(arn: string, ciphertext: Bytes, signal?: AbortSignal): Promise<Bytes | undefined>
  /** The ECDH shared secret with a sender's public key in SPKI form. */
  agree(arn: string, spki: Bytes, signal?: AbortSignal): Promise<Bytes>
}
