import { inspect, seal, sealStream, type KeyInfo } from '../../doors/index.js'
import type { Context } from '../../formats/context.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { ageTargets, type AgeTargets, type SealedToAge } from '../arguments/age-recipients.js'
import { contextFlags } from '../arguments/context.js'
import { keySetOf, type TrustedKeys } from '../arguments/key-sets.js'
import { keyFlags, type KeyArgument } from '../arguments/recipients.js'
import { valueOf, valueTypeOption, type ValueType } from '../arguments/value-type.js'
import { Command } from '../commander.js'
import { takesSettings } from '../config/apply.js'
import { sealedAlready } from '../data/kinds.js'
import { eachInput, type Facts } from '../data/each-input.js'
import { allOf, inputNames, openInput, type Input } from '../data/inputs.js'
import { measured, type MeasuredOutput } from '../data/measured.js'
import { outputOf, outputsIn, type Output, type OutputOptions } from '../data/outputs.js'
import { counted, progressOf } from '../data/progress.js'
import { UsageError } from '../exit-codes.js'
import { abortedBySignals } from '../signals.js'
import { escapedLine, type Streams, type Terminal } from '../terminal.js'

const examples = `
Examples:
  $ sealdrop seal -r https://keys.example/jwks.json --root root.json -c claim=7 -o report.sealed report.pdf
      To the key set of a company, which a root that you hold has signed.
  $ tar c photos | sealdrop seal -r recipient.json -c claim=7 -o photos.sealed
      From a pipe; recipient.json is what the company gave you, and says why it is believed.
  $ sealdrop seal -r key.pem --jwe --type text -c order=7 < note.txt
      A value as one line of JWE, to a key in a file.
  $ sealdrop seal -r ours.json -r theirs.json --out-dir sealed *.pdf
      Many files, to a key of each of two companies. Either can open them.
  $ sealdrop seal -r age.txt -o report.age report.pdf
      An age file, to the recipients that a company published for stock age. It has no context.

Sealing needs no credentials. What is sealed goes to stdout without -o; everything for people goes to stderr. The context
(-c) can be read by everyone, and whoever opens must name the same; none is {}.`

interface SealArguments {
  readonly jwe?: true
  readonly age?: true
  readonly type?: ValueType
  readonly output?: string
  readonly outDir?: string
  readonly force?: true
  readonly again?: true
  readonly json?: true
}

/** The longest value, in bytes. A message has no such limit. */
const longestValue = 2 ** 20

/** The command `sealdrop seal`. */
export function sealCommand(terminal: Terminal, streams: Streams): Command {
  const command = new Command('seal')
    .description('seal files or a value to keys of AWS KMS')
    .argument('[in...]', 'files; default: stdin')
  const recipients = keyFlags(command, {
    flags: '-r, --recipient <url|file>',
    description:
      'a key set, a key (JWK, PEM, DER), a recipient file, age1tag… or age.txt; again for several',
  })
  const context = contextFlags(command)
  command
    .option('--jwe', 'make a value (one line of JWE), of at most 1 MiB, and no message')
    .option('--age', 'make an age file, to keys on P-256; meant where every -r is for age')
    .addOption(valueTypeOption('what a value is; default: bytes'))
    .option('-o, --output <file>', 'where it goes; - is stdout, also where it is a terminal')
    .option(
      '--out-dir <folder>',
      'where several inputs go, each under its name and .sealed, .jwe or .age',
    )
    .option('--force', 'replace what is there')
    .option('--again', 'seal what is sealed already')
    .option('--json', 'a JSON line on stderr for each input')
  return takesSettings(command, ['json'])
    .addHelpText('after', examples)
    .action(async (names: readonly string[], o: SealArguments) => {
      check(o, recipients)
      await abortedBySignals(async (signal) => {
        const given = { terminal, streams, o, names: inputNames(names), signal }
        await run({ ...given, recipients, context: context() })
      })
    })
}

interface Sealing {
  readonly terminal: Terminal
  readonly streams: Streams
  readonly o: SealArguments
  readonly recipients: readonly KeyArgument[]
  readonly context: Context
  readonly names: readonly string[]
  readonly signal: AbortSignal
}

/** One input on its way to its output. */
interface OneSealing extends Sealing {
  readonly sets: readonly TrustedKeys[]
  readonly input: Input
  readonly output: Output
}

/** What was sealed. */
interface Sealed {
  readonly kind: 'message' | 'value' | 'age'
  /** An age file has none. */
  readonly messageId?: string
  readonly recipients: readonly (SealedToKey | SealedToAge)[]
}

/** A key that was chosen, and in words why it is believed. */
interface SealedToKey {
  readonly thumbprint: string
  readonly alg: string
  readonly arn?: string
  readonly source: string
  readonly trust: string
}

function check({ jwe, age, type }: SealArguments, recipients: readonly KeyArgument[]): void {
  if (recipients.length === 0) throw new UsageError('-r: expected whom to seal to')
  if (jwe && recipients.length > 1)
    throw new UsageError('--jwe: a value has one recipient; a message takes several')
  if (jwe && age) throw new UsageError('--jwe and --age exclude each other')
  if (type !== undefined && !jwe) throw new UsageError('--type: it is for --jwe')
}

