/** Modulus lengths of RSA KMS keys, in bytes, with their KMS KeySpec. The exponent is always 65,537. */
export const rsaKeySpecs: Readonly<Record<number, string>> = { 256: 'RSA_2048', 384: 'RSA_3072', 512: 'RSA_4096' }

/** 65,537 as a JWK writes it. */
export const rsaExponent = 'AQAB'

/** The object identifier rsaEncryption (RFC 8017 A.1), DER content in hexadecimal. */
export const rsaOid = '2a864886f70d010101'

/** The object identifier id-ecPublicKey (RFC 5480 §2.1.1), DER content in hexadecimal. */
export const ecOid = '2a8648ce3d0201'
