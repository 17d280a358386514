import type { RecipientKind } from './public-key.js'

/**
 * How a message's data key reaches its recipient: the provider id of an encrypted data key.
 *
 * @see AWS Encryption SDK specification, framework/aws-kms/aws-kms-rsa-keyring.md, of RSA; AWS
 *   Encryption SDK specification, framework/raw-ecdh-keyring.md, "Key Provider Information", of EC
 */
export const dataKeyProviders = { RSA: 'aws-kms-rsa', EC: 'raw-ecdh' } as const

/**
 * What AWS's KMS ECDH keyring writes whose sender is a KMS key too. It has the form of `raw-ecdh`,
 * and is read only.
 *
 * @see AWS Encryption SDK specification, framework/aws-kms/aws-kms-ecdh-keyring.md
 */
export const staticSender = 'aws-kms-ecdh'

/**
 * Under a symmetric KMS key, as archives are. No opener opens it: archives have a reader of their
 * own.
 *
 * @see AWS Encryption SDK specification, framework/aws-kms/aws-kms-keyring.md
 */
export const symmetricProvider = 'aws-kms'

/** Whether a message names a key of the kind by its key ARN. */
export const isNamedByArn: Readonly<Record<RecipientKind, boolean>> = { RSA: true, EC: false }

/**
 * Length of an encrypted data key of `raw-ecdh`: salt, commitment, wrapped key and tag. RSA's is
 * the modulus.
 */
export const ecdhCiphertext = 112

/** The kind of recipient that a provider of data keys is for; undefined for those of others. */
export function kindOfProvider(provider: string): RecipientKind | undefined {
  if (provider === staticSender) return 'EC'
  const kinds = Object.keys(dataKeyProviders) as RecipientKind[]
  return kinds.find((kind) => dataKeyProviders[kind] === provider)
}
