import { isDeepStrictEqual } from 'node:util'
import { fromUtf8 } from '../../bytes/text.js'
import type { UploadTransport } from '../../doors/upload.js'
import { printable } from '../../errors/printable.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import type { Context } from '../../formats/context.js'
import { isLoopback } from '../../io/secure-url.js'
import type { Command } from '../commander.js'
import { UsageError } from '../exit-codes.js'
import type { Streams } from '../terminal.js'
import { collect } from './collect.js'
import { dropLinkOf, type GivenLink } from './drop-link.js'
import { readBytes } from './key-sets.js'
import { shellWord } from './shell-word.js'

/** Where files are sent, as a command line says it. */
export interface TargetArguments {
  readonly link?: string
  readonly handler?: string
  readonly header?: readonly string[]
}

/** Where files are sent. */
export interface UploadTarget {
  readonly transport: UploadTransport
  readonly link: GivenLink | undefined
  /** In words, without a secret. */
  readonly words: string
  /** Ends requests that nobody waits for any more, and would keep the process. */
  readonly close: () => void
}

/** Adds the flags that say where files are sent. */
export function targetFlags(command: Command): Command {
  return command
    .option('--link <url>', 'a link that you were sent; - reads it from stdin')
    .option('--handler <url>', 'the upload handler of a company, where there is no link')
    .option(
      '--header <name: value>',
      'a header for the handler; again for several; @FILE reads them from a file, one a line',
      collect(String),
    )
}

/** Checks what can be checked before anything is read. @throws UsageError */
export function checkTarget({ link, handler, header }: TargetArguments): void {
  if (link === undefined && handler === undefined)
    throw new UsageError('expected where files are sent: --link or --handler')
  if (link !== undefined && header !== undefined)
    throw new UsageError('--header: it is for --handler, and a link says itself who sends')
}

/**
 * Where files are sent, and by whose word.
 *
 * @param context - what the files are bound to; a link takes one, and never chooses it
 * @throws UsageError, SealdropError
 */
export async function targetOf(
  o: TargetArguments,
  context: Context,
  streams: Pick<Streams, 'stdin'>,
): Promise<UploadTarget> {
  const { uploadTransport } = await import('../../doors/upload.js')
  const over = new AbortController()
  const close = (): void => over.abort()
  const fetch: typeof globalThis.fetch = (to, init) => {
    const signals = [over.signal, init?.signal].filter((signal) => signal instanceof AbortSignal)
    return globalThis.fetch(to, { ...init, signal: AbortSignal.any(signals) })
  }
  if (o.link === undefined) {
    const headers = await headersOf(o.header ?? [])
    const transport = guarded(uploadTransport(o.handler ?? '', { headers, fetch }))
    return { transport, link: undefined, words: `sent to ${transport.url}`, close }
  }
  const link = await dropLinkOf(o.link, streams)
  checkHandler(link, o.handler)
  checkContext(link, context)
  const transport = guarded(uploadTransport(link.handler, { fetch }))
  const until = link.expires.toISOString()
  const words = `sent to ${transport.url} by a link for ${JSON.stringify(link.subject)}, until ${until}`
  return { transport, link, words, close }
}

/**
 * Sends parts to https alone, or to this machine where the handler is there too.
 *
 * A browser asks whoever gets a part whether it may come. Here a handler that somebody else chose
 * could make this machine send to a network that only this machine reaches.
 */
function guarded(transport: UploadTransport): UploadTransport {
  const { url = '' } = transport
  const isHere = isLoopback(new URL(url))
  return {
    url,
    ask: (op, request, o) => transport.ask(op, request, o),
    async put(part, body, o) {
      const to = new URL(part.url)
      if (to.protocol === 'https:' || (isHere && isLoopback(to)))
        return transport.put(part, body, o)
      throw new SealdropError(
        'rejected',
        `upload handler: it sends parts to ${to.origin}, which is no https`,
      )
    },
  }
}

/** A link says where its handler is. Whoever uses it has seen the host of its page only. */
function checkHandler({ handler, origin }: GivenLink, said: string | undefined): void {
  const { href, origin: there } = new URL(handler)
  if (said === undefined) {
    if (there === origin) return
    throw new UsageError(
      `--link: it is a page of ${origin}, and sends files to ${there}: where that is right, say --handler ${shellWord(href)}`,
    )
  }
  if (!URL.canParse(said) || new URL(said).href !== href)
    throw new UsageError(`--handler ${said}: the link is for ${href}`)
}

function checkContext({ context: wanted }: GivenLink, context: Context): void {
  if (isDeepStrictEqual({ ...wanted }, { ...context })) return
  const flags = Object.entries(wanted).map(([name, value]) => `-c ${shellWord(`${name}=${value}`)}`)
  throw new UsageError(
    flags.length === 0
      ? '--link: it takes files without a context: leave out -c'
      : printable(
          `--link: it takes files with another context: where that is right, say ${flags.join(' ')}`,
        ),
  )
}

/** Headers that the protocol sets itself. */
const reserved = ['accept', 'content-type']

/** Reads `name: value`, and files of such lines. A value may be a secret, and is in no message. */
async function headersOf(given: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const lines = await Promise.all(given.map(linesOf))
  const headers: Record<string, string> = {}
  for (const line of lines.flat()) {
    const [, name = '', value = ''] =
      /^([\w!#$%&'*+.^`|~-]+):[ \t]*([!-~](?:[ -~]*[!-~])?)\s*$/.exec(line) ?? []
    const key = name.toLowerCase()
    if (key === '') throw new UsageError('--header: expected name: value, in ASCII')
    if (reserved.includes(key)) throw new UsageError(`--header ${name}: the protocol sets it`)
    if (Object.hasOwn(headers, key)) throw new UsageError(`--header ${name}: given twice`)
    headers[key] = value
  }
  return headers
}

async function linesOf(given: string): Promise<readonly string[]> {
  if (!given.startsWith('@')) return [given]
  const text = fromUtf8(await readBytes(given.slice(1))) ?? ''
  return text.split(/\r?\n/).filter((line) => line.trim() !== '')
}
