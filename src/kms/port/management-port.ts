import type { KeySpec, KeyUsageType, Tag } from '@aws-sdk/client-kms'
import { ensure } from '../../errors/guard.js'
import {
  isSealdropError,
  SealdropError,
  type SealdropErrorCode,
} from '../../errors/sealdrop-error.js'
import { arnIn } from '../../formats/arn.js'
import { parseJsonObject } from '../../formats/json.js'
import { awsNameOf } from './aws-errors.js'
import { isPendingDeletion } from './key-state.js'
import { expected, isArnOf, KmsPort, type KeyDescription } from './port.js'
import { sendOnce } from './send-once.js'

/** The last time that a key did cryptography, as far as KMS has kept track. */
export interface LastUse {
  /** When that was. */
  readonly at: Date
  /** What it did: `Decrypt`. */
  readonly operation: string
}

/** What a new key is to be. */
export interface NewKey extends Inherited {
  /** The alias; an ARN says in which Region the key is made. */
  readonly alias: string
  readonly spec: string
  readonly usage: string
  readonly description: string
  readonly multiRegion: boolean
}

/** A grant of a key. */
export interface Grant {
  /** Who was granted it: an ARN, or a service. */
  readonly principal: string
  readonly operations: readonly string[]
}

/** What a key hands on to its successor. */
export interface Inherited {
  /**
   * A key policy as JSON. Default: that of KMS.
   *
   * It leaves everything to the IAM policies of the account.
   */
  readonly policy?: string | undefined
  readonly tags?: readonly Tag[]
}

/** What administrators of keys ask KMS for. There is no cryptography among it. */
export class ManagementPort extends KmsPort {
  /** Makes a key in the Region of an alias, and answers its ARN. */
  async createKey(key: NewKey, signal?: AbortSignal): Promise<string> {
    const { alias, spec, usage } = key
    const input = {
      KeySpec: spec as KeySpec,
      KeyUsage: usage as KeyUsageType,
      Description: key.description,
      Policy: key.policy,
      ...(key.multiRegion && { MultiRegion: true }),
      ...tagsIn(key),
    }
    const { KeyMetadata: made } = await this.call('CreateKey', alias, signal, (client, o, sdk) =>
      sendOnce(client, new sdk.CreateKeyCommand(input), o),
    )
    const arn = made?.Arn ?? ''
    const isAsAsked = made?.KeySpec === spec && made.KeyUsage === usage
    expected('CreateKey', isAsAsked && isArnOf(alias, arn))
    return arn
  }

