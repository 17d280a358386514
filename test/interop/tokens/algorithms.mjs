// Who has which algorithm, and from which KMS key ours come.
const classic = ['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512']
const lattice = ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87']

/** By JOSE name, the spec of the KMS key that signs with it. */
export const kmsSpecs = {
  PS256: 'RSA_2048',
  PS384: 'RSA_3072',
  PS512: 'RSA_4096',
  RS256: 'RSA_2048',
  RS384: 'RSA_3072',
  RS512: 'RSA_4096',
  ES256: 'ECC_NIST_P256',
  ES384: 'ECC_NIST_P384',
  ES512: 'ECC_NIST_P521',
  Ed25519: 'ECC_NIST_EDWARDS25519',
  'ML-DSA-44': 'ML_DSA_44',
  'ML-DSA-65': 'ML_DSA_65',
  'ML-DSA-87': 'ML_DSA_87',
}

/**
 * By library: the algorithms that it has, under their own names. Ed25519 is the name of RFC 9864,
 * EdDSA that of RFC 8037; who has both reads both. `without` is a type of key that a set may not
 * have, or the library reads none of it.
 */
export const libraries = {
  jose: { language: 'Node', algorithms: [...classic, 'Ed25519', 'EdDSA', ...lattice] },
  PyJWT: { language: 'Python', algorithms: [...classic, 'EdDSA'] },
  joserfc: { language: 'Python', algorithms: [...classic, 'Ed25519', 'EdDSA'] },
  jwcrypto: { language: 'Python', algorithms: [...classic, 'Ed25519', 'EdDSA', ...lattice] },
  // it has ML-DSA when built with Go 1.27
  'go-jose': { language: 'Go', algorithms: [...classic, 'EdDSA'], without: 'AKP' },
  'golang-jwt': { language: 'Go', algorithms: [...classic, 'EdDSA'] },
  jwx: { language: 'Go', algorithms: [...classic, 'Ed25519', 'EdDSA'], without: 'AKP' },
  'filippo.io/mldsa': { language: 'Go', algorithms: lattice },
  // these verify only, since the others issue enough
  Authlib: { language: 'Python', algorithms: [...classic, 'EdDSA'], issues: [], without: 'AKP' },
  // it has Ed25519 with another library, Tink
  Nimbus: { language: 'Java', algorithms: classic, issues: [] },
  jose4j: { language: 'Java', algorithms: [...classic, 'EdDSA'], issues: [] },
}
