import { onAbort } from '../io/abort.js'

/**
 * Works on items side by side, each lane on one at a time.
 *
 * - one item is made ahead, so that it is ready when a lane is
 * - where one fails, the others are told to stop, and that failure is thrown when all ended
 *
 * @param make - the next item, undefined behind the last one; it is called one at a time
 */
export async function lanes<T>(
  count: number,
  make: (signal: AbortSignal) => Promise<T | undefined>,
  ...[work, signal]: [work: (item: T, signal: AbortSignal) => Promise<void>, signal: AbortSignal]
): Promise<void> {
  let ahead: Promise<T | undefined> | undefined
  const take = (stop: AbortSignal): Promise<T | undefined> => {
    const mine = ahead ?? make(stop)
    ahead = mine.then((item) => (item === undefined ? item : make(stop)))
    ahead.catch(() => {})
    return mine
  }
  await together(
    Array.from({ length: count }, () => async (stop) => {
      for (;;) {
        const item = await take(stop)
        if (item === undefined) return
        await work(item, stop)
      }
    }),
    signal,
  )
}

/**
 * Does all of some work side by side.
 *
 * Where one piece fails, the others are told to stop, and that failure is thrown when all ended.
 */
export async function together(
  work: readonly ((signal: AbortSignal) => Promise<void>)[],
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController()
  const off = onAbort(signal, () => stop.abort(signal.reason))
  const failures: unknown[] = []
  await Promise.all(
    work.map(async (one) => {
      try {
        stop.signal.throwIfAborted()
        await one(stop.signal)
      } catch (error) {
        failures.push(error)
        stop.abort(error)
      }
    }),
  )
  off()
  signal.throwIfAborted()
  if (failures.length > 0) throw failures[0]
}
