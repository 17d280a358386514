// The AWS Encryption SDK message format, version 2, written a second time.
//
// It is made from formats/message-format.md and WebCrypto, and shares no line with src/. So it reads
// our writer and feeds our reader without sharing their mistakes.
const { subtle } = crypto
const encoder = new TextEncoder()
export const utf8 = (text) => encoder.encode(text)

export function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** A number in a given number of bytes, big-endian. */
export const be = (value, length) =>
  Uint8Array.from({ length }, (_, i) => Math.floor(value / 256 ** (length - 1 - i)) % 256)

export const number = (bytes) => bytes.reduce((value, byte) => value * 256 + byte, 0)

export const sized = (bytes) => concat(be(bytes.length, 2), bytes)

export function same(a, b) {
  let i = 0
  while (i < a.length && a[i] === b[i]) i++
  return a.length === b.length && i === a.length
}

export const fromBase64url = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
export const toBase64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '')

/** @param {Uint8Array[]} one @param {Uint8Array[]} other */
const byBytes = ([a], [b]) => {
  const at = a.findIndex((byte, i) => byte !== b[i])
  return at < 0 ? a.length - b.length : a[at] - (b[at] ?? -1)
}

/** Serialized pairs in the order in which they are given. */
export const pairsOf = (pairs) =>
  concat(
    be(pairs.length, 2),
    ...pairs.flat().map((part) => sized(typeof part === 'string' ? utf8(part) : part)),
  )

/** A context in its canonical form. */
export function serialize(context) {
  const pairs = Object.entries(context)
    .map((pair) => pair.map(utf8))
    .sort(byBytes)
  return pairs.length === 0 ? new Uint8Array() : pairsOf(pairs)
}

export async function sealGcm(raw, iv, data, plaintext) {
  const key = await subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt'])
  return new Uint8Array(
    await subtle.encrypt({ name: 'AES-GCM', iv, additionalData: data }, key, plaintext),
  )
}

export async function openGcm(raw, iv, data, sealed) {
  const key = await subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt'])
  return new Uint8Array(
    await subtle.decrypt({ name: 'AES-GCM', iv, additionalData: data }, key, sealed),
  )
}

/** Encryption key and commitment of a data key. */
export async function messageKeys(dataKey, id) {
  const key = await subtle.importKey('raw', dataKey, 'HKDF', false, ['deriveBits'])
  const derive = async (info) =>
    new Uint8Array(
      await subtle.deriveBits({ name: 'HKDF', hash: 'SHA-512', salt: id, info }, key, 256),
    )
  return {
    key: await derive(concat(be(0x0478, 2), utf8('DERIVEKEY'))),
    commitment: await derive(utf8('COMMITKEY')),
  }
}

/** Keys of an agreed secret: SP 800-108 counter mode, HMAC-SHA384. */
export async function agreedKeys(secret, fixedInfo, salt) {
  const key = await subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-384' }, false, [
    'sign',
  ])
  const block = async (i) =>
    new Uint8Array(
      await subtle.sign('HMAC', key, concat(be(i, 4), fixedInfo, be(0, 1), salt, be(512, 4))),
    )
  const bytes = concat(await block(1), await block(2))
  return { commitment: bytes.slice(0, 32), wrappingKey: bytes.slice(32, 64) }
}

export const sha384 = async (bytes) => new Uint8Array(await subtle.digest('SHA-384', bytes))

/** @param {{ x?: string, y?: string }} point */
export const compress = ({ x = '', y = '' }) =>
  concat(be(2 + ((fromBase64url(y).at(-1) ?? 0) % 2), 1), fromBase64url(x))

const label = { 'P-256': 'p256', 'P-384': 'p384', 'P-521': 'p521' }
export const secretBits = { 'P-256': 256, 'P-384': 384, 'P-521': 528 }

export const fixedInfoOf = (crv, sender, recipient, context) =>
  concat(
    utf8('ecdh-key-derivation'),
    be(0, 1),
    utf8(label[crv]),
    be(0, 1),
    utf8('HMAC_SHA384'),
    be(0, 1),
    sender,
    recipient,
    be(256, 3),
    context,
  )

export const frameIv = (sequence) => be(sequence, 12)
export const frameData = (id, { sequence, final, length }) =>
  concat(
    id,
    utf8(final ? 'AWSKMSEncryptionClient Final Frame' : 'AWSKMSEncryptionClient Frame'),
    be(sequence, 4),
    be(length, 8),
  )

/** The chunk digest of file-signature.md, "Chunk digest", base64url. */
export async function chunkDigestOf(bytes) {
  const sha256 = async (part) => new Uint8Array(await subtle.digest('SHA-256', part))
  const hashes = []
  for (let at = 0; at < bytes.length; at += 1_048_576)
    hashes.push(await sha256(bytes.slice(at, at + 1_048_576)))
  return toBase64url(
    await sha256(
      concat(utf8('sealdrop-chunks-v1'), be(bytes.length, 8), be(1_048_576, 4), ...hashes),
    ),
  )
}
