// Writes messages from the specification, and wrong ones on purpose. Whatever `wrong` replaces, the
// tags are computed over what was then written. So a reader meets exactly one fault.
import { keyPairs } from '../vectors/keys.js'
import { publicJwk } from './host.js'
import {
  agreedKeys,
  be,
  compress,
  concat,
  fixedInfoOf,
  frameData,
  frameIv,
  messageKeys,
  sealGcm,
  secretBits,
  serialize,
  sha384,
  sized,
  utf8,
} from './message-format.js'
import { arnOf } from './seal-with-jose.js'

const { subtle } = crypto
const random = (length) => crypto.getRandomValues(new Uint8Array(length))

/**
 * @typedef {Uint8Array<ArrayBuffer>} Bytes
 *
 * @typedef {object} Recipient of a data key; the last three change what is wrapped and written
 * @property {string} name of a test key
 * @property {string} [arn]
 * @property {(digest: Bytes, dataKey: Bytes) => Bytes} [payload]
 * @property {(right: Bytes) => Bytes} [info]
 * @property {(right: Bytes) => Bytes} [ciphertext]
 *
 * @typedef {object} Frame
 * @property {number} sequence
 * @property {boolean} final
 * @property {Bytes} plaintext
 * @property {number} length
 * @property {Bytes} [iv]
 * @property {number} [written] the number in the frame's head, where its tag is over another
 * @property {number} [dataLength] the length that its tag is over, where another is announced
 *
 * @typedef {object} Wrong what takes the place of what is right; functions get that
 * @property {number} [version]
 * @property {number} [suite]
 * @property {Bytes} [context] the section
 * @property {number} [contextLength]
 * @property {(right: Bytes[][]) => Bytes[][]} [dataKeys] each of provider, info and ciphertext
 * @property {number} [count] of data keys
 * @property {number} [contentType]
 * @property {number} [frameLength]
 * @property {(right: Bytes) => Bytes} [commitment]
 * @property {(right: Bytes) => Bytes} [tag]
 * @property {(right: Frame[]) => Frame[]} [frames]
 */

const itself = (right) => right

/**
 * One message as a sealer would write it, except for what is wrong.
 *
 * @param {{
 *   recipients?: readonly (string | Recipient)[]
 *   context?: Readonly<Record<string, string>>
 *   plaintext?: Bytes
 *   frameLength?: number
 *   emptyFinal?: boolean
 *   dataKey?: Bytes
 *   id?: Bytes
 *   wrong?: Wrong
 * }} [o] recipients are names of test keys, or more
 */
export async function writeMessage({
  recipients = ['P-256-enc'],
  context = {},
  plaintext = new Uint8Array(),
  frameLength = 8,
  emptyFinal = false,
  dataKey = random(32),
  id = random(32),
  wrong = {},
} = {}) {
  const serialized = serialize(context)
  const found = await Promise.all(
    recipients.map((one) =>
      wrap(typeof one === 'string' ? { name: one } : one, dataKey, serialized),
    ),
  )
  const keys = await messageKeys(dataKey, id)
  const right = { id, context: serialized, dataKeys: found, frameLength, ...keys }
  const header = await writeHeader(right, wrong)
  const plain = cut(plaintext, frameLength, emptyFinal)
  const frames = await Promise.all(
    (wrong.frames ?? itself)(plain).map((frame) => sealFrame(keys.key, id, frame)),
  )
  return { message: concat(header, ...frames), header, frames, id, dataKey }
}

/** @param {Wrong} wrong */
async function writeHeader(right, wrong) {
  const { dataKeys: changeKeys = itself, commitment = itself, tag = itself, ...fixed } = wrong
  const section = fixed.context ?? right.context
  const dataKeys = changeKeys(right.dataKeys)
  const written = {
    version: 2,
    suite: 0x0478,
    contextLength: section.length,
    count: dataKeys.length,
    contentType: 2,
    frameLength: right.frameLength,
    ...fixed,
  }
  const body = concat(
    be(written.version, 1),
    be(written.suite, 2),
    right.id,
    be(written.contextLength, 2),
    section,
    be(written.count, 2),
    ...dataKeys.flat().map(sized),
    be(written.contentType, 1),
    be(written.frameLength, 4),
    commitment(right.commitment),
  )
  return concat(body, tag(await sealGcm(right.key, new Uint8Array(12), body, new Uint8Array())))
}

