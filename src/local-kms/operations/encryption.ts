import { oaepOpen, oaepSeal } from '../crypto/oaep.js'
import { parseBlob, sealBlob, type EncryptionContext } from '../crypto/ciphertext.js'
import { encryptions, enums, keySpecs } from '../key-specs.js'
import { versionsOf } from '../state/materials.js'
import type { Key } from '../state/model.js'
import { currentMaterial, materialWithId, privateKeyOf, publicKeyObject } from '../state/states.js'
import { KmsFault } from '../wire/fault.js'
import type { Call } from './call.js'
import { enabledKey, findKey, incompatible, usableKey } from './resolve.js'

// What Encrypt, Decrypt, ReEncrypt and the data-key operations share.
export const symmetric = 'SYMMETRIC_DEFAULT'
export const algorithm: { readonly type: 'string'; readonly values: readonly string[] } = { type: 'string', values: enums.encryptionAlgorithm }
export const context = { type: 'map' } as const
export const ciphertextBlob = { type: 'blob', required: true, min: 1, max: 6144 } as const
export const dryRunModifiers = { type: 'strings' } as const

/** Whether this dry run does without a ciphertext. */
export const ignoresCiphertext = ({ body: { DryRun, DryRunModifiers } }: Call): boolean => DryRun === true && Array.isArray(DryRunModifiers) && DryRunModifiers.includes('IGNORE_CIPHERTEXT')

export interface Sealed { readonly ciphertext: Uint8Array; readonly materialId?: string }
export interface Opened { readonly key: Key; readonly plaintext: Uint8Array; readonly materialId?: string }

/** Seals under a key that has been found usable. @throws KmsFault InvalidKeyUsageException, ValidationException */
export function sealUnder(call: Call, key: Key, name: string, context: EncryptionContext | undefined, plaintext: Uint8Array, dryRun: boolean | undefined): Sealed {
  checkAlgorithm(key, name, context)
  const row = encryptions[name]
  const longest = row ? keySpecs.get(key.spec)!.size - row.overhead : Infinity
  if (plaintext.length > longest) throw new KmsFault('ValidationException', `Algorithm ${name} and key spec ${key.spec} cannot encrypt data larger than ${longest} bytes.`)
  call.proceed(dryRun)
  if (row) return { ciphertext: oaepSeal(publicKeyObject(key), row, plaintext) }
  const materialId = versionsOf(key).at(-1)!.id
  return { ciphertext: sealBlob({ keyId: key.id, materialId }, secretOf(key), context ?? {}, plaintext), materialId }
}

export interface ToOpen {
  readonly keyId: string | undefined
  readonly algorithm: string | undefined
  readonly context: EncryptionContext | undefined
  /** Undefined in a dry run that ignores it. */
  readonly ciphertext: Uint8Array | undefined
  readonly permission: 'Decrypt' | 'ReEncryptFrom'
}

/**
 * Opens what a key sealed. Symmetric ciphertexts name their key and are parsed before anything is compared.
 *
 * @throws KmsFault InvalidCiphertextException for every cryptographic failure, IncorrectKeyException for another key's ciphertext
 */
export function openWith(call: Call, { keyId, algorithm: name = symmetric, context, ciphertext, permission }: ToOpen): Opened {
  if (name === symmetric && ciphertext) return openSymmetric(call, keyId, context ?? {}, ciphertext, permission)
  if (keyId === undefined) throw new KmsFault('ValidationException', `KeyId is required with EncryptionAlgorithm ${name}: an asymmetric ciphertext does not name its key.`)
  const key = usableKey(call, keyId, 'ENCRYPT_DECRYPT', permission)
  checkAlgorithm(key, name, context)
  if (!ciphertext) return { key, plaintext: new Uint8Array() }
  const plaintext = oaepOpen(privateKeyOf(key), encryptions[name]!, ciphertext)
  if (!plaintext) throw new KmsFault('InvalidCiphertextException')
  return { key, plaintext }
}

function openSymmetric(call: Call, keyId: string | undefined, context: EncryptionContext, ciphertext: Uint8Array, permission: string): Opened {
  const asked = keyId === undefined ? undefined : findKey(call, keyId, permission)
  const parsed = parseBlob(ciphertext)
  if (!parsed) throw new KmsFault('InvalidCiphertextException')
  if (asked && asked.id !== parsed.keyId) throw new KmsFault('IncorrectKeyException', 'The key ID in the request does not identify a CMK that can perform this operation.')
  const key = asked ?? namedByCiphertext(call, parsed.keyId, permission)
  call.used(key)
  enabledKey(call, key)
  const material = materialWithId(key, parsed.materialId)
  const plaintext = material?.kind === 'secret' ? parsed.open(material.secret, context) : undefined
  if (!plaintext) throw new KmsFault('InvalidCiphertextException')
  return { key, plaintext, materialId: parsed.materialId }
}

/** Whether the key is not there or the caller may not use it is not told. */
function namedByCiphertext(call: Call, id: string, permission: string): Key {
  const key = call.ring.keys.get(id)
  if (!key) throw new KmsFault('AccessDeniedException', 'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.')
  call.authorize(permission, { ring: call.ring, key })
  return key
}

function checkAlgorithm(key: Key, name: string, context: EncryptionContext | undefined): void {
  if (!keySpecs.get(key.spec)?.algorithms.ENCRYPT_DECRYPT?.includes(name)) throw incompatible(name, key)
  if (name !== symmetric && Object.keys(context ?? {}).length > 0) throw new KmsFault('ValidationException', 'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.')
}

function secretOf(key: Key): Uint8Array {
  const material = currentMaterial(key)
  if (material.kind !== 'secret') throw new Error(`a ${key.spec} key has no secret`)
  return material.secret
}
