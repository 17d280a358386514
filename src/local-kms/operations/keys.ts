import { generateKeyPair, randomUUID, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { JsonObject } from '../../formats/json.js'
import { KmsFault, unsupported } from '../wire/fault.js'
import { algorithmLists, enums, keySpecs, type KeySpecRow, type KeyUsage } from '../key-specs.js'
import { accountId, type Key, type Keyring } from '../state/keyring.js'
import { grantTokens, keyId, marker } from '../wire/members.js'
import { blob, changing, operation, type Operation, timestamp } from './operation.js'
import { page } from '../wire/pages.js'
import { enabledKey, findKey, findKeyItself, notPendingDeletion } from './resolve.js'

const day = 86_400_000
const keyItself = { KeyId: keyId } as const
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
      BypassPolicyLockoutSafetyCheck: { type: 'unimplemented', harmless: [false] },
      Policy: { type: 'unimplemented' },
      Tags: { type: 'unimplemented' },
      CustomKeyStoreId: { type: 'unimplemented' },
      XksKeyId: { type: 'unimplemented' },
    },
    async (ring, { Description = '', KeyUsage, KeySpec, CustomerMasterKeySpec }) => {
      if (KeySpec !== undefined && CustomerMasterKeySpec !== undefined) throw new KmsFault('ValidationException', 'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.')
      const key = await makeKey(ring, KeySpec ?? CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT', KeyUsage, Description)
      return { KeyMetadata: metadata(ring, key) }
    },
  ),

  DescribeKey: operation(keyOrAlias, (ring, { KeyId }) => ({ KeyMetadata: metadata(ring, findKey(ring, KeyId)) })),

  ListKeys: operation({ Limit: { type: 'integer', min: 1, max: 1000 }, Marker: marker }, (ring, { Limit = 100, Marker }) =>
    page([...ring.keys.values()].map((key) => [key.id, { KeyId: key.id, KeyArn: ring.keyArn(key) }]), { list: 'Keys', limit: Limit, marker: Marker })),

  GetPublicKey: operation(keyOrAlias, (ring, { KeyId }) => {
    const key = enabledKey(ring, findKey(ring, KeyId))
    return {
      KeyId: ring.keyArn(key),
      PublicKey: blob(ring.publicKey(key).export({ type: 'spki', format: 'der' })),
      ...description(key),
    }
  }),

  EnableKey: changing(keyItself, async (ring, { KeyId }) => {
    await ring.saveKey({ ...notPendingDeletion(ring, findKeyItself(ring, KeyId)), enabled: true })
    return undefined
  }),

  DisableKey: changing(keyItself, async (ring, { KeyId }) => {
    await ring.saveKey({ ...notPendingDeletion(ring, findKeyItself(ring, KeyId)), enabled: false })
    return undefined
  }),

  ScheduleKeyDeletion: changing(
    { KeyId: keyId, PendingWindowInDays: { type: 'integer', min: 7, max: 30 } },
    async (ring, { KeyId, PendingWindowInDays = 30 }) => {
      const key = notPendingDeletion(ring, findKeyItself(ring, KeyId))
      const deletion = ring.now() + PendingWindowInDays * day
      await ring.saveKey({ ...key, enabled: false, deletion })
      return { KeyId: ring.keyArn(key), DeletionDate: timestamp(deletion), KeyState: 'PendingDeletion', PendingWindowInDays }
    },
  ),

  /** The key comes back disabled, as in AWS. */
  CancelKeyDeletion: changing(keyItself, async (ring, { KeyId }) => {
    const { deletion, ...key } = findKeyItself(ring, KeyId)
    if (deletion === undefined) throw new KmsFault('KMSInvalidStateException', `${ring.keyArn(key)} is not pending deletion.`)
    await ring.saveKey(key)
    return { KeyId: ring.keyArn(key) }
  }),
}

/**
 * Makes a key and keeps it. The pair is generated outside the queue of changes: RSA_4096 takes seconds.
 *
 * @throws KmsFault UnsupportedOperationException for a spec that is not here, ValidationException for a usage that does not fit
 */
export async function makeKey(ring: Keyring, spec: string, usage: string | undefined, description: string): Promise<Key> {
  const row = keySpecs.get(spec)
  if (!row) throw unsupported(`KeySpec ${spec}`)
  if (usage === undefined) throw new KmsFault('ValidationException', 'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.')
  if (!Object.hasOwn(row.algorithms, usage)) throw new KmsFault('ValidationException', `KeyUsage ${usage} is not compatible with KeySpec ${spec}`)
  const key: Key = { id: randomUUID(), spec, usage: usage as KeyUsage, description, created: ring.now(), enabled: true, privateKey: await generate(row) }
  await ring.change(() => ring.saveKey(key))
  return key
}

async function generate({ size, curve }: KeySpecRow): Promise<KeyObject> {
  const make = promisify(generateKeyPair)
  const pair = curve === undefined ? await make('rsa', { modulusLength: size * 8 }) : await make('ec', { namedCurve: curve })
  return pair.privateKey
}

/** The members that KeyMetadata and GetPublicKey share. */
function description({ spec, usage }: Key): JsonObject {
  return { CustomerMasterKeySpec: spec, KeySpec: spec, KeyUsage: usage, [algorithmLists[usage]]: keySpecs.get(spec)?.algorithms[usage] }
}

function metadata(ring: Keyring, key: Key): JsonObject {
  const { deletion } = key
  return {
    AWSAccountId: accountId,
    KeyId: key.id,
    Arn: ring.keyArn(key),
    CreationDate: timestamp(key.created),
    Enabled: key.enabled,
    Description: key.description,
    KeyState: deletion === undefined ? (key.enabled ? 'Enabled' : 'Disabled') : 'PendingDeletion',
    ...(deletion === undefined ? {} : { DeletionDate: timestamp(deletion) }),
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    MultiRegion: false,
    ...description(key),
  }
}
