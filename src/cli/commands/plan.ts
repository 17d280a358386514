import { fromUtf8 } from '../../bytes/text.js'
import type { CapacityOptions, CapacityPrices } from '../../doors/kms.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { isJsonObject, parseJson } from '../../formats/json.js'
import { contextFlags } from '../arguments/context.js'
import { readBytes } from '../arguments/key-sets.js'
import { Command } from '../commander.js'
import { UsageError } from '../exit-codes.js'
import { planReport } from '../plan/report.js'
import type { Terminal } from '../terminal.js'

const examples = `
Examples:
  $ sealdrop plan --objects 100k/day --size 3MB --keys RSA_3072
      A hundred thousand files a day: calls of KMS, quota, cost, keys, storage, and time to reopen a year of them.
  $ sealdrop plan --values 100M/day --size 35B --per-sealer 10000
      Values, each alone and 10,000 under one wrapped key, with every kind of key.
  $ sealdrop plan --objects 20/min --size 3MiB --keys ECC_NIST_P256 --opens 3 --cache --archive 1M --json
      Each opened three times by an opener with a cache; as JSON.
  $ sealdrop plan --objects 100k/day --size 3MB --prices ours.json
      With prices and quotas of yours: {"date": "2026-12-24", "requests": {"RSA_3072": 0.12}}.

Nobody is asked: all follows from one table, whose day and pages are printed. Units are k, M, G for counts; /s, /min,
/hour, /day; B, kB, MB, GB, TB (1,000) and KiB, MiB, GiB, TiB (1,024) for bytes. Exit code 2: a wrong argument.`

interface PlanArguments {
  readonly objects?: string
  readonly values?: string
  readonly size?: string
  readonly keys?: readonly string[]
  readonly perSealer?: number
  readonly peak?: number
  readonly latency?: number
  readonly region?: string
  readonly frameLength?: number
  readonly opens?: number
  readonly cache?: true
  readonly archive?: string
  readonly every?: string
  readonly years?: number
  readonly prices?: string
  readonly json?: true
}

/** Reads a number of a flag, in decimals. */
const decimal =
  (flag: string) =>
  (text: string): number => {
    if (!/^\d{1,15}(\.\d{1,9})?$/.test(text))
      throw new UsageError(`${flag} ${text}: expected a number`)
    return Number(text)
  }

/** The command `sealdrop plan`, which prints what `planCapacity` counts. */
export function planCommand(terminal: Terminal): Command {
  const command = new Command('plan')
    .description('say what a load needs of KMS: calls, quota, cost, keys, storage')
    .option('--objects <rate>', 'files that come: 100k/day, 20/s')
    .option('--values <rate>', 'sealed texts that come: 100M/day')
    .option('--size <bytes>', 'of each before it is sealed: 3MB, 3MiB')
    .option('--keys <KeySpec...>', 'kinds of keys: RSA_3072 ECC_NIST_P256; default: all')
    .option(
      '--per-sealer <count>',
      'values under one wrapped key; default: 10000',
      decimal('--per-sealer'),
    )
    .option(
      '--peak <factor>',
      'the busiest second over the average one; default: 3',
      decimal('--peak'),
    )
    .option('--latency <ms>', 'of a call of KMS; default: 100', decimal('--latency'))
    .option('--region <name>', 'whose quotas count; default: eu-central-1')
  const context = contextFlags(command)
  return command
    .option('--frame-length <bytes>', 'of a file; default: 524288', decimal('--frame-length'))
    .option('--opens <times>', 'how often each is opened; default: 1', decimal('--opens'))
    .option('--cache', 'an opener remembers data keys: a further time costs no call')
    .option('--archive <count>', 'how many are opened again: 36.5M; default: those of 365 days')
    .option('--every <duration>', 'how often keys are rotated, such as P3M; default: P1Y')
    .option(
      '--years <count>',
      'after how many years keys are counted; default: 3',
      decimal('--years'),
    )
    .option('--prices <file>', 'prices and quotas of yours, as JSON with their date')
    .option('--json', 'one JSON object')
    .addHelpText('after', examples)
    .action(async ({ json, prices, ...o }: PlanArguments) => {
      const { planCapacity } = await import('../../doors/kms.js')
      const options = {
        ...o,
        context: context(),
        ...(prices !== undefined && { prices: await readPrices(prices) }),
      } as CapacityOptions
      const plan = inWordsOfTheCommand(() => planCapacity(withoutContextFlags(options)))
      const lines = json ? [JSON.stringify(plan)] : planReport(plan)
      for (const line of lines) terminal.out(line)
    })
}

/** The flags of a context stand beside the context that they made. */
function withoutContextFlags(options: CapacityOptions): CapacityOptions {
  const { encryptionContext: _, ...rest } = options as CapacityOptions & {
    readonly encryptionContext?: unknown
  }
  return rest
}

async function readPrices(path: string): Promise<CapacityPrices> {
  const field = `--prices ${path}`
  const text = fromUtf8(await readBytes(path).catch(notThere(field))) ?? ''
  const found = parseJson(text, { code: 'invalid_argument', field })
  if (isJsonObject(found)) return found as unknown as CapacityPrices
  throw new UsageError(`${field}: expected a JSON object`)
}

/** A file of a flag that cannot be read is a wrong flag. */
const notThere =
  (field: string) =>
  (cause: unknown): never => {
    const code = String(Object((cause as Error).cause).code)
    throw new SealdropError('invalid_argument', `${field}: it cannot be read: ${code}`, { cause })
  }

/** The names of options, as flags. */
const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`

/** An error in the words of the command: who typed it knows `--per-sealer`. */
function inWordsOfTheCommand<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!isSealdropError(error)) throw error
    const message = error.message
      .replace(/^objects or values: .*/, '--objects or --values: expected one of both')
      .replace(/^(?!--)(\w+)(?=[:.])/, (name) => flagOf(name))
    throw new SealdropError(error.code, message, { cause: error })
  }
}
