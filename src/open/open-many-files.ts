import { checkCount, ensure } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'
import { checkOptions } from '../errors/options.js'
import { coded, isSealdropError, SealdropError } from '../errors/sealdrop-error.js'
import { blamed, blaming } from '../errors/whose.js'
import { abortable, joined } from '../io/abort.js'
import { SharedBytes } from '../io/shared-bytes.js'
import type { Stop } from '../io/stop.js'
import type { Items } from '../io/side-by-side.js'
import { givenUp, type StreamSource } from '../io/stream-source.js'
import { checkItemSignal, runOf, type OpenManyOptions, type RunMeans } from './open-many.js'
import { framesWithin, frameMemory } from './frame-memory.js'
import type { RunAnswers } from './shared-answers.js'
import type { DigestedStream, OpenStreamOptions, StreamInRun } from './stream-opener.js'

/** A sealed file among many, what is expected of it, and where it goes. */
export interface ManyFile extends OpenStreamOptions {
  /** The sealed file: what `openStream` takes. It is given up where it does not open. */
  readonly source: StreamSource
  /**
   * Takes what was opened, and reads `readable` to its end. Its answer is in the outcome.
   *
   * - Whoever wants less cancels `readable`.
   */
  readonly sink: (opened: DigestedStream) => unknown
}

/** How many files are opened. */
export interface OpenManyFilesOptions extends OpenManyOptions {
  /**
   * Bytes of frames that all files together hold in memory. Default: 134,217,728.
   *
   * - A file whose frames need more waits until it is alone.
   */
  readonly maxBytes?: number
}

/** What became of one file: `result`, or `error`. */
export type OpenFileOutcome<Item extends ManyFile = ManyFile> = {
  /** Its place among those that were given, from 0. */
  readonly index: number
  /** What was given. */
  readonly item: Item
} & (
  | {
      /** What the sink answered. */
      readonly result: Awaited<ReturnType<Item['sink']>>
      readonly error?: undefined
    }
  | { readonly result?: undefined; readonly error: SealdropError }
)

/** What opens one file, in a run. */
export interface ManyFilesMeans extends RunMeans {
  readonly open: (
    source: StreamSource,
    o: OpenStreamOptions,
    run: StreamInRun,
  ) => Promise<DigestedStream>
}

/** What the files of a run share. */
interface Sharing {
  readonly open: ManyFilesMeans['open']
  readonly answers: RunAnswers
  readonly memory: SharedBytes
  /** Bytes of memory for each file, where all of them are under way. */
  readonly share: number
  /** Ends all of them. */
  readonly stop: Stop
}

/**
 * Opens many files, each with an outcome of its own.
 *
 * @throws SealdropError `invalid_argument`, at once
 */
export function openManyFiles<Item extends ManyFile>(
  items: Items<Item>,
  o: OpenManyFilesOptions | undefined,
  means: ManyFilesMeans,
): AsyncGenerator<OpenFileOutcome<Item>, void, undefined> {
  const given = checkOptions(o, 'signal concurrency ordered maxBytes')
  const { maxBytes = 134_217_728, ...others } = given
  checkCount('maxBytes', maxBytes, Number.MAX_SAFE_INTEGER)
  const memory = new SharedBytes(maxBytes)
  const { open, underWay } = means
  const what = 'openManyFiles: expected a list or an async iterable of { source, context, sink }'
  return runOf(items, others, means, {
    what,
    ahead: 1,
    drop: (item) => givenUp(item?.source, notWaitedFor()),
    work: async (item, index, { answers, stop, concurrency }): Promise<OpenFileOutcome<Item>> => {
      const share = maxBytes / concurrency
      const file = new FileInRun(item, { open, answers, memory, share, stop })
      try {
        const result = (await underWay.do(() => file.sunk())) as Awaited<ReturnType<Item['sink']>>
        return { index, item, result }
      } catch (error) {
        file.giveUp(error)
        return { index, item, error: blamed(file.ofItem(error), 'sender') }
      }
    },
  })
}

const notWaitedFor = (): SealdropError =>
  new SealdropError('closed', 'nobody waits for these files any more')

/** One file, from its source into its sink. */
class FileInRun {
  readonly #item: ManyFile
  readonly #sharing: Sharing
  /** Whether the opener has its source, and gives it up. */
  #isTaken = false
  #isOver = false
  /** How its stream ended: read to its end, or left by its reader. */
  #end: 'read' | 'left' | undefined
  /** What its stream failed with, whatever the sink makes of it. */
  #failure: SealdropError | undefined
  #giveBack = (): void => {}

  constructor(item: ManyFile, sharing: Sharing) {
    this.#item = item
    this.#sharing = sharing
  }

  /** @returns what the sink answered, once the stream was read to its end, or left on purpose */
  async sunk(): Promise<unknown> {
    const { source, sink, ...o } = checkOptions(
      this.#item,
      'source sink signal context maxAge sealedName digest',
    )
    checkItemSignal(o.signal, 'file')
    ensure(
      typeof sink === 'function',
      'invalid_argument',
      `sink: expected a function, found ${kindOf(sink)}`,
    )
    const over = new AbortController()
    const part = this.#sharing.stop.part()
    const { signal, off } = joined(o.signal, part.signal, over.signal)
    try {
      this.#isTaken = true
      const run = this.#inRun(signal)
      const opened = await this.#sharing.open(source, { ...o, signal }, run)
      const answer = await abortable(this.#given(sink, opened), signal)
      if (this.#failure) throw this.#failure
      ensure(
        this.#end,
        'output_failed',
        'sink: it ended before readable was read to its end; await that, or cancel readable',
      )
      return answer
    } finally {
      this.#isOver = true
      over.abort(new SealdropError('closed', 'the sink of this file has ended'))
      off()
      part.off()
      this.#giveBack()
    }
  }

  /** Gives the source up, where nobody has it yet. */
  giveUp(reason: unknown): void {
    if (!this.#isTaken) givenUp(this.#item?.source, reason)
  }

  /** @throws what is nobody's outcome: a fault of the program */
  ofItem(error: unknown): SealdropError {
    if (this.#failure) return this.#failure
    if (isSealdropError(error)) return error
    if (this.#item?.signal?.aborted)
      return new SealdropError('closed', 'this file was given up by its signal', { cause: error })
    throw error
  }

  /** What the sink fails with is never the fault of whoever sent the file. */
  #given(sink: ManyFile['sink'], opened: DigestedStream): Promise<unknown> {
    return blaming('operator', async () => {
      try {
        return await sink(opened)
      } catch (error) {
        if (this.#failure || this.#item.signal?.aborted) throw error
        return coded('output_failed', 'the sink failed')(error)
      }
    })
  }

  #inRun(signal: AbortSignal): StreamInRun {
    const { answers, memory, share } = this.#sharing
    return {
      shared: answers,
      framesFor: async (frameLength) => {
        const frames = framesWithin(share, frameLength)
        const giveBack = await memory.take(frameMemory(frames, frameLength), signal)
        if (this.#isOver) giveBack()
        else this.#giveBack = giveBack
        return frames
      },
      ended: () => (this.#end = 'read'),
      failed: (reason) => {
        if (isSealdropError(reason) && !signal.aborted) this.#failure = reason
        else if (!signal.aborted) this.#end ??= 'left'
      },
    }
  }
}