async function run(work: Sealing): Promise<void> {
  const { terminal, streams, o, recipients, names } = work
  const age = await ageTargets(recipients, o.age === true)
  if (age) checkAge(work)
  const outputs = await outputsOf(work, age ? '.age' : extensionOf(o))
  const sets = age ? [] : await Promise.all(recipients.map((given) => keySetOf(given, 'enc')))
  const sealOne = o.jwe ? sealValue : sealMessage
  const { json = false } = o
  const told = new Set<string>()
  await eachInput(names, { jobs: 1, terminal, json, told: true }, async (name, index) => {
    const input = await openInput(name, streams)
    const output = measured(outputs[index] as Output, json)
    const already = o.again ? undefined : await sealedAlready(input, age !== undefined)
    if (already !== undefined)
      throw new UsageError(`${name}: it is ${already} already; --again seals it once more`)
    const one = { ...work, sets, input, output }
    const sealed = age ? await sealAgeFile(one, age) : await sealOne(one)
    if (json) return factsOf(sealed, output)
    for (const line of sealed.recipients.map(reason)) {
      if (!told.has(line)) terminal.note(escapedLine(line))
      told.add(line)
    }
  })
}

const factsOf = (sealed: Sealed, output: MeasuredOutput): Facts => ({
  output: output.name,
  bytes: output.bytes(),
  ...sealed,
})

/** An age file has nowhere to put a context. */
function checkAge({ o, context }: Sealing): void {
  if (o.jwe) throw new UsageError('--jwe: recipients of age take age files only')
  if (Object.keys(context).length > 0)
    throw new UsageError('-c: an age file has no context; leave it out, or seal to a key set')
}

const extensionOf = ({ jwe }: SealArguments): string => (jwe ? '.jwe' : '.sealed')

async function outputsOf(
  { o, streams, names, signal }: Sealing,
  extension: string,
): Promise<readonly Output[]> {
  const { output, outDir, force = false, jwe } = o
  const how: OutputOptions = { streams, force, mode: 'umask', inputs: names, signal }
  if (outDir !== undefined && output !== undefined)
    throw new UsageError('-o and --out-dir exclude each other')
  if (outDir !== undefined) return outputsIn(outDir, names, (name) => name + extension, how)
  if (names.length > 1) throw new UsageError('several inputs: expected --out-dir')
  return [await outputOf(output ?? (jwe ? '-' : undefined), how)]
}

async function sealAgeFile(
  work: OneSealing,
  { recipients, sealedTo }: AgeTargets,
): Promise<Sealed> {
  const { streams, input, output, signal } = work
  const { sealAge } = await import('../../doors/age.js')
  const progress = progressOf(streams, input.name, input.size)
  try {
    const { readable } = await sealAge(recipients, input.source, { signal })
    await output.write(counted(readable, progress))
    return { kind: 'age', recipients: sealedTo }
  } finally {
    progress.end()
  }
}

/** Which keys were chosen, and why they are believed. */
export const reasons = (
  sets: readonly TrustedKeys[],
  sealedTo: readonly KeyInfo[],
): readonly string[] => believed(sets, sealedTo).map(reason)

const reason = (to: SealedToKey | SealedToAge): string =>
  'recipient' in to
    ? `sealed to ${to.recipient}, ${to.trust}`
    : `sealed to ${to.thumbprint} (${to.alg}) of ${to.source}, ${to.trust}`

const believed = (
  sets: readonly TrustedKeys[],
  sealedTo: readonly KeyInfo[],
): readonly SealedToKey[] =>
  sets.map(({ source, trust }, index) => {
    const { thumbprint, alg, arn } = sealedTo[index] as KeyInfo
    return { thumbprint, alg, ...(arn !== undefined && { arn }), source, trust }
  })

const again = ({ again: isAgain }: SealArguments): { readonly again?: true } =>
  isAgain ? { again: true } : {}

async function sealMessage(work: OneSealing): Promise<Sealed> {
  const { streams, o, sets, input, output, context, signal } = work
  const progress = progressOf(streams, input.name, input.size)
  try {
    const keys = sets.map((set) => set.keys)
    const sealed = await sealStream(keys, input.source, {
      context,
      signal,
      digest: false,
      onProgress: ({ done }) => progress.update(done),
      ...again(o),
    })
    await output.write(sealed.readable)
    const { messageId, recipients } = sealed
    return { kind: 'message', messageId, recipients: believed(sets, recipients) }
  } catch (error) {
    throw inWordsOfTheCommand(error)
  } finally {
    progress.end()
  }
}

async function sealValue(work: OneSealing): Promise<Sealed> {
  const { o, sets, input, output, context, signal } = work
  const bytes = await allOf(input, longestValue)
  const content = valueOf(o.type, bytes, input.name)
  const [{ keys }] = sets as readonly [TrustedKeys]
  try {
    const jwe = await seal(keys, content, { context, signal, ...again(o) })
    await output.write(new Blob([`${jwe}\n`]).stream())
    const { messageId = '', recipients } = await inspect(jwe)
    const [chosen] = recipients
    const key = (await keys.list({ signal })).find(({ thumbprint }) => thumbprint === chosen)
    return { kind: 'value', messageId, recipients: believed(sets, [key as KeyInfo]) }
  } catch (error) {
    throw inWordsOfTheCommand(error)
  }
}

/** An error in the words of the command: who typed it knows `--again`, and not `again: true`. */
function inWordsOfTheCommand(error: unknown): unknown {
  if (!isSealdropError(error)) return error
  const { code, message } = error
  const more =
    code === 'no_usable_key' && message.includes('ARN') ? '; or give --arn, or --jwe' : ''
  const said = message.replace('again: true', '--again') + more
  return said === message ? error : new SealdropError(code, said, { cause: error })
}
