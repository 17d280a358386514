import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GetKeyLastUsageCommand,
  GetKeyPolicyCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ReplicateKeyCommand,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
  type KeySpec,
  type KeyUsageType,
  type Tag,
} from '@aws-sdk/client-kms'
import {
  isSealdropError,
  SealdropError,
  type SealdropErrorCode,
} from '../../errors/sealdrop-error.js'
import { arnIn } from '../../formats/arn.js'
import { awsNameOf, isRefusal } from './aws-errors.js'
import { arnPattern, expected, KmsPort, type KeyDescription } from './port.js'

/** The last time that a key did cryptography, as far as KMS has kept track. */
export interface LastUse {
  /** When that was. */
  readonly at: Date
  /** What it did: `Decrypt`. */
  readonly operation: string
}

export interface NewKey extends Inherited {
  /** Names the Region, where it is an ARN. */
  readonly alias: string
  readonly spec: string
  readonly usage: string
  readonly description: string
  readonly multiRegion: boolean
}

/** What a key has that its successor has too. */
export interface Inherited {
  /**
   * A key policy as JSON. Default: KMS's own, which leaves it to the IAM policies of the account.
   */
  readonly policy?: string | undefined
  readonly tags?: readonly Tag[]
}

/** What administrators of keys ask of KMS: no cryptography. */
export class ManagementPort extends KmsPort {
  /** A new key in the Region of an alias; its ARN. */
  async createKey(key: NewKey, signal?: AbortSignal): Promise<string> {
    const { alias, spec, usage } = key
    const command = new CreateKeyCommand({
      KeySpec: spec as KeySpec,
      KeyUsage: usage as KeyUsageType,
      Description: key.description,
      Policy: key.policy,
      ...(key.multiRegion && { MultiRegion: true }),
      ...tagsIn(key),
    })
    askOnce(command)
    const { KeyMetadata: made } = await this.call('CreateKey', alias, signal, (client, o) =>
      client.send(command, o),
    )
    const arn = made?.Arn ?? ''
    const isAsAsked = made?.KeySpec === spec && made.KeyUsage === usage
    expected('CreateKey', isAsAsked && arnPattern.test(arn))
    return arn
  }

  /**
   * The key whose description ends with this token in the Region of an alias, unless somebody
   * disabled it: a DescribeKey for each key of the account there.
   */
  async findKey(
    { alias, token }: { readonly alias: string; readonly token: string },
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    // a key of others in the account, or one that has just gone
    const unlessHidden = unless('kms_denied', 'key_unusable')
    for await (const arn of this.#keysOf(alias, signal)) {
      const found = await this.describe(arn, signal).catch(unlessHidden)
      if (found?.description.endsWith(token) && !isOut(found.state)) return arn
    }
    return undefined
  }

