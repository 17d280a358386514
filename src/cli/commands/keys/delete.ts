import type { DeletedKey } from '../../../doors/kms.js'
import type { Command } from '../../commander.js'
import { UsageError } from '../../exit-codes.js'
import {
  changeFlags,
  changeKey,
  confirmFlag,
  type KeyChangeArguments,
} from '../../keys/changing.js'
import { KeyCommand } from '../../keys/key-command.js'
import { lastUseLine } from '../../keys/last-use.js'
import { dateOf } from '../../keys/words.js'
import type { Terminal } from '../../terminal.js'

const examples = `
Examples:
  $ sealdrop keys delete --inventory keys --dry-run tCcJB9PbNFtcJJ5m-aUnPWgykK0CCcIZcoXvNPr4pdc
      When the deletion would be final, when the key was used last, and what nobody could open any more.
  $ sealdrop keys delete --inventory keys --days 30 tCcJB9PbNFtcJJ5m-aUnPWgykK0CCcIZcoXvNPr4pdc
      Schedules it. Until it is final keys restore takes it back; after that nobody can, and neither can AWS.

The key must be disabled by keys retire --disable. The thumbprint is taken again, typed at the terminal or with --confirm.`

interface DeleteArguments extends KeyChangeArguments {
  readonly days?: number
}

function parseDays(text: string): number {
  if (!/^\d{1,2}$/.test(text)) throw new UsageError(`--days ${text}: expected 7 to 30`)
  return Number(text)
}

/** The command `sealdrop keys delete`. */
export function deleteCommand(terminal: Terminal): Command {
  const command = new KeyCommand('delete')
    .description('schedule the deletion of a disabled key')
    .argument('<key>', 'thumbprint or ARN of the key')
    .option('--days <number>', 'days until it is final, 7 to 30; default: 30', parseDays)
  return changeFlags(confirmFlag(command))
    .addHelpText('after', examples)
    .action((name: string, o: DeleteArguments) => remove(terminal, name, o))
}

const remove = (terminal: Terminal, name: string, o: DeleteArguments): Promise<void> =>
  changeKey('delete', { terminal, name, o }, async ({ named }) => {
    const { deleteKey } = await import('../../../doors/kms.js')
    const { deletionOf } = await import('../../../kms/rotation/delete.js')
    const asked = { ...named, ...(o.days !== undefined && { days: o.days }) }
    const found = await deletionOf(asked)
    return {
      plan: planOf(found),
      facts: found,
      isConfirmed: true,
      async make() {
        const facts = await deleteKey({ ...asked, confirm: named.key })
        const until = dateOf(facts.deletes)
        return { facts, words: [`It is deleted at ${until}; until then: sealdrop keys restore`] }
      },
    }
  })

const planOf = ({ deletes, lastUse, unreadable }: DeletedKey): readonly string[] => [
  `  the deletion is final at about ${dateOf(deletes)}`,
  lastUseLine(lastUse),
  `  nobody can read any more: ${unreadable}`,
]
