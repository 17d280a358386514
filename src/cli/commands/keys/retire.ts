import type { RetiredKey } from '../../../doors/kms.js'
import type { Command } from '../../commander.js'
import {
  changeFlags,
  changeKey,
  confirmFlag,
  parseDate,
  type KeyChangeArguments,
} from '../../keys/changing.js'
import { KeyCommand } from '../../keys/key-command.js'
import { lastUseLine } from '../../keys/last-use.js'
import { dateOf } from '../../keys/words.js'
import type { Terminal } from '../../terminal.js'

const examples = `
Examples:
  $ sealdrop keys retire --inventory keys --keep-until 2035-01-01 tCcJB9PbNFtcJJ5m-aUnPWgykK0CCcIZcoXvNPr4pdc
      A retired key stays enabled at least until then, for what was sealed to it. KMS says when it was used last.
  $ sealdrop keys retire --inventory keys --disable tCcJB9PbNFtcJJ5m-aUnPWgykK0CCcIZcoXvNPr4pdc
      Once that is over: nothing opens with the key any more. keys restore takes it back.

A rotation retires keys; this says for how long one is kept. --disable takes the thumbprint again, typed at the terminal
or with --confirm. It is refused while anything may still need the key.`

interface RetireArguments extends KeyChangeArguments {
  readonly keepUntil?: Date
  readonly disable?: true
}

/** The command `sealdrop keys retire`. */
export function retireCommand(terminal: Terminal): Command {
  const command = new KeyCommand('retire')
    .description('say how long a retired key is kept, or disable it')
    .argument('<key>', 'thumbprint or ARN of a retired key')
    .option(
      '--keep-until <date>',
      'until when it must stay enabled; default: what the inventory says',
      parseDate('--keep-until'),
    )
    .option('--disable', 'disable it now, where nobody needs it any more')
  return changeFlags(confirmFlag(command))
    .addHelpText('after', examples)
    .action((name: string, o: RetireArguments) => retire(terminal, name, o))
}

const retire = (terminal: Terminal, name: string, o: RetireArguments): Promise<void> =>
  changeKey(o.disable ? 'disable' : 'retire', { terminal, name, o }, async ({ named }) => {
    const { retireKey } = await import('../../../doors/kms.js')
    const { retirementOf } = await import('../../../kms/rotation/retire.js')
    const { keepUntil, disable = false } = o
    const asked = { ...named, ...(keepUntil && { keepUntil }), disable }
    const found = await retirementOf(asked)
    return {
      plan: planOf(found, disable),
      facts: found,
      isConfirmed: disable,
      async make() {
        const facts = await retireKey(asked)
        return { facts, words: [doneLine(facts, disable)] }
      },
    }
  })

const planOf = (found: RetiredKey, disable: boolean): readonly string[] => [
  `  it is kept until ${dateOf(found.keepUntil)}`,
  lastUseLine(found.lastUse),
  ...(disable ? ['  nothing opens with it any more, until sealdrop keys restore'] : []),
]

const doneLine = ({ keepUntil }: RetiredKey, disable: boolean): string =>
  disable ? 'It is disabled.' : `It is kept until ${dateOf(keepUntil)}.`
