import type { SignatureRow } from '../../algorithms/signatures.js'

/** Bytes that kms:Sign takes at most. */
export const longestRaw = 4_096

export type MessageType = 'DIGEST' | 'RAW' | 'EXTERNAL_MU'

/**
 * What this library sends kms:Sign: a digest where the algorithm hashes; of ML-DSA the message, or
 * its representative mu where it is long (jose-profile.md, "Signatures").
 */
export function messageTypesOf({ hash, kty }: SignatureRow): readonly MessageType[] {
  if (hash) return ['DIGEST']
  return kty === 'AKP' ? ['RAW', 'EXTERNAL_MU'] : ['RAW']
}
