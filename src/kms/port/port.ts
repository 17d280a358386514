import type { KMSClient, KMSClientConfig, SigningAlgorithmSpec } from '@aws-sdk/client-kms'
import { keyWraps } from '../../algorithms/key-wraps.js'
import { bytesOf, type Bytes } from '../../bytes/bytes.js'
import type { PrivateOperations } from '../../envelope/private-operations.js'
import { ensure } from '../../errors/guard.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import { isKeyArn, samePlace } from '../../formats/arn.js'
import { awsNameOf, fromAws } from './aws-errors.js'
import type { Obeyed } from './budget.js'
import type { BudgetKind } from './budget-store.js'
import type { MessageType } from './message-types.js'
import { inTime, kindOfSigning, paced, type Turns } from './paced.js'
import { loadSdk, type Sdk } from './peer.js'

/**
 * How KMS is reached: a client, a configuration, or a function that answers a client for a Region.
 *
 * - The default is `{}`, the AWS default chain.
 * - `@aws-sdk/client-kms` must be installed, which is loaded at the first call. Without it every
 *   call is `invalid_argument`.
 * - A client is for keys of its own Region only.
 * - Of a configuration one client is made for each Region. `close()` ends them.
 * - For a function keys are named by ARN, which says the Region.
 */
export type Kms = KMSClient | KMSClientConfig | ((region: string) => KMSClient)

/** The answer of GetPublicKey, checked. */
export interface PublicKeyAnswer {
  readonly arn: string
  readonly spki: Bytes
  readonly keyUsage: string
  readonly signingAlgorithms: readonly string[]
}

/** What kms:Sign is asked to sign, and how. */
export interface ToSign {
  /** KMS SigningAlgorithm. */
  readonly algorithm: string
  readonly type: MessageType
  readonly message: Bytes
}

/** The answer of DescribeKey, checked. */
export interface KeyDescription {
  readonly arn: string
  readonly state: string
  readonly created: Date | undefined
  readonly usage: string
  readonly description: string
  readonly deletes: Date | undefined
  readonly spec: string
  /** Where its material comes from: `AWS_KMS`, `EXTERNAL`, `AWS_CLOUDHSM`, `EXTERNAL_KEY_STORE`. */
  readonly origin: string
  readonly account: string
  /** Its ARN, or of a multi-Region key those of the primary and of all replicas. */
  readonly arns: readonly string[]
}

const arnPattern: RegExp = /^arn:[\w-]+:kms:([\w-]+):\d{12}:(?:key|alias)\/./

/**
 * Makes the calls to KMS; nothing else talks to AWS.
 *
 * Every answer must name the key and the algorithm that were asked for.
 */
export class KmsPort implements PrivateOperations {
  readonly #kms: Kms
  readonly #obeyed: Obeyed | undefined
  readonly #clients = new Map<string, KMSClient>()
  #isClosed = false
  /** Calls that have not ended. */
  #running = 0

  constructor(kms: Kms, obeyed?: Obeyed) {
    this.#kms = kms
    this.#obeyed = obeyed
  }

  async decrypt(arn: string, ciphertext: Bytes, signal?: AbortSignal): Promise<Bytes | undefined> {
    const algorithm = keyWraps['RSA-OAEP-256'].kms as 'RSAES_OAEP_SHA_256'
    const input = { KeyId: arn, CiphertextBlob: ciphertext, EncryptionAlgorithm: algorithm }
    const answer = await this.call('Decrypt', arn, signal, (client, o, sdk) =>
      client.send(paced(new sdk.DecryptCommand(input), this.turns('rsa', client, o)), o),
    ).catch((error: unknown) => {
      const isNoCiphertext =
        isSealdropError(error) && awsNameOf(error) === 'InvalidCiphertextException'
      if (isNoCiphertext) return undefined
      throw error
    })
    if (!answer) return undefined
    expected('Decrypt', answer.KeyId === arn && answer.EncryptionAlgorithm === algorithm)
    // an empty plaintext is as wrong as any other one: class B
    return answered('Decrypt', answer.Plaintext, 0)
  }

  async agree(arn: string, spki: Bytes, signal?: AbortSignal): Promise<Bytes> {
    const input = { KeyId: arn, PublicKey: spki, KeyAgreementAlgorithm: 'ECDH' as const }
    const answer = await this.call('DeriveSharedSecret', arn, signal, (client, o, sdk) =>
      client.send(paced(new sdk.DeriveSharedSecretCommand(input), this.turns('ecc', client, o)), o),
    )
    expected('DeriveSharedSecret', answer.KeyId === arn && answer.KeyAgreementAlgorithm === 'ECDH')
    return answered('DeriveSharedSecret', answer.SharedSecret)
  }

  /** Signs a digest, a message or its representative. Signatures of ECDSA are DER. */
  async sign(
    arn: string,
    { algorithm, type, message }: ToSign,
    signal?: AbortSignal,
  ): Promise<Bytes> {
    const input = {
      KeyId: arn,
      Message: message,
      MessageType: type,
      SigningAlgorithm: algorithm as SigningAlgorithmSpec,
    }
    const answer = await this.call('Sign', arn, signal, (client, o, sdk) =>
      client.send(
        paced(new sdk.SignCommand(input), this.turns(kindOfSigning(algorithm), client, o)),
        o,
      ),
    )
    expected('Sign', answer.KeyId === arn && answer.SigningAlgorithm === algorithm)
    return answered('Sign', answer.Signature)
  }

