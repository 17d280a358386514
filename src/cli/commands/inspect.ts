import { Command } from '../commander.js'
import { takesSettings } from '../config/apply.js'
import { eachInput } from '../data/each-input.js'
import { inputNames, openInput } from '../data/inputs.js'
import { progressOf } from '../data/progress.js'
import type { Report } from '../inspect/report.js'
import { abortedBySignals } from '../signals.js'
import type { Streams, Terminal } from '../terminal.js'

const examples = `
Examples:
  $ sealdrop inspect report.sealed
      What everyone can read of it: what it is, how old and how long, who can open it and how, and why it might not open.
  $ curl -s https://keys.example/jwks.json | sealdrop inspect --json
      The same as JSON, for programs.

It knows sealed files and values, age files, tokens, receipts, receipt files, file signatures, key sets and histories.
Nothing of it is verified, and no key and no credentials are needed.`

/** The command `sealdrop inspect`. */
export function inspectCommand(terminal: Terminal, streams: Streams): Command {
  const command = new Command('inspect')
    .description('say what a sealed or signed thing shows to everyone')
    .argument('[in...]', 'files; default: stdin')
    .option('--json', 'a JSON line for each input')
  return takesSettings(command, ['json'])
    .addHelpText('after', examples)
    .action(async (names: readonly string[], { json = false }: { readonly json?: boolean }) => {
      const { asJson, asLines } = await import('../inspect/report.js')
      let isTold = false
      const tell = (name: string, report: Report): void => {
        const lines = json
          ? [JSON.stringify(asJson(name, report))]
          : [...(isTold ? [''] : []), ...asLines(name, report)]
        for (const line of lines) terminal.out(line)
        isTold = true
      }
      try {
        await abortedBySignals((signal) =>
          eachInput(inputNames(names), { jobs: 1, terminal }, async (name) =>
            tell(name, await reportOf(name, streams, signal)),
          ),
        )
      } finally {
        if (isTold && !json)
          terminal.out('\nNothing of this is verified: anyone could have written it.')
      }
    })
}

async function reportOf(name: string, streams: Streams, signal: AbortSignal): Promise<Report> {
  const { lookAt } = await import('../inspect/kinds.js')
  const { seenOf } = await import('../inspect/seen.js')
  const input = await openInput(name, streams)
  const progress = progressOf(streams, name, input.size)
  const onProgress = (done: number): void => progress.update(done)
  try {
    return await lookAt(await seenOf(input, { now: Date.now(), signal, onProgress }))
  } finally {
    progress.end()
  }
}
