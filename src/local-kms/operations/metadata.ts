import type { JsonObject } from '../../formats/json.js'
import { algorithmLists, keySpecs } from '../key-specs.js'
import type { Keyring } from '../state/keyring.js'
import type { Kms } from '../state/kms.js'
import type { Key } from '../state/key-model.js'
import { versionsOf } from '../state/materials.js'
import { hasMaterial, stateOf } from '../state/states.js'
import { timestamp } from './operation.js'

/** The members that KeyMetadata and GetPublicKey share. */
export function description({ spec, usage }: Key): JsonObject {
  return {
    CustomerMasterKeySpec: spec,
    KeySpec: spec,
    KeyUsage: usage,
    [algorithmLists[usage]]: keySpecs.get(spec)?.algorithms[usage],
  }
}

/** KeyMetadata, as CreateKey, DescribeKey and ReplicateKey answer it. */
export function metadata(kms: Kms, ring: Keyring, key: Key): JsonObject {
  const { deletion, waitingDays, origin } = key
  const state = stateOf(kms, key)
  const versions = versionsOf(key)
  const current = versions.at(-1)
  const imported = origin === 'EXTERNAL' && hasMaterial(kms, key)
  const validTo = Math.min(...versions.map((version) => version.validTo ?? Infinity))
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
    ...(imported && expiration(validTo)),
    Origin: origin,
    KeyManager: key.manager ?? 'CUSTOMER',
    MultiRegion: key.primaryRegion !== undefined,
    ...multiRegion(kms, ring, key),
    ...description(key),
    ...(key.spec === 'SYMMETRIC_DEFAULT' && current && { CurrentKeyMaterialId: current.id }),
  }
}

function expiration(validTo: number): JsonObject {
  if (validTo === Infinity) return { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
  return { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: timestamp(validTo) }
}

function multiRegion(kms: Kms, ring: Keyring, key: Key): JsonObject {
  const { primaryRegion } = key
  if (primaryRegion === undefined) return {}
  const entry = (region: string): JsonObject => ({
    Arn: ring.keyArn(key).replace(`:${ring.region}:`, `:${region}:`),
    Region: region,
  })
  const regions = kms
    .related(ring, key)
    .map(([{ region }]) => region)
    .sort()
  return {
    MultiRegionConfiguration: {
      MultiRegionKeyType: primaryRegion === ring.region ? 'PRIMARY' : 'REPLICA',
      PrimaryKey: entry(primaryRegion),
      ReplicaKeys: regions.filter((region) => region !== primaryRegion).map(entry),
    },
  }
}
