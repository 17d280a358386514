import { constants, privateDecrypt, publicEncrypt } from 'node:crypto'
import type { JsonObject } from '../../formats/json.js'
import { KmsFault } from '../wire/fault.js'
import { encryptions, enums, keySpecs } from '../key-specs.js'
import type { Key } from '../state/keyring.js'
import { callMembers, keyId, optionalKeyId } from '../wire/members.js'
import { blob, operation, type Operation } from './operation.js'
import { findKey, incompatible, usableKey } from './resolve.js'

const algorithm = { type: 'string', values: enums.encryptionAlgorithm } as const
const context = { type: 'map' } as const

export const encryptOperations: Readonly<Record<string, Operation>> = {
  Encrypt: operation(
    { KeyId: keyId, Plaintext: { type: 'blob', required: true, sensitive: true, min: 1, max: 4096 }, EncryptionAlgorithm: algorithm, EncryptionContext: context, ...callMembers },
    (ring, { KeyId, Plaintext, EncryptionAlgorithm = 'SYMMETRIC_DEFAULT', EncryptionContext }) => {
      const key = usableKey(ring, KeyId, 'ENCRYPT_DECRYPT', 'Encrypt')
      const { oaepHash, longest } = oaep(key, EncryptionAlgorithm)
      noContext(EncryptionContext)
      if (Plaintext.length > longest) throw new KmsFault('ValidationException', `Algorithm ${EncryptionAlgorithm} and key spec ${key.spec} cannot encrypt data larger than ${longest} bytes.`)
      const ciphertext = publicEncrypt({ key: ring.publicKey(key), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, Plaintext)
      return { KeyId: ring.keyArn(key), CiphertextBlob: blob(ciphertext), EncryptionAlgorithm }
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
    (ring, { CiphertextBlob, KeyId, EncryptionAlgorithm = 'SYMMETRIC_DEFAULT', EncryptionContext }) => {
      // Symmetric ciphertexts name their key and are parsed before anything is compared; what RSA made never parses.
      if (EncryptionAlgorithm === 'SYMMETRIC_DEFAULT') {
        if (KeyId !== undefined) findKey(ring, KeyId)
        throw new KmsFault('InvalidCiphertextException')
      }
      if (KeyId === undefined) throw new KmsFault('ValidationException', `KeyId is required with EncryptionAlgorithm ${EncryptionAlgorithm}: an asymmetric ciphertext does not name its key.`)
      const key = usableKey(ring, KeyId, 'ENCRYPT_DECRYPT', 'Decrypt')
      const { oaepHash } = oaep(key, EncryptionAlgorithm)
      noContext(EncryptionContext)
      return { KeyId: ring.keyArn(key), Plaintext: blob(open(key, oaepHash, CiphertextBlob)), EncryptionAlgorithm }
    },
  ),
}

function oaep(key: Key, name: string): { readonly oaepHash: string; readonly longest: number } {
  const spec = keySpecs.get(key.spec)
  const row = encryptions[name]
  if (!row || !spec?.algorithms.ENCRYPT_DECRYPT?.includes(name)) throw incompatible(name, key)
  return { oaepHash: row.hash, longest: spec.size - row.overhead }
}

function noContext(context: JsonObject | undefined): void {
  if (Object.keys(context ?? {}).length > 0) throw new KmsFault('ValidationException', 'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.')
}

/** Every cryptographic failure is one error without a message: an oracle learns nothing from which it was. */
function open({ privateKey, spec }: Key, oaepHash: string, ciphertext: Buffer): Buffer {
  if (ciphertext.length !== keySpecs.get(spec)?.size) throw new KmsFault('InvalidCiphertextException')
  try {
    return privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, ciphertext)
  } catch {
    throw new KmsFault('InvalidCiphertextException')
  }
}
