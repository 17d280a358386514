import type { Command } from '../../commander.js'
import { kmsOf } from '../../arguments/kms.js'
import { changeFlags, type ChangeArguments } from '../../keys/changing.js'
import { everyFlag, everyOf, type EveryArguments } from '../../keys/every.js'
import { inventoryIn, storeOf } from '../../keys/inventory-of.js'
import { KeyCommand } from '../../keys/key-command.js'
import { carryOut, tellNext, tellSteps } from '../../keys/run-plan.js'
import { inWordsOfTheCommand } from '../../keys/words.js'
import { abortedBySignals } from '../../signals.js'
import type { Terminal } from '../../terminal.js'

const examples = `
Examples:
  $ sealdrop keys rotate --inventory s3://bucket/keys.json --every P3M --dry-run
      The plan in words: which steps are due now, which later, and why.
  $ sealdrop keys rotate --inventory s3://bucket/keys.json --every P3M
      Does what is due. Run it every hour, in one place or in several; then publish.

It never disables or deletes a key. What was begun and cut off is finished by the next run.`

type RotateArguments = ChangeArguments & EveryArguments

/** The command `sealdrop keys rotate`. */
export function rotateCommand(terminal: Terminal): Command {
  const command = new KeyCommand('rotate').description('do what is due of the rotation of keys')
  return everyFlag(changeFlags(command))
    .addHelpText('after', examples)
    .action((o: RotateArguments) =>
      abortedBySignals((signal) => inWordsOfTheCommand(() => rotate(terminal, o, signal))),
    )
}

async function rotate(terminal: Terminal, o: RotateArguments, signal: AbortSignal): Promise<void> {
  const { planRotation } = await import('../../../doors/kms.js')
  const { dryRun = false, json = false } = o
  const store = await storeOf(o)
  const planOf = async (): Promise<ReturnType<typeof planRotation>> =>
    planRotation(await inventoryIn(store), { now: new Date(), every: everyOf(o) })
  const plan = await planOf()
  if (dryRun) {
    tellSteps({ terminal, json }, 'planned', plan.steps)
    return tellNext({ terminal, json }, plan.next)
  }
  const done = await carryOut(plan, { terminal, json, store, kms: kmsOf(o), signal })
  // what was done makes new steps
  tellNext({ terminal, json }, (await planOf()).next)
  if (done.length > 0) terminal.note('Now: sealdrop keys publish')
}
