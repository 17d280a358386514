// The stanza `p256tag`: C2SP's age format, "The tagged recipient types".
import { createHash } from 'node:crypto'
import { concat, equal, type Bytes } from '../bytes/bytes.js'
import { ensure } from '../errors/guard.js'
import { fromRawBase64, toRawBase64 } from './base64.js'
import { fileKeyLength, wipe } from './file-key.js'
import type { Stanza } from './header.js'
import { extract, hpkeOpen, hpkeSeal } from './hpke.js'
import { agreeWith, pointAs } from './p256.js'

/** The first argument of the stanza. */
export const p256tag = 'p256tag'
const info = 'age-encryption.org/p256tag'
const tagLength = 4
const encLength = 65
const bodyLength = fileKeyLength + 16
const hashLength = 4

/** A stanza `p256tag` whose parts have their lengths, and whose point is on the curve. */
export interface TaggedStanza {
  readonly tag: Bytes
  /** The sender's point `04 ‖ x ‖ y`. */
  readonly enc: Bytes
  readonly body: Bytes
}

function isStanza(condition: unknown, what: string): asserts condition {
  ensure(condition, 'malformed', `age header, p256tag: expected ${what}`)
}

/**
 * Everything that public bytes decide of a stanza, before a private key is asked.
 *
 * @throws SealdropError `malformed`
 */
export function taggedOf({ args, body }: Stanza): TaggedStanza {
  isStanza(args.length === 2, 'exactly 3 arguments')
  const [tag, enc] = args.map(fromRawBase64)
  isStanza(tag?.length === tagLength, 'a tag of 4 bytes in canonical base64')
  isStanza(enc?.length === encLength, 'a point of 65 bytes in canonical base64')
  isStanza(enc[0] === 4, 'an uncompressed point')
  isStanza(body.length === bodyLength, 'a body of 32 bytes')
  isStanza(pointAs('compressed', enc), 'a point on P-256')
  return { tag, enc, body }
}

/** The stanzas `p256tag` of a header. Other ones are for others. */
export const taggedIn = (stanzas: readonly Stanza[]): readonly TaggedStanza[] =>
  stanzas.filter(({ type }) => type === p256tag).map(taggedOf)

/** What of a recipient goes into tags: the front of the hash of its compressed point. */
export const recipientHash = (compressed: Bytes): Bytes =>
  new Uint8Array(createHash('sha256').update(compressed).digest()).slice(0, hashLength)

const tagOf = (enc: Bytes, hash: Bytes): Bytes => extract(info, concat(enc, hash)).slice(0, 4)

/**
 * Whether a stanza is for the recipient with this hash.
 *
 * It is computed from public bytes. By chance one in 2^32 of the others says so too.
 */
export const isFor = ({ tag, enc }: TaggedStanza, hash: Bytes): boolean =>
  equal(tagOf(enc, hash), tag)

/** Wraps a file key for a point. */
export function wrapTagged(fileKey: Bytes, compressed: Bytes): Stanza {
  const recipient = pointAs('uncompressed', compressed)
  ensure(recipient, 'invalid_argument', 'recipient: expected a point on P-256')
  const { enc, secret } = agreeWith(recipient)
  const body = hpkeSeal({ secret, enc, recipient }, info, fileKey)
  wipe(secret)
  const tag = tagOf(enc, recipientHash(compressed))
  return { type: p256tag, args: [toRawBase64(tag), toRawBase64(enc)], body }
}

/** The file key; undefined where the stanza does not open with what was agreed. */
export const unwrapTagged = (
  { enc, body }: TaggedStanza,
  secret: Bytes,
  recipient: Bytes,
): Bytes | undefined => hpkeOpen({ secret, enc, recipient }, info, body)
