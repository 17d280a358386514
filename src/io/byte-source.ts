import { concat, unshared, viewOf, type Bytes } from '../bytes/bytes.js'
import { ensure } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'
import type { CallOptions } from './abort.js'
import { turns, type ByteReader } from './byte-reader.js'

/** How a byte source is read. */
export interface ReadOptions extends CallOptions {
  /**
   * Memory that the source may fill from its start, and answer. Default: none.
   *
   * - it has at least as many bytes as are asked for
   * - allocation costs more than reading (performance.md, 4)
   */
  readonly into?: Bytes
}

/** Bytes that can be read at any place, again and in any order. */
export interface ByteSource {
  /** Bytes in all. */
  readonly size: number
  /**
   * Reads the bytes from `start` to `end`, exactly.
   *
   * - what it answers stays unchanged until the next read
   * - it throws SealdropError `source_changed` or `source_failed`
   */
  read(start: number, end: number, o?: ReadOptions): Promise<Uint8Array>
  /** Names the content: another answer than before says that it may have changed. */
  version?(): Promise<string>
}

/** A range whose end may lie behind the end. @throws SealdropError `invalid_argument` */
export function checkRange(verb: string, start: number, end: number): void {
  ensure(
    Number.isSafeInteger(start) &&
      start >= 0 &&
      (end === Infinity || Number.isSafeInteger(end)) &&
      end >= start,
    'invalid_argument',
    `${verb}: expected a range, 0 <= start <= end, where end may be Infinity`,
  )
}

/** What is read at once, about: each read of a file or a server has its own cost. */
const block = 2_097_152

/**
 * Reads part of a byte source, in order.
 *
 * It answers views of memory in turn, into which the source wrote or from which it was copied.
 *
 * @param isKept - whether what the source answers stays as it is, so that nothing is copied
 */
export function rangeReader(
  source: ByteSource,
  start: number,
  ...[end, isKept]: [end: number, isKept?: boolean]
): ByteReader {
  const stop = new AbortController()
  const blocks = turns()
  let held = 0
  let rest: Uint8Array = new Uint8Array()
  let at = start
  return {
    hold(calls) {
      held = calls
    },
    async take(length) {
      if (rest.length < length && at < end) {
        const portions = Math.max(1, Math.floor(block / length))
        blocks.hold(Math.ceil(held / portions))
        // whole portions are read, since one that is cut in two must be joined
        const size = Math.min(end - at, rest.length > 0 ? length - rest.length : length * portions)
        // the source may use its memory again, and slice of a Buffer copies nothing
        const kept = concat(rest)
        // what is joined needs no turn
        const buffer = kept.length > 0 ? new ArrayBuffer(size) : blocks.next(size)[0]
        const into = new Uint8Array(buffer)
        const answer = await source.read(at, at + size, { signal: stop.signal, into })
        const more = viewOf(answer)
        ensure(
          more?.length === size,
          'source_failed',
          `source: expected ${size} bytes, found ${more?.length ?? kindOf(answer)}`,
        )
        rest = isKept || more.buffer === buffer ? more : into.subarray(0, size)
        if (rest !== more) rest.set(more)
        if (kept.length > 0) rest = concat(kept, rest)
        at += size
      }
      const taken = rest.subarray(0, length)
      rest = rest.subarray(taken.length)
      return unshared(taken)
    },
    cancel: (reason) => stop.abort(reason),
  }
}
