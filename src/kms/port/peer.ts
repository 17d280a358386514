import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { installs } from './installs.js'

/** The optional peers, each with the lowest version that has what is used of it. */
const peers = {
  '@aws-sdk/client-dynamodb': '3.699.0',
  '@aws-sdk/client-kms': '3.1038.0',
  '@aws-sdk/client-s3': '3.729.0',
  '@aws-sdk/s3-request-presigner': '3.729.0',
} as const

/**
 * Loads what needs an optional peer.
 *
 * @throws SealdropError `invalid_argument` where the peer is missing or too old, with what installs
 *   it
 */
export async function withPeer<T>(name: keyof typeof peers, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    if (isSealdropError(cause)) throw cause
    throw new SealdropError(
      'invalid_argument',
      `${name} is not installed, or older than ${peers[name]}: ${installs(name)}`,
      { cause },
    )
  }
}

/** What is used of the AWS client. */
export type Sdk = typeof import('./aws-commands.js')

/**
 * Loads the AWS client when KMS is first asked: who asks it nothing need not install it.
 *
 * @throws SealdropError `invalid_argument`
 */
export const loadSdk = (): Promise<Sdk> =>
  withPeer('@aws-sdk/client-kms', () => import('./aws-commands.js'))
