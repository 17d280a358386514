// Keys on the NIST curves: ECDH with an ephemeral key of the sender. RFC 7518 §4.6 for values;
// message-format.md, "Data key for an ECC key-agreement KMS key" for messages.
import { coordinateOf } from '../../algorithms/curves.js'
import { dataKeyProviders, ecdhCiphertext } from '../../algorithms/data-key-providers.js'
import { keyWraps, type KeyWrapName } from '../../algorithms/key-wraps.js'
import type { CurveName } from '../../algorithms/public-key.js'
import { fromBase64url, toBase64url } from '../../bytes/base64url.js'
import { concat, equal, type Bytes } from '../../bytes/bytes.js'
import { decrypt, encrypt, importDataKey, unwrapDataKey, wrapDataKey } from '../../crypto/aes.js'
import { counterKdf } from '../../crypto/message-keys.js'
import { importPublic, pointToSpki } from '../../crypto/public-keys.js'
import { agree, concatKdf } from '../../crypto/recipients.js'
import { randomBytes } from '../../crypto/subtle.js'
import { ensure } from '../../errors/guard.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { compressPoint, ecdhInfo, fixedInfo, parseEcdhInfo } from '../../formats/ecdh-provider.js'
import type { JweHeader } from '../../formats/jwe.js'
import { publicMembers } from '../../formats/jwk.js'
import { checkMessageLength, checkValueLength } from './check-length.js'
import type {
  CheckMessageKey,
  CheckValueKey,
  Decompress,
  ImportKey,
  IsRecipient,
  ReadRecipient,
  RecipientName,
  UnwrapMessageKey,
  UnwrapValueKey,
  WrapMessageKey,
  WrapValueKey,
} from './recipient.js'

export const importKey: ImportKey<'EC'> = (jwk) =>
  importPublic(jwk, { name: 'ECDH', namedCurve: jwk.crv }, [])

export const wrapValueKey: WrapValueKey<'EC'> = async ({ cryptoKey, jwk, info }, raw) => {
  const [epk, secret] = await agree(cryptoKey, jwk.crv)
  const wrappingKey = await concatKdf(secret, info.alg, new Uint8Array(), new Uint8Array())
  return {
    encryptedKey: await wrapDataKey(wrappingKey, raw),
    header: { epk: { kty: 'EC', crv: jwk.crv, ...epk } },
  }
}

/** `ECDH-ES` wraps no key: what is agreed is the data key. */
const wrappedLength = (alg: string): number | 'modulus' => keyWraps[alg as KeyWrapName].encryptedKey

export const checkValueKey: CheckValueKey<'EC'> = ({ header, encryptedKey }, { crv }) => {
  checkValueLength(encryptedKey, wrappedLength(header.alg) as number)
  return ephemeralKey(header, crv)
}

/**
 * The sender's ephemeral key, imported on the recipient's curve, so that a point off it never
 * reaches KMS.
 */
async function ephemeralKey({ epk }: JweHeader, crv: CurveName): Promise<Bytes> {
  ensure(epk && !('d' in epk), 'malformed', 'JWE header: epk is missing or holds a private key')
  ensure(
    epk['kty'] === 'EC' && epk['crv'] === crv,
    'malformed',
    `JWE header: epk is not a point on ${crv}`,
  )
  const { x, y } = epk
  const point = { ...epk, x: padded(x, crv), y: padded(y, crv) }
  const members = publicMembers(point, 'malformed')
  ensure(members.kty === 'EC', 'malformed', 'JWE header: epk is not a point')
  return pointToSpki(members)
}

/**
 * A coordinate with the leading zero bytes that RFC 7518 §6.2.1.2 asks for; Authlib leaves them
 * out. What is empty or no base64url stays, and is refused with the key.
 */
function padded(coordinate: unknown, crv: CurveName): unknown {
  const bytes = typeof coordinate === 'string' && fromBase64url(coordinate)
  if (!bytes || bytes.length === 0) return coordinate
  const zeros = Math.max(0, coordinateOf(crv) - bytes.length)
  return toBase64url(concat(new Uint8Array(zeros), bytes))
}

export const unwrapValueKey: UnwrapValueKey = async (key, arn, operations, signal) => {
  const { alg, enc, encryptedKey, sent: spki, apu, apv } = key
  const secret = await operations.agree(arn, spki, signal)
  const direct = wrappedLength(alg) === 0
  const derived = await concatKdf(secret, direct ? enc : alg, apu, apv)
  return direct ? importDataKey(derived) : unwrapDataKey(derived, encryptedKey)
}

/** 32 bytes of salt, 32 of commitment, then the data key under a key that the secret derives. */
export const wrapMessageKey: WrapMessageKey<'EC'> = async ({ jwk, cryptoKey }, raw, context) => {
  const [epk, secret] = await agree(cryptoKey, jwk.crv)
  const recipient = compressPoint(jwk)
  const sender = compressPoint(epk)
  const fixed = fixedInfo(jwk.crv, recipient, sender, context)
  const salt = randomBytes(32)
  const [commitment, wrappingKey] = await counterKdf(secret, fixed, salt)
  const sealed = await encrypt(await importDataKey(wrappingKey), new Uint8Array(12), raw, fixed)
  return {
    provider: dataKeyProviders.EC,
    info: ecdhInfo(recipient, sender),
    ciphertext: concat(salt, commitment, sealed),
  }
}

export const recipientName: RecipientName = (info) => toBase64url(parseEcdhInfo(info).recipient)

export const readRecipient: ReadRecipient = ({ info, ciphertext }) => {
  const name = toBase64url(parseEcdhInfo(info).recipient)
  checkMessageLength(ciphertext, ecdhCiphertext)
  return name
}

export const isRecipient: IsRecipient<'EC'> = ({ info }, { jwk }) =>
  equal(compressPoint(jwk), parseEcdhInfo(info).recipient)

export const checkMessageKey: CheckMessageKey<'EC'> = async ({ info }, _jwk, decompress) => {
  const { crv, sender } = parseEcdhInfo(info)
  return senderKey(crv, sender, decompress)
}

/**
 * The sender's ephemeral key, found on the recipient's curve, so that a point off it never reaches
 * KMS.
 */
async function senderKey(crv: CurveName, sender: Bytes, decompress: Decompress): Promise<Bytes> {
  const coordinate = coordinateOf(crv)
  let point: Uint8Array
  try {
    point = decompress(crv, sender)
  } catch (cause) {
    throw new SealdropError('malformed', `message header: the sender's point is not on ${crv}`, {
      cause,
    })
  }
  return pointToSpki({
    kty: 'EC',
    crv,
    x: toBase64url(point.subarray(1, 1 + coordinate)),
    y: toBase64url(point.subarray(1 + coordinate)),
  })
}

export const unwrapMessageKey: UnwrapMessageKey = async (
  { info, ciphertext, serializedContext, sent: spki },
  arn,
  operations,
  signal,
) => {
  const secret = await operations.agree(arn, spki, signal)
  const { crv, recipient, sender } = parseEcdhInfo(info)
  const fixed = fixedInfo(crv, recipient, sender, serializedContext)
  const [commitment, wrappingKey] = await counterKdf(secret, fixed, ciphertext.subarray(0, 32))
  const key = await importDataKey(wrappingKey)
  const raw = await decrypt(key, new Uint8Array(12), ciphertext.subarray(64), fixed)
  return equal(commitment, ciphertext.subarray(32, 64)) ? raw : undefined
}
