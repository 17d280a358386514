import type { Context } from '../formats/context.js'
import { saidByLink, splitDropLink } from '../formats/drop-link.js'

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
  const [address, token] = splitDropLink(location?.href ?? '') ?? []
  if (address === undefined || token === undefined) return undefined
  history?.replaceState(history.state, '', address)
  const { sub: subject, ctx: context, exp, files, bytes } = saidByLink(token)
  return { token, subject, context, expires: new Date(exp * 1000), files, bytes }
}