  /**
   * The public half of a key.
   *
   * @param key - ARN, key id or alias; the answer names the ARN
   */
  async publicKey(key: string, signal?: AbortSignal): Promise<PublicKeyAnswer> {
    const answer = await this.call('GetPublicKey', key, signal, (client, o, sdk) =>
      client.send(new sdk.GetPublicKeyCommand({ KeyId: key }), o),
    )
    const {
      KeyId: arn = '',
      KeyUsage: keyUsage = '',
      SigningAlgorithms: signingAlgorithms = [],
    } = answer
    expected('GetPublicKey', isArnOf(key, arn))
    return { arn, spki: answered('GetPublicKey', answer.PublicKey), keyUsage, signingAlgorithms }
  }

  /**
   * State, usage and dates of a key, by ARN, key id or alias.
   *
   * GetPublicKey does not answer them, and fails for a disabled key.
   */
  async describe(key: string, signal?: AbortSignal): Promise<KeyDescription> {
    const { KeyMetadata: found } = await this.call('DescribeKey', key, signal, (client, o, sdk) =>
      client.send(new sdk.DescribeKeyCommand({ KeyId: key }), o),
    )
    const {
      Arn: arn = '',
      KeyState: state = '',
      CreationDate: created,
      KeyUsage: usage = '',
      Description: description = '',
      DeletionDate: deletes,
      KeySpec: spec = '',
      Origin: origin = '',
      AWSAccountId: account = '',
      MultiRegionConfiguration: regions,
    } = found ?? {}
    expected('DescribeKey', isArnOf(key, arn) && state !== '')
    const all = [regions?.PrimaryKey, ...(regions?.ReplicaKeys ?? [])]
    const related = all.flatMap((one) => one?.Arn ?? [])
    const arns = related.length > 0 ? related : [arn]
    return { arn, state, created, usage, description, deletes, spec, origin, account, arns }
  }

  /**
   * Ends the clients that were made here. A client that was passed, or made by a function, stays.
   *
   * A client that is made later, for calls that had none yet, is ended with the last of them.
   */
  close(): void {
    this.#isClosed = true
    const wereMadeHere = !isClient(this.#kms) && typeof this.#kms !== 'function'
    if (wereMadeHere) for (const client of this.#clients.values()) client.destroy()
    this.#clients.clear()
  }

  protected async call<R>(
    operation: string,
    key: string,
    signal: AbortSignal | undefined,
    send: (client: KMSClient, o: { abortSignal?: AbortSignal }, sdk: Sdk) => Promise<R>,
  ): Promise<R> {
    signal?.throwIfAborted()
    this.#running++
    try {
      const sdk = await loadSdk()
      const client = await this.#client(key, sdk)
      const answer = await inTime(this.#obeyed?.timeout, signal, (own) =>
        send(client, own ? { abortSignal: own } : {}, sdk),
      )
      ensure(answer, 'kms_unexpected', `kms:${operation} answered nothing`)
      return answer
    } catch (error) {
      signal?.throwIfAborted()
      throw isSealdropError(error) ? error : fromAws(error, operation, key)
    } finally {
      this.#running--
      if (this.#isClosed && this.#running === 0) this.close()
    }
  }

  protected turns(kind: BudgetKind, client: KMSClient, o: { abortSignal?: AbortSignal }): Turns {
    return { obeyed: this.#obeyed, kind, client, signal: o.abortSignal }
  }

  /** The client for the Region of a key: that of its ARN, or otherwise the configured one. */
  async #client(key: string, sdk: Sdk): Promise<KMSClient> {
    const region = arnPattern.exec(key)?.[1]
    if (isClient(this.#kms)) {
      const own = await this.#kms.config.region()
      ensure(
        region === undefined || region === own,
        'invalid_argument',
        `kms: the client is for ${own}, the key ${key} is not; pass a configuration or a function, so that there is a client for each Region`,
      )
      return this.#kms
    }
    const known = this.#clients.get(region ?? '')
    if (known) return known
    const made =
      typeof this.#kms === 'function'
        ? this.#kms(ofRegion(key, region))
        : new sdk.KMSClient(region === undefined ? this.#kms : { ...this.#kms, region })
    this.#clients.set(region ?? '', made)
    return made
  }
}

/** The Region of a key, which a function of it needs. */
function ofRegion(key: string, region: string | undefined): string {
  ensure(
    region !== undefined,
    'invalid_argument',
    `key ${key}: expected an ARN, because kms is a function of the Region`,
  )
  return region
}

/**
 * Whether an answer names the key that was asked for.
 *
 * - of a key ARN: that ARN
 * - of an alias ARN: a key of its partition, Region and account, where alone an alias can lead
 * - of a key id or an alias without these: a key ARN
 */
export function isArnOf(key: string, arn: string): boolean {
  if (!isKeyArn(arn)) return false
  if (key.includes(':key/')) return key === arn
  return !key.startsWith('arn:') || samePlace(key, arn)
}

const isClient = (kms: Kms): kms is KMSClient => typeof kms === 'object' && 'send' in kms

export function expected(operation: string, condition: boolean): asserts condition {
  ensure(
    condition,
    'kms_unexpected',
    `kms:${operation} answered for another key or algorithm than was asked`,
  )
}

export function answered(operation: string, bytes: Uint8Array | undefined, least = 1): Bytes {
  const found = bytesOf(bytes)
  ensure(
    found && found.length >= least,
    'kms_unexpected',
    `kms:${operation} answered without its bytes`,
  )
  return found
}
