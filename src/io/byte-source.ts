import type { CallOptions } from './abort.js'

/** Bytes that can be read at any place, again and in any order. */
export interface ByteSource {
  /** In bytes. */
  readonly size: number
  /** The bytes from `start` to `end`, exactly. Throws `source_changed`, `source_failed`. */
  read(start: number, end: number, o?: CallOptions): Promise<Uint8Array>
  /** Changes when the content may have changed. */
  version?(): Promise<string>
}
