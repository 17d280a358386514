import { checkCount, ensure, hasMethods } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'
import { checkOptions } from '../errors/options.js'
import { isSealdropError, SealdropError } from '../errors/sealdrop-error.js'
import { blamed, blamingNow } from '../errors/whose.js'
import { onAbort, type CallOptions } from '../io/abort.js'
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

/** What opens one value, and where answers are kept meanwhile. */
interface ManyMeans {
  readonly open: (jwe: string, o: OpenOptions, shared: SharedAnswers) => Promise<Opened>
  readonly store: AnswerStore
  /** What the opener does, which may be closed meanwhile. */
  readonly underWay: UnderWay
}

/** Values that are begun for each KMS call that may be under way: others find its answer. */
const ahead = 4

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
  const { signal, concurrency = 16, ordered = true } = checkOptions(o, 'signal concurrency ordered')
  checkCount('concurrency', concurrency, 1_000)
  ensure(typeof ordered === 'boolean', 'invalid_argument', 'ordered: expected true or false')
  const isList = hasMethods(items, Symbol.asyncIterator) || hasMethods(items, Symbol.iterator)
  ensure(
    isList && typeof items !== 'string',
    'invalid_argument',
    `openMany: expected a list or an async iterable of { jwe, context }, found ${kindOf(items)}`,
  )
  return outcomes(items, { signal, concurrency, ordered }, means)
}

async function* outcomes<Item extends ManyItem>(
  items: Items<Item>,
  { signal, concurrency, ordered }: Required<Omit<OpenManyOptions, 'signal'>> & CallOptions,
  { open, store, underWay }: ManyMeans,
): AsyncGenerator<OpenOutcome<Item>, void, undefined> {
  const stop = new AbortController()
  const { givenUp } = underWay
  const off = onAbort(givenUp, () => stop.abort(givenUp.reason))
  const shared = new RunAnswers(store, concurrency, stop.signal)
  const work = async (item: Item, index: number): Promise<OpenOutcome<Item>> => {
    try {
      return { index, item, opened: await opened(item, open, shared) }
    } catch (error) {
      return { index, item, error: blamed(ofItem(error, item), 'sender') }
    }
  }
  const ensureOpen = (): void => blamingNow(() => underWay.ensureOpen())
  const how = { inFlight: ahead * concurrency, isOrdered: ordered, signal, ensureOpen }
  try {
    yield* sideBySide(items, work, how)
  } finally {
    off()
    stop.abort(new SealdropError('closed', 'nobody waits for these values any more'))
  }
}

async function opened(
  item: ManyItem,
  open: ManyMeans['open'],
  shared: SharedAnswers,
): Promise<Opened> {
  const { jwe, ...o } = checkOptions(item, 'jwe signal context maxAge')
  ensure(
    o.signal === undefined ||
      hasMethods(o.signal, 'throwIfAborted', 'addEventListener', 'removeEventListener'),
    'invalid_argument',
    `signal of a value: expected an AbortSignal, found ${kindOf(o.signal)}`,
  )
  return open(jwe, o, shared)
}

/** @throws what is nobody's outcome: a fault of the program */
function ofItem(error: unknown, item: ManyItem): SealdropError {
  if (isSealdropError(error)) return error
  if (item?.signal?.aborted)
    return new SealdropError('closed', 'this value was given up by its signal', { cause: error })
  throw error
}
