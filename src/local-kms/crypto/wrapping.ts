import { constants, createDecipheriv, privateDecrypt, type KeyObject } from 'node:crypto'

export function unwrap(algorithm: string, privateKey: KeyObject, wrapped: Uint8Array): Uint8Array | undefined {
  const oaep = (bytes: Uint8Array): Buffer => privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: algorithm.endsWith('_256') ? 'sha256' : 'sha1' }, bytes)
  const length = privateKey.asymmetricKeyDetails!.modulusLength! / 8
  try {
    if (algorithm.startsWith('RSAES')) return oaep(wrapped)
    const cipher = createDecipheriv('id-aes256-wrap-pad', oaep(wrapped.subarray(0, length)), Buffer.from('a65959a6', 'hex'))
    return Buffer.concat([cipher.update(wrapped.subarray(length)), cipher.final()])
  } catch {
    return undefined
  }
}
