import type { Signer } from '../../doors/kms.js'
import { inspect, receiptFile, type KeySet } from '../../doors/index.js'
import { isJsonObject, parseJson } from '../../formats/json.js'
import type { Context } from '../../formats/context.js'
import { fromUtf8 } from '../../bytes/text.js'
import { loadSdk } from '../../kms/port/peer.js'
import { contextFlags } from '../arguments/context.js'
import { keySetOf } from '../arguments/key-sets.js'
import { kmsFlags, kmsOf } from '../arguments/kms.js'
import { keyFlags, type KeyArgument } from '../arguments/recipients.js'
import { valueOf, valueTypeOption, type ValueType } from '../arguments/value-type.js'
import { Command, Option } from '../commander.js'
import { takesSettings } from '../config/apply.js'
import { eachInput, type Facts } from '../data/each-input.js'
import { allOf, inputNames, openInput, type Input } from '../data/inputs.js'
import { inspectable } from '../data/kinds.js'
import { measured } from '../data/measured.js'
import { outputOf } from '../data/outputs.js'
import { progressOf } from '../data/progress.js'
import { UsageError } from '../exit-codes.js'
import { abortedBySignals } from '../signals.js'
import type { Streams, Terminal } from '../terminal.js'

const examples = `
Examples:
  $ sealdrop sign --key-id alias/releases backup.tar
      Writes backup.tar.sig: a JWS and the hashes of the file's chunks. KMS is asked once, whatever the size.
  $ echo 'order 7 is paid' | sealdrop sign --key-id alias/receipts --token --type text
      A token (JWS) of any value, on stdout.
  $ sealdrop sign --key-id alias/receipts --jwt 900 < claims.json
      A JWT of these claims, which is good for 900 seconds.
  $ sealdrop sign --key-id alias/receipts --receipt opened report.sealed
      A receipt for a sealed file or value, for whoever sent it.
  $ sealdrop sign --key-id alias/receipts --receipt-file opened -k keys.signed --root root.json report.sealed
      The receipt in a file to keep for years, with the key set of -k, which must vouch for the key that signs.

KMS is reached by the AWS default chain. The key needs the usage SIGN_VERIFY.`

type Stage = 'received' | 'opened'

interface SignArguments {
  readonly keyId?: string
  readonly alg?: string
  readonly token?: true
  readonly jwt?: number
  readonly receipt?: Stage
  readonly receiptFile?: Stage
  readonly type?: ValueType
  readonly name?: string
  readonly mediaType?: string
  readonly output?: string
  readonly force?: true
  readonly json?: true
  readonly region?: string
  readonly profile?: string
  readonly endpointUrl?: string
}

interface Signing {
  readonly signer: Signer
  readonly streams: Streams
  readonly o: SignArguments
  readonly context: Context
  /** What vouches for the key of a receipt file. */
  readonly keys?: KeySet
  readonly signal: AbortSignal
}

/** The longest text that is signed as a token, in bytes: KMS takes 4,096 of an Ed25519 key. */
const longestToken = 2 ** 20

