import { Interrupted, signalCodes } from './exit-codes.js'

type Name = keyof typeof signalCodes
/** A terminal that closes sends SIGHUP. */
const names = Object.keys(signalCodes) as readonly Name[]

/** Listens to these signals while the work runs. */
async function listening<T>(listener: (name: Name) => void, work: () => Promise<T>): Promise<T> {
  for (const name of names) process.on(name, listener)
  try {
    return await work()
  } finally {
    for (const name of names) process.off(name, listener)
  }
}

/**
 * Waits for one of these signals, and then for the closing that it begins.
 *
 * A second signal ends the process at once, with the exit code that shells give for a signal.
 */
export async function untilSignal(close: (name: string) => Promise<void>): Promise<void> {
  let closing: Promise<void> | undefined
  let ended: (work: Promise<void>) => void = () => {}
  const listener = (name: Name): void => {
    if (closing) process.exit(signalCodes[name])
    closing = close(name)
    ended(closing)
  }
  await listening(
    listener,
    () =>
      new Promise<void>((resolve, reject) => {
        ended = (work) => void work.then(resolve, reject)
      }),
  )
}

/** Ends a wait that an abort of the work does not reach. */
type End = (reason: Interrupted) => void

const ends = new Set<End>()
let interrupted: Interrupted | undefined

/**
 * Ends a wait for people or other programs when a signal comes: they may let us wait for ever.
 *
 * @returns what forgets it, once the wait is over
 */
export function whenInterrupted(end: End): () => void {
  ends.add(end)
  if (interrupted) end(interrupted)
  return () => void ends.delete(end)
}

/**
 * Does work that these signals abort. What it has begun is taken back by then.
 *
 * A second signal ends the process at once.
 *
 * @throws Interrupted, and what the work throws
 */
export async function abortedBySignals<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController()
  const listener = (name: Name): void => {
    if (abort.signal.aborted) process.exit(signalCodes[name])
    interrupted = new Interrupted(name)
    abort.abort(interrupted)
    for (const end of ends) end(interrupted)
  }
  return listening(listener, async () => {
    try {
      return await work(abort.signal)
    } catch (error) {
      // what the abort brought down says less than the signal
      throw abort.signal.aborted ? abort.signal.reason : error
    } finally {
      ends.clear()
      interrupted = undefined
    }
  })
}
