import { importedMaterial, publicKeyOf, type Material } from '../crypto/material.js'
import { unwrap } from '../crypto/wrapping.js'
import { enums } from '../key-specs.js'
import { sharedMaterials } from '../state/due.js'
import type { Keyring } from '../state/keyring.js'
import type { Kms } from '../state/kms.js'
import { withoutMaterial } from '../state/materials.js'
import type { Key } from '../state/key-model.js'
import { KmsFault } from '../wire/fault.js'
import { keyId, keyMaterialId } from '../wire/members.js'
import type { Call } from './call.js'
import { withImported } from './imported-versions.js'
import { blob, changing, operation, type Operation, timestamp } from './operation.js'
import { findKeyItself, notPendingDeletion } from './resolve.js'
import { checkWrapping } from './wrapping-rules.js'

const day = 86_400_000
const longestValidity = 365 * day
const wrapping = {
  KeyId: keyId,
  WrappingAlgorithm: { type: 'string', required: true, values: enums.wrappingAlgorithm },
  WrappingKeySpec: { type: 'string', required: true, values: enums.wrappingKeySpec },
} as const
const ciphertext = { type: 'blob', required: true, min: 1, max: 6144 } as const
const expires = 'KEY_MATERIAL_EXPIRES'
const lasts = 'KEY_MATERIAL_DOES_NOT_EXPIRE'

export const importOperations: Readonly<Record<string, Operation>> = {
  /**
   * Makes a wrapping key, which can be used as often as wanted while it is valid.
   *
   * It is made outside the queue of changes, since it changes no key.
   */
  GetParametersForImport: operation(
    wrapping,
    async (call, { KeyId, WrappingAlgorithm, WrappingKeySpec }) => {
      const key = importable(call, notPendingDeletion(call, findKeyItself(call, KeyId)))
      checkWrapping(key.spec, WrappingAlgorithm, WrappingKeySpec)
      const arn = call.ring.keyArn(key)
      const { token, parameter } = await call.kms.imports.create(
        arn,
        WrappingAlgorithm,
        WrappingKeySpec,
      )
      return {
        KeyId: arn,
        ImportToken: blob(token),
        PublicKey: blob(publicKeyOf(WrappingKeySpec, parameter.wrappingKey)),
        ParametersValidTo: timestamp(parameter.validTo),
      }
    },
  ),

  ImportKeyMaterial: changing(
    {
      KeyId: keyId,
      ImportToken: ciphertext,
      EncryptedKeyMaterial: ciphertext,
      ValidTo: { type: 'time' },
      ExpirationModel: { type: 'string', values: [lasts, expires] },
      ImportType: { type: 'string', values: ['NEW_KEY_MATERIAL', 'EXISTING_KEY_MATERIAL'] },
      KeyMaterialDescription: { type: 'string', max: 256, pattern: /^[a-zA-Z0-9:/_\s.-]+$/ },
      KeyMaterialId: keyMaterialId,
    },
    async (call, input) => {
      const { kms, ring } = call
      const key = importable(call, notPendingDeletion(call, findKeyItself(call, input.KeyId)))
      const validTo = validityOf(call, input.ExpirationModel, input.ValidTo)
      const material = unwrapped(call, key, input.ImportToken, input.EncryptedKeyMaterial)
      const facts = { ...input, validTo, material, now: call.now() }
      const { version, materials, enabled } = withImported(kms, ring, key, facts)
      const changed = { ...key, enabled, materials }
      await ring.saveKey(changed)
      if (key.primaryRegion === ring.region) await share(kms, ring, changed)
      return {
        KeyId: ring.keyArn(key),
        ...(key.spec === 'SYMMETRIC_DEFAULT' && { KeyMaterialId: version.id }),
      }
    },
  ),

  /**
   * Deletes material, of which the id stays.
   *
   * - Material that waits for its rotation goes with its id.
   * - Where there is none, nothing happens.
   */
  DeleteImportedKeyMaterial: changing(
    { KeyId: keyId, KeyMaterialId: keyMaterialId },
    async (call, { KeyId, KeyMaterialId }) => {
      const { kms, ring } = call
      const key = importable(call, findKeyItself(call, KeyId))
      const version = key.materials.findLast(({ id, pending }) =>
        KeyMaterialId === undefined ? !pending : id === KeyMaterialId,
      )
      if (KeyMaterialId !== undefined && !version)
        throw new KmsFault(
          'NotFoundException',
          `Key material ${KeyMaterialId} does not exist in ${ring.keyArn(key)}`,
        )
      const forgets = version?.pending && (key.primaryRegion ?? ring.region) === ring.region
      const materials = forgets
        ? key.materials.filter((other) => other !== version)
        : key.materials.map((other) => (other === version ? withoutMaterial(other) : other))
      const changed = { ...key, materials }
      if (version) await ring.saveKey(changed)
      if (forgets) await share(kms, ring, changed)
      return {
        KeyId: ring.keyArn(key),
        ...(version && key.spec === 'SYMMETRIC_DEFAULT' && { KeyMaterialId: version.id }),
      }
    },
  ),
}

function importable({ ring }: Call, key: Key): Key {
  if (key.origin !== 'EXTERNAL')
    throw new KmsFault(
      'UnsupportedOperationException',
      `${ring.keyArn(key)} origin is ${key.origin} which is not valid for this operation.`,
    )
  return key
}

/** When the material is to expire, in milliseconds; undefined for never. */
function validityOf(call: Call, model = expires, validTo: number | undefined): number | undefined {
  if (model === lasts) {
    if (validTo !== undefined)
      throw new KmsFault(
        'ValidationException',
        `A validTo date must not be set if the ExpirationModel is ${lasts}`,
      )
    return undefined
  }
  if (validTo === undefined)
    throw new KmsFault(
      'ValidationException',
      `A validTo date must be set if the ExpirationModel is ${expires}`,
    )
  const time = validTo * 1000
  if (time <= call.now() || time > call.now() + longestValidity)
    throw new KmsFault(
      'ValidationException',
      'A validTo date must be in the future, and at most 365 days from now',
    )
  return time
}

function unwrapped(call: Call, key: Key, token: Uint8Array, wrapped: Uint8Array): Material {
  const parameter = call.kms.imports.find(token)
  if (parameter?.keyArn !== call.ring.keyArn(key)) throw new KmsFault('InvalidImportTokenException')
  if (parameter.validTo <= call.now()) throw new KmsFault('ExpiredImportTokenException')
  const material = importedMaterial(
    key.spec,
    unwrap(parameter.wrappingSpec, parameter.wrappingKey, parameter.algorithm, wrapped),
  )
  if (!material)
    throw new KmsFault(
      'IncorrectKeyMaterialException',
      `The key material is not that of a ${key.spec} key.`,
    )
  return material
}

/**
 * Tells the replicas which versions there are.
 *
 * The same material can then be imported into each of them.
 */
async function share(kms: Kms, ring: Keyring, primary: Key): Promise<void> {
  for (const [other, replica] of kms.replicas(primary, ring.region))
    await other.saveKey({ ...replica, materials: sharedMaterials(primary, replica) })
}