function parseSeconds(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--jwt ${text}: expected seconds`)
  return Number(text)
}

/** The command `sealdrop sign`. */
export function signCommand(terminal: Terminal, streams: Streams): Command {
  const command = new Command('sign')
    .description('sign files, tokens and receipts by KMS')
    .argument('[in...]', 'files; default: stdin')
    .option('--key-id <arn|alias>', 'the key of KMS that signs')
    .option('--alg <name>', "the algorithm, by JOSE's or KMS's name; default: that of the key")
    .option('--token', 'sign a value as a token (JWS), and no file')
    .option('--jwt <seconds>', 'sign JSON claims as a JWT that is good for so long', parseSeconds)
    .addOption(stageOption('--receipt <stage>', 'sign a receipt for a sealed file or value'))
    .addOption(
      stageOption('--receipt-file <stage>', 'the same, in a file with the key set of -k, to keep'),
    )
    .addOption(valueTypeOption('what a token holds; default: bytes'))
    .option('--name <name>', 'what the signature calls the file; default: its own name')
    .option('--media-type <type>', 'media type of the file; default: none')
  const keys = keyFlags(command, {
    flags: '-k, --key <url|file>',
    description: 'the published key set that vouches for the key, which a receipt file holds',
  })
  const context = contextFlags(command)
  command
    .option('-o, --output <file>', 'where it goes; default: FILE.sig beside a file, else stdout')
    .option('--force', 'replace what is there')
    .option('--json', 'a JSON line on stderr for each input')
  return takesSettings(kmsFlags(command), ['json'])
    .addHelpText('after', examples)
    .action(async (names: readonly string[], o: SignArguments) => {
      check(o, names, context())
      const given = vouching(keys, o)
      await abortedBySignals(async (signal) => {
        const set = given && (await keySetOf(given, 'sig')).keys
        const work = { o, streams, context: context(), signal, ...(set && { keys: set }) }
        await run(terminal, inputNames(names), work)
      })
    })
}

const stageOption = (flags: string, description: string): Option =>
  new Option(flags, description).choices(['received', 'opened'])

/** The one key set of a receipt file. */
function vouching(
  keys: readonly KeyArgument[],
  { receiptFile: stage }: SignArguments,
): KeyArgument | undefined {
  if ((stage === undefined) !== (keys.length === 0) || keys.length > 1)
    throw new UsageError('--receipt-file and -k need each other, once')
  return keys[0]
}

function check(o: SignArguments, names: readonly string[], context: Context): void {
  const { keyId, token, jwt, receipt, receiptFile: kept, type, name, mediaType, output } = o
  if (keyId === undefined) throw new UsageError('--key-id: expected the key that signs')
  const ways = [token, jwt, receipt, kept].filter((way) => way !== undefined).length
  if (ways > 1)
    throw new UsageError('--token, --jwt, --receipt and --receipt-file exclude each other')
  if (type !== undefined && !token) throw new UsageError('--type: it is for --token')
  const isOfFile =
    [name, mediaType].some((it) => it !== undefined) || Object.keys(context).length > 0
  if (ways > 0 && isOfFile)
    throw new UsageError('--name, --media-type and -c are for signatures of files')
  if (names.length > 1 && (output ?? name) !== undefined)
    throw new UsageError('several inputs: -o and --name are for one')
}

async function run(
  terminal: Terminal,
  names: readonly string[],
  given: Omit<Signing, 'signer'>,
): Promise<void> {
  const { o } = given
  // what is missing is told at once, and not as a state of keys
  await loadSdk()
  const { createSigner } = await import('../../doors/kms.js')
  const { keyId = '', alg, json = false } = o
  const signer = createSigner({ kms: kmsOf(o), key: keyId, ...(alg !== undefined && { alg }) })
  try {
    await eachInput(names, { jobs: 1, terminal, json, told: true }, (name) =>
      signOne(name, { ...given, signer }),
    )
  } finally {
    await signer.close()
  }
}

/** What is signed, by the flag that says so. */
const kindOf = ({ token, jwt, receipt, receiptFile: kept }: SignArguments): string =>
  (
    [
      ['token', token],
      ['jwt', jwt],
      ['receipt', receipt],
      ['receipt-file', kept],
    ] as const
  ).find(([, way]) => way !== undefined)?.[0] ?? 'file'

async function signOne(name: string, work: Signing): Promise<Facts> {
  const { o, streams } = work
  const kind = kindOf(o)
  const isFile = kind === 'file'
  if (isFile && name === '-') throw new UsageError('a signature of a file: expected a file')
  const path = o.output ?? (isFile ? `${name}.sig` : '-')
  const how = { streams, force: o.force ?? false, mode: 'umask', inputs: [name] } as const
  const output = measured(await outputOf(path, how), o.json ?? false)
  const input = await openInput(name, streams)
  const text = await (isFile ? signedFile(input, work) : signedText(input, work))
  await output.write(new Blob([text, text.endsWith('\n') ? '' : '\n']).stream())
  return { output: output.name, bytes: output.bytes(), kind }
}

async function signedFile(input: Input, work: Signing): Promise<string> {
  const { signer, o, streams, context, signal } = work
  const progress = progressOf(streams, input.name, input.size)
  try {
    return await signer.signFile(input.name, {
      context,
      signal,
      onProgress: ({ done }) => progress.update(done),
      ...(o.name !== undefined && { name: o.name }),
      ...(o.mediaType !== undefined && { mediaType: o.mediaType }),
    })
  } finally {
    progress.end()
  }
}

async function signedText(input: Input, work: Signing): Promise<string> {
  const { signer, o, signal } = work
  const stage = o.receipt ?? o.receiptFile
  if (stage !== undefined) return receiptOf(input, stage, work)
  const bytes = await allOf(input, longestToken)
  if (o.jwt === undefined) return signer.sign(valueOf(o.type, bytes, input.name), { signal })
  const claims = parseJson(fromUtf8(bytes) ?? '', { code: 'malformed', field: input.name })
  if (!isJsonObject(claims)) throw new UsageError(`${input.name}: expected claims as a JSON object`)
  return signer.signJwt(claims, { expiresIn: o.jwt * 1000, signal })
}

async function receiptOf(
  input: Input,
  stage: Stage,
  { signer, keys, signal }: Signing,
): Promise<string> {
  const found = await inspect(await inspectable(input), { signal })
  const { messageId = '', digest = '', length = 0, context = {} } = found
  if (messageId === '') throw new UsageError(`${input.name}: expected a sealed file or value`)
  const receipt = await signer.signReceipt(
    { messageId, digest, length, context, stage },
    { signal },
  )
  // it verifies before it is written: a file that nobody can verify in years is worth nothing
  return keys ? receiptFile(keys, receipt, { sent: { messageId, digest }, signal }) : receipt
}
