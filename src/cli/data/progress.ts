import { escapedLine, type Streams } from '../terminal.js'

/** A line that says how far the work is. */
export interface Progress {
  /** @param before - how much of it an earlier run did, which says nothing of the speed */
  update(done: number, before?: number): void
  /** Takes the line away. */
  end(): void
}

const MiB = 2 ** 20
const nothing: Progress = { update: () => {}, end: () => {} }
/** Milliseconds between two lines. */
const pause = 100

/** A line on stderr, where that is a terminal. */
export function progressOf(
  { stderr }: Pick<Streams, 'stderr'>,
  name: string,
  total: number | undefined,
): Progress {
  if (!stderr.isTTY) return nothing
  const begun = performance.now()
  let told = begun
  return {
    update(done, before = 0) {
      const now = performance.now()
      if (now - told < pause) return
      told = now
      const line = progressLine({ name, done, before, total, seconds: (now - begun) / 1000 })
      stderr.write(`\r${line.slice(0, (stderr.columns || 80) - 1)}\u001B[K`)
    },
    end: () => void (told > begun && stderr.write('\r\u001B[K')),
  }
}

/** How far something is, in words. */
export function progressLine(o: {
  readonly name: string
  readonly done: number
  readonly before?: number
  readonly total: number | undefined
  readonly seconds: number
}): string {
  const { name, done, before = 0, total, seconds } = o
  const speed = (done - before) / Math.max(seconds, 0.001)
  const of = total === undefined ? '' : ` of ${inMiB(total)}, ${percent(done, total)}`
  const left = total === undefined || speed === 0 ? '' : `, ${clock((total - done) / speed)} left`
  return `${escapedLine(name)}  ${inMiB(done)} MiB${of}, ${inMiB(speed)} MiB/s${left}`
}

const inMiB = (bytes: number): string => (bytes / MiB).toFixed(1)
const percent = (done: number, total: number): string =>
  `${total === 0 ? 100 : Math.floor((done / total) * 100)} %`

function clock(seconds: number): string {
  const whole = Math.ceil(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** The same bytes, which are told as they pass. */
export function counted(
  readable: ReadableStream<Uint8Array>,
  progress: Progress,
): ReadableStream<Uint8Array> {
  if (progress === nothing) return readable
  let done = 0
  return readable.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        done += chunk.length
        progress.update(done)
        controller.enqueue(chunk)
      },
    }),
  )
}
