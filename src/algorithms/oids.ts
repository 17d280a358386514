import type { CurveName } from './curves.js'

/** Object identifiers of an SPKI, as DER content in hexadecimal (RFC 8017 A.1, RFC 5480 §2.1.1 and §2.1.1.1). */
export const rsaOid = '2a864886f70d010101'
export const ecOid = '2a8648ce3d0201'
export const curveOids: Readonly<Record<CurveName, string>> = { 'P-256': '2a8648ce3d030107', 'P-384': '2b81040022', 'P-521': '2b81040023' }
