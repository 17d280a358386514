import {
  CancelKeyDeletionCommand, CreateAliasCommand, CreateKeyCommand, DecryptCommand, DeleteAliasCommand, DeriveSharedSecretCommand, DescribeKeyCommand, DisableKeyCommand, EnableKeyCommand,
  GetKeyLastUsageCommand, GetPublicKeyCommand, KMSClient, ListKeysCommand, ScheduleKeyDeletionCommand, SignCommand, UpdateAliasCommand,
  type KeySpec, type KeyUsageType, type KMSClientConfig, type SigningAlgorithmSpec,
} from '@aws-sdk/client-kms'
import { keyWraps } from '../algorithms/key-wraps.js'
import type { Bytes } from '../bytes/bytes.js'
import type { PrivateOperations } from '../envelope/private-operations.js'
import { ensure } from '../errors/guard.js'
import { isSealdropError, SealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'
import { fromAws } from './faults.js'

/** How KMS is reached: a client, a configuration, or one client for each Region. Default `{}`: the AWS default chain. */
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

/** The last time that a key did cryptography, as far as KMS has kept track; undefined where it never did. */
export interface LastUse {
  readonly at: Date
  readonly operation: string
}

export interface NewKey {
  /** Names the Region, where it is an ARN. */
  readonly alias: string
  readonly spec: string
  readonly usage: string
  readonly description: string
}

const arnPattern = /^arn:[\w-]+:kms:([\w-]+):\d{12}:(?:key|alias)\/./

/** The one room that talks to AWS. Every answer must name the key and the algorithm that were asked for. */
export class KmsPort implements PrivateOperations {
  readonly #kms: Kms
  readonly #clients = new Map<string, KMSClient>()

  constructor(kms: Kms) {
    this.#kms = kms
  }

  async decrypt(arn: string, ciphertext: Bytes, signal?: AbortSignal): Promise<Bytes | undefined> {
    const algorithm = keyWraps['RSA-OAEP-256'].kms as 'RSAES_OAEP_SHA_256'
    const answer = await this.#call('Decrypt', arn, signal, (client, o) => client.send(new DecryptCommand({ KeyId: arn, CiphertextBlob: ciphertext, EncryptionAlgorithm: algorithm }), o))
      .catch((error: unknown) => {
        if (error instanceof SealdropError && (error.cause as { name?: unknown } | undefined)?.name === 'InvalidCiphertextException') return undefined
        throw error
      })
    if (!answer) return undefined
    expected('Decrypt', answer.KeyId === arn && answer.EncryptionAlgorithm === algorithm)
    return bytesOf('Decrypt', answer.Plaintext, 0) // an empty plaintext is as wrong as any other: class B
  }

  async agree(arn: string, spki: Bytes, signal?: AbortSignal): Promise<Bytes> {
    const answer = await this.#call('DeriveSharedSecret', arn, signal, (client, o) => client.send(new DeriveSharedSecretCommand({ KeyId: arn, PublicKey: spki, KeyAgreementAlgorithm: 'ECDH' }), o))
    expected('DeriveSharedSecret', answer.KeyId === arn && answer.KeyAgreementAlgorithm === 'ECDH')
    return bytesOf('DeriveSharedSecret', answer.SharedSecret)
  }

  /** A signature over a digest; ECDSA as DER. */
  async sign(arn: string, algorithm: string, digest: Bytes, signal?: AbortSignal): Promise<Bytes> {
    const SigningAlgorithm = algorithm as SigningAlgorithmSpec
    const answer = await this.#call('Sign', arn, signal, (client, o) => client.send(new SignCommand({ KeyId: arn, Message: digest, MessageType: 'DIGEST', SigningAlgorithm }), o))
    expected('Sign', answer.KeyId === arn && answer.SigningAlgorithm === algorithm)
    return bytesOf('Sign', answer.Signature)
  }

  /** @param key ARN, key id or alias; the answer names the ARN */
  async publicKey(key: string, signal?: AbortSignal): Promise<PublicKeyAnswer> {
    const answer = await this.#call('GetPublicKey', key, signal, (client, o) => client.send(new GetPublicKeyCommand({ KeyId: key }), o))
    const { KeyId: arn = '', KeyUsage: keyUsage = '', SigningAlgorithms: signingAlgorithms = [] } = answer
    expected('GetPublicKey', arnPattern.test(arn) && (!key.includes(':key/') || key === arn))
    return { arn, spki: bytesOf('GetPublicKey', answer.PublicKey), keyUsage, signingAlgorithms }
  }

  /** State and date of a key by ARN, key id or alias, which GetPublicKey does not answer, and fails for a disabled key. */
  async describe(key: string, signal?: AbortSignal): Promise<KeyDescription> {
    const { KeyMetadata: found } = await this.#call('DescribeKey', key, signal, (client, o) => client.send(new DescribeKeyCommand({ KeyId: key }), o))
    const { Arn: arn = '', KeyState: state = '', CreationDate: created, KeyUsage: usage = '', Description: description = '', DeletionDate: deletes } = found ?? {}
    expected('DescribeKey', arnPattern.test(arn) && (!key.includes(':key/') || key === arn) && state !== '')
    return { arn, state, created, usage, description, deletes }
  }

  /** A new key in the Region of an alias; its ARN. */
  async createKey({ alias, spec, usage, description }: NewKey, signal?: AbortSignal): Promise<string> {
    const input = { KeySpec: spec as KeySpec, KeyUsage: usage as KeyUsageType, Description: description }
    const { KeyMetadata: made } = await this.#call('CreateKey', alias, signal, (client, o) => client.send(new CreateKeyCommand(input), o))
    expected('CreateKey', arnPattern.test(made?.Arn ?? '') && made?.KeySpec === spec && made.KeyUsage === usage)
    return made!.Arn!
  }

  /** The key with this description in the Region of an alias: a DescribeKey for each key of the account there. */
  async findKey({ alias, description }: Pick<NewKey, 'alias' | 'description'>, signal?: AbortSignal): Promise<string | undefined> {
    for (let marker: string | undefined; ;) {
      const Marker = marker
      const { Keys = [], NextMarker } = await this.#call('ListKeys', alias, signal, (client, o) => client.send(new ListKeysCommand({ Limit: 1000, Marker }), o))
      for (const { KeyArn = '' } of Keys) {
        const found = await this.describe(KeyArn, signal).catch(unlessDenied) // a key of others in the account
        if (found?.description === description) return KeyArn
      }
      if (NextMarker === undefined) return undefined
      marker = NextMarker
    }
  }

  /** The ARN of the key that an alias names; undefined where there is no such alias. */
  async aliased(alias: string, signal?: AbortSignal): Promise<string | undefined> {
    return (await this.describe(alias, signal).catch(unlessUnusable))?.arn
  }

  /** Lets an alias name a key; it is made where there is none, and made anew where its key is of another usage, which UpdateAlias refuses. */
  async moveAlias(alias: string, arn: string, signal?: AbortSignal): Promise<void> {
    const AliasName = alias.slice(alias.indexOf('alias/'))
    const [now, wanted] = [await this.describe(alias, signal).catch(unlessUnusable), await this.describe(arn, signal)]
    if (now?.arn === arn) return
    if (now?.usage === wanted.usage) return void await this.#call('UpdateAlias', alias, signal, (client, o) => client.send(new UpdateAliasCommand({ AliasName, TargetKeyId: arn }), o))
    if (now) await this.#call('DeleteAlias', alias, signal, (client, o) => client.send(new DeleteAliasCommand({ AliasName }), o))
    await this.#call('CreateAlias', alias, signal, (client, o) => client.send(new CreateAliasCommand({ AliasName, TargetKeyId: arn }), o))
  }

  /** Refuses every call from then on; nothing happens to a key that does already. */
  async disable(arn: string, signal?: AbortSignal): Promise<void> {
    await this.#call('DisableKey', arn, signal, (client, o) => client.send(new DisableKeyCommand({ KeyId: arn }), o))
  }

  /** Enables a key, also one that waits for its deletion. */
  async restore(arn: string, signal?: AbortSignal): Promise<void> {
    const { state } = await this.describe(arn, signal)
    if (/^Pending.*Deletion$/.test(state)) await this.#call('CancelKeyDeletion', arn, signal, (client, o) => client.send(new CancelKeyDeletionCommand({ KeyId: arn }), o)) // which leaves it disabled
    await this.#call('EnableKey', arn, signal, (client, o) => client.send(new EnableKeyCommand({ KeyId: arn }), o))
  }

  /** When its deletion is final; of a primary that waits for its replicas, as far as can be told. A deletion that is scheduled already stays as it is. */
  async scheduleDeletion(arn: string, days: number, now: number, signal?: AbortSignal): Promise<Date> {
    const { state, deletes } = await this.describe(arn, signal)
    const scheduled = /^Pending.*Deletion$/.test(state)
      ? deletes
      : (await this.#call('ScheduleKeyDeletion', arn, signal, (client, o) => client.send(new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: days }), o))).DeletionDate
    return scheduled ?? new Date(now + 2 * days * 86_400_000)
  }

  async lastUse(arn: string, signal?: AbortSignal): Promise<LastUse | undefined> {
    const { KeyLastUsage: found } = await this.#call('GetKeyLastUsage', arn, signal, (client, o) => client.send(new GetKeyLastUsageCommand({ KeyId: arn }), o))
    return found?.Timestamp && { at: found.Timestamp, operation: found.Operation ?? '' }
  }

  /** Ends the clients that were made here; one that came, or that a function made, stays open. */
  close(): void {
    if (!isClient(this.#kms) && typeof this.#kms !== 'function') for (const client of this.#clients.values()) client.destroy()
    this.#clients.clear()
  }

  async #call<R>(operation: string, key: string, signal: AbortSignal | undefined, send: (client: KMSClient, o: { abortSignal?: AbortSignal }) => Promise<R>): Promise<R> {
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
      ensure(region === undefined || region === own, 'invalid_argument', `kms: the client is for ${own}, the key ${key} is not; pass a configuration or a function, so that there is a client for each Region`)
      return kms
    }
    ensure(typeof kms !== 'function' || region !== undefined, 'invalid_argument', `key ${key}: expected an ARN, because kms is a function of the Region`)
    const known = this.#clients.get(region ?? '')
    if (known) return known
    const made = typeof kms === 'function' ? kms(region!) : new KMSClient(region === undefined ? kms : { ...kms, region })
    this.#clients.set(region ?? '', made)
    return made
  }
}

const unless = (code: SealdropErrorCode) => (error: unknown): undefined => {
  if (!isSealdropError(error) || error.code !== code) throw error
}
const [unlessDenied, unlessUnusable] = [unless('kms_denied'), unless('key_unusable')]

const isClient = (kms: Kms): kms is KMSClient => typeof kms === 'object' && 'send' in kms

function expected(operation: string, condition: boolean): void {
  ensure(condition, 'kms_unexpected', `kms:${operation} answered for another key or algorithm than was asked`)
}

function bytesOf(operation: string, bytes: Uint8Array | undefined, least = 1): Bytes {
  ensure(bytes instanceof Uint8Array && bytes.length >= least, 'kms_unexpected', `kms:${operation} answered without its bytes`)
  return new Uint8Array(bytes)
}
