import { ensure } from '../errors/guard.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { unwatched } from '../io/abort.js'
import type { RangeSealer } from '../stream/range-sealer.js'
import type { TusFileSource, TusSlice } from './tus-options.js'

/** What left, to compare with a receipt. */
export interface TusSealed {
  readonly messageId: string
  /** Bytes of the sealed file. */
  readonly length: number
  /** Its chunk digest, base64url. */
  readonly digest: string
}

/** Bytes of the tag that ends a sealed file. */
const tagLength = 16

/**
 * The sealed file as tus-js-client reads it.
 *
 * - what the server says that it has must have left by this record
 * - the last piece leaves only after every frame of earlier sessions was compared
 *
 * Its methods are functions that know their object: they work behind the proxies of Vue and MobX.
 */
export class SealedSource implements TusFileSource {
  declare readonly size: number
  readonly #sealer: RangeSealer
  /** Compares what earlier sessions sent, while new pieces leave. */
  #comparing: Promise<void> | undefined
  /** All before this place left, by the record or from here. */
  #left = 0
  #digest: string | undefined
  #finishing: Promise<TusSealed> | undefined
  #closed: Promise<void> | undefined

  constructor(sealer: RangeSealer) {
    this.#sealer = sealer
    this.size = sealer.length
  }

  readonly slice = async (start: number, end: number): Promise<TusSlice> => {
    const last = Math.min(end, this.size)
    await this.#mustHaveLeft(start)
    this.#comparing ??= unwatched(() => this.#compareUpTo(start))
    const bytes = await this.#sealer.slice(start, last)
    this.#left = Math.max(this.#left, last)
    const done = last === this.size
    // whoever lacks but a few bytes of the last tag could guess them
    if (last > this.size - tagLength) await this.#whole()
    // version 4 sends this property as Content-Length
    const value = Object.assign(bytes, { size: bytes.length })
    return { value, size: bytes.length, done }
  }

  /** What tus-js-client calls after the last piece arrived. */
  readonly close = (): void => {
    void unwatched(async () => {
      await this.#finishing?.catch(() => {})
      await this.end(this.#digest !== undefined)
    })
  }

  /** Answers what left once all of it did, and lets go of its record. */
  finish(): Promise<TusSealed> {
    this.#finishing ??= this.#finish().catch((error: unknown) => {
      this.#finishing = undefined
      throw error
    })
    return this.#finishing
  }

  async #finish(): Promise<TusSealed> {
    await this.#mustHaveLeft(this.size)
    const digest = this.#digest ?? (await this.#whole())
    // it arrived: a record that stays is deleted for its age
    await this.end(true).catch(() => {})
    const { messageId, length } = this.#sealer
    return { messageId, length, digest }
  }

  /** Lets go of the record once, and deletes it where it is of no use any more. */
  end(done: boolean): Promise<void> {
    return (this.#closed ??= this.#sealer.close({ done }))
  }

  /** @throws SealdropError `conflict`, and the record goes, where the server has more than left */
  async #mustHaveLeft(length: number): Promise<void> {
    const isMore = length > this.#left && !this.#sealer.handedOut(this.#left, length)
    if (isMore || length > this.size) {
      const error = this.#sealer.end(
        new SealdropError(
          'conflict',
          `the server has ${length} bytes, more than left by this record: send the file anew`,
        ),
      )
      await this.end(true)
      throw error
    }
    this.#left = Math.max(this.#left, length)
  }

  /** Seals again what lies before a place, chunk by chunk. The ledger compares. */
  async #compareUpTo(place: number): Promise<void> {
    for (const [start, end] of this.#sealer.chunks.missing()) {
      if (end > place) return
      await this.#sealer.slice(start, end)
    }
  }

  /** Compares all that was not sealed here, and both ends once more: the file may have changed. */
  async #whole(): Promise<string> {
    await this.#comparing?.catch(() => {})
    const digest = await this.#sealer.digest()
    await this.#sealer.recheck()
    return (this.#digest = digest)
  }
}

/** @throws SealdropError `invalid_argument` */
export const checkInput = (input: unknown, file: unknown): void =>
  ensure(
    input === file,
    'invalid_argument',
    'tus.Upload: expected the file that was given to sealForTus',
  )
