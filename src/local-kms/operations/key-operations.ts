import type { JsonObject } from '../../formats/json.js'
import { publicKeyOf } from '../crypto/material.js'
import { enums } from '../key-specs.js'
import type { LastUsage } from '../state/key-model.js'
import { currentMaterial, isSecret } from '../state/states.js'
import { KmsFault, unsupported } from '../wire/fault.js'
import {
  flag,
  grantTokens,
  keyDescription,
  keyId,
  keyPolicyText,
  limit,
  marker,
  tagList,
} from '../wire/members.js'
import { page } from '../wire/pages.js'
import { keyPolicy } from './decision.js'
import { makeKey } from './make-key.js'
import { description, metadata } from './metadata.js'
import { blob, changing, operation, type Operation, timestamp } from './operation.js'
import { enabledKey, findKey, findKeyItself, notPendingDeletion } from './resolve.js'
import { tagsFrom } from './tag-operations.js'

const keyOrAlias = { KeyId: keyId, GrantTokens: grantTokens } as const

export const keyOperations: Readonly<Record<string, Operation>> = {
  /** Tags need a permission of their own. */
  CreateKey: operation(
    {
      Description: keyDescription,
      KeyUsage: { type: 'string', values: enums.keyUsage },
      KeySpec: { type: 'string', values: enums.keySpec },
      CustomerMasterKeySpec: { type: 'string', values: enums.keySpec },
      Origin: {
        type: 'string',
        values: ['AWS_KMS', 'EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE'],
      },
      MultiRegion: flag,
      BypassPolicyLockoutSafetyCheck: flag,
      Policy: keyPolicyText,
      Tags: tagList,
      CustomKeyStoreId: { type: 'unimplemented' },
      XksKeyId: { type: 'unimplemented' },
    },
    async (call, input) => {
      const { KeySpec, CustomerMasterKeySpec, Origin = 'AWS_KMS', Policy, Tags = [] } = input
      call.authorize()
      if (Tags.length > 0) call.authorize('TagResource')
      if (KeySpec !== undefined && CustomerMasterKeySpec !== undefined)
        throw new KmsFault(
          'ValidationException',
          'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
        )
      if (Origin !== 'AWS_KMS' && Origin !== 'EXTERNAL') throw unsupported(`Origin ${Origin}`)
      const key = await makeKey(call.kms, call.ring, {
        account: call.account,
        spec: KeySpec ?? CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT',
        usage: input.KeyUsage,
        description: input.Description ?? '',
        origin: Origin,
        multiRegion: input.MultiRegion ?? false,
        tags: tagsFrom(Tags),
        ...(Policy !== undefined && {
          policy: keyPolicy(call, Policy, input.BypassPolicyLockoutSafetyCheck),
        }),
      })
      call.resources.add(call.ring.keyArn(key))
      return { KeyMetadata: metadata(call.kms, call.ring, key) }
    },
  ),

  DescribeKey: operation(keyOrAlias, (call, { KeyId }) => ({
    KeyMetadata: metadata(call.kms, call.ring, findKey(call, KeyId)),
  })),

  ListKeys: operation({ Limit: limit(1000), Marker: marker }, (call, { Limit = 100, Marker }) => {
    call.authorize()
    const own = [...call.ring.keys.values()].filter(({ account }) => account === call.account)
    return page(
      own.map((key) => [key.id, { KeyId: key.id, KeyArn: call.ring.keyArn(key) }]),
      { list: 'Keys', limit: Limit, marker: Marker },
    )
  }),

  UpdateKeyDescription: changing(
    { KeyId: keyId, Description: { ...keyDescription, required: true } },
    async (call, { KeyId, Description }) => {
      await call.ring.saveKey({
        ...notPendingDeletion(call, findKeyItself(call, KeyId)),
        description: Description,
      })
      return undefined
    },
  ),

  /** Each Region of a multi-Region key has its own last use. Tracking begins with the key. */
  GetKeyLastUsage: operation({ KeyId: keyId }, (call, { KeyId }) => {
    const key = findKeyItself(call, KeyId)
    const last = call.ring.lastUsage(key)
    return {
      KeyId: key.id,
      KeyLastUsage: last ? usageAnswer(last) : {},
      TrackingStartDate: timestamp(key.created),
      KeyCreationDate: timestamp(key.created),
    }
  }),

  GetPublicKey: operation(keyOrAlias, (call, { KeyId }) => {
    const key = enabledKey(call, findKey(call, KeyId))
    if (isSecret(key.spec)) throw new KmsFault('UnsupportedOperationException')
    return {
      KeyId: call.ring.keyArn(key),
      PublicKey: blob(publicKeyOf(key.spec, currentMaterial(key))),
      ...description(key),
    }
  }),
}

const usageAnswer = ({ operation: name, time, eventId, requestId }: LastUsage): JsonObject => ({
  Operation: name,
  Timestamp: timestamp(time),
  CloudTrailEventId: eventId,
  KmsRequestId: requestId,
})
