import { readFileSync } from 'node:fs'
import { printable } from '../errors/printable.js'
import { Command, CommanderError } from './commander.js'
import { configCommand } from './commands/config.js'
import { doctorCommand } from './commands/doctor.js'
import { inspectCommand } from './commands/inspect.js'
import { keysCommand } from './commands/keys/keys.js'
import { linkCommand } from './commands/link.js'
import { localKmsCommand } from './commands/local-kms.js'
import { openCommand } from './commands/open.js'
import { policyCommand } from './commands/policy.js'
import { sealCommand } from './commands/seal.js'
import { serveCommand } from './commands/serve.js'
import { signCommand } from './commands/sign.js'
import { uploadCommand } from './commands/upload.js'
import { verifyCommand } from './commands/verify.js'
import { refuseConfig } from './config/apply.js'
import { exitCodeOf, isForeseen, PipeClosed, type ExitCode } from './exit-codes.js'
import { ownStreams, type Streams, type Terminal } from './terminal.js'

/** Every command, in the order of the help. */
export const allCommands = (terminal: Terminal, streams: Streams): readonly Command[] => [
  sealCommand(terminal, streams),
  openCommand(terminal, streams),
  signCommand(terminal, streams),
  verifyCommand(terminal, streams),
  inspectCommand(terminal, streams),
  keysCommand(terminal),
  uploadCommand(terminal, streams),
  linkCommand(terminal),
  serveCommand(terminal),
  policyCommand(terminal),
  localKmsCommand(terminal),
  doctorCommand(terminal),
  configCommand(terminal),
]

/**
 * Makes the program `sealdrop`.
 *
 * @param commands - what it offers; default: everything
 */
export function buildProgram(
  terminal: Terminal,
  commands: readonly Command[] = allCommands(terminal, ownStreams),
): Command {
  const program = new Command('sealdrop')
    .description('Seal it anywhere. Only your AWS KMS key opens it.')
    .version(versionOfPackage(), '-V, --version', 'print the version')
    .option('--config <file>', "file of configuration, in the place of the user's own")
    .helpCommand(false)
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
      terminal.note(`sealdrop: ${isForeseen(e) ? e.message : unforeseen(e)}`)
    return exitCodeOf(e)
  }
}

/** What nobody foresaw, in a sentence. A stack would help nobody who runs the command. */
export const unforeseen = (e: unknown): string => printable(`failed unexpectedly: ${String(e)}`)

function versionOfPackage(): string {
  const { version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { readonly version: string }
  return version
}
