import type { Bytes } from '../bytes/bytes.js'

/** Longest time without letting anything else run, in milliseconds: one frame of a screen. */
const breath = 16

interface Timers {
  setImmediate?: (work: () => void) => unknown
  MessageChannel?: typeof MessageChannel
  setTimeout: (work: () => void) => unknown
}

/** The host's quickest way to let others run: a browser's timers wait up to 4 ms. */
function soon(work: () => void): void {
  const { setImmediate, MessageChannel, setTimeout } = globalThis as unknown as Timers
  if (setImmediate || !MessageChannel) return void (setImmediate ?? setTimeout)(work)
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    port1.close()
    work()
  }
  port2.postMessage(0)
}

/** Lets others run now. */
export const rest = (): Promise<void> => new Promise<void>(soon)

/**
 * Lets timers, input and animation run, where nothing else could for a while.
 *
 * WebCrypto that answers from a queue of its own does not let them (performance.md, 7).
 */
export function breather(): () => Promise<void> {
  let last = performance.now()
  return async () => {
    if (performance.now() - last < breath) return
    await rest()
    last = performance.now()
  }
}

/**
 * Begins work on each item.
 *
 * An error of the items is the last piece of work, so that those before it keep their turn.
 */
async function* begun<T, R>(
  items: AsyncIterable<T>,
  work: (item: T) => Promise<R>,
): AsyncGenerator<readonly [Promise<R>]> {
  try {
    for await (const item of items) yield [work(item)]
  } catch (error) {
    yield [Promise.reject(error)]
  }
}

/**
 * Works on items side by side, and answers the results in their order.
 *
 * The next item is asked for while work on at most `inFlight` items before it is under way: their
 * memory must stay as it is until then, see `hold` of a reader.
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T>,
  work: (item: T) => Promise<R>,
  inFlight: number,
): AsyncGenerator<R> {
  const pending: Promise<R>[] = []
  for await (const [result] of begun(items, work)) {
    result.catch(() => {}) // the failure is told in its turn
    pending.push(result)
    // not `yield*`: WebKit never answers where one of the promises rejects
    for (const due of pending.splice(0, 1 + pending.length - inFlight)) yield due
  }
  for (const due of pending) yield due
}

/** Bytes that are made while they are read. */
export interface ByteStream {
  /** The bytes. Cancelling it ends all work on them. */
  readonly readable: ReadableStream<Bytes>
  /** Bytes that `readable` gives, where that is known before. */
  readonly length?: number
}

/**
 * A stream of pieces, one or more chunks each, which are made as they are read.
 *
 * It is a default stream, since byte streams are slow in workerd (performance.md, 9).
 *
 * @param stop - is told the reason when the stream ends in any way but by its last piece
 */
export function streamOf(
  pieces: AsyncGenerator<readonly Bytes[]>,
  stop: (reason: unknown) => void,
  signal: AbortSignal | undefined,
): ReadableStream<Bytes> {
  const breathe = breather()
  let abort = (): void => {}
  let over = false
  const off = (): void => signal?.removeEventListener('abort', abort)
  const end = (reason: unknown): void => {
    if (over) return // aborted, and the piece under way failed because of that
    over = true
    off()
    stop(reason)
    void pieces.return(undefined).catch(() => {})
  }
  return new ReadableStream<Bytes>(
    {
      start(controller) {
        abort = () => {
          controller.error(signal?.reason)
          end(signal?.reason)
        }
        signal?.addEventListener('abort', abort)
      },
      async pull(controller) {
        try {
          await breathe()
          for (let given = 0; given === 0;) {
            // a stream does not ask for more before something came
            const { done, value } = await pieces.next()
            if (done) {
              off()
              return controller.close()
            }
            for (const chunk of value)
              if (chunk.length > 0) {
                controller.enqueue(chunk)
                given++
              }
          }
        } catch (error) {
          end(error)
          throw error
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )
}
