/**
 * How a message's data key reaches its recipient: the provider id of an encrypted data key. RSA:
 * AWS KMS RSA keyring, framework/aws-kms/aws-kms-rsa-keyring.md; EC: raw ECDH keyring,
 * framework/raw-ecdh-keyring.md, of AWS's specification.
 */
export const dataKeyProviders = { RSA: 'aws-kms-rsa', EC: 'raw-ecdh' } as const

/**
 * Length of an encrypted data key of `raw-ecdh`: salt, commitment, wrapped key and tag. RSA's is
 * the modulus.
 */
export const ecdhCiphertext = 112
