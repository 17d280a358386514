// Writes messages from the specification, deliberately wrong ones too: whatever `wrong` replaces,
// the tags are computed over what was then written, so that a reader meets exactly one fault.
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
 * One message. `recipients` are names of test keys, or `{ name, arn?, payload?, info?, ciphertext?
 * }` where the last three change what is wrapped and what was written.
 *
 * @param wrong replaces `version`, `suite`, `context` (the section's bytes), `contextLength`,
 *   `dataKeys` (a function of their list), `count`, `contentType`, `frameLength`, `commitment`,
 *   `tag` (functions of the right bytes), `frames` (a function of the list `{ sequence, final,
 *   plaintext, length, iv?, written? }`)
 * @returns the message, where its parts begin, and its frames
 */
export async function writeMessage({
  recipients = ['P-256-enc'],
  context = {},
  plaintext = new Uint8Array(),
  frameLength = 8,
  emptyFinal = false,
  dataKey = random(32),
  wrong = {},
} = {}) {
  const id = random(32)
  const serialized = serialize(context)
  const found = await Promise.all(
    recipients.map((one) =>
      wrap(typeof one === 'string' ? { name: one } : one, dataKey, serialized),
    ),
  )
  const dataKeys = wrong.dataKeys?.(found) ?? found
  const { key, commitment } = await messageKeys(dataKey, id)
  const section = wrong.context ?? serialized
  const body = concat(
    be(wrong.version ?? 2, 1),
    be(wrong.suite ?? 0x0478, 2),
    id,
    be(wrong.contextLength ?? section.length, 2),
    section,
    be(wrong.count ?? dataKeys.length, 2),
    ...dataKeys.flat().map(sized),
    be(wrong.contentType ?? 2, 1),
    be(wrong.frameLength ?? frameLength, 4),
    wrong.commitment?.(commitment) ?? commitment,
  )
  const tag = await sealGcm(key, new Uint8Array(12), body, new Uint8Array())
  const header = concat(body, wrong.tag?.(tag) ?? tag)
  const plain = cut(plaintext, frameLength, emptyFinal)
  const frames = await Promise.all(
    (wrong.frames?.(plain) ?? plain).map((frame) => sealFrame(key, id, frame)),
  )
  return { message: concat(header, ...frames), header, frames, id, dataKey }
}

function cut(plaintext, frameLength, emptyFinal) {
  const count = Math.max(1, Math.ceil(plaintext.length / frameLength)) + (emptyFinal ? 1 : 0)
  return Array.from({ length: count }, (_, i) => {
    const part = plaintext.slice(i * frameLength, (i + 1) * frameLength)
    return { sequence: i + 1, final: i === count - 1, plaintext: part, length: part.length }
  })
}

/** `written` is the sequence number in the frame's head where it is not the one its tag is over. */
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

async function wrap(
  { name, arn = arnOf(name), payload = concat, info = (x) => x, ciphertext = (x) => x },
  dataKey,
  context,
) {
  const jwk = publicJwk(name)
  const [provider, ...rest] =
    jwk.kty === 'RSA'
      ? await wrapRsa(jwk, arn, payload(await sha384(context), dataKey))
      : await wrapEcdh(jwk, dataKey, context)
  return [utf8(provider), info(rest[0]), ciphertext(rest[1])]
}

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

async function wrapEcdh({ kty, crv, x, y }, dataKey, context) {
  const algorithm = { name: 'ECDH', namedCurve: crv }
  const { publicKey, privateKey } = await subtle.generateKey(algorithm, true, ['deriveBits'])
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

/** The private half of a test key, for whoever reads. */
export const privateJwk = (name) => keyPairs[name]
