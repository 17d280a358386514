import type { AgeOpener } from '../../doors/age.js'
import type { OpenedInfo, Opener } from '../../doors/kms.js'
import type { ByteSource, Content, KeyInfo } from '../../doors/index.js'
import type { Context } from '../../formats/context.js'
import { loadSdk } from '../../kms/port/peer.js'
import { collect } from '../arguments/collect.js'
import { contextFlags } from '../arguments/context.js'
import { parseJobs } from '../arguments/jobs.js'
import { kmsFlags, kmsOf } from '../arguments/kms.js'
import { Command } from '../commander.js'
import { takesSettings } from '../config/apply.js'
import { eachInput, type Facts } from '../data/each-input.js'
import { allOf, inputNames, openInput, type Input } from '../data/inputs.js'
import { kindOfInput } from '../data/kinds.js'
import { measured } from '../data/measured.js'
import { outputOf, outputsIn, type Output, type OutputOptions } from '../data/outputs.js'
import { counted, progressOf } from '../data/progress.js'
import { UsageError } from '../exit-codes.js'
import { openInventory } from '../inventory.js'
import { abortedBySignals } from '../signals.js'
import { escapedLine, type Streams, type Terminal } from '../terminal.js'

const examples = `
Examples:
  $ sealdrop open --key-id alias/claims -c claim=7 -o report.pdf report.sealed
      By a key of KMS, which the AWS default chain reaches. Another context than that of -c opens nothing.
  $ sealdrop open --inventory s3://bucket/keys.json -c order=7 < value.jwe
      By whichever key of an inventory it was sealed to; a value is told from a file by its first bytes.
  $ sealdrop open --key-id alias/claims --any-context --out-dir opened *.sealed
      Many files, 4 at a time. Whatever their contexts are, they are printed.
  $ sealdrop open --key-id alias/claims -c claim=7 --range 0-1023 report.sealed | file -
      The first KiB of a file. Only the frames that it needs are read.
  $ sealdrop open --key-id alias/claims -o report.pdf report.age
      An age file, which stock age made. It has no context, so that -c is left out.

A file appears when all of it verified, with the mode 0600, or not at all. A pipe gets each part as it verifies: whoever
reads the pipe has had plaintext before exit code 3 says that the rest is wrong.`

interface OpenArguments {
  readonly inventory?: string
  readonly keyId?: readonly string[]
  readonly anyContext?: true
  readonly range?: Range
  readonly output?: string
  readonly outDir?: string
  readonly force?: true
  readonly jobs?: number
  readonly json?: true
  readonly region?: string
  readonly profile?: string
  readonly endpointUrl?: string
}

/** Bytes of the plaintext, both ends counted. */
type Range = readonly [first: number, last: number]

const space = 0x20
/** The longest value that is read, in bytes. */
const longestValue = 4 * 2 ** 20

/** Reads `0-99`, or `100-` for the rest, as HTTP does (RFC 9110 §14.1.2). */
function parseRange(text: string): Range {
  const [, first, last] = /^(\d{1,15})-(\d{0,15})$/.exec(text) ?? []
  const range = [Number(first), last === '' ? Number.MAX_SAFE_INTEGER - 1 : Number(last)] as const
  if (first === undefined || range[1] < range[0])
    throw new UsageError(`--range ${text}: expected first-last, both counted, such as 0-1023`)
  return range
}

/** The command `sealdrop open`. */
export function openCommand(terminal: Terminal, streams: Streams): Command {
  const command = new Command('open')
    .description('open sealed files and values by KMS')
    .argument('[in...]', 'sealed files or values; default: stdin')
    .option('--inventory <where>', 'keys: a folder, s3://bucket/key or dynamodb://table/id')
    .option('--key-id <arn|alias>', 'a key of KMS; again for several', collect(String))
  const context = contextFlags(command)
  command
    .option('--any-context', 'open whatever the context is, and print it')
    .option('--range <first-last>', 'only these bytes of a file, both counted', parseRange)
    .option('-o, --output <file>', 'where it goes; - is stdout, also where it is a terminal')
    .option(
      '--out-dir <folder>',
      'where several inputs go, each under its name without .sealed, .jwe or .age',
    )
    .option('--force', 'replace what is there')
    .option('--jobs <number>', 'how many inputs are opened side by side; default: 4', parseJobs)
    .option('--json', 'a JSON line on stderr for each input')
  return takesSettings(kmsFlags(command), ['inventory', 'keyIds', 'jobs', 'json'])
    .addHelpText('after', examples)
    .action(async (names: readonly string[], o: OpenArguments) => {
      await abortedBySignals((signal) =>
        run({ terminal, streams, o, context: context(), names: inputNames(names), signal }),
      )
    })
}

interface Opening {
  readonly terminal: Terminal
  readonly streams: Streams
  readonly o: OpenArguments
  readonly context: Context
  readonly names: readonly string[]
  readonly signal: AbortSignal
}

async function run(work: Opening): Promise<void> {
  const { terminal, o, names } = work
  check(o, work.context)
  const outputs = await outputsOf(work)
  const openers = await openersOf(o)
  try {
    const { jobs = 4, json = false } = o
    await eachInput(names, { jobs, terminal, json, told: true }, async (name, index) => {
      const input = await openInput(name, work.streams)
      const output = measured(outputs[index] as Output, json)
      const found = await openOne(openers, input, output, work)
      return { output: output.name, bytes: output.bytes(), ...found }
    })
  } finally {
    await openers.close()
  }
}

