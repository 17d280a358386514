import { readFileSync } from 'node:fs'
import { printable } from '../errors/printable.js'
import { isSealdropError } from '../errors/sealdrop-error.js'
import { Command, CommanderError } from './commander.js'
import { doctorCommand } from './commands/doctor.js'
import { localKmsCommand } from './commands/local-kms.js'
import type { ExitCode, Terminal } from './terminal.js'

/**
 * Makes the program `sealdrop`.
 *
 * @param commands - what it offers; default: everything
 */
export function buildProgram(
  terminal: Terminal,
  commands: readonly Command[] = [localKmsCommand(terminal), doctorCommand(terminal)],
): Command {
  const program = new Command('sealdrop')
    .description('Seal it anywhere. Only your AWS KMS key opens it.')
    .version(versionOfPackage(), '-V, --version', 'print the version')
    .helpCommand(false)
  for (const command of commands) program.addCommand(command)
  for (const command of [program, ...commands]) {
    command
      .exitOverride()
      .showHelpAfterError(
        `(${command === program ? 'sealdrop' : `sealdrop ${command.name()}`} --help says more)`,
      )
      .configureOutput({
        writeOut: (text) => terminal.out(text.replace(/\n$/, '')),
        writeErr: (text) => terminal.note(text.replace(/\n$/, '')),
      })
  }
  return program
}

/**
 * Runs a command line to its end.
 *
 * What went wrong is told on stderr.
 *
 * @returns 0, or 2 where an argument was wrong, or 1 where the work failed
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
    if (e instanceof CommanderError && e.code.startsWith('commander.'))
      // commander has told why
      return e.exitCode === 0 ? 0 : 2
    const isOurs = isSealdropError(e) || e instanceof CommanderError
    terminal.note(`sealdrop: ${isOurs ? e.message : unforeseen(e)}`)
    return isOurs && e.code === 'invalid_argument' ? 2 : 1
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
