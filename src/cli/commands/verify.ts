import { basename } from 'node:path'
import { verify, verifyJwt, verifyStream, type KeySet, type Proof } from '../../doors/index.js'
import { fromUtf8 } from '../../bytes/text.js'
import type { Context } from '../../formats/context.js'
import { contextFlags } from '../arguments/context.js'
import { hasTrust, keySetOf, readBytes } from '../arguments/key-sets.js'
import {
  receiptTrustOf,
  type HistoryArgument,
  type ReceiptTrust,
} from '../arguments/receipt-trust.js'
import { keyFlags, type KeyArgument } from '../arguments/recipients.js'
import { Command } from '../commander.js'
import { takesSettings } from '../config/apply.js'
import { eachInput } from '../data/each-input.js'
import { allOf, inputNames, openInput, type Input } from '../data/inputs.js'
import { isStdout, outputOf } from '../data/outputs.js'
import { progressOf } from '../data/progress.js'
import {
  parseHeldSince,
  verifiedReceipt,
  verifiedReceiptFile,
  type ReceiptArguments,
} from '../data/receipts.js'
import { UsageError } from '../exit-codes.js'
import { abortedBySignals } from '../signals.js'
import { escapedLine, type Streams, type Terminal } from '../terminal.js'

const examples = `
Examples:
  $ sealdrop verify -k https://keys.example/jwks.json --root root.json backup.tar
      A file by backup.tar.sig beside it. The signature must name backup.tar: --name says another one.
  $ sealdrop verify -k keys.json --token < token.jws
      A token. What it holds goes to stdout, and only when it verified.
  $ sealdrop verify -k keys.json --jwt --jwt-issuer us --jwt-audience partner < token.jwt
      A JWT, of this issuer, for this audience, in time.
  $ sealdrop verify -k keys.json --receipt --sent report.sealed receipt.jws
      A receipt for what you sent. -o order-7.receipt.json keeps it with the key set of today.
  $ sealdrop verify --root root.json --history https://keys.example/history.jwks.json --receipt-file --sent report.sealed order-7.receipt.json
      The receipt that was kept, years later: its key set is in the file, and a root or a pin says why it is believed.

No credentials and no package of AWS are needed. Exit code 3 says that it did not verify.`

interface VerifyArguments extends ReceiptArguments, HistoryArgument {
  readonly token?: true
  readonly jwt?: true
  readonly receipt?: true
  readonly receiptFile?: true
  readonly jwtIssuer?: string
  readonly jwtAudience?: string
  readonly signature?: string
  readonly name?: string
  readonly json?: true
}

/** Whose keys must have signed: a key set, or of a receipt file why the set inside is believed. */
type Keys = { readonly keys: KeySet } | { readonly keys?: never; readonly receipts: ReceiptTrust }

interface Verifying {
  readonly by: Keys
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
    .description('verify files, tokens, receipts and receipt files')
    .argument('[in...]', 'files; default: stdin')
  const alone: KeyArgument = { source: 'the receipt file', roots: [], pins: [] }
  const keys = keyFlags(
    command,
    {
      flags: '-k, --key <url|file>',
      description: 'the key set, key or recipient file of whoever signed',
    },
    alone,
  )
  addFlags(command)
  const context = contextFlags(command)
  return takesSettings(command, ['json'])
    .addHelpText('after', examples)
    .action(async (names: readonly string[], o: VerifyArguments) => {
      check(o, names, context())
      await abortedBySignals(async (signal) => {
        const by = await keysOf(keys, alone, o)
        const work = { by, terminal, streams, o, context: context(), signal }
        const how = { jobs: 1, terminal }
        await eachInput(inputNames(names), how, (name) => verifyOne(name, work))
      })
    })
}

function addFlags(command: Command): void {
  command
    .option('--token', 'verify a token (JWS), and hand out what it holds')
    .option('--jwt', 'verify a JWT; it needs --jwt-issuer and --jwt-audience')
    .option('--jwt-issuer <issuer>', 'who must have issued the JWT')
    .option('--jwt-audience <audience>', 'for whom the JWT must be')
    .option('--receipt', 'verify a receipt; it needs --sent')
    .option('--receipt-file', 'verify a receipt file by --root or --pin, which stand without -k')
    .option('--sent <file>', 'the sealed file or value that the receipt is for')
    .option('--history <url|file>', "the publisher's history, which a --root must have signed")
    .option('--history-name <name>', 'what the history is called; default: history')
    .option(
      '--held-since <date>',
      'since when you hold the receipt, by your own records',
      parseHeldSince,
    )
    .option('--signature <file>', 'signature of a file; default: FILE.sig')
    .option('--name <name>', "what the signature must call the file; default: the file's own name")
    .option(
      '-o, --output <file>',
      'where the content of a token, or a receipt file of a receipt, goes',
    )
    .option('--force', 'replace what is there')
    .option('--json', 'a JSON line for each input')
}

