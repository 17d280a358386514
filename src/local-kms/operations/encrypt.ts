import { constants, privateDecrypt, publicEncrypt } from 'node:crypto'
import { KmsFault } from '../wire/fault.js'
import { encryptions, enums, keySpecs } from '../key-specs.js'
import type { Key } from '../state/model.js'
import { privateKeyOf, publicKeyObject } from '../state/states.js'
import { callMembers, keyId, optionalKeyId } from '../wire/members.js'
import { blob, operation, type Operation } from './operation.js'
import { findKey, incompatible, usableKey } from './resolve.js'

const algorithm = { type: 'string', values: enums.encryptionAlgorithm } as const
const context = { type: 'map' } as const

export const encryptOperations: Readonly<Record<string, Operation>> = {
  Encrypt: operation(
    { KeyId: keyId, Plaintext: { type: 'blob', required: true, sensitive: true, min: 1, max: 4096 }, EncryptionAlgorithm: algorithm, EncryptionContext: context, ...callMembers },
    (call, { KeyId, Plaintext, EncryptionAlgorithm = 'SYMMETRIC_DEFAULT', EncryptionContext, DryRun }) => {
      const key = usableKey(call, KeyId, 'ENCRYPT_DECRYPT')
      const { oaepHash, longest } = oaep(key, EncryptionAlgorithm)
      noContext(EncryptionContext)
      if (Plaintext.length > longest) throw new KmsFault('ValidationException', `Algorithm ${EncryptionAlgorithm} and key spec ${key.spec} cannot encrypt data larger than ${longest} bytes.`)
      call.proceed(DryRun)
      const ciphertext = publicEncrypt({ key: publicKeyObject(key), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, Plaintext)
      return { KeyId: call.ring.keyArn(key), CiphertextBlob: blob(ciphertext), EncryptionAlgorithm }
    },
  ),

  Decrypt: operation(
    {
      CiphertextBlob: { type: 'blob', required: true, min: 1, max: 6144 },
      KeyId: optionalKeyId,
      EncryptionAlgorithm: algorithm,
      EncryptionContext: context,
      Recipient: { type: 'unimplemented' },
      DryRunModifiers: { type: 'unimplemented' },
      ...callMembers,
    },
    (call, { CiphertextBlob, KeyId, EncryptionAlgorithm = 'SYMMETRIC_DEFAULT', EncryptionContext, DryRun }) => {
      // Symmetric ciphertexts name their key and are parsed before anything is compared; what RSA made never parses.
      if (EncryptionAlgorithm === 'SYMMETRIC_DEFAULT') {
        if (KeyId !== undefined) findKey(call, KeyId)
        throw new KmsFault('InvalidCiphertextException')
      }
      if (KeyId === undefined) throw new KmsFault('ValidationException', `KeyId is required with EncryptionAlgorithm ${EncryptionAlgorithm}: an asymmetric ciphertext does not name its key.`)
      const key = usableKey(call, KeyId, 'ENCRYPT_DECRYPT')
      const { oaepHash } = oaep(key, EncryptionAlgorithm)
      noContext(EncryptionContext)
      call.proceed(DryRun)
      return { KeyId: call.ring.keyArn(key), Plaintext: blob(open(key, oaepHash, CiphertextBlob)), EncryptionAlgorithm }
    },
  ),
}

function oaep(key: Key, name: string): { readonly oaepHash: string; readonly longest: number } {
  const spec = keySpecs.get(key.spec)
  const row = encryptions[name]
  if (!row || !spec?.algorithms.ENCRYPT_DECRYPT?.includes(name)) throw incompatible(name, key)
  return { oaepHash: row.hash, longest: spec.size - row.overhead }
}

function noContext(context: object | undefined): void {
  if (Object.keys(context ?? {}).length > 0) throw new KmsFault('ValidationException', 'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.')
}

/** Every cryptographic failure is one error without a message: an oracle learns nothing from which it was. */
function open(key: Key, oaepHash: string, ciphertext: Buffer): Buffer {
  if (ciphertext.length !== keySpecs.get(key.spec)?.size) throw new KmsFault('InvalidCiphertextException')
  try {
    return privateDecrypt({ key: privateKeyOf(key), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, ciphertext)
  } catch {
    throw new KmsFault('InvalidCiphertextException')
  }
}
