import { stat } from 'node:fs/promises'
import type { Streams } from '../terminal.js'
import { progressOf } from './progress.js'

interface Sent {
  /** Bytes of the sealed file. */
  readonly done: number
  readonly total: number
}

/** One line of progress for all files that are sent. */
export interface UploadMeter {
  /** @param goesOn - called once, where an earlier run has sent some of it already */
  update(index: number, sent: Sent, goesOn: () => void): void
  /** Takes the line away, until more was sent. */
  end(): void
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

/** Measures bytes of the files themselves, since those of what is sealed are not known yet. */
export async function uploadMeter(
  streams: Streams,
  names: readonly string[],
): Promise<UploadMeter> {
  const sizes = await Promise.all(
    names.map((name) =>
      stat(name).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  const [only = ''] = names
  const label = names.length === 1 ? only : `${names.length} files`
  const progress = progressOf(streams, label, sum(sizes))
  const done = sizes.map(() => 0)
  const before: number[] = []
  return {
    update(index, sent, goesOn) {
      const now = (sent.done / sent.total) * (sizes[index] ?? 0)
      if (before[index] === undefined && now > 0) goesOn()
      // the first call says what was there before
      before[index] ??= now
      done[index] = now
      progress.update(sum(done), sum(before.filter((one) => one !== undefined)))
    },
    end: () => progress.end(),
  }
}
