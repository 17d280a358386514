import { checkCount, ensure, hasMethods } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'
import { checkOptions } from '../errors/options.js'
import { isSealdropError, SealdropError } from '../errors/sealdrop-error.js'
import { blamed, blamingNow } from '../errors/whose.js'
import { onAbort, type CallOptions } from '../io/abort.js'
import { Stop } from '../io/stop.js'
import { sideBySide, type Items } from '../io/side-by-side.js'
import type { SharedAnswers } from './candidates.js'
import type { UnderWay } from '../io/under-way.js'
import type { Opened } from './open-value.js'
import type { OpenOptions } from './options.js'
import { RunAnswers, type AnswerStore } from './shared-answers.js'

/** A value among many, and what is expected of it. */
export interface ManyItem extends OpenOptions {
  /** The sealed value, as `seal` answered it. */
  readonly jwe: string
}

/** How many values are opened. */
export interface OpenManyOptions extends CallOptions {
  /** KMS calls that are under way side by side, 1 to 1,000. Default: 16. */
  readonly concurrency?: number
  /** Whether outcomes keep the order of the values. Default: `true`; `false`: as they are ready. */
  readonly ordered?: boolean
}

/** What became of one value: `opened`, or `error`. */
export type OpenOutcome<Item extends ManyItem = ManyItem> = {
  /** Its place among those that were given, from 0. */
  readonly index: number
  /** What was given. */
  readonly item: Item
} & (
  | { readonly opened: Opened; readonly error?: undefined }
  | { readonly opened?: undefined; readonly error: SealdropError }
)

/** What a run works with. */
export interface RunMeans {
  readonly store: AnswerStore
  /** What the opener does, which may be closed meanwhile. */
  readonly underWay: UnderWay
}

/** What opens one value, and where answers are kept meanwhile. */
interface ManyMeans extends RunMeans {
  readonly open: (jwe: string, o: OpenOptions, shared: SharedAnswers) => Promise<Opened>
}

/** What the items of a run share. */
export interface Run {
  readonly answers: RunAnswers
  /** KMS calls that may be under way. */
  readonly concurrency: number
  /** Ends all that is under way: nobody reads any more, or it is given up. */
  readonly stop: Stop
}

/** What is done in a run, and how much of it at once. */
interface RunWork<Item, Outcome> {
  /** What is expected, for people. */
  readonly what: string
  /** Items that are begun for each KMS call that may be under way: others find its answer. */
  readonly ahead: number
  readonly work: (item: Item, index: number, run: Run) => Promise<Outcome>
  /** Takes an item that came after the reader left. */
  readonly drop?: (item: Item) => void
}

/**
 * Opens many values, each with an outcome of its own.
 *
 * @throws SealdropError `invalid_argument`, at once
 */
export function openMany<Item extends ManyItem>(
  items: Items<Item>,
  o: OpenManyOptions | undefined,
  means: ManyMeans,
): AsyncGenerator<OpenOutcome<Item>, void, undefined> {
  return runOf(items, o, means, {
    what: 'openMany: expected a list or an async iterable of { jwe, context }',
    ahead: 4,
    work: async (item, index, { answers }): Promise<OpenOutcome<Item>> => {
      try {
        return { index, item, opened: await opened(item, means.open, answers) }
      } catch (error) {
        return { index, item, error: blamed(ofItem(error, item), 'sender') }
      }
    },
  })
}

/** Works on what was given, side by side. @throws SealdropError `invalid_argument`, at once */
export function runOf<Item, Outcome>(
  items: Items<Item>,
  o: OpenManyOptions | undefined,
  means: RunMeans,
  work: RunWork<Item, Outcome>,
): AsyncGenerator<Outcome, void, undefined> {
  const { signal, concurrency = 16, ordered = true } = checkOptions(o, 'signal concurrency ordered')
  checkCount('concurrency', concurrency, 1_000)
  ensure(typeof ordered === 'boolean', 'invalid_argument', 'ordered: expected true or false')
  const isList = hasMethods(items, Symbol.asyncIterator) || hasMethods(items, Symbol.iterator)
  ensure(
    isList && typeof items !== 'string',
    'invalid_argument',
    `${work.what}, found ${kindOf(items)}`,
  )
  return outcomes(items, { signal, concurrency, ordered }, means, work)
}

async function* outcomes<Item, Outcome>(
  items: Items<Item>,
  { signal, concurrency, ordered }: Required<Omit<OpenManyOptions, 'signal'>> & CallOptions,
  { store, underWay }: RunMeans,
  { ahead, work, drop }: RunWork<Item, Outcome>,
): AsyncGenerator<Outcome, void, undefined> {
  const stop = new Stop()
  const { signal: givenUp, off } = underWay.stop.part()
  onAbort(givenUp, () => stop.stop(givenUp.reason))
  const answers = new RunAnswers(store, concurrency, stop)
  const run: Run = { answers, concurrency, stop }
  const ensureOpen = (): void => blamingNow(() => underWay.ensureOpen())
  const how = { inFlight: ahead * concurrency, isOrdered: ordered, signal, ensureOpen, drop }
  try {
    yield* sideBySide(items, (item, index) => work(item, index, run), how)
  } finally {
    off()
    stop.stop(new SealdropError('closed', 'nobody waits for what this run opens any more'))
  }
}

async function opened(
  item: ManyItem,
  open: ManyMeans['open'],
  shared: SharedAnswers,
): Promise<Opened> {
  const { jwe, ...o } = checkOptions(item, 'jwe signal context maxAge')
  checkItemSignal(o.signal, 'value')
  return open(jwe, o, shared)
}

/** @throws SealdropError `invalid_argument` */
export const checkItemSignal = (signal: unknown, what: string): void =>
  ensure(
    signal === undefined ||
      hasMethods(signal, 'throwIfAborted', 'addEventListener', 'removeEventListener'),
    'invalid_argument',
    `signal of a ${what}: expected an AbortSignal, found ${kindOf(signal)}`,
  )

/** @throws what is nobody's outcome: a fault of the program */
function ofItem(error: unknown, item: ManyItem): SealdropError {
  if (isSealdropError(error)) return error
  if (item?.signal?.aborted)
    return new SealdropError('closed', 'this value was given up by its signal', { cause: error })
  throw error
}
