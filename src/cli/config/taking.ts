import type { Command } from '../commander.js'
import { UsageError } from '../exit-codes.js'

/** Commands that a configuration reaches. It is read by those alone. */
export const taking: WeakSet<Command> = new WeakSet()

/** Refuses `--config` of a command that nothing of it reaches. */
export const refuseConfig = (program: Command): Command =>
  program.hook('preAction', (_, command) => {
    if (program.opts<{ readonly config?: string }>().config !== undefined && !taking.has(command))
      throw new UsageError(`--config: ${command.name()} takes nothing from a configuration`)
  })
