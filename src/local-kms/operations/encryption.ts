import { isWellFormed } from '../../bytes/text.js'
import { requireAlgorithm } from '../crypto/checks.js'
import { parseBlob, sealBlob, type EncryptionContext } from '../crypto/ciphertext.js'
import { secretOf } from '../crypto/material.js'
import { decryptOaep, encryptOaep } from '../crypto/oaep.js'
import { enums } from '../key-specs.js'
import type { Key } from '../state/key-model.js'
import { currentMaterial, currentVersion, materialWithId } from '../state/states.js'
import { KmsFault } from '../wire/fault.js'
import { contextBytes } from '../wire/members.js'
import type { Call } from './call.js'
import { checkUsage, enabledKey, findKey } from './resolve.js'

// This is what Encrypt, Decrypt, ReEncrypt and the data-key operations share.
export const symmetric = 'SYMMETRIC_DEFAULT'
export const encryptionAlgorithm: { readonly type: 'string'; readonly values: readonly string[] } =
  {
    type: 'string',
    values: enums.encryptionAlgorithm,
  }
export const encryptionContext: { readonly type: 'map'; readonly bytes: number } = {
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

export interface ToSeal {
  readonly algorithm: string
  readonly context: EncryptionContext | undefined
  readonly plaintext: Uint8Array
  readonly dryRun: boolean | undefined
}

/**
 * Seals under a key that has been found usable.
 *
 * @throws KmsFault InvalidKeyUsageException, ValidationException
 */
export function sealUnder(call: Call, key: Key, toSeal: ToSeal): Sealed {
  const { algorithm, context, dryRun } = toSeal
  checkAlgorithm(key, algorithm, context)
  const sealed = algorithm === symmetric ? sealSymmetric(key, toSeal) : sealOaep(key, toSeal)
  call.proceed(dryRun)
  return sealed
}

function sealSymmetric(key: Key, { context = {}, plaintext }: ToSeal): Sealed {
  const { id: materialId, material } = currentVersion(key)
  const secret = secretOf(material)
  return {
    ciphertext: sealBlob({ keyId: key.id, materialId, secret, context }, plaintext),
    materialId,
  }
}

/** Looks at the length of the plaintext too. */
function sealOaep(key: Key, { algorithm, plaintext }: ToSeal): Sealed {
  return { ciphertext: encryptOaep(key.spec, currentMaterial(key), algorithm, plaintext) }
}

export interface ToOpen {
  readonly keyId: string | undefined
  readonly algorithm: string
  readonly context: EncryptionContext | undefined
  /** Undefined in a dry run that ignores it. */
  readonly ciphertext: Uint8Array | undefined
  readonly permission: 'Decrypt' | 'ReEncryptFrom'
}

/**
 * Finds the key that sealed a ciphertext, and asks for the permission on it.
 *
 * What it returns opens the ciphertext, once everything else that is needed was looked at.
 * Symmetric ciphertexts name their key. They are parsed before anything is compared.
 *
 * @throws KmsFault InvalidCiphertextException for every cryptographic failure,
 *   IncorrectKeyException for another key's ciphertext
 */
export function openerOf(call: Call, toOpen: ToOpen): () => Opened {
  const { keyId, algorithm, context, ciphertext, permission } = toOpen
  if (algorithm === symmetric && ciphertext) return symmetricOpenerOf(call, toOpen, ciphertext)
  if (keyId === undefined)
    throw new KmsFault(
      'ValidationException',
      `KeyId is required with EncryptionAlgorithm ${algorithm}: an asymmetric ciphertext does not name its key.`,
    )
  const found = findKey(call, keyId, permission)
  return () => {
    const key = enabledKey(call, checkUsage(call, found, 'ENCRYPT_DECRYPT'))
    checkAlgorithm(key, algorithm, context)
    if (!ciphertext) return { key, plaintext: new Uint8Array() }
    return { key, plaintext: decryptOaep(key.spec, currentMaterial(key), algorithm, ciphertext) }
  }
}

function symmetricOpenerOf(
  call: Call,
  { keyId, context = {}, permission }: ToOpen,
  ciphertext: Uint8Array,
): () => Opened {
  const asked = keyId === undefined ? undefined : findKey(call, keyId, permission)
  const parsed = parseBlob(ciphertext)
  if (!parsed) throw new KmsFault('InvalidCiphertextException')
  if (asked && asked.id !== parsed.keyId)
    throw new KmsFault(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    )
  const { materialId } = parsed
  const key = asked ?? namedByCiphertext(call, parsed.keyId, permission)
  return () => {
    call.used(key)
    enabledKey(call, key)
    const material = materialWithId(key, materialId)
    const plaintext = material && parsed.open(secretOf(material), context)
    if (!plaintext) throw new KmsFault('InvalidCiphertextException')
    return { key, plaintext, materialId }
  }
}

/** The key that a ciphertext names. Of another account's key it is not told whether it is there. */
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
  // UTF-8 writes all lone surrogates alike, so that two contexts would become one
  const texts = Object.entries(context ?? {}).flat()
  if (!texts.every(isWellFormed))
    throw new KmsFault(
      'ValidationException',
      'The encryption context is not well-formed Unicode: it has a lone surrogate.',
    )
  if (name !== symmetric && texts.length > 0)
    throw new KmsFault(
      'ValidationException',
      'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.',
    )
}
