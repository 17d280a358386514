import type { InventoryStore, RevocationReason, RevokedKey } from '../../../doors/kms.js'
import { Option, type Command } from '../../commander.js'
import {
  changeFlags,
  changeKey,
  confirmFlag,
  parseDate,
  type KeyChangeArguments,
} from '../../keys/changing.js'
import { KeyCommand } from '../../keys/key-command.js'
import { dateOf } from '../../keys/words.js'
import type { Terminal } from '../../terminal.js'

const examples = `
Examples:
  $ sealdrop keys revoke --inventory keys --reason compromised tCcJB9PbNFtcJJ5m-aUnPWgykK0CCcIZcoXvNPr4pdc
      Takes a key back at once, and puts the next key in its place. Then publish, and rotate, which moves the alias.
  $ sealdrop keys revoke --inventory keys --reason superseded --since 2026-11-01 --dry-run tCcJB9PbNFtcJJ5m-aUnPWgykK0CCcIZcoXvNPr4pdc
      What would come of it, and nothing is done.

It cannot be undone: a second call moves the date only earlier, and the reason only up. So it takes the thumbprint again,
typed at the terminal or with --confirm. KMS is not called. First take away the permission to use the key.`

interface RevokeArguments extends KeyChangeArguments {
  readonly reason: RevocationReason
  readonly since?: Date
  readonly withdraw?: true
}

const reasons: Readonly<Record<RevocationReason, string>> = {
  superseded: 'nobody else can have the key: what it signed before counts',
  unspecified: 'somebody else may have it: what it signed counts only for who held it before',
  compromised: 'somebody else may have it: what it signed counts only for who held it before',
}

/** The command `sealdrop keys revoke`. */
export function revokeCommand(terminal: Terminal): Command {
  const command = new KeyCommand('revoke')
    .description('take a key back at once, as after a compromise')
    .argument('<key>', 'thumbprint or ARN of the key')
    .addOption(
      new Option('--reason <reason>', 'what verifiers are told')
        .choices(Object.keys(reasons))
        .makeOptionMandatory(),
    )
    .option(
      '--since <date>',
      'from when what it signed is not believed; default: now',
      parseDate('--since'),
    )
    .option('--withdraw', 'take a signing key out of the set: nothing that it signed is believed')
  return changeFlags(confirmFlag(command))
    .addHelpText('after', examples)
    .action((name: string, o: RevokeArguments) => revoke(terminal, name, o))
}

const revoke = (terminal: Terminal, name: string, o: RevokeArguments): Promise<void> =>
  changeKey('revoke', { terminal, name, o }, async ({ named }) => {
    const { revokeKey } = await import('../../../doors/kms.js')
    const { reason, since, withdraw = false } = o
    const asked = { ...named, reason, withdraw, ...(since && { since }) }
    const found = await revokeKey({ ...asked, store: keepsNothing(named.store) })
    return {
      plan: planOf(found, o),
      facts: { reason, ...(since && { since }), withdraw, ...found },
      isConfirmed: true,
      async make() {
        const facts = await revokeKey(asked)
        const words = ['It is taken back.', 'Now: sealdrop keys publish, then sealdrop keys rotate']
        return { facts, words }
      },
    }
  })

/** A store that takes what is written for good, and keeps nothing: what is refused shows by it. */
const keepsNothing = (store: InventoryStore): InventoryStore => ({
  read: () => store.read(),
  write: async () => {},
})

const planOf = (found: RevokedKey, { reason, since, withdraw }: RevokeArguments): string[] => [
  `  ${reason}: ${reasons[reason]}`,
  `  from ${since ? dateOf(since) : 'now'} on it is not believed`,
  found.replacedBy === undefined
    ? '  no other key takes its place, since it is not the current one'
    : `  ${found.replacedBy} takes its place at once`,
  ...(withdraw ? ['  it leaves the set: nothing that it ever signed is believed'] : []),
  `  clients that see no newer set believe it until ${dateOf(found.goneBy)} at the latest`,
]
