import type { KeyInventory } from '../../../doors/kms.js'
import { SealdropError } from '../../../errors/sealdrop-error.js'
import { kmsOf } from '../../arguments/kms.js'
import type { Command } from '../../commander.js'
import { UsageError } from '../../exit-codes.js'
import { changeFlags, type ChangeArguments } from '../../keys/changing.js'
import type { AgePlan } from '../../keys/age-documents.js'
import type { PublishOptions } from '../../keys/documents.js'
import { inventoryIn, storeOf } from '../../keys/inventory-of.js'
import { KeyCommand } from '../../keys/key-command.js'
import { targetOf, type Held, type Target, type ToPublish } from '../../keys/targets.js'
import { dateOf, inWordsOfTheCommand } from '../../keys/words.js'
import { abortedBySignals } from '../../signals.js'
import type { Terminal } from '../../terminal.js'

const examples = `
Examples:
  $ sealdrop keys publish --inventory s3://bucket/keys.json --root alias/root --to s3://web/.well-known
      Writes history.jwt, jwks.jwt and jwks.json, in this order. Run it every hour, and after each change of keys.
  $ sealdrop keys publish --inventory keys --root alias/root --to public --dry-run
      What would be written to a folder that a web server shows, with its content types. Nothing is signed.
  $ sealdrop keys publish --inventory keys --unsigned --to public
      The plain set alone, for clients that pin keys or believe https.
  $ sealdrop keys publish --inventory keys --root alias/root --to public --sign-with receipts
      Where a purpose has age: true age.txt is written too. The current key of the purpose receipts signs it: age.txt.sig.

Each document is replaced whole. Where another publisher was there meanwhile, or the set that is there is newer, nothing
more is written: exit code 6. A web server must send each with its content type, and Cache-Control: public, max-age=300.`

interface PublishArguments extends ChangeArguments {
  readonly to: string
  readonly root?: string
  readonly unsigned?: true
  readonly setName?: string
  readonly issuer?: string
  readonly signWith?: string
}

/** The command `sealdrop keys publish`. */
export function publishCommand(terminal: Terminal): Command {
  const command = new KeyCommand('publish')
    .description('write the key set and the history to where clients fetch them')
    .requiredOption('--to <where>', 'a folder, or s3://bucket/prefix')
    .option('--root <key>', 'the KMS key that signs: its ARN, id or alias')
    .option('--unsigned', 'write the plain set only')
    .option('--sign-with <key>', 'a purpose or key of the inventory that signs age.txt')
    .option('--set-name <name>', 'name of the set, where the root signs several; default: default')
    .option('--issuer <issuer>', "issuer of the set; default: the root's thumbprint as a URN")
  return changeFlags(command)
    .addHelpText('after', examples)
    .action((o: PublishArguments) =>
      abortedBySignals((signal) => inWordsOfTheCommand(() => publish(terminal, o, signal))),
    )
}

function check({ root, unsigned, setName, issuer }: PublishArguments): void {
  if (root !== undefined && unsigned)
    throw new UsageError('--root and --unsigned exclude each other')
  if (root === undefined && !unsigned)
    throw new UsageError('--root: expected the KMS key that signs; or say --unsigned')
  if (unsigned && (setName !== undefined || issuer !== undefined))
    throw new UsageError('--set-name and --issuer are for signed sets')
}

const optionsOf = (o: PublishArguments): PublishOptions => ({
  signer: {
    kms: kmsOf(o),
    ...(o.root !== undefined && { root: o.root }),
    ...(o.issuer !== undefined && { issuer: o.issuer }),
  },
  ...(o.setName !== undefined && { name: o.setName }),
})

async function publish(
  terminal: Terminal,
  o: PublishArguments,
  signal: AbortSignal,
): Promise<void> {
  check(o)
  const { documentKinds, documentsOf } = await import('../../keys/documents.js')
  const store = await storeOf(o)
  const target = await targetOf(o.to, o)
  // before the inventory: whoever writes after this has one that is as new
  const held = new Map<string, Held | undefined>()
  for (const { name } of documentKinds) held.set(name, await target.read(name))
  const inventory = await inventoryIn(store)
  await checkNewer(inventory, held, target)
  const age = await ageOf(inventory, held, o)
  for (const note of age.notes) terminal.note(note)
  if (o.dryRun) return tellPlan(terminal, { o, inventory, target, held, age })
  const { documents, expires } = await documentsOf(inventory, { ...optionsOf(o), age, signal })
  for (const document of documents) {
    signal.throwIfAborted()
    await target.write(document, held.get(document.name))
    tellWritten(terminal, { o, target, document, expires })
  }
  if (!o.json && !o.unsigned) terminal.out(`Publish again before ${dateOf(expires)}.`)
}

type HeldDocuments = ReadonlyMap<string, Held | undefined>

/** What of age is published. */
async function ageOf(
  inventory: KeyInventory,
  held: HeldDocuments,
  o: PublishArguments,
): Promise<AgePlan> {
  const { ageNames, agePlan } = await import('../../keys/age-documents.js')
  const [recipients, signature] = [ageNames.recipients, ageNames.signature].map(
    (name) => held.get(name)?.text,
  )
  return agePlan({ inventory, held: { recipients, signature }, signWith: o.signWith, kms: o })
}

/** Refuses to put an older set in the place of a newer one, which clients would not believe. */
async function checkNewer(
  { counter }: KeyInventory,
  held: HeldDocuments,
  target: Target,
): Promise<void> {
  const { versionOf } = await import('../../keys/documents.js')
  for (const [name, there] of held) {
    const version = there && versionOf(there.text)
    if (version !== undefined && version > counter)
      throw new SealdropError(
        'conflict',
        `${target.placeOf(name)}: what is there is of version ${version}, and the inventory of version ${counter}: another publisher was first, or this is another inventory`,
      )
  }
}

interface Planned {
  readonly o: PublishArguments
  readonly inventory: KeyInventory
  readonly target: Target
  readonly held: HeldDocuments
  readonly age: AgePlan
}

async function tellPlan(terminal: Terminal, of: Planned): Promise<void> {
  const { cacheControl, documentKinds, documentsOf, wouldExpire } =
    await import('../../keys/documents.js')
  const { o, inventory, target, held, age } = of
  const planned = { inventory, age, isSigned: o.unsigned !== true }
  // refuses a set that no client takes, and asks KMS nothing
  await documentsOf(inventory, { signer: {} })
  for (const { name, type, keysOf } of documentKinds) {
    const keys = keysOf(planned)
    if (keys === undefined) continue
    const place = target.placeOf(name)
    const replaces = held.get(name) !== undefined
    const expires = wouldExpire(inventory)
    const facts = { place, type, cacheControl, keys, replaces, expires, dryRun: true }
    const words = `would ${replaces ? 'replace' : 'write  '} ${place}  ${keys} keys, ${type}, ${cacheControl}`
    terminal.out(o.json ? JSON.stringify(facts) : words)
  }
}

interface Written {
  readonly o: PublishArguments
  readonly target: Target
  readonly document: ToPublish
  readonly expires: Date
}

function tellWritten(terminal: Terminal, { o, target, document, expires }: Written): void {
  const { name, text, type, cacheControl } = document
  const place = target.placeOf(name)
  const bytes = new TextEncoder().encode(text).length
  const facts = { place, type, cacheControl, bytes, expires }
  const words = `wrote ${place}  ${bytes} bytes, ${type}, ${cacheControl}`
  terminal.out(o.json ? JSON.stringify(facts) : words)
}
