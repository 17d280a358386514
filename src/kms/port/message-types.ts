import type { SignatureRow } from '../../algorithms/signatures.js'

/** The most bytes that kms:Sign takes. */
export const longestRaw = 4_096

export type MessageType = 'DIGEST' | 'RAW' | 'EXTERNAL_MU'

/**
 * What this library sends to kms:Sign (jose-profile.md, "Signatures").
 *
 * - Where the algorithm hashes, it is a digest, and otherwise the message.
 * - Of ML-DSA it is the representative mu where the message is long.
 */
export function messageTypesOf({ hash, kty }: SignatureRow): readonly MessageType[] {
  if (hash) return ['DIGEST']
  return kty === 'AKP' ? ['RAW', 'EXTERNAL_MU'] : ['RAW']
}
