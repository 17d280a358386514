/** The NIST curves of KMS keys. Sizes are bytes. SEC 2 §2.4 to §2.6. */
export interface CurveRow {
  /** Length of a coordinate, and of the shared secret that KMS derives. */
  readonly coordinate: number
  /** The one signature algorithm that KMS offers on this curve. */
  readonly signature: 'ES256' | 'ES384' | 'ES512'
}

export type CurveName = 'P-256' | 'P-384' | 'P-521'

export const curves: Readonly<Record<CurveName, CurveRow>> = {
  'P-256': { coordinate: 32, signature: 'ES256' },
  'P-384': { coordinate: 48, signature: 'ES384' },
  'P-521': { coordinate: 66, signature: 'ES512' },
}

export const curveNames: readonly CurveName[] = ['P-256', 'P-384', 'P-521']

export const curveRow = (name: unknown): CurveRow | undefined =>
  typeof name === 'string' && Object.hasOwn(curves, name) ? curves[name as CurveName] : undefined
