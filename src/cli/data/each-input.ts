import { exitCodeOf, Findings, Interrupted, PipeClosed, type ExitCode } from '../exit-codes.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import { escapedLine, type Terminal } from '../terminal.js'

/** What `--json` says of an input that went well. */
export type Facts = Readonly<Record<string, unknown>>

/** What became of one input. */
interface Outcome extends Facts {
  readonly input: string
  readonly exit: ExitCode
  readonly code?: string
  readonly message?: string
}

const failed = (input: string, error: unknown): Outcome => ({
  input,
  exit: exitCodeOf(error),
  ...(isSealdropError(error) && { code: error.code }),
  ...(error instanceof Error && { message: error.message }),
})

/** Works on one input, and may answer what is to be said of it. */
type Work = (name: string, index: number) => Promise<Facts | void>

/**
 * Works on each input, several side by side. One that fails does not stop the others.
 *
 * @returns what became of each, in their order
 * @throws Interrupted, PipeClosed
 */
async function outcomes(
  names: readonly string[],
  jobs: number,
  work: Work,
): Promise<readonly Outcome[]> {
  const found: Outcome[] = []
  const waiting = names.entries()
  const worker = async (): Promise<void> => {
    for (const [index, name] of waiting) {
      try {
        found[index] = { input: name, exit: 0, ...(await work(name, index)) }
      } catch (error) {
        if (error instanceof Interrupted || error instanceof PipeClosed) throw error
        found[index] = failed(name, error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, names.length) }, worker))
  return found
}

/**
 * Works on inputs, tells what became of each where there are several, and ends with the worst.
 *
 * @throws Findings, and of a single input what its work throws
 */
export async function eachInput(
  names: readonly string[],
  o: {
    readonly jobs: number
    readonly terminal: Terminal
    /** A JSON line for each. */
    readonly json?: boolean
    /** Whether one that succeeded is told too. */
    readonly told?: boolean
  },
  work: Work,
): Promise<void> {
  const [only] = names
  if (names.length === 1 && only !== undefined && !o.json) {
    await work(only, 0)
    return
  }
  const found = await outcomes(names, o.jobs, work)
  for (const outcome of found)
    if (o.json || o.told || outcome.exit !== 0)
      o.terminal.note(o.json ? JSON.stringify(outcome) : escapedLine(inWords(outcome)))
  const wrong = found.filter(({ exit }) => exit !== 0)
  const worst = Math.max(...found.map(({ exit }) => exit)) as ExitCode
  if (wrong.length > 0) throw new Findings(`${wrong.length} of ${names.length} failed`, worst)
}

const inWords = ({ input, code, message }: Outcome): string =>
  message === undefined
    ? `ok      ${input}`
    : `failed  ${input}: ${code ? `${code}: ` : ''}${message}`
