import { algOf, type NamedAlg } from '../../algorithms/alg-of.js'
import { toBase64url } from '../../bytes/base64url.js'
import { utf8 } from '../../bytes/text.js'
import { randomBytes } from '../../crypto/subtle.js'
import { clockOf, ensure } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { blaming } from '../../errors/whose.js'
import { encodeValue } from '../../formats/content.js'
import { checkContext, type Context } from '../../formats/context.js'
import { isLimit, isName, longestLink, type DropLinkClaims } from '../../formats/drop-link.js'
import { isFolders } from '../../formats/folders.js'
import { reservedTypes } from '../../formats/jws.js'
import type { CallOptions } from '../../io/abort.js'
import { thumbprintUrn } from '../../keys/key.js'
import { linkUrl } from '../../verify/drop-link.js'
import { loadKey } from '../port/load-key.js'
import { KmsPort, type Kms } from '../port/port.js'
import { signJws } from './sign-jws.js'

/** Who may send what, where to, and until when. */
export interface DropLinkOptions extends CallOptions, NamedAlg {
  /** How KMS is reached. Default: `{}`, the AWS default chain. */
  readonly kms?: Kms
  /** ARN, key id or alias of a key that signs links, and nothing else. */
  readonly key: string
  /** URL of the page that takes the link, without a fragment. */
  readonly page: string | URL
  /** URL of the upload handler: what `dropLinks` has as its `audience`. */
  readonly audience: string | URL
  /** Who may send, as the handler and its events name them: 1 to 1,024 bytes. */
  readonly subject: string
  /** Exactly the context of what may be sent. Everyone who has the link can read it. */
  readonly context: Context
  /** For how long an upload can be begun, in milliseconds, at most 366 days. */
  readonly expiresIn: number
  /** Folders below the handler's own prefix, which end in `/`. Default: none. */
  readonly prefix?: string
  /** How many files may be sent in all. Default: any number. */
  readonly files?: number
  /** How many bytes all sealed files may have together. Default: any number. */
  readonly bytes?: number
  /** The clock, in milliseconds. Default: Date.now. */
  readonly now?: () => number
}

/** A link, and what of it is kept to take it back. */
export interface DropLink {
  /** What is sent to whoever may send files: the page, with the token behind `#drop=`. */
  readonly url: string
  /** The token alone. Whoever has it can send. */
  readonly token: string
  /** The link's id, which `revoke` of a store takes. It is no secret. */
  readonly jti: string
  /** Until when an upload can be begun. */
  readonly expires: Date
}

/** Characters of a token, which travels in a header: servers take 8 KiB of one, or 16 of all. */
const longestToken = 7_680

const { drop: typ } = reservedTypes
const anyThumbprint = 'x'.repeat(43)

/** @throws SealdropError `too_large` */
const checkLength = (length: number): void =>
  ensure(
    length <= longestToken,
    'too_large',
    `a link has at most ${longestToken} characters, this one has ${length} or more`,
  )

/** Characters of a token with the shortest header and signature, those of a P-256 key. */
function leastLength(claims: DropLinkClaims): number {
  const header = utf8(JSON.stringify({ alg: 'ES256', kid: anyThumbprint, typ }))
  const parts = [header, encodeValue(claims, 1).bytes, new Uint8Array(64)]
  return parts.map(toBase64url).join('.').length
}

type Row = readonly [is: (value: unknown) => boolean, expected: string]
const optional =
  (is: Row[0]): Row[0] =>
  (value) =>
    value === undefined || is(value)
const rows: Readonly<Record<'key' | 'subject' | 'expiresIn' | 'prefix' | 'files' | 'bytes', Row>> =
  {
    key: [(value) => typeof value === 'string' && value !== '', 'a key ARN, a key id or an alias'],
    subject: [isName, 'text of 1 to 1,024 bytes'],
    expiresIn: [
      (value) => typeof value === 'number' && value > 0 && value <= longestLink * 1000,
      'milliseconds above 0, at most 366 days',
    ],
    prefix: [optional(isFolders), 'folders that end in /, such as acme/'],
    files: [optional(isLimit), 'a whole number from 1'],
    bytes: [optional(isLimit), 'a whole number from 1'],
  }

/** @throws SealdropError `invalid_argument` */
function checked(given: DropLinkOptions): DropLinkOptions {
  const o = checkOptions(
    given,
    'signal kms key alg algorithm page audience subject context expiresIn prefix files bytes now',
  )
  for (const [name, [is, expected]] of Object.entries(rows))
    ensure(is(o[name as keyof typeof rows]), 'invalid_argument', `${name}: expected ${expected}`)
  return o
}

/**
 * Signs a link with which somebody without an account can send sealed files.
 *
 * - `dropLinks` of `sealdrop/s3` takes it, and `takeDropLink` of `sealdrop/upload` reads it
 * - the token stands behind `#`, which browsers send to no server
 * - whoever has it can send what it allows until it ends, and can do nothing else
 * - sign links with a key of their own: who may sign with it can let anybody send
 *
 * @returns the URL, the token, its id, and when it ends
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: an option is missing or wrong, or no Region is known for the key
 *   - `too_large`: it is too long for a header, whatever key signs: shorten the context
 * @throws SealdropError from KMS:
 *   - `too_large`: it is too long by the signature of this key, or for an Ed25519 key
 *   - what `sign` of a signer throws then
 * @example
 *   ```js
 *   import { createDropLink } from 'sealdrop/kms'
 *   const link = await createDropLink({
 *     key: 'alias/receipts', // in earnest a key that signs nothing else
 *     page: 'https://app.example.com/send?claim=7',
 *     audience: 'https://app.example.com/uploads',
 *     subject: 'acme',
 *     context: { claim: '7' },
 *     expiresIn: 14 * 86_400_000,
 *   })
 *   console.log(link.url) // https://app.example.com/send?claim=7#drop=…
 *   ```
 * @see upload.md, "Links"
 */
export function createDropLink(o: DropLinkOptions): Promise<DropLink> {
  return blaming('caller', () => signedLink(o))
}

async function signedLink(given: DropLinkOptions): Promise<DropLink> {
  const { kms = {}, signal, expiresIn, subject, prefix, files, bytes, ...o } = checked(given)
  const page = linkUrl('page', o.page)
  const audience = linkUrl('audience', o.audience)
  const ctx = checkContext(o.context)
  const now = clockOf(o.now)()
  const draft: DropLinkClaims = {
    iss: thumbprintUrn(anyThumbprint),
    aud: audience.href,
    sub: subject,
    jti: toBase64url(randomBytes(16)),
    iat: Math.floor(now / 1000),
    exp: Math.ceil((now + expiresIn) / 1000),
    ctx,
    ...(prefix && { prefix }),
    ...(files && { files }),
    ...(bytes && { bytes }),
  }
  checkLength(leastLength(draft))
  const port = new KmsPort(kms)
  try {
    const key = await loadKey(port, o.key, algOf(o), signal)
    ensure(
      key.info.use === 'sig',
      'key_unusable',
      `${o.key} does not sign; a link needs a key with the usage SIGN_VERIFY`,
    )
    const claims = { ...draft, iss: thumbprintUrn(key.info.thumbprint) }
    const parts = { header: { typ }, payload: encodeValue(claims, 1).bytes }
    const token = await signJws(port, key, parts, signal)
    checkLength(token.length)
    page.hash = `drop=${token}`
    return { url: page.href, token, jti: claims.jti, expires: new Date(claims.exp * 1000) }
  } finally {
    port.close()
  }
}
