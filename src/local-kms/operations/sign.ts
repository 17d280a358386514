import { signatureName, signatures, type SignatureRow } from '../../algorithms/signatures.js'
import { concat } from '../../bytes/bytes.js'
import { signDigest, verifyDigest } from '../crypto/ecdsa.js'
import { KmsFault } from '../wire/fault.js'
import { enums, keySpecs } from '../key-specs.js'
import type { Key, Keyring } from '../state/keyring.js'
import { callMembers, keyId } from '../wire/members.js'
import { blob, operation, type Operation } from './operation.js'
import { incompatible, usableKey } from './resolve.js'
import { digestOf, paddings, rawOpen, rawSign } from '../crypto/rsa-digest.js'

const signing = {
  KeyId: keyId,
  Message: { type: 'blob', required: true, sensitive: true, min: 1, max: 4096 },
  MessageType: { type: 'string', values: enums.messageType },
  SigningAlgorithm: { type: 'string', required: true, values: enums.signingAlgorithm },
  ...callMembers,
} as const

export const signOperations: Readonly<Record<string, Operation>> = {
  Sign: operation(signing, (ring, input) => {
    const { key, row, digest } = prepare(ring, 'Sign', input)
    return { KeyId: ring.keyArn(key), Signature: blob(sign(key, row, digest)), SigningAlgorithm: input.SigningAlgorithm }
  }),

  /** An invalid signature is an error, never `SignatureValid: false`. */
  Verify: operation({ ...signing, Signature: { type: 'blob', required: true, min: 1, max: 6144 } }, (ring, input) => {
    const { key, row, digest } = prepare(ring, 'Verify', input)
    if (!verify(ring, key, row, digest, input.Signature)) throw new KmsFault('KMSInvalidSignatureException')
    return { KeyId: ring.keyArn(key), SignatureValid: true, SigningAlgorithm: input.SigningAlgorithm }
  }),
}

interface SignInput { readonly KeyId: string; readonly Message: Buffer; readonly MessageType: string | undefined; readonly SigningAlgorithm: string }
interface Prepared { readonly key: Key; readonly row: SignatureRow; readonly digest: Uint8Array }

/** Key, algorithm and digest of a request: RAW is hashed here, and from then on both message types go one way. */
function prepare(ring: Keyring, operation: string, input: SignInput): Prepared {
  const { KeyId, Message, MessageType = 'RAW', SigningAlgorithm } = input
  const key = usableKey(ring, KeyId, 'SIGN_VERIFY', operation)
  const name = signatureName(SigningAlgorithm)
  if (name === undefined || !keySpecs.get(key.spec)?.algorithms.SIGN_VERIFY?.includes(SigningAlgorithm)) throw incompatible(SigningAlgorithm, key)
  const row = signatures[name]
  if (MessageType === 'EXTERNAL_MU') throw new KmsFault('ValidationException', `Message type ${MessageType} is incompatible with key spec ${key.spec}.`)
  if (MessageType === 'RAW') return { key, row, digest: digestOf(row.hash, Message) }
  if (Message.length !== Number(row.hash.slice(-3)) / 8) throw new KmsFault('ValidationException', `Digest is invalid length for algorithm ${SigningAlgorithm}.`)
  return { key, row, digest: Message }
}

function sign(key: Key, row: SignatureRow, digest: Uint8Array): Uint8Array {
  if (row.webCrypto !== 'ECDSA') return rawSign(key.privateKey, paddings[row.webCrypto].encode(row.hash, digest, keySpecs.get(key.spec)!.size))
  const { d } = key.privateKey.export({ format: 'jwk' })
  return signDigest(row.crv!, digest, Buffer.from(d!, 'base64url'))
}

function verify(ring: Keyring, key: Key, row: SignatureRow, digest: Uint8Array, signature: Uint8Array): boolean {
  const publicKey = ring.publicKey(key)
  if (row.webCrypto !== 'ECDSA') {
    const encoded = rawOpen(publicKey, signature, keySpecs.get(key.spec)!.size)
    return encoded !== undefined && paddings[row.webCrypto].fits(row.hash, digest, encoded)
  }
  const { x, y } = publicKey.export({ format: 'jwk' })
  const point = concat(Uint8Array.of(4), ...[x, y].map((coordinate) => Buffer.from(coordinate!, 'base64url')))
  return verifyDigest(row.crv!, signature, digest, point)
}
