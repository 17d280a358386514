import type { Bytes } from '../../bytes/bytes.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import type { Context } from '../../formats/context.js'
import { awsNameOf } from './aws-errors.js'
import { paced } from './paced.js'
import { answered, expected, isArnOf, KmsPort } from './port.js'

/** A data key, and its ciphertext under the KMS key that the ARN names. */
export interface GeneratedDataKey {
  readonly arn: string
  readonly plaintext: Bytes
  readonly ciphertext: Bytes
}

/** What KMS says of a ciphertext that this key did not make in this context. */
const noCiphertext: readonly unknown[] = ['InvalidCiphertextException', 'IncorrectKeyException']

/** Asks for data keys under symmetric KMS keys. CloudTrail shows the encryption context. */
export class DataKeyPort extends KmsPort {
  /** @param key - ARN, key id or alias; the answer names the ARN */
  async generateDataKey(
    key: string,
    context: Context,
    signal?: AbortSignal,
  ): Promise<GeneratedDataKey> {
    const input = { KeyId: key, KeySpec: 'AES_256' as const, EncryptionContext: { ...context } }
    const answer = await this.call('GenerateDataKey', key, signal, (client, o, sdk) =>
      client.send(
        paced(new sdk.GenerateDataKeyCommand(input), this.turns('symmetric', client, o)),
        o,
      ),
    )
    const { KeyId: arn = '' } = answer
    const plaintext = answered('GenerateDataKey', answer.Plaintext)
    expected('GenerateDataKey', isArnOf(key, arn) && plaintext.length === 32)
    return { arn, plaintext, ciphertext: answered('GenerateDataKey', answer.CiphertextBlob) }
  }

  /**
   * Decrypts what `generateDataKey` answered.
   *
   * @returns undefined where KMS answers that this is no ciphertext of the key in this context
   */
  async decryptDataKey(
    arn: string,
    ciphertext: Bytes,
    context: Context,
    signal?: AbortSignal,
  ): Promise<Bytes | undefined> {
    const input = {
      KeyId: arn,
      CiphertextBlob: ciphertext,
      EncryptionContext: { ...context },
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' as const,
    }
    const answer = await this.call('Decrypt', arn, signal, (client, o, sdk) =>
      client.send(paced(new sdk.DecryptCommand(input), this.turns('symmetric', client, o)), o),
    ).catch((error: unknown) => {
      if (isSealdropError(error) && noCiphertext.includes(awsNameOf(error))) return undefined
      throw error
    })
    if (!answer) return undefined
    const isSymmetric = answer.EncryptionAlgorithm === input.EncryptionAlgorithm
    expected('Decrypt', answer.KeyId === arn && isSymmetric)
    // an empty plaintext is as wrong as any other one: class B
    return answered('Decrypt', answer.Plaintext, 0)
  }
}