function check({ inventory, keyId, anyContext }: OpenArguments, context: Context): void {
  if ((inventory === undefined) === (keyId === undefined))
    throw new UsageError('expected the keys: either --key-id or --inventory')
  if (anyContext && Object.keys(context).length > 0)
    throw new UsageError('--any-context and -c exclude each other')
}

const opened = (name: string): string => {
  const base = name.replace(/\.(sealed|jwe|age)$/, '')
  return base === name || base === '' ? `${name}.opened` : base
}

async function outputsOf({ o, names, streams, signal }: Opening): Promise<readonly Output[]> {
  const { output, outDir, force = false } = o
  const how: OutputOptions = { streams, force, mode: 'owner', inputs: names, signal }
  if (outDir !== undefined && output !== undefined)
    throw new UsageError('-o and --out-dir exclude each other')
  if (outDir !== undefined) return outputsIn(outDir, names, opened, how)
  if (names.length > 1) throw new UsageError('several inputs: expected --out-dir')
  return [await outputOf(output, how)]
}

/** An opener for each kind of input. That of age files is made when one comes. */
interface Openers {
  readonly sealed: Opener
  readonly age: () => Promise<AgeOpener>
  readonly close: () => Promise<unknown>
}

async function openersOf(o: OpenArguments): Promise<Openers> {
  // what is missing is told at once, and not as a state of keys
  await loadSdk()
  const { createOpener } = await import('../../doors/kms.js')
  const keys = o.inventory === undefined ? (o.keyId ?? []) : await openInventory(o.inventory, o)
  const how = { kms: kmsOf(o), keys }
  const sealed = createOpener(how)
  let age: Promise<AgeOpener> | undefined
  const made = async (): Promise<AgeOpener> =>
    (await import('../../doors/age.js')).createAgeOpener(how)
  return {
    sealed,
    age: () => (age ??= made()),
    close: async () => Promise.all([sealed.close(), (await age)?.close()]),
  }
}

async function openAge(
  { age }: Openers,
  input: Input,
  output: Output,
  work: Opening,
): Promise<Facts> {
  const { o, signal, context } = work
  if (Object.keys(context).length > 0)
    throw new UsageError(`${input.name}: an age file has no context; leave out -c`)
  const opener = await age()
  const found = o.range
    ? await partOf(input, o.range, (from, to) =>
        opener.openRange(fileOf(input), from, to, { signal }),
      )
    : await opener.openStream(input.source, { signal })
  await withProgress(work, input, found.readable, output)
  return { kind: 'age', key: keyFacts(found.key) }
}

async function openOne(
  openers: Openers,
  input: Input,
  output: Output,
  work: Opening,
): Promise<Facts> {
  const kind = await kindOfInput(input)
  if (kind === 'age') return openAge(openers, input, output, work)
  const opener = openers.sealed
  const { o, signal, terminal } = work
  const expected = {
    context: o.anyContext ? () => true : work.context,
    signal,
  }
  const tell = (context: Context): void => {
    if (o.anyContext && !o.json)
      terminal.note(escapedLine(`${input.name}: context ${JSON.stringify(context)}`))
  }
  if (kind === 'value') {
    if (o.range) throw new UsageError(`${input.name}: --range is for files, and this is a value`)
    const text = new TextDecoder().decode(await allOf(input, longestValue)).trim()
    const found = await opener.open(text, expected)
    tell(found.context)
    await output.write(new Blob([withoutPadding(found)]).stream())
    return factsOf(kind, found)
  }
  const found = o.range
    ? await partOf(input, o.range, (from, to) =>
        opener.openRange(fileOf(input), from, to, expected),
      )
    : await opener.openStream(input.source, expected)
  tell(found.context)
  await withProgress(work, input, found.readable, output)
  return factsOf(kind, found)
}

const keyFacts = ({ thumbprint, alg, arn }: KeyInfo): Facts => ({ thumbprint, alg, arn })

const factsOf = (kind: 'message' | 'value', { messageId, key, context }: OpenedInfo): Facts => ({
  kind,
  messageId,
  key: keyFacts(key),
  context,
})

/** The bytes of a value. The spaces behind JSON hid its length, and nobody needs them any more. */
function withoutPadding(content: Content): Uint8Array<ArrayBuffer> {
  const { bytes } = content
  try {
    content.json()
  } catch {
    return bytes
  }
  return bytes.subarray(0, bytes.findLastIndex((byte) => byte !== space) + 1)
}

interface Part {
  readonly length?: number
  readonly readable: ReadableStream<Uint8Array>
}

/** Bytes of a file. Wholly behind its end there are none, which HTTP answers with 416. */
async function partOf<T extends Part>(
  { name }: Input,
  [first, last]: Range,
  openPart: (from: number, to: number) => Promise<T>,
): Promise<T> {
  const found = await openPart(first, last + 1)
  if (found.length !== 0) return found
  // its size is asked of what was verified, and not of what the file says
  const all = await openPart(0, Number.MAX_SAFE_INTEGER)
  await Promise.all([found.readable.cancel(), all.readable.cancel()])
  throw new UsageError(`${name}: --range begins at ${first}, and it has ${all.length} bytes`)
}

function fileOf(input: Input): ByteSource {
  if (input.kind === 'file') return input.source
  throw new UsageError('--range: expected a file, since a pipe cannot be read from its middle')
}

/** Bytes of plaintext are counted; the sealed file is a little longer. */
async function withProgress(
  { streams, names }: Opening,
  input: Input,
  readable: ReadableStream<Uint8Array>,
  output: Output,
): Promise<void> {
  const progress = progressOf(streams, input.name, names.length > 1 ? undefined : input.size)
  try {
    await output.write(counted(readable, progress))
  } finally {
    progress.end()
  }
}
