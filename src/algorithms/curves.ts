/** The NIST curves of KMS keys. Sizes are bytes. SEC 2 §2.4 to §2.6, RFC 5480 §2.1.1.1. */
export interface CurveRow {
  /** Length of a coordinate, and of the shared secret that KMS derives. */
  readonly coordinate: number
  /** The KMS KeySpec. */
  readonly keySpec: string
  /** The object identifier's DER content, in hexadecimal. */
  readonly oid: string
  /** The one signature algorithm that KMS offers on this curve. */
  readonly signature: 'ES256' | 'ES384' | 'ES512'
}

export type CurveName = 'P-256' | 'P-384' | 'P-521'

export const curves: Readonly<Record<CurveName, CurveRow>> = {
  'P-256': { coordinate: 32, keySpec: 'ECC_NIST_P256', oid: '2a8648ce3d030107', signature: 'ES256' },
  'P-384': { coordinate: 48, keySpec: 'ECC_NIST_P384', oid: '2b81040022', signature: 'ES384' },
  'P-521': { coordinate: 66, keySpec: 'ECC_NIST_P521', oid: '2b81040023', signature: 'ES512' },
}

export const curveNames: readonly CurveName[] = ['P-256', 'P-384', 'P-521']

export const curveRow = (name: unknown): CurveRow | undefined =>
  typeof name === 'string' && Object.hasOwn(curves, name) ? curves[name as CurveName] : undefined
