import { constants, privateDecrypt, publicEncrypt, type KeyObject } from 'node:crypto'

/** OAEP with hash = MGF1 hash and an empty label; `overhead` is 2 hLen + 2 (RFC 8017 §7.1.1). */
export interface OaepRow { readonly hash: 'sha1' | 'sha256'; readonly overhead: number }

const parameters = (key: KeyObject, { hash }: OaepRow): { key: KeyObject; padding: number; oaepHash: string } => ({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash })

export const oaepSeal = (publicKey: KeyObject, row: OaepRow, plaintext: Uint8Array): Uint8Array => publicEncrypt(parameters(publicKey, row), plaintext)

/** Undefined for every failure alike: an oracle learns nothing from which it was. */
export function oaepOpen(privateKey: KeyObject, row: OaepRow, ciphertext: Uint8Array): Uint8Array | undefined {
  if (ciphertext.length * 8 !== privateKey.asymmetricKeyDetails?.modulusLength) return undefined
  try {
    return privateDecrypt(parameters(privateKey, row), ciphertext)
  } catch {
    return undefined
  }
}
