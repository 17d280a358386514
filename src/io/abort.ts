import { checkOptions } from '../errors/options.js'

/** What every verb takes that may have to wait. */
export interface CallOptions {
  /** Ends the call, which then rejects with `signal.reason`. Default: none. */
  readonly signal?: AbortSignal | undefined
}

/** Work that nobody need await: where it fails, that does not end the process. */
export function unwatched<T>(work: () => Promise<T>): Promise<T> {
  const under = work()
  under.catch(() => {})
  return under
}

/** The signal of a call that takes nothing else. @throws SealdropError `invalid_argument` */
export const signalOf = (o: CallOptions | undefined): AbortSignal | undefined =>
  checkOptions(o, 'signal').signal

/** Calls `work` when a signal says so, at once where it did. @returns what lets go of it */
export function onAbort(signal: AbortSignal | undefined, work: () => void): () => void {
  signal?.addEventListener('abort', work)
  if (signal?.aborted) work()
  return () => signal?.removeEventListener('abort', work)
}

/** One signal for several, and what lets go of them once the work is over. */
export function joined(...signals: readonly (AbortSignal | undefined)[]): {
  readonly signal: AbortSignal
  readonly off: () => void
} {
  const all = new AbortController()
  const offs = signals.map((signal) => onAbort(signal, () => all.abort(signal?.reason)))
  return { signal: all.signal, off: () => offs.forEach((off) => off()) }
}

/**
 * Awaits work until the caller's signal says otherwise.
 *
 * The work itself goes on, for whoever else awaits it.
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise<T>((resolve, reject) => {
    const off = onAbort(signal, () => reject(signal.reason))
    work.then(resolve, reject).finally(off)
  })
}

/** The longest wait of a timer; a longer one would end at once. */
const longest = 2 ** 31 - 1

/**
 * Awaits work that is given so many milliseconds, and then told to stop.
 *
 * - it rejects with `late` then
 * - what it left undone is told so too, such as a body that is no web stream
 *
 * It is a timer of its own, since hosts such as jsdom have no `AbortSignal.timeout`.
 */
export async function within<T>(
  patience: number,
  work: (signal: AbortSignal) => Promise<T>,
  late?: Error,
): Promise<T> {
  const stop = new AbortController()
  const { signal } = stop
  const timer = setTimeout(() => stop.abort(late), Math.min(patience, longest))
  try {
    return await abortable(work(signal), signal)
  } finally {
    clearTimeout(timer)
    stop.abort()
  }
}

/** The options of a call that may stand in for the `read` of a byte source, with its memory. */
export const readOptions = (
  o: (CallOptions & { readonly into?: Uint8Array }) | undefined,
): CallOptions => ({ signal: checkOptions(o, 'signal into').signal })
