import type { KeyInventory, Purpose, RotationPlan, Step } from '../../../doors/kms.js'
import { SealdropError } from '../../../errors/sealdrop-error.js'
import { kmsOf } from '../../arguments/kms.js'
import type { Command } from '../../commander.js'
import { UsageError } from '../../exit-codes.js'
import { askTerminal } from '../../keys/ask.js'
import { changeFlags, type ChangeArguments } from '../../keys/changing.js'
import { everyFlag, everyOf, type EveryArguments } from '../../keys/every.js'
import { keyOf } from '../../keys/find-key.js'
import { inventoryIn, storeOf } from '../../keys/inventory-of.js'
import { KeyCommand } from '../../keys/key-command.js'
import { purposeFlags } from '../../keys/purpose-flags.js'
import { carryOut, tellNext, tellSteps } from '../../keys/run-plan.js'
import { inWordsOfTheCommand } from '../../keys/words.js'
import { abortedBySignals } from '../../signals.js'
import type { Terminal } from '../../terminal.js'

const examples = `
Examples:
  $ sealdrop keys init --inventory keys --purpose claims=ECC_NIST_P256:KEY_AGREEMENT --without-arn
      A new inventory in the folder keys, and its first keys in KMS: alias/claims names the current one.
  $ sealdrop keys init --inventory s3://bucket/keys.json --purpose claims=RSA_3072:ENCRYPT_DECRYPT --alias alias/our-claims --purpose receipts=ECC_NIST_P256:SIGN_VERIFY
      Keys to seal to and keys that sign. --alias, --alg, --replica, --keep-days and --age are about the purpose before them.
  $ sealdrop keys init --inventory keys --purpose files=ECC_NIST_P256:KEY_AGREEMENT --age --without-arn
      Keys for age files: partners seal with stock age, and these keys open. No other purpose opens them.

Whether ARNs stand in the key set is asked at the terminal, unless --with-arn or --without-arn says it. An inventory that
is there is never replaced. An init that was cut off is repeated with the same arguments, and goes on.`

interface InitArguments extends ChangeArguments, EveryArguments {
  readonly lifetime?: number
  readonly withArn?: true
  readonly withoutArn?: true
}

const hour = 3_600_000

function parseLifetime(text: string): number {
  const hours = Number(text)
  if (!/^\d{1,3}(\.\d{1,2})?$/.test(text) || hours < 0.25 || hours > 168)
    throw new UsageError(`--lifetime ${text}: expected hours from 0.25 to 168`)
  return Math.round(hours * hour)
}

/** The command `sealdrop keys init`. */
export function initCommand(terminal: Terminal): Command {
  const command = new KeyCommand('init').description('make a new inventory and its first keys')
  const purposes = purposeFlags(command)
  command
    .option(
      '--lifetime <hours>',
      'for how long a signed set is good, 0.25 to 168; default: 24',
      parseLifetime,
    )
    .option('--with-arn', 'show the ARNs of keys that are sealed to in the key set')
    .option('--without-arn', 'show no ARN')
  return everyFlag(changeFlags(command))
    .addHelpText('after', examples)
    .action((o: InitArguments) =>
      abortedBySignals((signal) =>
        inWordsOfTheCommand(() => init({ terminal, o, purposes, signal })),
      ),
    )
}

interface Init {
  readonly terminal: Terminal
  readonly o: InitArguments
  readonly purposes: (withArn: boolean) => readonly Purpose[]
  readonly signal: AbortSignal
}

async function init(work: Init): Promise<void> {
  const { terminal, o, signal } = work
  const { planRotation } = await import('../../../doors/kms.js')
  const { json = false, dryRun } = o
  check(work)
  const store = await storeOf(o)
  const found = await store.read()
  if (found) checkBegun(work, found.inventory)
  const first = found?.inventory ?? (await firstInventory(work))
  if (!found) await checkAliases(first, o, signal)
  const planOf = (inventory: KeyInventory): RotationPlan =>
    keysFirst(planRotation(inventory, { now: new Date(), every: everyOf(o) }), inventory)
  const plan = planOf(first)
  if (dryRun) {
    if (!json) terminal.out(`would be written to ${o.inventory}: ${namesOf(first)}`)
    return tellSteps({ terminal, json }, 'planned', plan.steps)
  }
  if (!found) await store.write(first)
  terminal.note(`${o.inventory} is ${found ? 'there, and this init goes on' : 'made'}`)
  await carryOut(plan, { terminal, json, store, kms: kmsOf(o), signal })
  const made = await inventoryIn(store)
  checkWhole(made, terminal)
  tellNext({ terminal, json }, planOf(made).next)
  terminal.note('Now: sealdrop keys publish')
}

const namesOf = ({ purposes }: KeyInventory): string =>
  purposes.map(({ name, spec, usage, alias }) => `${name} (${spec} ${usage}, ${alias})`).join(', ')

function check({ o, purposes }: Init): void {
  if (purposes(false).length === 0)
    throw new UsageError(
      '--purpose: expected what keys are made for, such as claims=ECC_NIST_P256:KEY_AGREEMENT',
    )
  if (o.withArn && o.withoutArn)
    throw new UsageError('--with-arn and --without-arn exclude each other')
}

