/**
 * How a message's data key reaches its recipient: the provider id of an encrypted data key.
 *
 * @see AWS Encryption SDK specification, framework/aws-kms/aws-kms-rsa-keyring.md, of RSA; AWS
 *   Encryption SDK specification, framework/raw-ecdh-keyring.md, "Key Provider Information", of EC
 */
export const dataKeyProviders = { RSA: 'aws-kms-rsa', EC: 'raw-ecdh' } as const

/**
 * Length of an encrypted data key of `raw-ecdh`: salt, commitment, wrapped key and tag. RSA's is
 * the modulus.
 */
export const ecdhCiphertext = 112
