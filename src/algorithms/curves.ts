import { keyMembers, type CurveName } from './public-key.js'

/** SEC 2 §2.4 to §2.6. */
export const curveNames: readonly CurveName[] = ['P-256', 'P-384', 'P-521']

/** Length in bytes of a coordinate, and of the shared secret that KMS derives. */
export const coordinateOf = (crv: CurveName): number => keyMembers[`EC ${crv}` as const].x[0]

/** The one signature algorithm of a curve (RFC 7518 §3.4, RFC 9864 §2.2). */
export const curveSignatures: Readonly<Record<string, string>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'Ed25519',
}
