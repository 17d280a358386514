import { Argument, Command } from '../commander.js'
import { UsageError } from '../exit-codes.js'
import type { Streams } from '../terminal.js'

const examples = `
Examples:
  $ sealdrop completion bash >> ~/.bashrc
  $ sealdrop completion zsh >> ~/.zshrc
      Behind the line that calls compinit.
  $ sealdrop completion fish > ~/.config/fish/completions/sealdrop.fish
  $ sealdrop completion powershell >> $PROFILE

What is typed is only looked at: nothing of it runs, and nothing is asked of a server. The command must be on the PATH
as sealdrop.`

/** What the shells' scripts call: it answers what may stand at the cursor. */
const asked = 'complete'

/** What the scripts tell a shell: whether a file may stand there, too (cobra's directives). */
const directives = { files: 0, noFiles: 4 }

/** Prints what a shell sources. */
const scripts: Readonly<Record<string, (streams: Streams) => Promise<void>>> = {
  async bash({ stdout }) {
    const { bashScript } = await import('../completion/bash.js')
    stdout.write(`${bashScript}\n`)
  },
  zsh: () => ofLibrary('zsh'),
  fish: () => ofLibrary('fish'),
  powershell: () => ofLibrary('powershell'),
}

/** The library writes to stdout itself. */
async function ofLibrary(shell: string): Promise<void> {
  const { printScript } = await import('../completion/scripts.js')
  printScript(shell, 'sealdrop', 'sealdrop completion')
}

/**
 * The command `sealdrop completion`.
 *
 * @param tree - makes the program with all of its commands
 */
export function completionCommand(streams: Streams, tree: () => Promise<Command>): Command {
  const shells = Object.keys(scripts)
  return (
    new Command('completion')
      .description('print what makes a shell complete commands and flags')
      .usage('<shell>')
      .addArgument(new Argument('<shell>').choices(shells).argParser(String))
      // behind the hidden one come the words that were typed
      .allowExcessArguments()
      .addHelpText('after', examples)
      .action(async (shell: string, _: unknown, { args }: Command) => {
        const words = args.slice(1)
        if (shell === asked) return answer(streams, await tree(), words)
        const print = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined
        if (!print || words.length > 0)
          throw new UsageError(`completion ${shell}: expected one of ${shells.join(', ')}`)
        return print(streams)
      })
  )
}

/** Answers one value a line, each with what it is, and what else may stand there. */
async function answer(
  { stdout }: Streams,
  program: Command,
  words: readonly string[],
): Promise<void> {
  const { candidates } = await import('../completion/candidates.js')
  const { values, files } = candidates(program, words)
  const lines = values.map(([value, description]) => `${value}\t${description.split('\n')[0]}\n`)
  stdout.write(`${lines.join('')}:${files ? directives.files : directives.noFiles}\n`)
}
