import { sharedMaterials } from '../state/due.js'
import type { Keyring } from '../state/keyring.js'
import { defaultKeyPolicy } from '../state/default-key-policy.js'
import type { Key } from '../state/key-model.js'
import { KmsFault } from '../wire/fault.js'
import { flag, keyDescription, keyId, keyPolicyText, regionName, tagList } from '../wire/members.js'
import type { Call } from './call.js'
import { keyPolicy } from './decision.js'
import { metadata } from './metadata.js'
import { changing, type Operation } from './operation.js'
import { enabledKey, findKeyItself, notPendingDeletion } from './resolve.js'
import { tagsAnswer, tagsFrom } from './tag-operations.js'

export const multiRegionOperations: Readonly<Record<string, Operation>> = {
  /**
   * Makes a replica, which shares id, material, spec, usage, origin and rotation with its primary.
   *
   * - Policy, description and tags are its own.
   * - The answer says that it is still being made, as that of AWS does. Here it can be used at
   *   once.
   */
  ReplicateKey: changing(
    {
      KeyId: keyId,
      ReplicaRegion: regionName,
      Policy: keyPolicyText,
      BypassPolicyLockoutSafetyCheck: flag,
      Description: keyDescription,
      Tags: tagList,
    },
    async (call, input) => {
      const { KeyId, ReplicaRegion, Policy, Description = '', Tags = [] } = input
      const { kms, ring } = call
      const tags = tagsFrom(Tags)
      const key = primaryKey(call, enabledOrPendingImport(call, findKeyItself(call, KeyId)))
      const target = otherRegion(call, ReplicaRegion)
      const { id, account, spec, usage, origin, rotation } = key
      const creating = call.as('CreateKey', target, {
        ...call.body,
        KeySpec: spec,
        KeyUsage: usage,
        Origin: origin,
        MultiRegion: true,
      })
      creating.authorize()
      if (Tags.length > 0) creating.authorize('TagResource')
      if (target.keys.has(key.id))
        throw new KmsFault('AlreadyExistsException', `${target.keyArn(key)} already exists`)
      const replica: Key = {
        id,
        account,
        spec,
        usage,
        origin,
        tags,
        description: Description,
        created: call.now(),
        enabled: true,
        primaryRegion: ring.region,
        policy:
          Policy === undefined
            ? defaultKeyPolicy(account, target.partition)
            : keyPolicy(call, Policy, input.BypassPolicyLockoutSafetyCheck),
        grants: [],
        ...(rotation && { rotation }),
        materials: sharedMaterials(key),
      }
      await target.saveKey(replica)
      const { CurrentKeyMaterialId: _materialId, ...shown } = metadata(kms, target, replica)
      return {
        ReplicaKeyMetadata: { ...shown, Enabled: false, KeyState: 'Creating' },
        ReplicaPolicy: replica.policy,
        ...(Tags.length > 0 && { ReplicaTags: tagsAnswer(tags) }),
      }
    },
  ),

  /**
   * Makes a replica the primary, with the permission on both keys.
   *
   * The Region that was primary is written first. After a crash, a start relies on that order.
   */
  UpdatePrimaryRegion: changing(
    { KeyId: keyId, PrimaryRegion: regionName },
    async (call, { KeyId, PrimaryRegion }) => {
      const { kms, ring } = call
      const key = primaryKey(call, enabledKey(call, findKeyItself(call, KeyId)))
      const target = otherRegion(call, PrimaryRegion)
      const replica = target.keys.get(key.id)
      if (!replica)
        throw new KmsFault('NotFoundException', `Key '${target.keyArn(key)}' does not exist`)
      call.authorize(undefined, { ring: target, key: replica })
      if (replica.deletion !== undefined)
        throw new KmsFault('KMSInvalidStateException', `${target.keyArn(key)} is pending deletion.`)
      if (!replica.enabled)
        throw new KmsFault('DisabledException', `${target.keyArn(key)} is disabled.`)
      await kms.saveRelated(ring, key, (there) => ({ ...there, primaryRegion: PrimaryRegion }))
      return undefined
    },
  ),
}

/**
 * Refuses a key that is not the primary.
 *
 * @throws KmsFault UnsupportedOperationException
 */
function primaryKey({ ring }: Call, key: Key): Key {
  if (key.primaryRegion !== ring.region)
    throw new KmsFault(
      'UnsupportedOperationException',
      `${ring.keyArn(key)} is not a multi-region primary key.`,
    )
  return key
}

/** A key that can have replicas, also one whose material is still to come. */
function enabledOrPendingImport(call: Call, key: Key): Key {
  if (key.enabled) return notPendingDeletion(call, key)
  return enabledKey(call, key)
}

function otherRegion({ kms, ring }: Call, region: string): Keyring {
  if (region === ring.region)
    throw new KmsFault(
      'ValidationException',
      `${region} is the Region of the key itself: name another one.`,
    )
  const target = kms.served.includes(region) ? kms.rings.get(region) : undefined
  if (target?.partition === ring.partition) return target
  const others = [...kms.rings.values()]
    .filter((other) => other !== ring && other.partition === ring.partition)
    .map((other) => other.region)
    .filter((other) => kms.served.includes(other))
  const advice =
    others.length > 0 ? `It can be in ${others.join(', ')}` : 'Start the server with more regions'
  throw new KmsFault(
    'ValidationException',
    `${region} is not a Region of this server that the key can be in. ${advice}.`,
  )
}
