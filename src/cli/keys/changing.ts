import type { InventoryStore, KeyInventory, Kms } from '../../doors/kms.js'
import type { MadeKey } from '../../kms/inventory/inventory-model.js'
import { kmsFlags, kmsOf } from '../arguments/kms.js'
import type { Command } from '../commander.js'
import { UsageError } from '../exit-codes.js'
import { abortedBySignals } from '../signals.js'
import type { Terminal } from '../terminal.js'
import { checkConfirm, confirmed } from './confirmed.js'
import { keyNamed } from './find-key.js'
import { inventoryFlag, inventoryIn, storeOf, type InventoryArguments } from './inventory-of.js'
import { inWordsOfTheCommand } from './words.js'

/** What every command takes that changes something. */
export interface ChangeArguments extends InventoryArguments {
  readonly dryRun?: true
  readonly json?: true
}

/** Adds the flags of every command that changes something. */
export const changeFlags = (command: Command): Command =>
  kmsFlags(
    inventoryFlag(command)
      .option('--dry-run', 'say what would be done, and do nothing')
      .option('--json', 'one JSON object on stdout'),
  )

/** What a command that changes one key takes. */
export interface KeyChangeArguments extends ChangeArguments {
  readonly confirm?: string
}

/** Adds `--confirm`, which stands for what is typed at a terminal. */
export const confirmFlag = (command: Command): Command =>
  command.option(
    '--confirm <thumbprint>',
    'the thumbprint of the key again, where nobody is to be asked',
  )

/** A key that is to be changed, and with what. */
export interface Changing {
  readonly key: MadeKey
  readonly inventory: KeyInventory
  /** How the library names it. */
  readonly named: {
    readonly kms: Kms
    readonly store: InventoryStore
    readonly key: string
    readonly signal: AbortSignal
  }
}

/** A change of a key that was looked at, and was not made yet. */
export interface Change {
  /** What will be done and what it costs, in words. */
  readonly plan: readonly string[]
  /** The same for programs. */
  readonly facts: object
  /** Whether it takes the thumbprint again. */
  readonly isConfirmed: boolean
  /** Makes the change. @returns what came of it, in words and for programs */
  readonly make: () => Promise<Made>
}

/** What came of a change. */
export interface Made {
  readonly words: readonly string[]
  readonly facts: object
}

/**
 * Changes a key: looks at it, says the plan, has it confirmed, and makes the change.
 *
 * @param look - answers the change; it refuses what would be refused later, and changes nothing
 */
export async function changeKey(
  action: string,
  { terminal, name, o }: { terminal: Terminal; name: string; o: KeyChangeArguments },
  look: (of: Changing) => Promise<Change>,
): Promise<void> {
  await abortedBySignals((signal) =>
    inWordsOfTheCommand(async () => {
      const store = await storeOf(o)
      const inventory = await inventoryIn(store)
      const key = keyNamed(inventory, name)
      const { thumbprint, purpose } = key
      checkConfirm({ thumbprint, confirm: o.confirm })
      const named = { kms: kmsOf(o), store, key: thumbprint, signal }
      const change = await look({ key, inventory, named })
      const facts = { action, key: thumbprint, purpose, ...change.facts }
      const plan = [`${action} ${thumbprint} (${key.state}, ${purpose})`, ...change.plan]
      if (o.dryRun) {
        return tell(terminal, o, [...plan, 'Nothing was done.'], { ...facts, dryRun: true })
      }
      for (const line of plan) terminal.note(line)
      if (change.isConfirmed) await confirmed({ thumbprint, confirm: o.confirm, signal })
      const made = await change.make()
      tell(terminal, o, made.words, { ...facts, ...made.facts })
    }),
  )
}

/** Writes to stdout what was done: words, or one object. */
export function tell(
  terminal: Terminal,
  { json }: { readonly json?: true },
  words: readonly string[],
  facts: object,
): void {
  for (const line of json ? [JSON.stringify(facts)] : words) terminal.out(line)
}

/** Reads a date such as 2035-01-31, or with a time in UTC or with its offset. */
export const parseDate =
  (flag: string) =>
  (text: string): Date => {
    const isIso = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
    const date = new Date(isIso && isDay(text.slice(0, 10)) ? text : NaN)
    if (Number.isNaN(date.getTime()))
      throw new UsageError(
        `${flag} ${text}: expected a date, such as 2035-01-31 or 2035-01-31T12:00Z`,
      )
    return date
  }

/** A month may have no such day, and a Date takes the next one then. */
function isDay(day: string): boolean {
  const date = new Date(day)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day)
}
