import { basename } from 'node:path'
import type { FileRecords } from '../../doors/fs.js'
import type { KeyInfo } from '../../doors/index.js'
import type { UploadedFile } from '../../doors/upload.js'
import type { Context } from '../../formats/context.js'
import { isText } from '../../formats/json.js'
import { printable } from '../../errors/printable.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { contextFlags } from '../arguments/context.js'
import { keySetOf, type TrustedKeys } from '../arguments/key-sets.js'
import { keyFlags, type KeyArgument } from '../arguments/recipients.js'
import { ownFolder, stateFolder } from '../arguments/state-folder.js'
import {
  checkTarget,
  targetFlags,
  targetOf,
  type TargetArguments,
  type UploadTarget,
} from '../arguments/upload-target.js'
import { Command } from '../commander.js'
import { eachInput } from '../data/each-input.js'
import { inputNames, openInput } from '../data/inputs.js'
import { outputOf, type Output } from '../data/outputs.js'
import { uploadMeter, type UploadMeter } from '../data/upload-meter.js'
import { UsageError } from '../exit-codes.js'
import { abortedBySignals } from '../signals.js'
import type { Streams, Terminal } from '../terminal.js'
import { reasons } from './seal.js'

const examples = `
Examples:
  $ sealdrop upload -r https://keys.example/jwks.json --root root.json --link - -c claim=7 report.pdf < link.txt
      By a link that you were sent. What it says of itself chooses no key: -r says whom to seal to.
  $ sealdrop upload -r recipient.json --handler https://app.example/uploads --header @token.txt scans/*.tiff
      To the upload handler of a company, which knows the sender by the header in token.txt.
  $ sealdrop upload -r recipient.json --link 'https://app.example/send#drop=…' -c claim=7 --json backup.tar
      A JSON line for each file: its key at the company, its message id and its digest.

Each file is sealed part by part while it is sent. One that was stopped, by Ctrl-C or a lost machine, goes on when the same
command is given again within 7 days. A link and a header let whoever has them send: a shell remembers what stands in a
command, and - and @FILE are not there.`

interface UploadArguments extends TargetArguments {
  readonly records?: string
  readonly name?: string | false
  readonly resume: boolean
  readonly receipt?: string
  readonly force?: true
  readonly jobs?: number
  readonly json?: true
}

function parseJobs(text: string): number {
  if (!/^[1-8]$/.test(text)) throw new UsageError(`--jobs ${text}: expected 1 to 8`)
  return Number(text)
}

/** The command `sealdrop upload`. */
export function uploadCommand(terminal: Terminal, streams: Streams): Command {
  const command = new Command('upload')
    .description('seal files and send them to a company, and go on where it was stopped')
    .argument('<file...>', 'files')
  const recipients = keyFlags(command, {
    flags: '-r, --recipient <url|file>',
    description: 'a key set, a key (JWK, PEM, DER) or a recipient file; again for several',
  })
  const context = contextFlags(command)
  return targetFlags(command)
    .option(
      '--records <folder>',
      "where it is kept what is needed to go on; default: the user's own state folder",
    )
    .option('--no-resume', 'begin anew, also where an unfinished upload could go on')
    .option('--name <name>', 'what the file is called for the company; default: its own name')
    .option('--no-name', 'send no name')
    .option('--receipt <file>', 'write the receipt, where the company has left one already')
    .option('--force', 'replace the receipt that is there')
    .option('--jobs <number>', 'how many files are sent side by side; default: 3', parseJobs)
    .option('--json', 'a JSON line for each file')
    .addHelpText('after', examples)
    .action(async (names: readonly string[], o: UploadArguments) => {
      check(o, recipients, names)
      await abortedBySignals((signal) =>
        run({ terminal, streams, o, recipients, context: context(), names, signal }),
      )
    })
}

interface Uploading {
  readonly terminal: Terminal
  readonly streams: Streams
  readonly o: UploadArguments
  readonly recipients: readonly KeyArgument[]
  readonly context: Context
  readonly names: readonly string[]
  readonly signal: AbortSignal
}

/** What all files of one command share. */
interface Sending extends Uploading, UploadTarget {
  readonly sets: readonly TrustedKeys[]
  readonly records: FileRecords
  readonly receipt: Output | undefined
  readonly meter: UploadMeter
  /** Tells people, once, and beside the line of progress. */
  readonly say: (line: string) => void
}

function check(
  o: UploadArguments,
  recipients: readonly KeyArgument[],
  names: readonly string[],
): void {
  if (recipients.length === 0) throw new UsageError('-r: expected whom to seal to')
  checkTarget(o)
  if (inputNames(names).includes('-'))
    throw new UsageError('-: expected a file, since a pipe cannot be read again')
  if (names.length > 1 && (o.receipt !== undefined || isText(o.name)))
    throw new UsageError('several files: --receipt and --name are for one')
}

