import { isWellFormed } from '../../bytes/text.js'
import { requireAlgorithm } from '../crypto/checks.js'
import { parseBlob, sealBlob, type EncryptionContext } from '../crypto/ciphertext.js'
import { secretOf } from '../crypto/material.js'
import { decryptOaep, encryptOaep } from '../crypto/oaep.js'
import { enums } from '../key-specs.js'
import { versionsOf } from '../state/materials.js'
import type { Key } from '../state/model.js'
import { currentMaterial, materialWithId } from '../state/states.js'
import { KmsFault } from '../wire/fault.js'
import { contextBytes } from '../wire/members.js'
import type { Call } from './call.js'
import { checkUsage, enabledKey, findKey } from './resolve.js'

// What Encrypt, Decrypt, ReEncrypt and the data-key operations share.
export const symmetric = 'SYMMETRIC_DEFAULT'
export const algorithm: { readonly type: 'string'; readonly values: readonly string[] } = {
  type: 'string',
  values: enums.encryptionAlgorithm,
}
export const context: { readonly type: 'map'; readonly bytes: number } = {
  type: 'map',
  bytes: contextBytes,
}
export const ciphertextBlob = { type: 'blob', required: true, min: 1, max: 6144 } as const
export const dryRunModifiers = { type: 'strings', each: { values: ['IGNORE_CIPHERTEXT'] } } as const

/** Whether this dry run does without a ciphertext. */
export const ignoresCiphertext = ({ body: { DryRun, DryRunModifiers } }: Call): boolean =>
  DryRun === true && Array.isArray(DryRunModifiers) && DryRunModifiers.includes('IGNORE_CIPHERTEXT')

export interface Sealed {
  readonly ciphertext: Uint8Array
  readonly materialId?: string
}
export interface Opened {
  readonly key: Key
  readonly plaintext: Uint8Array
  readonly materialId?: string
}

/**
 * Seals under a key that has been found usable. @throws KmsFault InvalidKeyUsageException,
 * ValidationException
 */
export function sealUnder(
  call: Call,
  key: Key,
  name: string,
  context: EncryptionContext = {},
  plaintext: Uint8Array,
  dryRun: boolean | undefined,
): Sealed {
  checkAlgorithm(key, name, context)
  const material = currentMaterial(key)
  const materialId = versionsOf(key).at(-1)!.id
  const sealed =
    name === symmetric
      ? {
          ciphertext: sealBlob(
            { keyId: key.id, materialId, secret: secretOf(material), context },
            plaintext,
          ),
          materialId,
        }
      : // which looks at the length
        { ciphertext: encryptOaep(key.spec, material, name, plaintext) }
  call.proceed(dryRun)
  return sealed
}

export interface ToOpen {
  readonly keyId: string | undefined
  readonly algorithm: string | undefined
  readonly context: EncryptionContext | undefined
  /** Undefined in a dry run that ignores it. */
  readonly ciphertext: Uint8Array | undefined
  readonly permission: 'Decrypt' | 'ReEncryptFrom'
  /**
   * Looks at what else is needed, when the permission on this key is there and before anything is
   * opened.
   */
  readonly before?: () => void
}

/**
 * Opens what a key sealed. Symmetric ciphertexts name their key and are parsed before anything is
 * compared.
 *
 * @throws KmsFault InvalidCiphertextException for every cryptographic failure,
 *   IncorrectKeyException for another key's ciphertext
 */
export function openWith(call: Call, toOpen: ToOpen): Opened {
  const { keyId, algorithm: name = symmetric, context, ciphertext, permission, before } = toOpen
  if (name === symmetric && ciphertext) return openSymmetric(call, toOpen, ciphertext)
  if (keyId === undefined)
    throw new KmsFault(
      'ValidationException',
      `KeyId is required with EncryptionAlgorithm ${name}: an asymmetric ciphertext does not name its key.`,
    )
  const found = findKey(call, keyId, permission)
  before?.()
  const key = enabledKey(call, checkUsage(call, found, 'ENCRYPT_DECRYPT'))
  checkAlgorithm(key, name, context)
  if (!ciphertext) return { key, plaintext: new Uint8Array() }
  return { key, plaintext: decryptOaep(key.spec, currentMaterial(key), name, ciphertext) }
}

function openSymmetric(
  call: Call,
  { keyId, context = {}, permission, before }: ToOpen,
  ciphertext: Uint8Array,
): Opened {
  const asked = keyId === undefined ? undefined : findKey(call, keyId, permission)
  const parsed = parseBlob(ciphertext)
  if (!parsed) throw new KmsFault('InvalidCiphertextException')
  if (asked && asked.id !== parsed.keyId)
    throw new KmsFault(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    )
  const key = asked ?? namedByCiphertext(call, parsed.keyId, permission)
  before?.()
  call.used(key)
  enabledKey(call, key)
  const material = materialWithId(key, parsed.materialId)
  const plaintext = material && parsed.open(secretOf(material), context)
  if (!plaintext) throw new KmsFault('InvalidCiphertextException')
  return { key, plaintext, materialId: parsed.materialId }
}

/** Whether another account's key is not there or the caller may not use it is not told. */
function namedByCiphertext(call: Call, id: string, permission: string): Key {
  const key = call.ring.keys.get(id)
  const unknown = (): KmsFault =>
    new KmsFault(
      'AccessDeniedException',
      'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
    )
  if (!key) throw unknown()
  try {
    call.authorize(permission, { ring: call.ring, key })
  } catch (e) {
    throw key.account === call.account ? e : unknown()
  }
  return key
}

function checkAlgorithm({ spec }: Key, name: string, context: EncryptionContext | undefined): void {
  requireAlgorithm(spec, 'ENCRYPT_DECRYPT', name)
  // UTF-8 writes every lone surrogate alike, so that two contexts would be one
  if (
    !Object.entries(context ?? {})
      .flat()
      .every(isWellFormed)
  )
    throw new KmsFault(
      'ValidationException',
      'The encryption context is not well-formed Unicode: it has a lone surrogate.',
    )
  if (name !== symmetric && Object.keys(context ?? {}).length > 0)
    throw new KmsFault(
      'ValidationException',
      'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.',
    )
}
