import { equal, type Bytes } from '../bytes/bytes.js'
import { ensure } from '../errors/guard.js'

/** A frame that was handed out, or is about to be. */
interface Released {
  readonly tag: Bytes
  /** Set once the tag is in the record, or on its way there. */
  durable?: Promise<void> | undefined
}

/**
 * The tags of all frames that left.
 *
 * - AES-GCM breaks when one key and IV seal two plaintexts
 * - so a frame that is sealed again must have the same tag; otherwise its bytes are dropped
 *
 * @see design.md, "Sealing a frame twice"
 */
export class FrameLedger {
  readonly #released = new Map<number, Released>()
  readonly #append: (
    frames: readonly (readonly [index: number, tag: Bytes])[],
  ) => Promise<void> | undefined

  /** @param tags of frames that left before; `append` makes tags durable */
  constructor(
    tags: ReadonlyMap<number, Uint8Array>,
    append: (
      frames: readonly (readonly [index: number, tag: Bytes])[],
    ) => Promise<void> | undefined,
  ) {
    this.#append = append
    for (const [index, tag] of tags)
      this.#released.set(index, { tag: new Uint8Array(tag), durable: Promise.resolve() })
  }

  /** Frames that left so far. */
  get size(): number {
    return this.#released.size
  }

  /**
   * Resolves when the frames may leave.
   *
   * Throws SealdropError `source_changed` for another tag than before, and what appending throws.
   */
  async release(frames: readonly (readonly [index: number, tag: Bytes])[]): Promise<void> {
    const claimed = frames.map(([index, tag]) => {
      const known: Released = this.#released.get(index) ?? { tag }
      ensure(
        equal(known.tag, tag),
        'source_changed',
        'the file was changed or removed: choose it again',
      )
      return [index, known] as const
    })
    // no await between looking up and claiming: of two slices that sealed other bytes, one throws
    for (const [index, frame] of claimed) this.#released.set(index, frame)
    const fresh = claimed.filter(([, { durable }]) => !durable)
    const writing = (async () =>
      fresh.length > 0 && this.#append(fresh.map(([index, { tag }]) => [index, tag])))()
    for (const [, frame] of fresh) {
      frame.durable = writing.then(() => {})
      // whoever needs the frame next writes its tag again
      frame.durable.catch(() => {
        frame.durable = undefined
      })
    }
    await Promise.all(claimed.flatMap(([, { durable }]) => durable ?? []))
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#released.values()].flatMap(({ durable }) => durable ?? []))
  }
}
