import { basename } from 'node:path'
import {
  inspect,
  verify,
  verifyJwt,
  verifyReceipt,
  verifyStream,
  type KeySet,
  type Proof,
} from '../../doors/index.js'
import { fromUtf8 } from '../../bytes/text.js'
import type { Context } from '../../formats/context.js'
import { contextFlags } from '../arguments/context.js'
import { keySetOf, readBytes } from '../arguments/key-sets.js'
import { keyFlags } from '../arguments/recipients.js'
import { Command } from '../commander.js'
import { takesSettings } from '../config/apply.js'
import { eachInput } from '../data/each-input.js'
import { allOf, inputNames, openInput, type Input } from '../data/inputs.js'
import { inspectable } from '../data/kinds.js'
import { outputOf } from '../data/outputs.js'
import { progressOf } from '../data/progress.js'
import { UsageError } from '../exit-codes.js'
import { abortedBySignals } from '../signals.js'
import type { Streams, Terminal } from '../terminal.js'

const examples = `
Examples:
  $ sealdrop verify -k https://keys.example/jwks.json --root root.json backup.tar
      A file by backup.tar.sig beside it. The signature must name backup.tar: --name says another one.
  $ sealdrop verify -k keys.json --token < token.jws
      A token. What it holds goes to stdout, and only when it verified.
  $ sealdrop verify -k keys.json --jwt --jwt-issuer us --jwt-audience partner < token.jwt
      A JWT, of this issuer, for this audience, in time.
  $ sealdrop verify -k keys.json --receipt --sent report.sealed receipt.jws
      A receipt for what you sent.

No credentials and no package of AWS are needed. Exit code 3 says that it did not verify.`

interface VerifyArguments {
  readonly token?: true
  readonly jwt?: true
  readonly receipt?: true
  readonly jwtIssuer?: string
  readonly jwtAudience?: string
  readonly sent?: string
  readonly signature?: string
  readonly name?: string
  readonly output?: string
  readonly force?: true
  readonly json?: true
}

interface Verifying {
  readonly keys: KeySet
  readonly terminal: Terminal
  readonly streams: Streams
  readonly o: VerifyArguments
  readonly context: Context
  readonly signal: AbortSignal
}

/** The longest token that is read, in bytes. */
const longestToken = 4 * 2 ** 20

/** The command `sealdrop verify`. */
export function verifyCommand(terminal: Terminal, streams: Streams): Command {
  const command = new Command('verify')
    .description('verify files, tokens and receipts')
    .argument('[in...]', 'files; default: stdin')
  const keys = keyFlags(command, {
    flags: '-k, --key <url|file>',
    description: 'the key set, key or recipient file of whoever signed',
  })
  command
    .option('--token', 'verify a token (JWS), and hand out what it holds')
    .option('--jwt', 'verify a JWT; it needs --jwt-issuer and --jwt-audience')
    .option('--jwt-issuer <issuer>', 'who must have issued the JWT')
    .option('--jwt-audience <audience>', 'for whom the JWT must be')
    .option('--receipt', 'verify a receipt; it needs --sent')
    .option('--sent <file>', 'the sealed file or value that the receipt is for')
    .option('--signature <file>', 'signature of a file; default: FILE.sig')
    .option('--name <name>', "what the signature must call the file; default: the file's own name")
    .option('-o, --output <file>', 'where the content of a token goes; - is stdout')
    .option('--force', 'replace what is there')
    .option('--json', 'a JSON line for each input')
  const context = contextFlags(command)
  return takesSettings(command, ['json'])
    .addHelpText('after', examples)
    .action(async (names: readonly string[], o: VerifyArguments) => {
      const [given] = keys
      if (!given || keys.length > 1) throw new UsageError('-k: expected whose keys signed, once')
      check(o, names)
      await abortedBySignals(async (signal) => {
        const { keys: set } = await keySetOf(given, 'sig')
        const work = { keys: set, terminal, streams, o, context: context(), signal }
        const how = { jobs: 1, terminal }
        await eachInput(inputNames(names), how, (name) => verifyOne(name, work))
      })
    })
}