function cut(plaintext, frameLength, emptyFinal) {
  const count = Math.max(1, Math.ceil(plaintext.length / frameLength)) + (emptyFinal ? 1 : 0)
  return Array.from({ length: count }, (_, i) => {
    const part = plaintext.slice(i * frameLength, (i + 1) * frameLength)
    return { sequence: i + 1, final: i === count - 1, plaintext: part, length: part.length }
  })
}

/** @param {Frame} frame */
async function sealFrame(key, id, frame) {
  const {
    sequence,
    final,
    plaintext,
    length,
    iv = frameIv(sequence),
    written = sequence,
    dataLength = length,
  } = frame
  const sealed = await sealGcm(
    key,
    iv,
    frameData(id, { sequence, final, length: dataLength }),
    plaintext,
  )
  return final
    ? concat(be(0xffffffff, 4), be(written, 4), iv, be(length, 4), sealed)
    : concat(be(written, 4), iv, sealed)
}

/**
 * @param {Recipient} recipient
 * @param {Bytes} dataKey
 * @param {Bytes} context
 */
async function wrap(
  { name, arn = arnOf(name), payload = concat, info = itself, ciphertext = itself },
  dataKey,
  context,
) {
  const jwk = publicJwk(name)
  const [provider, rightInfo, rightCiphertext] =
    jwk.kty === 'RSA'
      ? await wrapRsa(jwk, arn, payload(await sha384(context), dataKey))
      : await wrapEcdh(jwk, dataKey, context)
  return [utf8(provider), info(rightInfo), ciphertext(rightCiphertext)]
}

/** @returns {Promise<[string, Bytes, Bytes]>} provider, info and ciphertext */
async function wrapRsa({ kty, n, e }, arn, payload) {
  const key = await subtle.importKey(
    'jwk',
    { kty, n, e },
    { name: 'RSA-OAEP', hash: 'SHA-256' },
    false,
    ['encrypt'],
  )
  return ['aws-kms-rsa', utf8(arn), new Uint8Array(await subtle.encrypt('RSA-OAEP', key, payload))]
}

/** @returns {Promise<[string, Bytes, Bytes]>} provider, info and ciphertext */
async function wrapEcdh({ kty, crv, x, y }, dataKey, context) {
  const algorithm = { name: 'ECDH', namedCurve: crv }
  const { publicKey, privateKey } = /** @type {CryptoKeyPair} */ (
    await subtle.generateKey(algorithm, true, ['deriveBits'])
  )
  const [sender, recipient] = [
    compress(await subtle.exportKey('jwk', publicKey)),
    compress({ x, y }),
  ]
  const key = await subtle.importKey('jwk', { kty, crv, x, y }, algorithm, false, [])
  const secret = new Uint8Array(
    await subtle.deriveBits({ name: 'ECDH', public: key }, privateKey, secretBits[crv]),
  )
  const fixedInfo = fixedInfoOf(crv, sender, recipient, context)
  const salt = random(32)
  const { commitment, wrappingKey } = await agreedKeys(secret, fixedInfo, salt)
  const info = concat(be(1, 1), be(recipient.length, 4), recipient, be(sender.length, 4), sender)
  return [
    'raw-ecdh',
    info,
    concat(salt, commitment, await sealGcm(wrappingKey, new Uint8Array(12), fixedInfo, dataKey)),
  ]
}

/** @typedef {JsonWebKey & { crv: string, x: string, y: string }} Point with what a point has */

/** The private half of a test key, for whoever reads. */
export const privateJwk = (name) => /** @type {Point} */ (keyPairs[name])
