import { toBase64url } from '../bytes/base64url.js'
import type { Bytes } from '../bytes/bytes.js'
import { sha256 } from '../crypto/digest.js'
import { ensure } from '../errors/guard.js'
import type { FileRecords } from '../stream/record-store.js'
import { damaged, type RangeSealer } from '../stream/range-sealer.js'
import { lengthOfPart, type UploadPlan } from './plan.js'
import type { UploadPart } from './protocol.js'

/** The note about an upload as a whole. */
export const uploadNote = 'upload'

/** What is kept of an upload beside its parts, for a list of what is unfinished. */
export interface UploadNote {
  readonly v: 1
  /** Milliseconds since 1970. */
  readonly created: number
  /** Bytes of the file. */
  readonly size: number
  /** Milliseconds since 1970, where the file says it. */
  readonly modified?: number
  readonly name?: string
  /** Where the file lies in a folder that was chosen, where that is known. */
  readonly path?: string
  /** Of the source, as it names its content. */
  readonly version?: string
  /** Where the upload handler is. */
  readonly handler: string
  /** Sealed once, when the file was begun, and never again. */
  readonly sealedName?: string
  /** Serialized. */
  readonly context: Bytes
  readonly partLength: number
  /** What the handler answered to `begin`. */
  readonly session?: string
  /** The token of the link that it was begun by. */
  readonly link?: string
}

/** Notes of a store, whose bytes may be of any realm. */
export type Notes = Iterable<readonly [name: string, note: object]>

interface PartNote {
  readonly length: number
  readonly sha256: Uint8Array
  readonly chunks: Uint8Array
}

const partName = (part: number): string => `part ${part}`
const hashLength = 32

/**
 * The parts of an upload that were sealed, with their hashes, and which of them arrived.
 *
 * What is kept comes in this order: the tags of a part's frames, then its hashes, then it is sent.
 */
export class UploadRecord {
  readonly #sealer: RangeSealer
  readonly #records: FileRecords | undefined
  readonly #plan: UploadPlan
  readonly #hashes: Uint8Array
  /** 1: its hash is known; 2: it arrived. */
  readonly #states: Uint8Array
  #note: UploadNote
  /**
   * Whether what the handler lists was compared with this record since it was restored.
   *
   * Before that nobody knows whether the record is older than what left under its key.
   */
  isListed: boolean

  constructor(
    sealer: RangeSealer,
    plan: UploadPlan,
    ...[records, note, isRestored]: [
      records: FileRecords | undefined,
      note: UploadNote,
      isRestored: boolean,
    ]
  ) {
    this.isListed = !isRestored
    this.#sealer = sealer
    this.#plan = plan
    this.#records = records
    this.#note = note
    this.#hashes = new Uint8Array(plan.parts * hashLength)
    this.#states = new Uint8Array(plan.parts + 1)
  }

  /** What the handler answered to `begin`; empty before that. */
  get session(): string {
    return this.#note.session ?? ''
  }

  get link(): string | undefined {
    return this.#note.link
  }

  get sealedName(): string | undefined {
    return this.#note.sealedName
  }

  /** Keeps the note about the upload as a whole. */
  async keep(): Promise<void> {
    await this.#records?.note?.(this.#sealer.messageId, uploadNote, this.#note)
  }

  /** Keeps what the handler answered to `begin`: none of the parts is there yet. */
  async keepSession(session: string): Promise<void> {
    this.#note = { ...this.#note, session }
    await this.keep()
  }

  /** The session is over, and what was sent under it is gone. */
  forgetSession(): void {
    this.#note = { ...this.#note, session: '' }
    for (const [part, state] of this.#states.entries()) if (state === 2) this.#states[part] = 1
  }

  /** Where a part lies in the sealed file; parts count from 1. */
  rangeOf(part: number): readonly [start: number, end: number] {
    const start = (part - 1) * this.#plan.partLength
    return [start, start + lengthOfPart(this.#plan, this.#sealer.length, part)]
  }

  /**
   * Takes the notes of a record.
   *
   * @throws SealdropError `malformed` for a part of which a frame lacks its tag, or a damaged note
   */
  restore(notes: Notes): void {
    for (const [name, note] of notes) {
      const part = Number(/^part (\d+)$/.exec(name)?.[1] ?? 0)
      if (part === 0) continue
      const { length, sha256: hash, chunks } = note as PartNote
      const isPart = part <= this.#plan.parts
      const [start, end] = this.rangeOf(part)
      ensure(
        isPart &&
          length === end - start &&
          hash?.length === hashLength &&
          chunks?.length === hashLength * chunksIn(start, end) &&
          this.#sealer.handedOut(start, end),
        'malformed',
        damaged,
      )
      this.#know(part, hash)
      this.#sealer.chunks.know(start, chunks)
    }
  }

  /** Seals a part, and keeps its hashes, so that it may be sent. */
  async seal(part: number, signal: AbortSignal): Promise<{ body: Bytes; told: UploadPart }> {
    const [start, end] = this.rangeOf(part)
    const body = await this.#sealer.slice(start, end, { signal })
    const hash = await sha256(body)
    if (!(this.#states[part] ?? 0)) {
      const note: PartNote = {
        length: body.length,
        sha256: hash,
        chunks: this.#sealer.chunks.between(start, end),
      }
      await this.#records?.note?.(this.#sealer.messageId, partName(part), note)
      this.#know(part, hash)
    }
    return { body, told: { part, length: body.length, sha256: toBase64url(hash) } }
  }

  /** Whether a part that the server lists is the one that was recorded. */
  isRecorded({ part, length, sha256: listed }: UploadPart): boolean {
    if (!this.#states[part]) return false
    const [start, end] = this.rangeOf(part)
    return length === end - start && listed === this.hashOf(part)
  }

  /** Says that a part is there, or that it is to be sent again. */
  arrived(part: number, isThere = true): void {
    if (part >= 1 && part <= this.#plan.parts) this.#states[part] = isThere ? 2 : 1
  }

  /** The parts that did not arrive, in their order. */
  missing(): number[] {
    const all = Array.from({ length: this.#plan.parts }, (_, i) => i + 1)
    return all.filter((part) => this.#states[part] !== 2)
  }

  /** Bytes that arrived. */
  get done(): number {
    let done = 0
    for (let part = 1; part <= this.#plan.parts; part++) {
      const [start, end] = this.rangeOf(part)
      if (this.#states[part] === 2) done += end - start
    }
    return done
  }

  /** SHA-256 of one PUT, or of the parts' hashes; what the object must have. */
  async composite(): Promise<string> {
    return this.#plan.mode === 'put'
      ? this.hashOf(1)
      : toBase64url(await sha256(new Uint8Array(this.#hashes)))
  }

  hashOf(part: number): string {
    return toBase64url(this.#hashes.subarray((part - 1) * hashLength, part * hashLength))
  }

  #know(part: number, hash: Uint8Array): void {
    this.#hashes.set(hash, (part - 1) * hashLength)
    this.#states[part] = 1
  }
}

const MiB = 1_048_576

/** Chunks of 1 MiB that begin in a range. */
const chunksIn = (start: number, end: number): number =>
  Math.ceil(end / MiB) - Math.ceil(start / MiB)