  /**
   * The ARN of a key's replica in a Region, which is made unless it is there.
   *
   * One that is there already may be another's work: it is taken only as it would have been made,
   * with the key policy and tags that are asked for, and no grants.
   */
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
    await this.call('ReplicateKey', arn, signal, (client, o, sdk) =>
      client.send(new sdk.ReplicateKeyCommand(input), o),
    ).catch(async (error: unknown) => {
      if (awsNameOf(error) !== 'AlreadyExistsException') throw error
      const policy = like.policy ?? (await this.policyOf(arn, signal))
      await this.#ensureOurs(arnIn(region, arn), { ...like, policy }, signal)
    })
    return arnIn(region, arn)
  }

  async #ensureOurs(
    arn: string,
    { policy, tags = [] }: Inherited & { readonly policy: string },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const grants = await this.grantsOf(arn, signal)
    const found = await this.inherited(arn, signal)
    const isAsAsked =
      compact(found.policy ?? '{}') === compact(policy) &&
      tagText(found.tags ?? []) === tagText(tags)
    ensure(
      grants.length === 0 && isAsAsked,
      'conflict',
      `${arn} is there already, with grants, or another key policy or tags than were asked for: see in CloudTrail who made it, then delete it`,
    )
  }

  /** Who uses a key by a grant, 100 at most, and what each may do. */
  async grantsOf(arn: string, signal?: AbortSignal): Promise<readonly Grant[]> {
    const { Grants = [] } = await this.call('ListGrants', arn, signal, (client, o, sdk) =>
      client.send(new sdk.ListGrantsCommand({ KeyId: arn, Limit: 100 }), o),
    )
    return Grants.map(({ GranteePrincipal = '', Operations = [] }) => ({
      principal: GranteePrincipal,
      operations: Operations,
    }))
  }

  /** The key policy of a key, as JSON. */
  async policyOf(arn: string, signal?: AbortSignal): Promise<string> {
    const { Policy = '' } = await this.call('GetKeyPolicy', arn, signal, (client, o, sdk) =>
      client.send(new sdk.GetKeyPolicyCommand({ KeyId: arn, PolicyName: 'default' }), o),
    )
    parseJsonObject(Policy, { code: 'kms_unexpected', field: 'kms:GetKeyPolicy' })
    return Policy
  }

  /** Key policy and tags of a key. */
  async inherited(arn: string, signal?: AbortSignal): Promise<Inherited> {
    const policy = await this.policyOf(arn, signal)
    // a key has 50 tags at most
    const { Tags: tags = [] } = await this.call('ListResourceTags', arn, signal, (client, o, sdk) =>
      client.send(new sdk.ListResourceTagsCommand({ KeyId: arn, Limit: 50 }), o),
    )
    // tags in aws: are set by AWS alone
    const isOurs = ({ TagKey = '' }: Tag): boolean => !TagKey.startsWith('aws:')
    return { policy, tags: tags.filter(isOurs) }
  }

  /** The KeyState of a key; undefined for a key that is gone. */
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
   * Lets an alias name a key.
   *
   * - It is made where there is none.
   * - It is deleted and made anew where its key has another usage: UpdateAlias refuses that.
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
    await this.call('UpdateAlias', alias, signal, (client, o, sdk) =>
      client.send(new sdk.UpdateAliasCommand(input), o),
    )
  }

  async #deleteAlias(alias: string, signal: AbortSignal | undefined): Promise<void> {
    const input = { AliasName: aliasName(alias) }
    await this.call('DeleteAlias', alias, signal, (client, o, sdk) =>
      client.send(new sdk.DeleteAliasCommand(input), o),
    )
  }

  async #createAlias(alias: string, arn: string, signal: AbortSignal | undefined): Promise<void> {
    const input = { AliasName: aliasName(alias), TargetKeyId: arn }
    await this.call('CreateAlias', alias, signal, (client, o, sdk) =>
      client.send(new sdk.CreateAliasCommand(input), o),
    )
  }

  /** Disables a key, so that it refuses every call. A disabled one stays as it is. */
  async disable(arn: string, signal?: AbortSignal): Promise<void> {
    await this.call('DisableKey', arn, signal, (client, o, sdk) =>
      client.send(new sdk.DisableKeyCommand({ KeyId: arn }), o),
    )
  }

  /** Enables a key, also one that waits for its deletion, which leaves it disabled. */
  async restore(arn: string, signal?: AbortSignal): Promise<void> {
    const { state } = await this.describe(arn, signal)
    if (isPendingDeletion(state))
      await this.call('CancelKeyDeletion', arn, signal, (client, o, sdk) =>
        client.send(new sdk.CancelKeyDeletionCommand({ KeyId: arn }), o),
      )
    await this.call('EnableKey', arn, signal, (client, o, sdk) =>
      client.send(new sdk.EnableKeyCommand({ KeyId: arn }), o),
    )
  }

  /**
   * Schedules the deletion of a key, and answers when that is final.
   *
   * - A deletion that is scheduled already stays as it is.
   * - Of a primary that waits for its replicas KMS does not say when. The answer is an estimate.
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
    const { DeletionDate } = await this.call('ScheduleKeyDeletion', arn, signal, (client, o, sdk) =>
      client.send(new sdk.ScheduleKeyDeletionCommand(input), o),
    )
    return DeletionDate ?? waitsForReplicas
  }

  /** The last time that a key did cryptography; undefined where it never did. */
  async lastUse(arn: string, signal?: AbortSignal): Promise<LastUse | undefined> {
    const { KeyLastUsage: found } = await this.call(
      'GetKeyLastUsage',
      arn,
      signal,
      (client, o, sdk) => client.send(new sdk.GetKeyLastUsageCommand({ KeyId: arn }), o),
    )
    return found?.Timestamp && { at: found.Timestamp, operation: found.Operation ?? '' }
  }
}

/** A key policy without white space, which people may have changed. */
const compact = (policy: string): string => JSON.stringify(JSON.parse(policy))

const tagText = (tags: readonly Tag[]): string =>
  tags
    .map(({ TagKey, TagValue }) => JSON.stringify([TagKey, TagValue]))
    .sort()
    .join()

/** The tags for a request, which has none where there are none: KMS takes no empty list. */
const tagsIn = ({ tags }: Inherited): { readonly Tags?: Tag[] } =>
  tags?.length ? { Tags: [...tags] } : {}

/** The name of an alias, without the Region and account of an ARN. */
const aliasName = (alias: string): string => alias.slice(alias.indexOf('alias/'))

export const unless =
  (...codes: readonly SealdropErrorCode[]) =>
  (error: unknown): undefined => {
    if (!isSealdropError(error) || !codes.includes(error.code)) throw error
  }
