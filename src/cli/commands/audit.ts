import { collect } from '../arguments/collect.js'
import { kmsFlags } from '../arguments/kms.js'
import type { Expected } from '../audit/expected.js'
import type { KnownKey } from '../audit/known-keys.js'
import type { Tally } from '../audit/tally.js'
import { Command } from '../commander.js'
import { takesSettings } from '../config/apply.js'
import { eachInput } from '../data/each-input.js'
import { inputNames, openInput } from '../data/inputs.js'
import { progressOf } from '../data/progress.js'
import { Findings, UsageError } from '../exit-codes.js'
import {
  inventoryFlag,
  inventoryIn,
  storeOf,
  type InventoryArguments,
} from '../keys/inventory-of.js'
import { abortedBySignals } from '../signals.js'
import { escapedLine, type Streams, type Terminal } from '../terminal.js'

const examples = `
Examples:
  $ sealdrop audit trail/*.json.gz
      Who used which key for what, how often, and when last: from log files of CloudTrail, packed or not.
  $ sealdrop audit --inventory keys --expect opener=arn:aws:iam::111122223333:role/Claims --expect 'administrator=arn:aws:iam::111122223333:role/Admin*' trail/*.json.gz
      Also which keys of the inventory nobody used, and what came from outside the expected roles.
  $ aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventSource,AttributeValue=kms.amazonaws.com | sealdrop audit --json
      The events of the last 90 days; a JSON line for each use.

Nothing is asked of AWS, unless the inventory lies there. What was encrypted, and the encryption context, is never printed.
A call that nobody of an expected role makes, also one that KMS refused, ends the command with exit code 8.`

interface AuditArguments extends InventoryArguments {
  readonly keyId?: readonly string[]
  readonly expect?: readonly string[]
  readonly json?: boolean
}

/** The command `sealdrop audit`. */
export function auditCommand(terminal: Terminal, streams: Streams): Command {
  const command = inventoryFlag(
    new Command('audit').description('say who used which key, from records of CloudTrail'),
  )
    .argument('[in...]', 'log files of CloudTrail, or JSON lines; default: stdin')
    .option('--key-id <arn>', 'a key that should be used; again for several', collect(parseArn))
    .option(
      '--expect <role=arn>',
      'who is expected as opener, signer, publisher or administrator; * stands for any text',
      collect(String),
    )
    .option('--json', 'a JSON line for each use')
  return takesSettings(kmsFlags(command), ['inventory', 'json'])
    .addHelpText('after', examples)
    .action(async (names: readonly string[], { json = false, ...o }: AuditArguments) => {
      const { asJson, asLines, outsideOf } = await import('../audit/report.js')
      const { expectations, parseExpected } = await import('../audit/expected.js')
      const expected: readonly Expected[] = (o.expect ?? []).map(parseExpected)
      const known = await knownKeys(o)
      const tally = await tallyOf(names, terminal, streams)
      const report = { tally, known, isExpected: expectations(expected) }
      const lines = json ? asJson(report).map((found) => JSON.stringify(found)) : asLines(report)
      for (const line of lines) terminal.out(escapedLine(line))
      const outside = outsideOf(report).length
      if (outside > 0)
        throw new Findings(`${outside} uses are by nobody who is expected to: they stand above`)
    })
}

function parseArn(text: string): string {
  if (!/^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/./.test(text))
    throw new UsageError(`--key-id ${text}: expected the ARN of a key, since records name no alias`)
  return text
}

async function knownKeys(o: AuditArguments): Promise<readonly KnownKey[]> {
  const named = (o.keyId ?? []).map((arn) => ({ arns: [arn], name: undefined }))
  if (o.inventory === undefined) return named
  const { keysOf } = await import('../audit/known-keys.js')
  return [...keysOf(await inventoryIn(await storeOf(o))), ...named]
}

/** Counts the records of all inputs. One that cannot be read ends it: a part would say too little. */
async function tallyOf(
  names: readonly string[],
  terminal: Terminal,
  streams: Streams,
): Promise<Tally> {
  const { callOf } = await import('../audit/call.js')
  const { recordsOf } = await import('../audit/records.js')
  const { Tally } = await import('../audit/tally.js')
  const tally = new Tally()
  await abortedBySignals((signal) =>
    eachInput(inputNames(names), { jobs: 1, terminal }, async (name) => {
      const input = await openInput(name, streams)
      const progress = progressOf(streams, name, input.size)
      try {
        for await (const record of recordsOf(input, (done) => progress.update(done))) {
          signal.throwIfAborted()
          tally.add(callOf(record))
        }
      } finally {
        progress.end()
      }
    }),
  )
  return tally
}
