import { generateMaterial } from '../crypto/material.js'
import { defaultKeyPolicy } from '../state/default-key-policy.js'
import { keySpecs, type KeyUsage } from '../key-specs.js'
import type { Keyring } from '../state/keyring.js'
import type { Kms } from '../state/kms.js'
import { newMaterial } from '../state/materials.js'
import type { Key, KeyMaterial } from '../state/key-model.js'
import { KmsFault } from '../wire/fault.js'

/** Material of post-quantum keys cannot be imported. */
const importable = /^(SYMMETRIC|HMAC|RSA|ECC)_/

export interface NewKey {
  readonly account: string
  readonly spec: string
  readonly usage?: string | undefined
  readonly description?: string
  readonly origin?: Key['origin']
  readonly multiRegion?: boolean
  /** The key policy. Default: the one that lets the account in. */
  readonly policy?: string | undefined
  readonly tags?: Readonly<Record<string, string>>
  /**
   * What the randomness is drawn for, where there is a seed. Default: its place in the order of
   * keys.
   *
   * Keys with the same label are the same then.
   */
  readonly label?: string
}

/**
 * The usage of a key to be made.
 *
 * @throws KmsFault UnsupportedOperationException, ValidationException
 */
export function usageOf(spec: string, usage: string | undefined): KeyUsage {
  const row = keySpecs.get(spec)
  if (!row)
    throw new KmsFault(
      'UnsupportedOperationException',
      `KeySpec ${spec} is not supported in this Region`,
    )
  const chosen = usage ?? row.defaultUsage
  if (chosen === undefined)
    throw new KmsFault(
      'ValidationException',
      'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
    )
  if (!Object.hasOwn(row.algorithms, chosen))
    throw new KmsFault(
      'ValidationException',
      `KeyUsage ${chosen} is not compatible with KeySpec ${spec}`,
    )
  return chosen as KeyUsage
}

/**
 * Makes a key and keeps it.
 *
 * Material is generated outside the queue of changes, since RSA_4096 takes seconds.
 *
 * @throws KmsFault UnsupportedOperationException for a spec that is not here or cannot be imported,
 *   ValidationException for a usage that does not fit
 */
export async function makeKey(kms: Kms, ring: Keyring, wanted: NewKey): Promise<Key> {
  const key = await newKey(kms, ring, wanted)
  await kms.change(() => ring.saveKey(key))
  return key
}

/** Makes a key that is still to be kept. @throws KmsFault as {@link makeKey} */
export async function newKey(kms: Kms, ring: Keyring, wanted: NewKey): Promise<Key> {
  const {
    account,
    spec,
    description = '',
    origin = 'AWS_KMS',
    multiRegion = false,
    tags = {},
  } = wanted
  const usage = usageOf(spec, wanted.usage)
  if (origin === 'EXTERNAL' && !importable.test(spec))
    throw new KmsFault(
      'UnsupportedOperationException',
      `Key material of key spec ${spec} cannot be imported.`,
    )
  const created = kms.now()
  const { id, random } = kms.newKey(wanted.label, multiRegion)
  const fresh = async (): Promise<KeyMaterial> =>
    newMaterial(id, await generateMaterial(spec, random), { created })
  return {
    id,
    account,
    spec,
    usage,
    description,
    created,
    origin,
    tags,
    enabled: true,
    ...(multiRegion && { primaryRegion: ring.region }),
    policy: wanted.policy ?? defaultKeyPolicy(account, ring.partition),
    grants: [],
    materials: origin === 'AWS_KMS' ? [await fresh()] : [],
  }
}