/** The inventory as it begins. */
async function firstInventory(work: Init): Promise<KeyInventory> {
  const { checkInventory } = await import('../../../kms/inventory/check-inventory.js')
  // what is wrong is told before anything is asked
  checkInventory(inventoryOf(work, false), 'invalid_argument')
  return inventoryOf(work, await isWithArn(work))
}

function inventoryOf({ o, purposes }: Init, withArn: boolean): KeyInventory {
  const { lifetime } = o
  return {
    version: 1,
    counter: 0,
    ...(lifetime !== undefined && { lifetime }),
    purposes: purposes(withArn),
    keys: [],
  }
}

const answers: Readonly<Record<string, boolean>> = { y: true, yes: true, n: false, no: false }

/** Whether ARNs stand in the set: as a flag says, or as a person answers. */
async function isWithArn({ o, purposes, signal }: Init): Promise<boolean> {
  if (o.withArn ?? o.withoutArn) return o.withArn === true
  if (purposes(false).every(({ use }) => use === 'sig')) return false
  const region = o.region ?? process.env['AWS_REGION'] ?? 'us-east-1'
  const arn = `arn:aws:kms:${region}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab`
  const typed = await askTerminal(
    `A key set can show the ARNs of its keys, such as\n  ${arn}\n` +
      'Everybody sees your account then. RSA keys take files only with it; others need none.\n' +
      'Shall the set show them? yes or no: ',
    signal,
  )
  if (typed === undefined)
    throw new UsageError(
      'there is no terminal to ask whether ARNs stand in the set: say --with-arn or --without-arn',
    )
  const answer = Object.hasOwn(answers, typed.toLowerCase())
    ? answers[typed.toLowerCase()]
    : undefined
  if (answer === undefined) throw new UsageError('expected yes or no; nothing was done')
  return answer
}

/**
 * Refuses aliases that name a key already, before anything is written.
 *
 * KMS is reached for the first time by it: where that fails, nothing is left either.
 */
async function checkAliases(
  { purposes }: KeyInventory,
  o: InitArguments,
  signal: AbortSignal,
): Promise<void> {
  const { ManagementPort } = await import('../../../kms/port/management-port.js')
  const port = new ManagementPort(kmsOf(o))
  try {
    for (const { name, alias } of purposes) {
      const named = await port.aliased(alias, signal)
      if (named !== undefined)
        throw new UsageError(
          `${alias} names ${named} already: choose another one, by --alias behind the purpose ${name}; nothing was done`,
        )
    }
  } finally {
    port.close()
  }
}

/** Refuses an inventory that is there, unless an init with these arguments began it. */
function checkBegun({ o, purposes }: Init, found: KeyInventory): void {
  const ways = [true, false].filter((withArn) => !(withArn ? o.withoutArn : o.withArn))
  const asked = ways.map((withArn) => JSON.stringify(purposes(withArn)))
  const isAsked = asked.includes(JSON.stringify(found.purposes)) && found.lifetime === o.lifetime
  const isFirst = found.keys.every(({ state }) => ['making', 'next', 'current'].includes(state))
  if (!isAsked || !isFirst || isWhole(found))
    throw new UsageError(
      `${o.inventory}: there is an inventory already, which is left as it is: sealdrop keys list shows it`,
    )
}

/** Whether each purpose has all that the first run of a rotation gives it. */
const isWhole = (inventory: KeyInventory): boolean =>
  inventory.purposes.every(
    (purpose) =>
      keyOf(inventory, purpose, 'current')?.aliased !== undefined &&
      keyOf(inventory, purpose, 'next') !== undefined,
  )

/**
 * The steps in such an order that all keys are made before one comes into use.
 *
 * Once a key is in use somebody may have a set without the others. One that signs waits for 49
 * hours then, so that an init which is cut off earlier costs no wait.
 */
function keysFirst(plan: RotationPlan, inventory: KeyInventory): RotationPlan {
  const { purposes } = inventory
  const signing = purposes.filter(({ use }) => use === 'sig').map(({ name }) => name)
  // a purpose that has a next key gets another one when that is in use, and not before
  const ready = purposes.filter((purpose) => keyOf(inventory, purpose, 'next'))
  const made = new Set(ready.map(({ name }) => name))
  const rankOf = ({ kind, key }: Step): number => {
    if (kind === 'activate') return signing.includes(key) ? 1 : 2
    if (kind !== 'create' || made.has(key)) return 3
    made.add(key)
    return 0
  }
  const ranked = plan.steps.map((step) => [rankOf(step), step] as const)
  return { ...plan, steps: ranked.sort(([a], [b]) => a - b).map(([, step]) => step) }
}

/**
 * Refuses to say that all is done while another run makes a first key.
 *
 * One that was made, and waits until everybody can know it, is told.
 */
function checkWhole(inventory: KeyInventory, terminal: Terminal): void {
  const missing = inventory.purposes.filter((purpose) => !keyOf(inventory, purpose, 'current'))
  for (const purpose of missing) {
    if (!keyOf(inventory, purpose, 'next'))
      throw new SealdropError(
        'conflict',
        `${purpose.name} has no key yet, since another run makes it, or was cut off: repeat in 30 minutes`,
      )
    terminal.note(
      `${purpose.name} comes into use by sealdrop keys rotate, since a set without it may be in use`,
    )
  }
}
