import { fromBase64url } from '../bytes/base64url.js'
import { fromUtf8, utf8 } from '../bytes/text.js'
import { ensure } from '../errors/guard.js'
import { isIssued } from './compact.js'
import { isContext, type Context } from './context.js'
import { isFolders } from './folders.js'
import { checkMembers, isText, parseJsonObject, type JsonRules, type Members } from './json.js'

/** The payload of a link; its JWS has the type `sealdrop-drop+jwt` (upload.md, "Links"). */
export interface DropLinkClaims {
  /** Thumbprint of the key that signed, as a URN. */
  readonly iss: string
  /** URL of the upload handler. */
  readonly aud: string
  /** Who may send. */
  readonly sub: string
  readonly jti: string
  readonly iat: number
  readonly exp: number
  /** Exactly the context of what is sent. */
  readonly ctx: Context
  /** Goes between the handler's prefix and the object's name. */
  readonly prefix?: string
  /** How many files may be sent in all. */
  readonly files?: number
  /** How many bytes all sealed files may have together. */
  readonly bytes?: number
}

/** For how long a link can be good at most, in seconds: 366 days. */
export const longestLink = 31_622_400

type Is = (value: unknown) => boolean
const optional =
  (is: Is): Is =>
  (value) =>
    value === undefined || is(value)

/** Text of 1 to 1,024 bytes, as a session holds it. */
export const isName: Is = (value) => isText(value) && value !== '' && utf8(value).length <= 1_024

/** A number from 1. */
export const isLimit: Is = (value) => Number.isSafeInteger(value) && Number(value) > 0

const members: Members = {
  iss: isText,
  aud: isText,
  sub: isName,
  jti: (value) => isText(value) && /^[\w-]{16,64}$/.test(value),
  iat: isIssued,
  exp: isIssued,
  ctx: isContext,
  prefix: optional(isFolders),
  files: optional(isLimit),
  bytes: optional(isLimit),
}

/**
 * Reads a link's payload.
 *
 * A member that is not known is refused, since it may be a limit.
 *
 * @throws SealdropError `malformed`
 */
export function parseDropLink(payload: Uint8Array): DropLinkClaims {
  const rules: JsonRules = { code: 'malformed', field: 'link' }
  const claims = parseJsonObject(fromUtf8(payload) ?? '', rules)
  checkMembers(claims, members, rules)
  const isKnown = Object.keys(claims).every((name) => Object.hasOwn(members, name))
  ensure(isKnown, 'malformed', 'link: it says more than this version knows')
  return claims as unknown as DropLinkClaims
}

/** Programs that pass links on may write `=` as `%3D`. */
const fragment = /^(.*?)#drop(?:=|%3[Dd])(.*)$/s

/** The address of a page without its link, and the token; undefined where there is no link. */
export function splitDropLink(href: string): readonly [address: string, token: string] | undefined {
  const [, address = '', token] = fragment.exec(href) ?? []
  return token === undefined ? undefined : [address, token]
}

/** What a token says. Nobody has verified it: it is shown, or compared with what somebody said. */
export type SaidByLink = Pick<DropLinkClaims, 'sub' | 'ctx' | 'exp' | 'files' | 'bytes'> & {
  readonly aud?: unknown
}

/**
 * Reads what the token of a link says, whoever signed it.
 *
 * @throws SealdropError `malformed` for one that was cut off, or has something behind it
 */
export function saidByLink(token: string): SaidByLink {
  const rules = { code: 'malformed', field: 'link: copy all of it' } as const
  const parts = token.split('.').map((text) => text && fromBase64url(text))
  const [, payload] = parts
  ensure(parts.length === 3 && !parts.some((part) => !part) && payload, rules.code, rules.field)
  const claims = parseJsonObject(fromUtf8(payload) ?? '', rules) as unknown as DropLinkClaims
  const { sub, ctx, exp, files, bytes } = claims
  ensure(
    isText(sub) &&
      isContext(ctx) &&
      isIssued(exp) &&
      [files, bytes].every((limit) => limit === undefined || isLimit(limit)),
    rules.code,
    rules.field,
  )
  return claims
}