async function run(work: Uploading): Promise<void> {
  const { terminal, streams, o, names, signal } = work
  const receipt = await receiptOutput(work)
  const sets = await Promise.all(work.recipients.map((given) => keySetOf(given, 'enc')))
  const target = await targetOf(o, work.context, streams)
  const records = await recordsOf(o)
  const meter = await uploadMeter(streams, names)
  const told = new Set<string>()
  const say = (line: string): void => {
    meter.end()
    if (!told.has(line)) terminal.note(line)
    told.add(line)
  }
  signal.addEventListener('abort', () =>
    say(
      'parts that arrived are kept: the same command goes on with them. A second signal ends at once.',
    ),
  )
  say(target.words)
  const { jobs = 3, json = false } = o
  const sending: Sending = { ...work, ...target, sets, records, receipt, meter, say }
  const all: Promise<void>[] = []
  const sendOne = (name: string, index: number): Promise<void> => {
    const sent = send(name, index, sending)
    all.push(sent)
    return sent
  }
  try {
    await eachInput(names, { jobs, terminal, json }, sendOne)
  } finally {
    // what was just begun at the handler is put into the record first, also after a signal
    await Promise.allSettled(all)
    target.close()
    meter.end()
  }
}

async function receiptOutput({ o, streams, names }: Uploading): Promise<Output | undefined> {
  if (o.receipt === undefined) return undefined
  if (o.receipt === '-') throw new UsageError('--receipt -: expected a file')
  return outputOf(o.receipt, { streams, force: o.force ?? false, mode: 'umask', inputs: names })
}

async function recordsOf({ records }: UploadArguments): Promise<FileRecords> {
  const { fileRecords } = await import('../../stores/files/file-records.js')
  const flag = '--records'
  return fileRecords(
    await (records === undefined ? stateFolder('uploads', flag) : ownFolder(records, flag)),
  )
}

async function send(name: string, index: number, work: Sending): Promise<void> {
  const { o, sets, records, transport, link, context, signal, meter, say } = work
  const input = await openInput(name, work.streams)
  if (input.kind !== 'file')
    throw new UsageError(`${name}: expected a file, since a pipe cannot be read again`)
  const { uploadSealed } = await import('../../doors/upload.js')
  const keys = sets.map((set) => set.keys)
  const upload = await uploadSealed(keys, input.source, {
    context,
    transport,
    records,
    signal,
    resume: o.resume,
    name: o.name ?? basename(name),
    ...(link && { link: { token: link.token } }),
    onProgress: (p) =>
      meter.update(index, p, () => say(`${name}: it goes on where it was stopped`)),
  }).catch(inWordsOfTheCommand)
  // settles in any case, also while the lines below are made
  const ending = upload.done.catch(inWordsOfTheCommand)
  ending.catch(() => {})
  const sealedTo = await inOrderOf(sets, upload.recipients, signal).catch((error: unknown) => {
    upload.pause()
    throw error
  })
  for (const line of reasons(sets, sealedTo)) say(line)
  const done = await ending
  tell(name, { done, sealedTo: upload.recipients }, work)
  if (work.receipt) await writeReceipt(work.receipt, done, work)
}

/** The key that was chosen of each set. An upload that goes on has them in the order of then. */
async function inOrderOf(
  sets: readonly TrustedKeys[],
  recipients: readonly KeyInfo[],
  signal: AbortSignal,
): Promise<readonly KeyInfo[]> {
  const chosen = sets.map(async ({ keys }) => {
    const known = (await keys.list({ signal })).map(({ thumbprint }) => thumbprint)
    return recipients.find(({ thumbprint }) => known.includes(thumbprint))
  })
  return (await Promise.all(chosen)).map((key, index) => key ?? (recipients[index] as KeyInfo))
}

function tell(
  name: string,
  { done, sealedTo }: { readonly done: UploadedFile; readonly sealedTo: readonly KeyInfo[] },
  { o, terminal, meter }: Sending,
): void {
  meter.end()
  if (o.json) {
    const recipients = sealedTo.map(({ thumbprint }) => thumbprint)
    return terminal.out(JSON.stringify({ input: name, ...done, recipients }))
  }
  const rows = [
    ['key', done.key],
    ['version', done.version],
    ['message id', done.messageId],
    ['bytes', done.length],
    ['digest', done.digest],
  ] as const
  terminal.out(printable(name))
  for (const [label, value] of rows)
    if (value !== undefined) terminal.out(`  ${label.padEnd(12)}${printable(String(value))}`)
}

/** Three parts of base64url: a compact JWS. Nobody has verified it. */
const looksSigned = (value: unknown): value is string =>
  isText(value) && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(value)

async function writeReceipt(
  output: Output,
  { session }: UploadedFile,
  { transport, link, signal, say }: Sending,
): Promise<void> {
  const { receipt } = await transport.ask('receipt', { session }, { signal, link: link?.token })
  if (receipt === null) return say(`${output.name}: the company has left no receipt yet`)
  if (!looksSigned(receipt))
    throw new SealdropError('malformed', 'upload handler: its receipt is no compact JWS')
  await output.write(new Blob([`${receipt}\n`]).stream())
  say(`${output.name}: the receipt as it came, which sealdrop verify --receipt verifies`)
}

/** An error in the words of the command, which has no `again: true`. */
function inWordsOfTheCommand(error: unknown): never {
  if (!isSealdropError(error)) throw error
  const { code, message } = error
  const said = message.replace(/: to seal it twice pass again: true$/, ', and is not sealed twice')
  throw said === message ? error : new SealdropError(code, said, { cause: error })
}
