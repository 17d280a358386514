import { exitCodeOf, Findings, Interrupted, PipeClosed, type ExitCode } from '../exit-codes.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import { escapedLine, type Terminal } from '../terminal.js'

/** What became of one input. */
interface Outcome {
  readonly input: string
  readonly exit: ExitCode
  readonly code?: string
  readonly message?: string
}

const outcomeOf = (input: string, error?: unknown): Outcome => ({
  input,
  exit: error === undefined ? 0 : exitCodeOf(error),
  ...(isSealdropError(error) && { code: error.code }),
  ...(error instanceof Error && { message: error.message }),
})

/**
 * Works on each input, several side by side. One that fails does not stop the others.
 *
 * @returns what became of each, in their order
 * @throws Interrupted, PipeClosed
 */
async function outcomes(
  names: readonly string[],
  jobs: number,
  work: (name: string, index: number) => Promise<void>,
): Promise<readonly Outcome[]> {
  const found: Outcome[] = []
  const waiting = names.entries()
  const worker = async (): Promise<void> => {
    for (const [index, name] of waiting) {
      const error = await work(name, index).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (error instanceof Interrupted || error instanceof PipeClosed) throw error
      found[index] = outcomeOf(name, error)
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
  work: (name: string, index: number) => Promise<void>,
): Promise<void> {
  const [only] = names
  if (names.length === 1 && only !== undefined && !o.json) return work(only, 0)
  const found = await outcomes(names, o.jobs, work)
  for (const outcome of found)
    if (o.json || o.told || outcome.exit !== 0)
      o.terminal.note(o.json ? JSON.stringify(outcome) : escapedLine(inWords(outcome)))
  const failed = found.filter(({ exit }) => exit !== 0)
  const worst = Math.max(...found.map(({ exit }) => exit)) as ExitCode
  if (failed.length > 0) throw new Findings(`${failed.length} of ${names.length} failed`, worst)
}

const inWords = ({ input, code, message }: Outcome): string =>
  message === undefined
    ? `ok      ${input}`
    : `failed  ${input}: ${code ? `${code}: ` : ''}${message}`
