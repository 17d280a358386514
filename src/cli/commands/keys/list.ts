import type { KeyInfo } from '../../../doors/index.js'
import { keySetOf } from '../../arguments/key-sets.js'
import { loneTrustFlags, type KeyArgument } from '../../arguments/recipients.js'
import type { Command } from '../../commander.js'
import { UsageError } from '../../exit-codes.js'
import { everyFlag, everyOf, type EveryArguments } from '../../keys/every.js'
import {
  inventoryFlag,
  inventoryIn,
  storeOf,
  type InventoryArguments,
} from '../../keys/inventory-of.js'
import { KeyCommand } from '../../keys/key-command.js'
import { inLines, keyRows } from '../../keys/key-rows.js'
import { dateOf, inWordsOfTheCommand } from '../../keys/words.js'
import { abortedBySignals } from '../../signals.js'
import type { Terminal } from '../../terminal.js'

const examples = `
Examples:
  $ sealdrop keys list --inventory s3://bucket/keys.json --every P3M
      All keys that there ever were, since when each is what it is, and what a rotation does next.
  $ sealdrop keys list https://keys.example/jwks.jwt --root root.json
      The keys of a company, which a root that you hold has signed.
  $ sealdrop keys list --json public/jwks.json
      The keys of a set in a file, a JSON line each.

No KMS is asked. A URL needs a reason to believe it: --root, --pin or --trust-https.`

interface ListArguments extends InventoryArguments, EveryArguments {
  readonly json?: true
}

/** The command `sealdrop keys list`. */
export function listCommand(terminal: Terminal): Command {
  const command = new KeyCommand('list')
    .description('list the keys of an inventory, or of a key set')
    .argument('[url|file]', 'a key set or a recipient file, where no inventory is named')
  const keysOf = loneTrustFlags(command)
  return everyFlag(inventoryFlag(command))
    .option('--profile <name>', 'profile of the credentials; default: AWS_PROFILE')
    .option('--json', 'a JSON line for each key')
    .addHelpText('after', examples)
    .action((source: string | undefined, o: ListArguments) =>
      abortedBySignals((signal) =>
        inWordsOfTheCommand(async () => {
          if ((source === undefined) === (o.inventory === undefined))
            throw new UsageError('expected either --inventory, or the URL or file of a key set')
          if (source === undefined) return listInventory(terminal, o)
          return listSet(terminal, o, keysOf(source), signal)
        }),
      ),
    )
}

async function listInventory(terminal: Terminal, o: ListArguments): Promise<void> {
  const { planRotation } = await import('../../../doors/kms.js')
  const inventory = await inventoryIn(await storeOf(o))
  const { steps } = planRotation(inventory, { now: new Date(), every: everyOf(o) })
  const rows = keyRows(inventory, steps)
  for (const line of o.json ? rows.map((row) => JSON.stringify(row)) : inLines(rows))
    terminal.out(line)
}

async function listSet(
  terminal: Terminal,
  { json }: ListArguments,
  given: KeyArgument,
  signal: AbortSignal,
): Promise<void> {
  const { keys, source, trust } = await keySetOf(given, undefined)
  const found = await keys.list({ signal })
  terminal.note(`${source}: ${found.length} keys, ${trust}`)
  for (const key of found) terminal.out(json ? JSON.stringify(key) : infoLine(key))
}

function infoLine({ thumbprint, use, alg, arn, issuedAt, expires }: KeyInfo): string {
  const facts = [
    thumbprint,
    use === 'sig' ? 'signs' : 'is sealed to',
    alg,
    ...(issuedAt ? [`since ${dateOf(issuedAt)}`] : []),
    ...(expires ? [`until ${dateOf(expires)}`] : []),
    ...(arn === undefined ? [] : [arn]),
  ]
  return facts.join('  ')
}
