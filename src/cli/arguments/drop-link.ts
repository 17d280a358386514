import { fromUtf8 } from '../../bytes/text.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import type { Context } from '../../formats/context.js'
import { saidByLink, splitDropLink } from '../../formats/drop-link.js'
import { isText } from '../../formats/json.js'
import { allOf, openInput } from '../data/inputs.js'
import { UsageError } from '../exit-codes.js'
import type { Streams } from '../terminal.js'

/** A link that somebody was sent. Its token is a secret, and stands in no message. */
export interface GivenLink {
  readonly token: string
  /** Of the page that takes it. Whoever got the link has seen it. */
  readonly origin: string
  /** URL of the upload handler that the link is for. Nobody has verified what a link says. */
  readonly handler: string
  readonly subject: string
  readonly context: Context
  readonly expires: Date
}

/** A link has less: its token has at most 7,680 characters. */
const longestText = 16_384

/** Reads a link as it was sent; `-` reads it from stdin, so that no shell remembers it. */
export async function dropLinkOf(
  given: string,
  streams: Pick<Streams, 'stdin'>,
): Promise<GivenLink> {
  const text = given === '-' ? await textOfStdin(streams) : given
  const [address, token] = splitDropLink(text.trim()) ?? []
  if (address === undefined || token === undefined || !URL.canParse(address))
    throw new UsageError('--link: expected all of a link, such as https://app.example/send#drop=…')
  const { aud, sub: subject, ctx: context, exp } = saidByLink(token)
  if (!isText(aud) || !URL.canParse(aud))
    throw new SealdropError('malformed', 'link: it names no upload handler')
  const { origin } = new URL(address)
  return { token, origin, handler: aud, subject, context, expires: new Date(exp * 1000) }
}

async function textOfStdin(streams: Pick<Streams, 'stdin'>): Promise<string> {
  const input = await openInput('-', streams)
  return fromUtf8(await allOf(input, longestText)) ?? ''
}
