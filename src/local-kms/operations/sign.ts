import { signatureName, signatures, type SignatureRow } from '../../algorithms/signatures.js'
import { concat } from '../../bytes/bytes.js'
import { signDigest, verifyDigest } from '../crypto/ecdsa.js'
import { KmsFault } from '../wire/fault.js'
import { enums, keySpecs } from '../key-specs.js'
import type { Key } from '../state/model.js'
import { privateKeyOf, publicKeyObject } from '../state/states.js'
import type { Call } from './call.js'
import { callMembers, keyId } from '../wire/members.js'
import { blob, operation, type Operation } from './operation.js'
import { incompatible, usableKey } from './resolve.js'
import { digestOf, paddings, rawOpen, rawSign } from '../crypto/rsa-digest.js'

const signing = {
  KeyId: keyId,
  Message: { type: 'blob', required: true, sensitive: true, min: 1, max: 4096 },
  MessageType: { type: 'string', values: enums.messageType },
  SigningAlgorithm: { type: 'string', required: true, values: [...enums.signingAlgorithm, 'SYMMETRIC_DEFAULT'], listed: enums.signingAlgorithm },
  ...callMembers,
} as const

export const signOperations: Readonly<Record<string, Operation>> = {
  Sign: operation(signing, (call, input) => {
    const { key, row, digest } = prepare(call, input)
    return { KeyId: call.ring.keyArn(key), Signature: blob(sign(key, row, digest)), SigningAlgorithm: input.SigningAlgorithm }
  }),

  /** An invalid signature is an error, never `SignatureValid: false`. */
  Verify: operation({ ...signing, Signature: { type: 'blob', required: true, min: 1, max: 6144 } }, (call, input) => {
    const { key, row, digest } = prepare(call, input)
    if (!verify(key, row, digest, input.Signature)) throw new KmsFault('KMSInvalidSignatureException')
    return { KeyId: call.ring.keyArn(key), SignatureValid: true, SigningAlgorithm: input.SigningAlgorithm }
  }),
}

interface SignInput { readonly KeyId: string; readonly Message: Buffer; readonly MessageType: string | undefined; readonly SigningAlgorithm: string; readonly DryRun: boolean | undefined }
interface Prepared { readonly key: Key; readonly row: SignatureRow; readonly digest: Uint8Array }

/** Key, algorithm and digest of a request: RAW is hashed here, and from then on both message types go one way. */
function prepare(call: Call, input: SignInput): Prepared {
  const { KeyId, Message, MessageType = 'RAW', SigningAlgorithm, DryRun } = input
  const key = usableKey(call, KeyId, 'SIGN_VERIFY')
  const name = signatureName(SigningAlgorithm)
  if (name === undefined || !keySpecs.get(key.spec)?.algorithms.SIGN_VERIFY?.includes(SigningAlgorithm)) throw incompatible(SigningAlgorithm, key)
  const row = signatures[name]
  if (MessageType === 'EXTERNAL_MU') throw new KmsFault('ValidationException', `Message type ${MessageType} is incompatible with key spec ${key.spec}.`)
  if (MessageType === 'DIGEST' && Message.length !== Number(row.hash.slice(-3)) / 8) throw new KmsFault('ValidationException', `Digest is invalid length for algorithm ${SigningAlgorithm}.`)
  call.proceed(DryRun)
  return { key, row, digest: MessageType === 'RAW' ? digestOf(row.hash, Message) : Message }
}

function sign(key: Key, row: SignatureRow, digest: Uint8Array): Uint8Array {
  if (row.webCrypto !== 'ECDSA') return rawSign(privateKeyOf(key), paddings[row.webCrypto].encode(row.hash, digest, keySpecs.get(key.spec)!.size))
  const { d } = privateKeyOf(key).export({ format: 'jwk' })
  return signDigest(row.crv!, digest, Buffer.from(d!, 'base64url'))
}

function verify(key: Key, row: SignatureRow, digest: Uint8Array, signature: Uint8Array): boolean {
  const publicKey = publicKeyObject(key)
  if (row.webCrypto !== 'ECDSA') {
    const encoded = rawOpen(publicKey, signature, keySpecs.get(key.spec)!.size)
    return encoded !== undefined && paddings[row.webCrypto].fits(row.hash, digest, encoded)
  }
  const { x, y } = publicKey.export({ format: 'jwk' })
  const point = concat(Uint8Array.of(4), ...[x, y].map((coordinate) => Buffer.from(coordinate!, 'base64url')))
  return verifyDigest(row.crv!, signature, digest, point)
}
