import { inspect, type Inspection } from '../../doors/index.js'
import { Command } from '../commander.js'
import { takesSettings } from '../config/apply.js'
import { eachInput } from '../data/each-input.js'
import { inputNames, openInput } from '../data/inputs.js'
import { inspectable } from '../data/kinds.js'
import { abortedBySignals } from '../signals.js'
import type { Streams, Terminal } from '../terminal.js'

const examples = `
Examples:
  $ sealdrop inspect report.sealed
      What everyone can read of it: what it is, who can open it, what it is bound to, and its digest.
  $ curl -s https://keys.example/jwks.json | sealdrop inspect --json
      The same as JSON, for programs.

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
      await abortedBySignals((signal) =>
        eachInput(inputNames(names), { jobs: 1, terminal }, async (name) => {
          const input = await openInput(name, streams)
          const found = await inspect(await inspectable(input), { signal })
          for (const line of json
            ? [JSON.stringify({ input: name, ...found })]
            : inLines(name, found))
            terminal.out(line)
        }),
      )
    })
}

const words: Readonly<Record<Inspection['kind'], string>> = {
  value: 'a sealed value (JWE)',
  stream: 'a sealed file (AWS Encryption SDK message)',
  jws: 'a signed token (JWS)',
  'key-set': 'a key set',
}

function inLines(name: string, found: Inspection): readonly string[] {
  const { kind, context, recipients, messageId, length, digest } = found
  const rows: readonly (readonly [string, string | number | undefined])[] = [
    ['', `${name}: ${words[kind]}`],
    [kind === 'jws' || kind === 'key-set' ? 'keys' : 'opens with', recipients.join('\n')],
    ['context', context && JSON.stringify(context)],
    ['message id', messageId],
    ['bytes', length],
    ['digest', digest],
  ]
  return rows
    .filter(([, value]) => value !== undefined && value !== '')
    .flatMap(([label, value]) =>
      String(value)
        .split('\n')
        .map((line) => (label === '' ? line : `  ${label.padEnd(12)}${line}`)),
    )
}
