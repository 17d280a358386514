import { publicKeyOf } from '../crypto/material.js'
import { enums } from '../key-specs.js'
import { KmsFault } from '../wire/fault.js'
import { grantTokens, keyId, marker } from '../wire/members.js'
import { page } from '../wire/pages.js'
import { makeKey } from './make-key.js'
import { description, metadata } from './metadata.js'
import { blob, operation, type Operation } from './operation.js'
import { enabledKey, findKey } from './resolve.js'
import { currentMaterial } from '../state/states.js'

const keyOrAlias = { KeyId: keyId, GrantTokens: grantTokens } as const

export const keyOperations: Readonly<Record<string, Operation>> = {
  CreateKey: operation(
    {
      Description: { type: 'string', max: 8192 },
      KeyUsage: { type: 'string', values: enums.keyUsage },
      KeySpec: { type: 'string', values: enums.keySpec },
      CustomerMasterKeySpec: { type: 'string', values: enums.keySpec },
      Origin: { type: 'unimplemented', harmless: ['AWS_KMS'] },
      MultiRegion: { type: 'unimplemented', harmless: [false] },
      BypassPolicyLockoutSafetyCheck: { type: 'boolean' },
      Policy: { type: 'unimplemented' },
      Tags: { type: 'unimplemented' },
      CustomKeyStoreId: { type: 'unimplemented' },
      XksKeyId: { type: 'unimplemented' },
    },
    async (call, { Description = '', KeyUsage, KeySpec, CustomerMasterKeySpec }) => {
      call.authorize()
      if (KeySpec !== undefined && CustomerMasterKeySpec !== undefined) throw new KmsFault('ValidationException', 'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.')
      const key = await makeKey(call.kms, call.ring, { account: call.account, spec: KeySpec ?? CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT', usage: KeyUsage, description: Description })
      return { KeyMetadata: metadata(call.kms, call.ring, key) }
    },
  ),

  DescribeKey: operation(keyOrAlias, (call, { KeyId }) => ({ KeyMetadata: metadata(call.kms, call.ring, findKey(call, KeyId)) })),

  ListKeys: operation({ Limit: { type: 'integer', min: 1, max: 1000 }, Marker: marker }, (call, { Limit = 100, Marker }) => {
    call.authorize()
    const own = [...call.ring.keys.values()].filter(({ account }) => account === call.account)
    return page(own.map((key) => [key.id, { KeyId: key.id, KeyArn: call.ring.keyArn(key) }]), { list: 'Keys', limit: Limit, marker: Marker })
  }),

  GetPublicKey: operation(keyOrAlias, (call, { KeyId }) => {
    const key = enabledKey(call, findKey(call, KeyId))
    return { KeyId: call.ring.keyArn(key), PublicKey: blob(publicKeyOf(key.spec, currentMaterial(key))), ...description(key) }
  }),
}
