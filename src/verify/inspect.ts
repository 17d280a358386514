import { toBase64url } from '../bytes/base64url.js'
import { utf8 } from '../bytes/text.js'
import { sha256 } from '../crypto/digest.js'
import { ensure, kindOf } from '../errors/guard.js'
import { chunkDigestInput, chunksOf } from '../formats/chunk-digest.js'
import type { Context } from '../formats/context.js'
import { parseKeySet } from '../formats/jwk.js'
import { parseJwe } from '../formats/jwe.js'
import { parseJws } from '../formats/jws.js'
import type { CallOptions } from '../io/abort.js'

/** What anyone can read of a sealed or signed thing. Nothing of it is verified. */
export interface Inspection {
  readonly kind: 'value' | 'stream' | 'jws' | 'key-set'
  readonly context?: Context
  /** Thumbprints of the keys that can open it; for a JWS and a key set the `kid`s. */
  readonly recipients: readonly string[]
  /** What a receipt names, of a sealed value: its message id, its length in bytes and its chunk digest. */
  readonly messageId?: string
  readonly length?: number
  readonly digest?: string
}

/**
 * Reads what a sealed value, a JWS or a key set shows to everyone, without any key. Keep `messageId` and `digest` of what
 * you send: {@link verifyReceipt} compares them.
 *
 * @throws SealdropError `malformed`, `too_large`, `invalid_argument`
 * @see RFC 7516 §3.1; jose-profile.md, "Large files" for the digest
 */
export async function inspect(input: string, o: CallOptions = {}): Promise<Inspection> {
  o.signal?.throwIfAborted()
  ensure(typeof input === 'string', 'invalid_argument', `inspect: expected text, found ${kindOf(input)}`)
  if (input.trimStart().startsWith('{')) {
    return { kind: 'key-set', recipients: parseKeySet(input).flatMap(({ kid }) => (typeof kid === 'string' ? [kid] : [])) }
  }
  if (input.split('.', 6).length === 3) {
    const { kid } = parseJws(input).header
    return { kind: 'jws', recipients: kid === undefined ? [] : [kid] }
  }
  const { header: { kid, ctx = {}, jti } } = parseJwe(input)
  const bytes = utf8(input)
  const digest = toBase64url(await sha256(chunkDigestInput(bytes.length, await Promise.all(chunksOf(bytes).map(sha256)))))
  return { kind: 'value', context: ctx, recipients: [kid], ...(jti === undefined ? {} : { messageId: jti }), length: bytes.length, digest }
}
