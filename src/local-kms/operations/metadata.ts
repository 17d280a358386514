import type { JsonObject } from '../../formats/json.js'
import { algorithmLists, keySpecs } from '../key-specs.js'
import type { Keyring } from '../state/keyring.js'
import type { Kms } from '../state/kms.js'
import type { Key } from '../state/model.js'
import { stateOf } from '../state/states.js'
import { timestamp } from './operation.js'

/** The members that KeyMetadata and GetPublicKey share. */
export function description({ spec, usage }: Key): JsonObject {
  return { CustomerMasterKeySpec: spec, KeySpec: spec, KeyUsage: usage, [algorithmLists[usage]]: keySpecs.get(spec)?.algorithms[usage] }
}

/** KeyMetadata, as CreateKey, DescribeKey and ReplicateKey answer it. */
export function metadata(kms: Kms, ring: Keyring, key: Key): JsonObject {
  const { deletion, waitingDays, origin, validTo } = key
  const state = stateOf(kms, key)
  const imported = origin === 'EXTERNAL' && state !== 'PendingImport'
  return {
    AWSAccountId: key.account,
    KeyId: key.id,
    Arn: ring.keyArn(key),
    CreationDate: timestamp(key.created),
    Enabled: state === 'Enabled',
    Description: key.description,
    KeyState: state,
    ...(deletion !== undefined && { DeletionDate: timestamp(deletion) }),
    ...(waitingDays !== undefined && { PendingDeletionWindowInDays: waitingDays }),
    ...(imported && { ExpirationModel: validTo === undefined ? 'KEY_MATERIAL_DOES_NOT_EXPIRE' : 'KEY_MATERIAL_EXPIRES' }),
    ...(imported && validTo !== undefined && { ValidTo: timestamp(validTo) }),
    Origin: origin,
    KeyManager: 'CUSTOMER',
    MultiRegion: key.primaryRegion !== undefined,
    ...multiRegion(kms, ring, key),
    ...description(key),
    ...(key.spec === 'SYMMETRIC_DEFAULT' && key.materials.length > 0 && { CurrentKeyMaterialId: key.materials.at(-1)!.id }),
  }
}

function multiRegion(kms: Kms, ring: Keyring, key: Key): JsonObject {
  if (key.primaryRegion === undefined) return {}
  const all = [[ring, key] as const, ...kms.replicas(key, ring.region)].map(([there, replica]) => ({ Arn: there.keyArn(replica), Region: there.region }))
  return {
    MultiRegionConfiguration: {
      MultiRegionKeyType: key.primaryRegion === ring.region ? 'PRIMARY' : 'REPLICA',
      PrimaryKey: all.find(({ Region }) => Region === key.primaryRegion),
      ReplicaKeys: all.filter(({ Region }) => Region !== key.primaryRegion),
    },
  }
}
