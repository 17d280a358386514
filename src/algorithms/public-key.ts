/**
 * The necessary members of a public JWK, and no others (RFC 7518 §6.2.1 and §6.3.1, RFC 8037 §2,
 * RFC 9964 §3).
 */
export type PublicMembers =
  | SealingMembers
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
  | { readonly kty: 'AKP'; readonly alg: string; readonly pub: string }

/** Of the types of key that are sealed to. */
export type SealingMembers =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }

/**
 * By type and exponent, curve or algorithm: the members that hold the key, and of how many bytes
 * they may be. A modulus has no leading zero bit.
 */
export const keyMembers: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  'RSA AQAB': { n: [256, 384, 512] },
  'EC P-256': { x: [32], y: [32] },
  'EC P-384': { x: [48], y: [48] },
  'EC P-521': { x: [66], y: [66] },
  'OKP Ed25519': { x: [32] },
  'AKP ML-DSA-44': { pub: [1312] },
  'AKP ML-DSA-65': { pub: [1952] },
  'AKP ML-DSA-87': { pub: [2592] },
}
