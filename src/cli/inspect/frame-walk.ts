import { finalHead, regularHead } from '../../formats/frames.js'
import { tagLength } from '../../formats/message-header.js'
import { grouped, problem, type Problem } from './report.js'

/** What marks the final frame in place of a number. */
const finalMark = 0xffffffff

/**
 * Follows the frames of a message by what stands before each, as its bytes come.
 *
 * No tag is verified. So it finds what was cut or cannot be, and no forgery.
 *
 * @see message-format.md, "Body"
 */
export class FrameWalk {
  /** Bytes of plaintext so far. */
  plaintext = 0
  /** Whole frames so far. */
  frames = 0
  readonly #frameLength: number
  readonly #head = new DataView(new ArrayBuffer(finalHead))
  /** Bytes of a head that are there. */
  #have = 0
  /** Bytes of ciphertext and tag until the next head. */
  #skip = 0
  #isFinal = false
  #wrong: string | undefined
  /** Bytes behind the final frame. */
  #after = 0

  constructor(frameLength: number) {
    this.#frameLength = frameLength
  }

  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const step = Math.min(this.#skip, bytes.length - at)
      this.#skip -= step
      at += step
      if (at === bytes.length) return
      if (this.#isFinal || this.#wrong !== undefined) {
        this.#after += bytes.length - at
        return
      }
      this.#head.setUint8(this.#have, bytes[at] ?? 0)
      this.#have += 1
      at += 1
      this.#look()
    }
  }

  /** @param footer - whether a signature may follow the final frame */
  problems(footer: boolean): readonly Problem[] {
    if (this.#wrong !== undefined) return [problem('malformed', this.#wrong)]
    if (!this.#isFinal || this.#skip > 0)
      return [
        problem(
          'malformed',
          `it ends ${this.#have + this.#skip === 0 ? 'before' : 'within'} frame ${this.frames + (this.#isFinal ? 0 : 1)}, which is not the end: it was cut`,
        ),
      ]
    if (this.#after === 0 || footer) return []
    return [problem('malformed', `${grouped(this.#after)} bytes follow the final frame`)]
  }

  /** Whether the final frame came, all of it. */
  get isWhole(): boolean {
    return this.#isFinal && this.#skip === 0
  }

  #look(): void {
    if (this.#have < 4) return
    const number = this.#head.getUint32(0)
    if (number === finalMark) {
      if (this.#have === finalHead) this.#final(this.#head.getUint32(4), this.#head.getUint32(20))
      return
    }
    if (number !== this.frames + 1) return this.#refuse(number)
    this.#frame(this.#frameLength, regularHead - 4 + this.#frameLength + tagLength)
  }

  #final(number: number, length: number): void {
    if (number !== this.frames + 1) return this.#refuse(number)
    if (length > this.#frameLength) {
      this.#wrong = `its final frame says ${grouped(length)} bytes, and no frame may be so long`
      return
    }
    this.#isFinal = true
    this.#frame(length, length + tagLength)
  }

  #frame(length: number, skip: number): void {
    this.frames += 1
    this.plaintext += length
    this.#skip = skip
    this.#have = 0
  }

  #refuse(number: number): void {
    this.#wrong = `frame ${grouped(this.frames + 1)} says that it is frame ${grouped(number)}: something is missing, or was moved`
  }
}
