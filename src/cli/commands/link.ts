import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import type { DropLink, DropLinkOptions } from '../../doors/kms.js'
import type { Context } from '../../formats/context.js'
import { contextFlags } from '../arguments/context.js'
import { kmsFlags, kmsOf } from '../arguments/kms.js'
import { untilOf } from '../arguments/until.js'
import { Command } from '../commander.js'
import { UsageError } from '../exit-codes.js'
import { abortedBySignals } from '../signals.js'
import type { Terminal } from '../terminal.js'

const examples = `
Examples:
  $ sealdrop link --key-id alias/links --page 'https://app.example/send?claim=7' --handler https://app.example/uploads --subject acme -c claim=7 --until P14D
      Prints a link, by which acme can send files to the claim for two weeks.
  $ sealdrop link --key-id alias/links --page https://app.example/send --handler https://app.example/uploads --subject acme --files 20 --bytes 1000000000 --until 2027-01-31 --json
      At most 20 files, which have a gigabyte together; as JSON, with the id that takes the link back.

Whoever has the link can send, and can do nothing else. Its token stands behind # and is a secret; its context can be read
by whoever has it. The key signs links and nothing else: whoever may sign with it can let anybody send.`

interface LinkArguments {
  readonly keyId?: string
  readonly alg?: string
  readonly page?: string
  readonly handler?: string
  readonly subject?: string
  readonly prefix?: string
  readonly files?: number
  readonly bytes?: number
  readonly until?: string
  readonly json?: true
  readonly region?: string
  readonly profile?: string
  readonly endpointUrl?: string
}

const countOf =
  (flag: string) =>
  (text: string): number => {
    if (!/^[1-9]\d{0,14}$/.test(text))
      throw new UsageError(`${flag} ${text}: expected a whole number from 1`)
    return Number(text)
  }

/** The command `sealdrop link`. */
export function linkCommand(terminal: Terminal): Command {
  const command = new Command('link')
    .description('make a link by which somebody without an account can send files')
    .option('--key-id <arn|alias>', 'the key of KMS that signs links, and nothing else')
    .option('--alg <name>', "the algorithm, by JOSE's or KMS's name; default: that of the key")
    .option('--page <url>', 'the page that takes the link, without a fragment')
    .option('--handler <url>', 'the upload handler, as dropLinks has it as its audience')
    .option('--subject <name>', 'who may send, as the handler names them')
    .option(
      '--until <when>',
      'until when an upload can be begun: P14D, or a date; at most 366 days',
    )
  const context = contextFlags(command)
  command
    .option('--prefix <folders/>', "folders below the handler's own prefix; default: none")
    .option('--files <number>', 'how many files; default: no limit', countOf('--files'))
    .option(
      '--bytes <number>',
      'how many bytes all sealed files have together; default: no limit',
      countOf('--bytes'),
    )
    .option('--json', 'a JSON object, with the id of the link and when it ends')
  return kmsFlags(command)
    .addHelpText('after', examples)
    .action(async (o: LinkArguments) => {
      const options = linkOptions(o, context())
      await abortedBySignals(async (signal) => tell(terminal, o, await made(options, signal)))
    })
}

/** The flags that a link cannot be without. */
const needed = {
  keyId: '--key-id: expected the key that signs links',
  page: '--page: expected the URL of the page that takes the link',
  handler: '--handler: expected the URL of the upload handler',
  subject: '--subject: expected who may send',
  until: '--until: expected until when an upload can be begun, such as P14D',
} as const

/** What was said for each of them. @throws UsageError */
function said(o: LinkArguments): Readonly<Record<keyof typeof needed, string>> {
  const rows = Object.entries(needed).map(([name, words]) => {
    const value = o[name as keyof typeof needed]
    if (value === undefined) throw new UsageError(words)
    return [name, value] as const
  })
  return Object.fromEntries(rows) as Record<keyof typeof needed, string>
}

function linkOptions(o: LinkArguments, context: Context): DropLinkOptions {
  const { keyId, page, handler, subject, until } = said(o)
  const { alg, prefix, files, bytes } = o
  const now = Date.now()
  return {
    kms: kmsOf(o),
    key: keyId,
    page,
    audience: handler,
    subject,
    context,
    expiresIn: untilOf('--until', until, now) - now,
    now: () => now,
    ...(alg !== undefined && { alg }),
    ...(prefix !== undefined && { prefix }),
    ...(files !== undefined && { files }),
    ...(bytes !== undefined && { bytes }),
  }
}

async function made(o: DropLinkOptions, signal: AbortSignal): Promise<DropLink> {
  const { createDropLink } = await import('../../doors/kms.js')
  try {
    return await createDropLink({ ...o, signal })
  } catch (error) {
    throw inWordsOfTheCommand(error)
  }
}

function tell(terminal: Terminal, { json }: LinkArguments, link: DropLink): void {
  const { url, jti: id, expires } = link
  if (json) return terminal.out(JSON.stringify({ url, id, expires }))
  terminal.out(url)
  terminal.note(`link ${id}, until ${expires.toISOString()}: revoke('${id}') takes it back`)
}

/** What the options of the library are called here. */
const flags: Readonly<Record<string, string>> = {
  key: '--key-id',
  page: '--page',
  audience: '--handler',
  subject: '--subject',
  expiresIn: '--until',
  prefix: '--prefix',
}

/** An error in the words of the command: who typed it knows `--until`, and not `expiresIn`. */
function inWordsOfTheCommand(error: unknown): unknown {
  if (!isSealdropError(error) || error.code !== 'invalid_argument') return error
  const message = error.message
    .replace(/^(\w+)(?=: )/, (name) => (Object.hasOwn(flags, name) ? (flags[name] ?? name) : name))
    .replace('milliseconds above 0, at most 366 days', 'a time that is at most 366 days from now')
  return new SealdropError(error.code, message, { cause: error })
}
