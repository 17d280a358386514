// Reads messages with a private key in hand, for suites that have only the public door and must see
// what was sealed. It was written from the specification. It is strict: whatever is not as our
// writer must write it throws.
import {
  agreedKeys,
  be,
  compress,
  concat,
  fixedInfoOf,
  frameData,
  frameIv,
  messageKeys,
  number,
  openGcm,
  same,
  sealGcm,
  secretBits,
  serialize,
  sha384,
} from './message-format.js'
import { privateJwk } from './message-writer.js'
import { arnOf, decompress } from './seal-with-jose.js'

const { subtle } = crypto
const must = (condition, what) => {
  if (!condition) throw new Error(`message: ${what}`)
}
const text = (bytes) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)

function cursorOf(bytes) {
  let at = 0
  const take = (length) => {
    must(at + length <= bytes.length, `ends at ${bytes.length}, ${length} more expected at ${at}`)
    at += length
    return bytes.slice(at - length, at)
  }
  return {
    take,
    u: (length) => number(take(length)),
    sized: () => take(number(take(2))),
    at: () => at,
    left: () => bytes.length - at,
  }
}

/** The header up to its tag, as anyone can read it. */
export function parseHeader(bytes) {
  const { take, u, sized, at } = cursorOf(bytes)
  must(u(1) === 2 && u(2) === 0x0478, 'version and suite')
  const id = take(32)
  const section = sized()
  const names = []
  const context = {}
  if (section.length > 0) {
    const pairs = cursorOf(section)
    for (let left = pairs.u(2); left > 0; left--) {
      names.push(text(pairs.sized()))
      context[names.at(-1)] = text(pairs.sized())
    }
    must(pairs.left() === 0 && names.length > 0, 'context section')
  }
  const dataKeys = Array.from({ length: u(2) }, () => ({
    provider: text(sized()),
    info: sized(),
    ciphertext: sized(),
  }))
  must(u(1) === 2, 'content type')
  const frameLength = u(4)
  const commitment = take(32)
  const body = bytes.slice(0, at())
  return {
    id,
    section,
    names,
    context,
    dataKeys,
    frameLength,
    commitment,
    body,
    tag: take(16),
    length: at(),
  }
}

/** The plaintext, opened with a test key. */
export async function readMessage(bytes, name, arn = arnOf(name)) {
  const header = parseHeader(bytes)
  const { id, section, dataKeys, frameLength, commitment, body, tag } = header
  must(same(section, serialize(header.context)), 'canonical context')
  const jwk = privateJwk(name)
  const dataKey = await (jwk.kty === 'RSA'
    ? unwrapRsa(jwk, arn, dataKeys, section)
    : unwrapEcdh(jwk, dataKeys, section))
  const keys = await messageKeys(dataKey, id)
  must(same(keys.commitment, commitment), 'commitment')
  must(same(tag, await sealGcm(keys.key, new Uint8Array(12), body, new Uint8Array())), 'header tag')
  const { take, u, left } = cursorOf(bytes.subarray(header.length))
  const frames = []
  for (let final = false; !final;) {
    let sequence = u(4)
    final = sequence === 0xffffffff
    if (final) sequence = u(4)
    must(sequence === frames.length + 1, 'sequence')
    const iv = take(12)
    must(same(iv, frameIv(sequence)), 'IV')
    const length = final ? u(4) : frameLength
    must(length <= frameLength, 'final length')
    frames.push(
      await openGcm(keys.key, iv, frameData(id, { sequence, final, length }), take(length + 16)),
    )
  }
  must(left() === 0, 'something follows')
  return { ...header, frames, plaintext: concat(...frames) }
}

/** @param {JsonWebKey} jwk */
async function unwrapRsa({ kty, n, e, d, p, q, dp, dq, qi }, arn, dataKeys, context) {
  const { ciphertext } = dataKeys.find(
    ({ provider, info }) => provider === 'aws-kms-rsa' && text(info) === arn,
  )
  const key = await subtle.importKey(
    'jwk',
    { kty, n, e, d, p, q, dp, dq, qi },
    { name: 'RSA-OAEP', hash: 'SHA-256' },
    false,
    ['decrypt'],
  )
  const payload = new Uint8Array(await subtle.decrypt('RSA-OAEP', key, ciphertext))
  must(
    payload.length === 80 && same(payload.slice(0, 48), await sha384(context)),
    'digest of the context',
  )
  return payload.slice(48)
}

/** @param {JsonWebKey & { crv: string }} jwk */
async function unwrapEcdh({ kty, crv, x, y, d }, dataKeys, context) {
  const mine = compress({ x, y })
  const { info, ciphertext } = dataKeys.find(
    ({ provider, info: found }) =>
      provider === 'raw-ecdh' && same(found.slice(5, 5 + mine.length), mine),
  )
  const sender = info.slice(9 + mine.length)
  must(
    same(info, concat(be(1, 1), be(mine.length, 4), mine, be(mine.length, 4), sender)) &&
      sender.length === mine.length &&
      ciphertext.length === 112,
    'raw-ecdh',
  )
  const algorithm = { name: 'ECDH', namedCurve: crv }
  const key = await subtle.importKey('jwk', { kty, crv, x, y, d }, algorithm, false, ['deriveBits'])
  const secret = await subtle.deriveBits(
    {
      name: 'ECDH',
      public: await subtle.importKey(
        'raw',
        new Uint8Array(decompress(crv, sender)),
        algorithm,
        false,
        [],
      ),
    },
    key,
    secretBits[crv],
  )
  const fixedInfo = fixedInfoOf(crv, sender, mine, context)
  const { commitment, wrappingKey } = await agreedKeys(secret, fixedInfo, ciphertext.slice(0, 32))
  must(same(commitment, ciphertext.slice(32, 64)), 'commitment of the data key')
  return openGcm(wrappingKey, new Uint8Array(12), fixedInfo, ciphertext.slice(64))
}
