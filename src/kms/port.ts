import {
  DecryptCommand,
  DeriveSharedSecretCommand,
  DescribeKeyCommand,
  GetPublicKeyCommand,
  KMSClient,
  SignCommand,
  type KMSClientConfig,
  type SigningAlgorithmSpec,
} from '@aws-sdk/client-kms'
import { keyWraps } from '../algorithms/key-wraps.js'
import type { Bytes } from '../bytes/bytes.js'
import type { PrivateOperations } from '../envelope/private-operations.js'
import { ensure } from '../errors/guard.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { fromAws } from './faults.js'
import type { MessageType } from './message-types.js'

/**
 * How KMS is reached: a client, a configuration, or one client for each Region. Default `{}`: the
 * AWS default chain.
 */
export type Kms = KMSClient | KMSClientConfig | ((region: string) => KMSClient)

/** What GetPublicKey answers, checked. */
export interface PublicKeyAnswer {
  readonly arn: string
  readonly spki: Bytes
  readonly keyUsage: string
  readonly signingAlgorithms: readonly string[]
}

export interface KeyDescription {
  readonly arn: string
  readonly state: string
  readonly created: Date | undefined
  readonly usage: string
  readonly description: string
  readonly deletes: Date | undefined
}

export const arnPattern: RegExp = /^arn:[\w-]+:kms:([\w-]+):\d{12}:(?:key|alias)\/./

/**
 * The one room that talks to AWS. Every answer must name the key and the algorithm that were asked
 * for.
 */
export class KmsPort implements PrivateOperations {
  readonly #kms: Kms
  readonly #clients = new Map<string, KMSClient>()

  constructor(kms: Kms) {
    this.#kms = kms
  }

  async decrypt(arn: string, ciphertext: Bytes, signal?: AbortSignal): Promise<Bytes | undefined> {
    const algorithm = keyWraps['RSA-OAEP-256'].kms as 'RSAES_OAEP_SHA_256'
    const answer = await this.call('Decrypt', arn, signal, (client, o) =>
      client.send(
        new DecryptCommand({
          KeyId: arn,
          CiphertextBlob: ciphertext,
          EncryptionAlgorithm: algorithm,
        }),
        o,
      ),
    ).catch((error: unknown) => {
      if (
        error instanceof SealdropError &&
        (error.cause as { name?: unknown } | undefined)?.name === 'InvalidCiphertextException'
      )
        return undefined
      throw error
    })
    if (!answer) return undefined
    expected('Decrypt', answer.KeyId === arn && answer.EncryptionAlgorithm === algorithm)
    return bytesOf('Decrypt', answer.Plaintext, 0) // an empty plaintext is as wrong as any other: class B
  }

  async agree(arn: string, spki: Bytes, signal?: AbortSignal): Promise<Bytes> {
    const answer = await this.call('DeriveSharedSecret', arn, signal, (client, o) =>
      client.send(
        new DeriveSharedSecretCommand({
          KeyId: arn,
          PublicKey: spki,
          KeyAgreementAlgorithm: 'ECDH',
        }),
        o,
      ),
    )
    expected('DeriveSharedSecret', answer.KeyId === arn && answer.KeyAgreementAlgorithm === 'ECDH')
    return bytesOf('DeriveSharedSecret', answer.SharedSecret)
  }

  /** A signature over a digest, a message or its representative; ECDSA as DER. */
  async sign(
    arn: string,
    algorithm: string,
    MessageType: MessageType,
    Message: Bytes,
    signal?: AbortSignal,
  ): Promise<Bytes> {
    const SigningAlgorithm = algorithm as SigningAlgorithmSpec
    const answer = await this.call('Sign', arn, signal, (client, o) =>
      client.send(new SignCommand({ KeyId: arn, Message, MessageType, SigningAlgorithm }), o),
    )
    expected('Sign', answer.KeyId === arn && answer.SigningAlgorithm === algorithm)
    return bytesOf('Sign', answer.Signature)
  }

