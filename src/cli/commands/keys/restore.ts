import type { Command } from '../../commander.js'
import { changeFlags, changeKey, type ChangeArguments } from '../../keys/changing.js'
import { KeyCommand } from '../../keys/key-command.js'
import type { Terminal } from '../../terminal.js'

const examples = `
Examples:
  $ sealdrop keys restore --inventory keys tCcJB9PbNFtcJJ5m-aUnPWgykK0CCcIZcoXvNPr4pdc
      Brings back a key that is disabled, or whose deletion is not final yet. It is retired then, as before.`

/** The command `sealdrop keys restore`. */
export function restoreCommand(terminal: Terminal): Command {
  const command = new KeyCommand('restore')
    .description('bring back a key that is disabled, or waits for its deletion')
    .argument('<key>', 'thumbprint or ARN of the key')
  return changeFlags(command)
    .addHelpText('after', examples)
    .action((name: string, o: ChangeArguments) => restore(terminal, name, o))
}

const restore = (terminal: Terminal, name: string, o: ChangeArguments): Promise<void> =>
  changeKey('restore', { terminal, name, o }, async ({ named }) => {
    const { restoreKey } = await import('../../../doors/kms.js')
    const { checkRestoration } = await import('../../../kms/rotation/restore.js')
    await checkRestoration(named)
    return {
      plan: ['  it is enabled in KMS, and opens what was sealed to it'],
      facts: {},
      isConfirmed: false,
      async make() {
        await restoreKey(named)
        return { facts: { restored: true }, words: ['It is enabled again.'] }
      },
    }
  })