  /** The ARNs of all keys of the account in the Region of an alias. */
  async *#keysOf(alias: string, signal: AbortSignal | undefined): AsyncGenerator<string> {
    let Marker: string | undefined
    do {
      const input = { Limit: 1000, Marker }
      const { Keys = [], NextMarker } = await this.call('ListKeys', alias, signal, (client, o) =>
        client.send(new ListKeysCommand(input), o),
      )
      for (const { KeyArn = '' } of Keys) yield KeyArn
      Marker = NextMarker
    } while (Marker !== undefined)
  }

  /** The ARN of its replica in a Region, which is made unless it is there. */
  async replicate(
    arn: string,
    region: string,
    like: Pick<NewKey, 'description' | keyof Inherited>,
    signal?: AbortSignal,
  ): Promise<string> {
    const input = {
      KeyId: arn,
      ReplicaRegion: region,
      Description: like.description,
      Policy: like.policy,
      ...tagsIn(like),
    }
    await this.call('ReplicateKey', arn, signal, (client, o) =>
      client.send(new ReplicateKeyCommand(input), o),
    ).catch((error: unknown) => {
      if (awsNameOf(error) !== 'AlreadyExistsException') throw error
    })
    return arnIn(region, arn)
  }

  /** Key policy and tags of a key. */
  async inherited(arn: string, signal?: AbortSignal): Promise<Inherited> {
    const { Policy: policy } = await this.call('GetKeyPolicy', arn, signal, (client, o) =>
      client.send(new GetKeyPolicyCommand({ KeyId: arn, PolicyName: 'default' }), o),
    )
    const { Tags: tags = [] } = await this.call('ListResourceTags', arn, signal, (client, o) =>
      client.send(new ListResourceTagsCommand({ KeyId: arn, Limit: 50 }), o),
    ) // a key has 50 at most
    const isOurs = ({ TagKey = '' }: Tag): boolean => !TagKey.startsWith('aws:') // only AWS sets those
    return { policy, tags: tags.filter(isOurs) }
  }

  /** KeyState; undefined for a key that is gone. */
  async stateOf(arn: string, signal?: AbortSignal): Promise<string | undefined> {
    const found = await this.#found(arn, signal)
    return found?.state
  }

  /** The ARN of the key that an alias names; undefined where there is no such alias. */
  async aliased(alias: string, signal?: AbortSignal): Promise<string | undefined> {
    const found = await this.#found(alias, signal)
    return found?.arn
  }

  #found(name: string, signal: AbortSignal | undefined): Promise<KeyDescription | undefined> {
    return this.describe(name, signal).catch(unless('key_unusable'))
  }

  /**
   * Lets an alias name a key; it is made where there is none, and made anew where its key is of
   * another usage, which UpdateAlias refuses.
   */
  async moveAlias(alias: string, arn: string, signal?: AbortSignal): Promise<void> {
    const now = await this.#found(alias, signal)
    const wanted = await this.describe(arn, signal)
    if (now?.arn === arn) return
    const isOfUsage = now?.usage === wanted.usage
    try {
      if (isOfUsage) return await this.#updateAlias(alias, arn, signal)
      if (now) await this.#deleteAlias(alias, signal)
      await this.#createAlias(alias, arn, signal)
    } catch (error) {
      const name = awsNameOf(error)
      if (name !== 'AlreadyExistsException' && name !== 'NotFoundException') throw error
      if ((await this.aliased(alias, signal)) === arn) return
      throw new SealdropError(
        'conflict',
        `another publisher is moving ${alias}: the next run looks again`,
        { cause: error },
      )
    }
  }

  async #updateAlias(alias: string, arn: string, signal: AbortSignal | undefined): Promise<void> {
    const input = { AliasName: aliasName(alias), TargetKeyId: arn }
    await this.call('UpdateAlias', alias, signal, (client, o) =>
      client.send(new UpdateAliasCommand(input), o),
    )
  }

  async #deleteAlias(alias: string, signal: AbortSignal | undefined): Promise<void> {
    const input = { AliasName: aliasName(alias) }
    await this.call('DeleteAlias', alias, signal, (client, o) =>
      client.send(new DeleteAliasCommand(input), o),
    )
  }

  async #createAlias(alias: string, arn: string, signal: AbortSignal | undefined): Promise<void> {
    const input = { AliasName: aliasName(alias), TargetKeyId: arn }
    await this.call('CreateAlias', alias, signal, (client, o) =>
      client.send(new CreateAliasCommand(input), o),
    )
  }

  /** Refuses every call from then on; nothing happens to a key that does already. */
  async disable(arn: string, signal?: AbortSignal): Promise<void> {
    await this.call('DisableKey', arn, signal, (client, o) =>
      client.send(new DisableKeyCommand({ KeyId: arn }), o),
    )
  }

  /** Enables a key, also one that waits for its deletion. */
  async restore(arn: string, signal?: AbortSignal): Promise<void> {
    const { state } = await this.describe(arn, signal)
    if (isPendingDeletion(state))
      await this.call('CancelKeyDeletion', arn, signal, (client, o) =>
        client.send(new CancelKeyDeletionCommand({ KeyId: arn }), o),
      ) // which leaves it disabled
    await this.call('EnableKey', arn, signal, (client, o) =>
      client.send(new EnableKeyCommand({ KeyId: arn }), o),
    )
  }

  /**
   * When its deletion is final; of a primary that waits for its replicas, as far as can be told. A
   * deletion that is scheduled already stays as it is.
   */
  async scheduleDeletion(
    arn: string,
    { days, now }: { readonly days: number; readonly now: number },
    signal?: AbortSignal,
  ): Promise<Date> {
    const waitsForReplicas = new Date(now + 2 * days * 86_400_000)
    const { state, deletes } = await this.describe(arn, signal)
    if (isPendingDeletion(state)) return deletes ?? waitsForReplicas
    const input = { KeyId: arn, PendingWindowInDays: days }
    const { DeletionDate } = await this.call('ScheduleKeyDeletion', arn, signal, (client, o) =>
      client.send(new ScheduleKeyDeletionCommand(input), o),
    )
    return DeletionDate ?? waitsForReplicas
  }

  async lastUse(arn: string, signal?: AbortSignal): Promise<LastUse | undefined> {
    const { KeyLastUsage: found } = await this.call('GetKeyLastUsage', arn, signal, (client, o) =>
      client.send(new GetKeyLastUsageCommand({ KeyId: arn }), o),
    )
    return found?.Timestamp && { at: found.Timestamp, operation: found.Operation ?? '' }
  }
}

/**
 * Lets the client ask for a key once: it would ask again where only the answer was lost, and make
 * two.
 */
function askOnce(command: CreateKeyCommand): void {
  let lost: unknown
  command.middlewareStack.add(
    (next) => async (args) => {
      if (lost) throw lost
      try {
        return await next(args)
      } catch (error) {
        if (!isRefusal(error)) lost = error
        throw error
      }
    },
    { step: 'finalizeRequest', name: 'askOnce' },
  )
}

/** KMS takes no empty list. */
const tagsIn = ({ tags }: Inherited): { readonly Tags?: Tag[] } =>
  tags?.length ? { Tags: [...tags] } : {}

/** Without the Region and account that an ARN has. */
const aliasName = (alias: string): string => alias.slice(alias.indexOf('alias/'))

const unless =
  (...codes: readonly SealdropErrorCode[]) =>
  (error: unknown): undefined => {
    if (!isSealdropError(error) || !codes.includes(error.code)) throw error
  }

/** Also of a primary that waits for its replicas. */
export const isPendingDeletion = (state: string): boolean => /^Pending.*Deletion$/.test(state)

/** Whether somebody took a key out of use; other states pass: Creating, Updating, Unavailable. */
export const isOut = (state: string | undefined): boolean =>
  state === undefined || state === 'Disabled' || isPendingDeletion(state)
