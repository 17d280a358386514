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
import { isSealdropError, SealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'
import { arnIn } from '../formats/arn.js'
import { arnPattern, expected, KmsPort } from './port.js'

/**
 * The last time that a key did cryptography, as far as KMS has kept track; undefined where it never
 * did.
 */
export interface LastUse {
  readonly at: Date
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
  /**
   * A new key in the Region of an alias; its ARN. Asked for once: the client itself would ask again
   * where only the answer was lost, and make two.
   */
  async createKey(
    { alias, spec, usage, description, multiRegion, policy, tags }: NewKey,
    signal?: AbortSignal,
  ): Promise<string> {
    const command = new CreateKeyCommand({
      KeySpec: spec as KeySpec,
      KeyUsage: usage as KeyUsageType,
      Description: description,
      Policy: policy,
      ...(multiRegion && { MultiRegion: true }),
      ...(tags?.length && { Tags: [...tags] }),
    })
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
    const { KeyMetadata: made } = await this.call('CreateKey', alias, signal, (client, o) =>
      client.send(command, o),
    )
    expected(
      'CreateKey',
      arnPattern.test(made?.Arn ?? '') && made?.KeySpec === spec && made.KeyUsage === usage,
    )
    return made!.Arn!
  }

  /**
   * The key whose description ends with this token in the Region of an alias, unless somebody
   * disabled it: a DescribeKey for each key of the account there.
   */
  async findKey(
    { alias, token }: { readonly alias: string; readonly token: string },
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    for (let marker: string | undefined; ;) {
      const Marker = marker
      const { Keys = [], NextMarker } = await this.call('ListKeys', alias, signal, (client, o) =>
        client.send(new ListKeysCommand({ Limit: 1000, Marker }), o),
      )
      for (const { KeyArn = '' } of Keys) {
        const found = await this.describe(KeyArn, signal).catch(
          unless('kms_denied', 'key_unusable'),
        ) // a key of others in the account, or one that has just gone
        if (found?.description.endsWith(token) && !isOut(found.state)) return KeyArn
      }
      if (NextMarker === undefined) return undefined
      marker = NextMarker
    }
  }

  /** The ARN of its replica in a Region, which is made unless it is there. */
  async replicate(
    arn: string,
    region: string,
    { description, policy, tags }: Pick<NewKey, 'description' | keyof Inherited>,
    signal?: AbortSignal,
  ): Promise<string> {
    const input = {
      KeyId: arn,
      ReplicaRegion: region,
      Description: description,
      Policy: policy,
      ...(tags?.length && { Tags: [...tags] }),
    }
    await this.call('ReplicateKey', arn, signal, (client, o) =>
      client.send(new ReplicateKeyCommand(input), o),
    ).catch((error: unknown) => {
      if (nameOf((error as Error | undefined)?.cause) !== 'AlreadyExistsException') throw error
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
    return { policy, tags: tags.filter(({ TagKey = '' }) => !TagKey.startsWith('aws:')) } // which only AWS sets
  }

  /** KeyState; undefined for a key that is gone. */
  async stateOf(arn: string, signal?: AbortSignal): Promise<string | undefined> {
    return (await this.describe(arn, signal).catch(unlessUnusable))?.state
  }

  /** The ARN of the key that an alias names; undefined where there is no such alias. */
  async aliased(alias: string, signal?: AbortSignal): Promise<string | undefined> {
    return (await this.describe(alias, signal).catch(unlessUnusable))?.arn
  }

  /**
   * Lets an alias name a key; it is made where there is none, and made anew where its key is of
   * another usage, which UpdateAlias refuses.
   */
  async moveAlias(alias: string, arn: string, signal?: AbortSignal): Promise<void> {
    const AliasName = alias.slice(alias.indexOf('alias/'))
    const [now, wanted] = [
      await this.describe(alias, signal).catch(unlessUnusable),
      await this.describe(arn, signal),
    ]
    if (now?.arn === arn) return
    const call = async (): Promise<void> => {
      if (now?.usage === wanted.usage)
        return void (await this.call('UpdateAlias', alias, signal, (client, o) =>
          client.send(new UpdateAliasCommand({ AliasName, TargetKeyId: arn }), o),
        ))
      if (now)
        await this.call('DeleteAlias', alias, signal, (client, o) =>
          client.send(new DeleteAliasCommand({ AliasName }), o),
        )
      await this.call('CreateAlias', alias, signal, (client, o) =>
        client.send(new CreateAliasCommand({ AliasName, TargetKeyId: arn }), o),
      )
    }
    await call().catch(async (error: unknown) => {
      if (
        !['AlreadyExistsException', 'NotFoundException'].includes(
          nameOf((error as Error | undefined)?.cause) ?? '',
        )
      )
        throw error
      if ((await this.aliased(alias, signal)) !== arn)
        throw new SealdropError(
          'conflict',
          `another publisher is moving ${alias}: the next run looks again`,
          { cause: error },
        )
    })
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
    if (/^Pending.*Deletion$/.test(state))
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
    days: number,
    now: number,
    signal?: AbortSignal,
  ): Promise<Date> {
    const { state, deletes } = await this.describe(arn, signal)
    const scheduled = /^Pending.*Deletion$/.test(state)
      ? deletes
      : (
          await this.call('ScheduleKeyDeletion', arn, signal, (client, o) =>
            client.send(
              new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: days }),
              o,
            ),
          )
        ).DeletionDate
    return scheduled ?? new Date(now + 2 * days * 86_400_000)
  }

  async lastUse(arn: string, signal?: AbortSignal): Promise<LastUse | undefined> {
    const { KeyLastUsage: found } = await this.call('GetKeyLastUsage', arn, signal, (client, o) =>
      client.send(new GetKeyLastUsageCommand({ KeyId: arn }), o),
    )
    return found?.Timestamp && { at: found.Timestamp, operation: found.Operation ?? '' }
  }
}

const unless =
  (...codes: readonly SealdropErrorCode[]) =>
  (error: unknown): undefined => {
    if (!isSealdropError(error) || !codes.includes(error.code)) throw error
  }
const unlessUnusable = unless('key_unusable')

/** Whether somebody took a key out of use; other states pass: Creating, Updating, Unavailable. */
export const isOut = (state: string | undefined): boolean =>
  state === undefined || state === 'Disabled' || /^Pending.*Deletion$/.test(state)

const nameOf = (error: unknown): string | undefined =>
  (error as { readonly name?: string } | undefined)?.name

/** Whether KMS answered that it did nothing. */
export const isRefusal = (error: unknown): boolean => {
  const status = (
    error as { readonly $metadata?: { readonly httpStatusCode?: number } } | undefined
  )?.$metadata?.httpStatusCode
  return status !== undefined && status >= 400 && status < 500
}
