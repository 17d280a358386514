import { printable } from '../errors/printable.js'
import { Command, CommanderError } from './commander.js'
import { refuseConfig } from './config/taking.js'
import { exitCodeOf, isForeseen, PipeClosed, type ExitCode } from './exit-codes.js'
import { escapedLine, ownStreams, type Streams, type Terminal } from './terminal.js'
import { packageVersion } from './version.js'

/** The name of a command, and what makes it. Its module is loaded when it is needed. */
type CommandRow = readonly [name: string, make: () => Promise<Command>]

/** Every command, in the order of the help. */
const commandRows = (terminal: Terminal, streams: Streams): readonly CommandRow[] => [
  ['seal', async () => (await import('./commands/seal.js')).sealCommand(terminal, streams)],
  ['open', async () => (await import('./commands/open.js')).openCommand(terminal, streams)],
  ['sign', async () => (await import('./commands/sign.js')).signCommand(terminal, streams)],
  ['verify', async () => (await import('./commands/verify.js')).verifyCommand(terminal, streams)],
  [
    'inspect',
    async () => (await import('./commands/inspect.js')).inspectCommand(terminal, streams),
  ],
  ['keys', async () => (await import('./commands/keys.js')).keysCommand(terminal)],
  ['upload', async () => (await import('./commands/upload.js')).uploadCommand(terminal, streams)],
  ['link', async () => (await import('./commands/link.js')).linkCommand(terminal)],
  ['serve', async () => (await import('./commands/serve.js')).serveCommand(terminal)],
  ['policy', async () => (await import('./commands/policy.js')).policyCommand(terminal)],
  ['plan', async () => (await import('./commands/plan.js')).planCommand(terminal)],
  ['config', async () => (await import('./commands/config.js')).configCommand(terminal)],
  ['local-kms', async () => (await import('./commands/local-kms.js')).localKmsCommand(terminal)],
  ['doctor', async () => (await import('./commands/doctor.js')).doctorCommand(terminal)],
  ['audit', async () => (await import('./commands/audit.js')).auditCommand(terminal, streams)],
  ['completion', () => completion(terminal, streams)],
]

/** Completion looks at every other command. */
async function completion(terminal: Terminal, streams: Streams): Promise<Command> {
  const { completionCommand } = await import('./commands/completion.js')
  const tree = async (): Promise<Command> =>
    buildProgram(terminal, await allCommands(terminal, streams))
  return completionCommand(streams, tree)
}

/** Makes every command, for help, completion and what names no command. */
export const allCommands = (
  terminal: Terminal,
  streams: Streams = ownStreams,
): Promise<readonly Command[]> =>
  Promise.all(commandRows(terminal, streams).map(([, make]) => make()))

/** Makes what a command line needs: the command that it names, and otherwise all of them. */
export async function commandsFor(
  args: readonly string[],
  terminal: Terminal,
): Promise<readonly Command[]> {
  const [first] = args
  if (first === '--version' || first === '-V') return []
  const row = commandRows(terminal, ownStreams).find(([name]) => name === first)
  return row ? [await row[1]()] : allCommands(terminal)
}

const examples = `
Examples:
  $ sealdrop seal --help
      What a command does, with its flags and examples.
  $ sealdrop completion bash >> ~/.bashrc
      The shell completes commands, flags and files.

Clients of AWS, and what else is not inside, are looked for where this file lies, or in the folder that
SEALDROP_PACKAGES names. The working folder is not looked at.`

/** Makes the program `sealdrop`, which offers these commands. */
export function buildProgram(terminal: Terminal, commands: readonly Command[]): Command {
  const program = new Command('sealdrop')
    .description('Seal it anywhere. Only your AWS KMS key opens it.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .option('--config <file>', "file of configuration, in the place of the user's own")
    .helpCommand(false)
    .addHelpText('after', examples)
  refuseConfig(program)
  for (const command of commands) program.addCommand(command)
  for (const command of withCommands(program)) {
    command
      .exitOverride()
      .configureHelp({ showGlobalOptions: true })
      .showHelpAfterError(`(${nameOf(command)} --help says more)`)
      .configureOutput({
        writeOut: (text) => terminal.out(text.replace(/\n$/, '')),
        writeErr: (text) => terminal.note(text.replace(/\n$/, '')),
      })
  }
  return program
}

/** A command, and all that it holds. */
const withCommands = (command: Command): readonly Command[] => [
  command,
  ...command.commands.flatMap(withCommands),
]

/** A command as it is typed. */
const nameOf = (command: Command): string =>
  command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name()

/**
 * Runs a command line to its end.
 *
 * What went wrong is told on stderr.
 *
 * @returns what the process ends with, see `exit-codes.ts`
 */
export async function runProgram(
  program: Command,
  args: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (e) {
    // commander has told why
    if (e instanceof CommanderError) return e.exitCode === 0 ? 0 : 2
    if (!(e instanceof PipeClosed))
      terminal.note(`sealdrop: ${isForeseen(e) ? escapedLine(e.message) : unforeseen(e)}`)
    return exitCodeOf(e)
  }
}

/** What nobody foresaw, in a sentence. A stack would help nobody who runs the command. */
export const unforeseen = (e: unknown): string => printable(`failed unexpectedly: ${String(e)}`)