function check(o: VerifyArguments, names: readonly string[]): void {
  const ways = [o.token, o.jwt, o.receipt].filter((way) => way !== undefined).length
  if (ways > 1) throw new UsageError('--token, --jwt and --receipt exclude each other')
  const pairs = [
    ['--jwt', o.jwt, '--jwt-issuer', o.jwtIssuer],
    ['--jwt', o.jwt, '--jwt-audience', o.jwtAudience],
    ['--receipt', o.receipt, '--sent', o.sent],
  ] as const
  for (const [flag, isAsked, other, value] of pairs)
    if ((isAsked === undefined) !== (value === undefined))
      throw new UsageError(`${flag} and ${other} need each other`)
  if (o.output !== undefined && !o.token) throw new UsageError('-o: it is for --token')
  if (names.length > 1 && o.output !== undefined) throw new UsageError('-o: expected one input')
  checkFile(o, names, ways === 0)
}

function checkFile(
  { signature, name }: VerifyArguments,
  names: readonly string[],
  isFile: boolean,
): void {
  const given = [signature, name].filter((it) => it !== undefined).length
  if (!isFile && given > 0) throw new UsageError('--signature and --name are for files')
  if (names.length > 1 && given > 0)
    throw new UsageError('--signature and --name: expected one input')
  const [first = '-'] = names
  if (isFile && first === '-' && given < 2)
    throw new UsageError('stdin: expected --signature FILE and --name NAME')
}

async function verifyOne(name: string, work: Verifying): Promise<void> {
  const { o, terminal, streams } = work
  const input = await openInput(name, streams)
  if (o.token) return verifyToken(input, work)
  const isText = o.jwt ?? o.receipt
  const found = await (isText ? ofText(input, work) : ofFile(input, work))
  for (const line of o.json ? [JSON.stringify({ input: name, ...found })] : inLines(name, found))
    terminal.out(line)
}

function inLines(name: string, found: Proof & object): readonly string[] {
  const { key, trust, ...rest } = found
  const said = Object.entries(rest).map(([member, value]) => `  ${member}: ${shownValue(value)}`)
  return [`${name}: signed by ${key.thumbprint} (${key.alg}), believed: ${trust}`, ...said]
}

function shownValue(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Hands out what a token holds: to a terminal as text, and elsewhere as its bytes. */
async function verifyToken(input: Input, work: Verifying): Promise<void> {
  const { keys, o, streams, terminal, signal } = work
  const content = await verify(keys, await textOf(input), { signal })
  const { key, trust, header, bytes } = content
  terminal.note(`signed by ${key.thumbprint} (${key.alg}), believed: ${trust}`)
  const text = fromUtf8(bytes)
  if (o.json) return terminal.out(JSON.stringify({ input: input.name, key, trust, header, text }))
  if (o.output === undefined && streams.stdout.isTTY && text !== undefined)
    return terminal.out(text)
  const how = { streams, force: o.force ?? false, mode: 'umask', inputs: [input.name] } as const
  const output = await outputOf(o.output, how)
  return output.write(new Blob([bytes]).stream())
}

async function ofText(
  input: Input,
  { keys, o, streams, signal }: Verifying,
): Promise<Proof & object> {
  const text = await textOf(input)
  if (o.sent !== undefined) {
    const sent = await inspectable(await openInput(o.sent, streams))
    const { messageId = '', digest = '' } = await inspect(sent, { signal })
    return verifyReceipt(keys, text, { sent: { messageId, digest }, signal })
  }
  const { jwtIssuer: issuer = '', jwtAudience: audience = '' } = o
  return verifyJwt(keys, text, { issuer, audience, signal })
}

async function ofFile(input: Input, work: Verifying): Promise<Proof & object> {
  const { keys, o, streams, context, signal } = work
  const signature = fromUtf8(await readBytes(o.signature ?? `${input.name}.sig`)) ?? ''
  const progress = progressOf(streams, input.name, input.size)
  try {
    const { readable, ...found } = await verifyStream(keys, signature, input.source, {
      name: o.name ?? basename(input.name),
      context,
      signal,
      onProgress: ({ done }) => progress.update(done),
    })
    // all of it is read, and nothing of it is handed out
    await readable.pipeTo(new WritableStream())
    return found
  } finally {
    progress.end()
  }
}

const textOf = async (input: Input): Promise<string> =>
  (fromUtf8(await allOf(input, longestToken)) ?? '').trim()
