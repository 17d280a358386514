import { Command } from '../commander.js'
import type { Terminal } from '../terminal.js'
import { deleteCommand } from './keys/delete.js'
import { initCommand } from './keys/init.js'
import { listCommand } from './keys/list.js'
import { publishCommand } from './keys/publish.js'
import { restoreCommand } from './keys/restore.js'
import { retireCommand } from './keys/retire.js'
import { revokeCommand } from './keys/revoke.js'
import { rotateCommand } from './keys/rotate.js'
import { showCommand } from './keys/show.js'

const examples = `
Examples:
  $ sealdrop keys init --inventory keys --purpose claims=ECC_NIST_P256:KEY_AGREEMENT --without-arn
      A new inventory and its first keys. sealdrop keys init --help says more, and so does each of the others.
  $ sealdrop keys list --inventory keys
      What there is, and what comes next.`

/** The command `sealdrop keys`, with a command for each step in the life of a key. */
export function keysCommand(terminal: Terminal): Command {
  const keys = new Command('keys')
    .description('make, publish, rotate and end keys by an inventory')
    .helpCommand(false)
    .addHelpText('after', examples)
  const commands = [
    initCommand,
    listCommand,
    showCommand,
    publishCommand,
    rotateCommand,
    retireCommand,
    revokeCommand,
    deleteCommand,
    restoreCommand,
  ]
  for (const command of commands) keys.addCommand(command(terminal))
  return keys
}
