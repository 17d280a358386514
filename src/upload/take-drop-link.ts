import { fromBase64url } from '../bytes/base64url.js'
import { fromUtf8 } from '../bytes/text.js'
import { ensure } from '../errors/guard.js'
import { isIssued } from '../formats/compact.js'
import { isContext, type Context } from '../formats/context.js'
import { isLimit, type DropLinkClaims } from '../formats/drop-link.js'
import { isText, parseJsonObject } from '../formats/json.js'

/** A link that was in the address of the page. Nobody has verified what it says: show it only. */
export interface TakenLink {
  /** Whoever has it can send. It goes to the handler only, and into no log. */
  readonly token: string
  /** Who sends, as the company named them. */
  readonly subject: string
  /** The context that everything sent by it must have. */
  readonly context: Context
  /** Until when an upload can be begun. */
  readonly expires: Date
  /** How many files may be sent in all; undefined where that is not limited. */
  readonly files?: number | undefined
  /** How many bytes all sealed files may have together. */
  readonly bytes?: number | undefined
}

interface Page {
  readonly location?: { readonly href: string }
  readonly history?: {
    readonly state: unknown
    replaceState(state: unknown, unused: string, url: string): void
  }
}

/** Programs that pass links on may write `=` as `%3D`. */
const fragment = /^(.*?)#drop(?:=|%3[Dd])(.*)$/s
const rules = { code: 'malformed', field: 'link: copy all of it' } as const

/**
 * Takes a link of `createDropLink` out of the address of the page.
 *
 * - call it before anything else, such as scripts that report addresses
 * - scripts in the page can still read the token, see docs/guides/drop-links.md
 * - `uploadSealed` takes the answer as `link`, and keeps the token in the record until it is done
 * - after a reload there is nothing to take, and the record has the token
 *
 * @returns the token, and what it says; undefined where there is no link
 * @throws SealdropError:
 *   - `malformed`: the link is damaged: it was cut off, or something stands behind it
 * @example
 *   ```js
 *   import { takeDropLink } from 'sealdrop/upload'
 *   const link = takeDropLink()
 *   console.log(link?.subject ?? 'no link') // no link
 *   ```
 * @see upload.md, "Links"
 */
export function takeDropLink(): TakenLink | undefined {
  const { location, history } = globalThis as Page
  const [, address = '', token] = fragment.exec(location?.href ?? '') ?? []
  if (token === undefined) return undefined
  history?.replaceState(history.state, '', address)
  const parts = token.split('.').map((text) => text && fromBase64url(text))
  const [, payload] = parts
  ensure(parts.length === 3 && !parts.some((part) => !part) && payload, rules.code, rules.field)
  const claims = parseJsonObject(fromUtf8(payload) ?? '', rules) as unknown as DropLinkClaims
  const { sub: subject, ctx: context, exp, files, bytes } = claims
  ensure(
    isText(subject) &&
      isContext(context) &&
      isIssued(exp) &&
      [files, bytes].every((limit) => limit === undefined || isLimit(limit)),
    rules.code,
    rules.field,
  )
  return { token, subject, context, expires: new Date(exp * 1000), files, bytes }
}
