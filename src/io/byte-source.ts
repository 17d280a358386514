import { ensure } from '../errors/guard.js'
import type { CallOptions } from './abort.js'
import { chunkReader, type ByteReader } from './byte-reader.js'

/** Bytes that can be read at any place, again and in any order. */
export interface ByteSource {
  /** In bytes. */
  readonly size: number
  /** The bytes from `start` to `end`, exactly. Throws `source_changed`, `source_failed`. */
  read(start: number, end: number, o?: CallOptions): Promise<Uint8Array>
  /** Changes when the content may have changed. */
  version?(): Promise<string>
}

/** What is read at once: each read of a file or a server has its own cost. */
const block = 2_097_152

/** Part of a byte source, in order. */
export function rangeReader(source: ByteSource, start: number, end: number): ByteReader {
  const stop = new AbortController()
  let at = start
  const next = async (): Promise<{ done?: true; value?: Uint8Array }> => {
    if (at >= end) return { done: true }
    const from = at
    at = Math.min(end, at + block)
    const value = await source.read(from, at, { signal: stop.signal })
    ensure(value instanceof Uint8Array && value.length === at - from, 'source_failed', `source: expected bytes ${from} to ${at}, found others`)
    return { value }
  }
  return chunkReader(next, (reason) => stop.abort(reason))
}