  /** @param key ARN, key id or alias; the answer names the ARN */
  async publicKey(key: string, signal?: AbortSignal): Promise<PublicKeyAnswer> {
    const answer = await this.call('GetPublicKey', key, signal, (client, o) =>
      client.send(new GetPublicKeyCommand({ KeyId: key }), o),
    )
    const {
      KeyId: arn = '',
      KeyUsage: keyUsage = '',
      SigningAlgorithms: signingAlgorithms = [],
    } = answer
    expected('GetPublicKey', arnPattern.test(arn) && (!key.includes(':key/') || key === arn))
    return { arn, spki: bytesOf('GetPublicKey', answer.PublicKey), keyUsage, signingAlgorithms }
  }

  /**
   * State and date of a key by ARN, key id or alias, which GetPublicKey does not answer, and fails
   * for a disabled key.
   */
  async describe(key: string, signal?: AbortSignal): Promise<KeyDescription> {
    const { KeyMetadata: found } = await this.call('DescribeKey', key, signal, (client, o) =>
      client.send(new DescribeKeyCommand({ KeyId: key }), o),
    )
    const {
      Arn: arn = '',
      KeyState: state = '',
      CreationDate: created,
      KeyUsage: usage = '',
      Description: description = '',
      DeletionDate: deletes,
    } = found ?? {}
    expected(
      'DescribeKey',
      arnPattern.test(arn) && (!key.includes(':key/') || key === arn) && state !== '',
    )
    return { arn, state, created, usage, description, deletes }
  }

  /** Ends the clients that were made here; one that came, or that a function made, stays open. */
  close(): void {
    if (!isClient(this.#kms) && typeof this.#kms !== 'function')
      for (const client of this.#clients.values()) client.destroy()
    this.#clients.clear()
  }

  protected async call<R>(
    operation: string,
    key: string,
    signal: AbortSignal | undefined,
    send: (client: KMSClient, o: { abortSignal?: AbortSignal }) => Promise<R>,
  ): Promise<R> {
    signal?.throwIfAborted()
    try {
      return await send(await this.#client(key), signal ? { abortSignal: signal } : {})
    } catch (error) {
      signal?.throwIfAborted()
      throw error instanceof SealdropError ? error : fromAws(error, operation, key)
    }
  }

  /** One client a Region, which an ARN names; other names of keys live in the configured Region. */
  async #client(key: string): Promise<KMSClient> {
    const region = arnPattern.exec(key)?.[1]
    const kms = this.#kms
    if (isClient(kms)) {
      const own = await kms.config.region()
      ensure(
        region === undefined || region === own,
        'invalid_argument',
        `kms: the client is for ${own}, the key ${key} is not; pass a configuration or a function, so that there is a client for each Region`,
      )
      return kms
    }
    ensure(
      typeof kms !== 'function' || region !== undefined,
      'invalid_argument',
      `key ${key}: expected an ARN, because kms is a function of the Region`,
    )
    const known = this.#clients.get(region ?? '')
    if (known) return known
    const made =
      typeof kms === 'function'
        ? kms(region!)
        : new KMSClient(region === undefined ? kms : { ...kms, region })
    this.#clients.set(region ?? '', made)
    return made
  }
}

const isClient = (kms: Kms): kms is KMSClient => typeof kms === 'object' && 'send' in kms

export function expected(operation: string, condition: boolean): void {
  ensure(
    condition,
    'kms_unexpected',
    `kms:${operation} answered for another key or algorithm than was asked`,
  )
}

function bytesOf(operation: string, bytes: Uint8Array | undefined, least = 1): Bytes {
  ensure(
    bytes instanceof Uint8Array && bytes.length >= least,
    'kms_unexpected',
    `kms:${operation} answered without its bytes`,
  )
  return new Uint8Array(bytes)
}