async function keysOf(
  keys: readonly KeyArgument[],
  alone: KeyArgument,
  o: VerifyArguments,
): Promise<Keys> {
  if (o.receiptFile) return { receipts: await receiptTrustOf(keys, alone, o) }
  const [given] = keys
  if (hasTrust(alone) || alone.arn !== undefined)
    throw new UsageError('--root, --pin and the like: expected behind the -k that they are about')
  if (!given || keys.length > 1) throw new UsageError('-k: expected whose keys signed, once')
  return { keys: (await keySetOf(given, 'sig')).keys }
}

function check(o: VerifyArguments, names: readonly string[], context: Context): void {
  const ways = [o.token, o.jwt, o.receipt, o.receiptFile].filter((way) => way !== undefined).length
  if (ways > 1)
    throw new UsageError('--token, --jwt, --receipt and --receipt-file exclude each other')
  const pairs = [
    ['--jwt', o.jwt, '--jwt-issuer', o.jwtIssuer],
    ['--jwt', o.jwt, '--jwt-audience', o.jwtAudience],
    // a receipt file says itself what it is for, where nobody else does
    ['--receipt', o.receipt, '--sent', o.receiptFile ? undefined : o.sent],
  ] as const
  for (const [flag, isAsked, other, value] of pairs)
    if ((isAsked === undefined) !== (value === undefined))
      throw new UsageError(`${flag} and ${other} need each other`)
  checkReceipt(o, names)
  if (ways > 0 && Object.keys(context).length > 0)
    throw new UsageError('-c: it is for signatures of files, and nothing else is compared with it')
  checkOutput(o, names)
  checkFile(o, names, ways === 0)
}

function checkReceipt(o: VerifyArguments, names: readonly string[]): void {
  if (o.history !== undefined && !o.receiptFile)
    throw new UsageError('--history: it is for --receipt-file')
  if (o.historyName !== undefined && o.history === undefined)
    throw new UsageError('--history-name: it needs --history')
  if (o.sent === '-' && inputNames(names).includes('-'))
    throw new UsageError('--sent -: stdin is the receipt already')
  if (o.heldSince && !o.receiptFile && !o.receipt)
    throw new UsageError('--held-since: it is for --receipt and --receipt-file')
}

function checkOutput(o: VerifyArguments, names: readonly string[]): void {
  if (o.output === undefined) return
  if (!o.token && !o.receipt) throw new UsageError('-o: it is for --token and --receipt')
  if (names.length > 1) throw new UsageError('-o: expected one input')
  if (o.heldSince)
    throw new UsageError('-o: a key that was taken back vouches for no new receipt file')
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
  const { by, o, terminal, streams } = work
  const input = await openInput(name, streams)
  if (o.token && by.keys) return verifyToken(input, by.keys, work)
  const found = await proofOf(input, work)
  // a receipt file on stdout is alone there
  const isAlone = o.output !== undefined && isStdout(o.output)
  for (const line of o.json ? [JSON.stringify({ input: name, ...found })] : inLines(name, found))
    if (isAlone) terminal.note(line)
    else terminal.out(line)
}

async function proofOf(input: Input, work: Verifying): Promise<Proof & object> {
  const { by, o, signal } = work
  if (!by.keys) return verifiedReceiptFile(by.receipts, await fileTextOf(input), work)
  if (o.receipt) return verifiedReceipt(by.keys, await textOf(input), { ...work, name: input.name })
  if (!o.jwt) return ofFile(input, by.keys, work)
  const { jwtIssuer: issuer = '', jwtAudience: audience = '' } = o
  return verifyJwt(by.keys, await textOf(input), { issuer, audience, signal })
}

function inLines(name: string, found: Proof & object): readonly string[] {
  const { key, trust, ...rest } = found
  const known = Object.entries(rest).filter(([, value]) => value !== undefined)
  const said = known.map(([member, value]) => `  ${member}: ${shownValue(value)}`)
  const signed = `${name}: signed by ${key.thumbprint} (${key.alg}), believed: ${trust}`
  // whoever signed may have put line ends into a name
  return [signed, ...said].map(escapedLine)
}

function shownValue(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Hands out what a token holds: to a terminal as text, and elsewhere as its bytes. */
async function verifyToken(
  input: Input,
  keys: KeySet,
  { o, streams, terminal, signal }: Verifying,
): Promise<void> {
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

async function ofFile(
  input: Input,
  keys: KeySet,
  { o, streams, context, signal }: Verifying,
): Promise<Proof & object> {
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

/** A receipt file is JSON, and what is no UTF-8 is none. */
const fileTextOf = async (input: Input): Promise<string> =>
  fromUtf8(await allOf(input, longestToken)) ?? ''
