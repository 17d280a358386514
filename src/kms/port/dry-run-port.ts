import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  type JsonWebKey,
} from 'node:crypto'
import type { EncryptionAlgorithmSpec, SigningAlgorithmSpec } from '@aws-sdk/client-kms'
import type { PublicMembers } from '../../algorithms/public-key.js'
import { signatures, type SignatureName } from '../../algorithms/signatures.js'
import { hashLength } from '../../crypto/verifier.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import { awsNameOf, isDenied } from './aws-errors.js'
import { messageTypesOf } from './message-types.js'
import { KmsPort } from './port.js'

/** Whether KMS would do an operation. */
export type Permission = 'allowed' | 'denied'

const hashes = { RSAES_OAEP_SHA_256: 'sha256', RSAES_OAEP_SHA_1: 'sha1' } as const
/** The names of KMS's encryption algorithms for RSA. */
export type OaepName = keyof typeof hashes

/**
 * Asks KMS by DryRun what it would allow.
 *
 * DryRun does nothing, and is denied where the operation is denied (kms-facts.md, "Rules").
 */
export class DryRunPort extends KmsPort {
  /** It makes a real ciphertext, since DryRun looks at it. */
  mayDecrypt(
    arn: string,
    jwk: PublicMembers,
    algorithm: OaepName,
    signal?: AbortSignal,
  ): Promise<Permission> {
    const key = {
      key: createPublicKey({ key: jwk as unknown as JsonWebKey, format: 'jwk' }),
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: hashes[algorithm],
    }
    const input = {
      KeyId: arn,
      CiphertextBlob: publicEncrypt(key, randomBytes(32)),
      EncryptionAlgorithm: algorithm as EncryptionAlgorithmSpec,
      DryRun: true,
    }
    return permission(
      this.call('Decrypt', arn, signal, (client, o, sdk) =>
        client.send(new sdk.DecryptCommand(input), o),
      ),
    )
  }

  mayAgree(arn: string, jwk: PublicMembers, signal?: AbortSignal): Promise<Permission> {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: jwk.kty === 'EC' ? jwk.crv : '' })
    const input = {
      KeyId: arn,
      PublicKey: publicKey.export({ type: 'spki', format: 'der' }),
      KeyAgreementAlgorithm: 'ECDH' as const,
      DryRun: true,
    }
    return permission(
      this.call('DeriveSharedSecret', arn, signal, (client, o, sdk) =>
        client.send(new sdk.DeriveSharedSecretCommand(input), o),
      ),
    )
  }

  maySign(arn: string, alg: SignatureName, signal?: AbortSignal): Promise<Permission> {
    const [MessageType] = messageTypesOf(signatures[alg])
    const input = {
      KeyId: arn,
      Message: new Uint8Array(hashLength(alg) || 1),
      MessageType,
      SigningAlgorithm: signatures[alg].kms as SigningAlgorithmSpec,
      DryRun: true,
    }
    return permission(
      this.call('Sign', arn, signal, (client, o, sdk) =>
        client.send(new sdk.SignCommand(input), o),
      ),
    )
  }

  /**
   * What time it is by KMS, in milliseconds since 1970; undefined where no answer came.
   *
   * An answer that says no tells the time too.
   */
  async time(key: string, signal?: AbortSignal): Promise<number | undefined> {
    let date: string | undefined
    await this.call('DescribeKey', key, signal, (client, o, sdk) => {
      const command = new sdk.DescribeKeyCommand({ KeyId: key })
      // below the step that throws for an answer that says no
      command.middlewareStack.add(
        (next) => async (args) => {
          const result = await next(args)
          const { headers } = (result.response ?? {}) as HttpAnswer
          date = headers?.['date'] ?? date
          return result
        },
        { step: 'deserialize', priority: 'low', name: 'readDate' },
      )
      return client.send(command, o)
    }).catch((error: unknown) => {
      if (!isSealdropError(error)) throw error
    })
    return date === undefined ? undefined : Date.parse(date)
  }
}

interface HttpAnswer {
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * What the answer to a dry run means.
 *
 * @throws SealdropError what the operation would throw, but for a denial
 */
async function permission(call: Promise<unknown>): Promise<Permission> {
  try {
    await call
  } catch (error) {
    if (!isSealdropError(error)) throw error
    if (awsNameOf(error) === 'DryRunOperationException') return 'allowed'
    if (isDenied(error)) return 'denied'
    throw error
  }
  // a KMS that does not know DryRun did the operation
  return 'allowed'
}
