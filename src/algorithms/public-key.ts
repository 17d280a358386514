import type { Base64url } from '../bytes/base64url.js'

/** The NIST curves of KMS keys. SEC 2 §2.4 to §2.6. */
export type CurveName = 'P-256' | 'P-384' | 'P-521'

/**
 * The kinds of key that are sealed to, each with the necessary members of its JWK (RFC 7518 §6.2.1
 * and §6.3.1).
 */
export interface RecipientMembers {
  readonly RSA: { readonly kty: 'RSA'; readonly n: Base64url; readonly e: Base64url }
  readonly EC: {
    readonly kty: 'EC'
    readonly crv: CurveName
    readonly x: Base64url
    readonly y: Base64url
  }
}

/** One line in a table for each verb: `git grep RecipientKind` finds them. */
export type RecipientKind = keyof RecipientMembers

/** Of the kinds of key that are sealed to. */
export type SealingMembers = RecipientMembers[RecipientKind]

/**
 * The necessary members of a public JWK, and no others (RFC 7518 §6.2.1 and §6.3.1, RFC 8037 §2,
 * RFC 9964 §3).
 */
export type PublicMembers =
  | SealingMembers
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: Base64url }
  | { readonly kty: 'AKP'; readonly alg: string; readonly pub: Base64url }

/**
 * What kind of key a JWK is: its type, or the algorithm of an `AKP`, since keys of that type can
 * sign or be sealed to. It is a {@link RecipientKind} of a key that is sealed to.
 */
export function kindOfKey(jwk: SealingMembers): RecipientKind
export function kindOfKey(jwk: PublicMembers): string
export function kindOfKey(jwk: PublicMembers): string {
  return (jwk as { readonly alg?: string }).alg ?? jwk.kty
}

type MemberLengths = Readonly<Record<string, readonly number[]>>

type CoordinateLengths = Readonly<
  Record<`EC ${CurveName}`, Readonly<Record<'x' | 'y', readonly [number]>>>
>

/**
 * By type and curve, algorithm or exponent (its bytes): the members that hold the key, and of how
 * many bytes they may be. A modulus has no leading zero bit.
 */
export const keyMembers: Readonly<Record<string, MemberLengths>> & CoordinateLengths = {
  'RSA exponent 1,0,1': { n: [256, 384, 512] },
  'EC P-256': { x: [32], y: [32] },
  'EC P-384': { x: [48], y: [48] },
  'EC P-521': { x: [66], y: [66] },
  'OKP Ed25519': { x: [32] },
  'AKP ML-DSA-44': { pub: [1312] },
  'AKP ML-DSA-65': { pub: [1952] },
  'AKP ML-DSA-87': { pub: [2592] },
}
