import { equal, type Bytes } from '../bytes/bytes.js'
import { tagLength } from '../formats/message-header.js'
import { ensureSame } from '../io/stream-source.js'
import type { TagRun } from './record-store.js'

/** A frame that was sealed, and its tag. */
export type FrameTag = readonly [index: number, tag: Bytes]

/** What is known of a frame. */
const claimed = 1
const durable = 2
const sealedHere = 4

/** Frames of a page, and bytes of each: what is known of it, and its tag. */
const pageFrames = 4_096
const frameBytes = 1 + tagLength

/**
 * The tags of all frames that left.
 *
 * - AES-GCM breaks when one key and IV seal two plaintexts
 * - so a frame that is sealed again must have the same tag; otherwise its bytes are dropped
 * - it takes 17 bytes a frame, so that a file of 100 GiB takes 4 MiB
 *
 * @see design.md, "Sealing a frame twice"
 */
export class FrameLedger {
  readonly #pages = new Map<number, Uint8Array>()
  /** Frames whose tags are on their way into the record. */
  readonly #writing = new Map<number, Promise<void>>()
  readonly #count: number
  readonly #append: (runs: readonly TagRun[]) => Promise<void> | undefined
  #size = 0

  /** @param append makes tags durable; `count` frames are in the message */
  constructor(count: number, append: (runs: readonly TagRun[]) => Promise<void> | undefined) {
    this.#count = count
    this.#append = append
  }

  /** Frames that left so far. */
  get size(): number {
    return this.#size
  }

  /** Whether the frame left before. */
  has(index: number): boolean {
    return this.#stateOf(index) > 0
  }

  /**
   * Takes the tags of a record, of frames that left before.
   *
   * @returns whether they can be: each of its own frame of this message, and none has two
   */
  restore(runs: Iterable<TagRun>): boolean {
    for (const [first, tags] of runs) {
      const frames = tags.length / tagLength
      const fits = Number.isInteger(first) && first >= 0 && first + frames <= this.#count
      if (!fits || !Number.isInteger(frames)) return false
      for (let i = 0; i < frames; i++) {
        const tag = tags.subarray(i * tagLength, (i + 1) * tagLength)
        if (!this.#claim(first + i, tag, durable)) return false
      }
    }
    return true
  }

  /**
   * Resolves when the frames may leave.
   *
   * Throws SealdropError `source_changed` for another tag than before, and what appending throws.
   */
  async release(frames: readonly FrameTag[]): Promise<void> {
    // no await between looking up and claiming: of two slices that sealed other bytes, one throws
    for (const [index, tag] of frames) ensureSame(this.#claim(index, tag, claimed | sealedHere))
    const fresh = frames.filter(
      ([index]) => !(this.#stateOf(index) & durable) && !this.#writing.has(index),
    )
    if (fresh.length > 0) this.#write(fresh)
    await Promise.all(new Set(frames.flatMap(([index]) => this.#writing.get(index) ?? [])))
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(new Set(this.#writing.values()))
  }

  /** Frames that left, and that nobody sealed here: runs of at most so many. */
  *notSealedHere(most: number): Generator<readonly [first: number, last: number]> {
    let run: readonly [first: number, last: number] | undefined
    for (const index of this.indexes()) {
      if (this.#stateOf(index) & sealedHere) continue
      const goesOn = run && run[1] === index - 1 && index - run[0] < most
      if (run && !goesOn) yield run
      run = [goesOn && run ? run[0] : index, index]
    }
    if (run) yield run
  }

  /** The frames that left, in their order. */
  *indexes(): Generator<number> {
    for (const at of [...this.#pages.keys()].sort((a, b) => a - b))
      for (let i = at * pageFrames; i < (at + 1) * pageFrames; i++) if (this.has(i)) yield i
  }

  /** Makes tags durable in one append. Whoever needs a frame next writes it again if that fails. */
  #write(fresh: readonly FrameTag[]): void {
    const append = async (): Promise<void> => this.#append(runsOf(fresh))
    const writing = append().then(
      () => {
        for (const [index] of fresh) this.#mark(index, durable)
      },
      (error: unknown) => {
        for (const [index] of fresh) this.#writing.delete(index)
        throw error
      },
    )
    writing.catch(() => {})
    for (const [index] of fresh) this.#writing.set(index, writing)
  }

  /** Enters a tag. @returns whether the frame had none, or the same one */
  #claim(index: number, tag: Uint8Array, state: number): boolean {
    const known = this.#frame(index).subarray(1)
    if (!this.has(index)) {
      known.set(tag)
      this.#size++
    } else if (!equal(known, tag)) return false
    this.#mark(index, state)
    return true
  }

  #mark(index: number, state: number): void {
    this.#frame(index)[0] = this.#stateOf(index) | state
    if (state & durable) this.#writing.delete(index)
  }

  #stateOf(index: number): number {
    return this.#frame(index)[0] ?? 0
  }

  /** What is known of a frame, in its page. */
  #frame(index: number): Uint8Array {
    const at = Math.floor(index / pageFrames)
    const page = this.#pages.get(at) ?? new Uint8Array(pageFrames * frameBytes)
    this.#pages.set(at, page)
    const start = (index % pageFrames) * frameBytes
    return page.subarray(start, start + frameBytes)
  }
}

/** Tags of frames that follow each other, joined; the frames are in their order. */
function runsOf(frames: readonly FrameTag[]): readonly TagRun[] {
  const runs: (readonly [first: number, tags: Bytes[]])[] = []
  for (const [index, tag] of frames) {
    const [first = 0, tags = []] = runs.at(-1) ?? []
    if (index === first + tags.length && index > first) tags.push(tag)
    else runs.push([index, [tag]])
  }
  return runs.map(([first, tags]) => {
    const joined = new Uint8Array(tags.length * tagLength)
    for (const [i, tag] of tags.entries()) joined.set(tag, i * tagLength)
    return [first, joined]
  })
}
