import type { Bytes } from '../bytes/bytes.js'
import type { CallOptions } from '../io/abort.js'
import type { KeyInfo } from '../keys/key.js'

/**
 * Seals a file piece by piece: any range of the ciphertext, in any order, side by side, and again.
 */
export interface FileSealer {
  /** Bytes of the whole ciphertext. */
  readonly length: number
  /** The message's id; a receipt names it, and a record is restored by it. */
  readonly messageId: string
  /** The key chosen of each set. */
  readonly recipients: readonly KeyInfo[]
  /**
   * Seals the bytes of the ciphertext from `start` to `end`.
   *
   * - they are what `sealStream` would write there under the same key and id
   * - after a restore, before the first frame that is new: the first, the last and 16 random frames
   *   of the record are sealed again and compared
   * - at most 1 GiB at once; frames are sealed whole, so that ranges of some MiB cost least
   *
   * @throws SealdropError for what it was given:
   *   - `invalid_argument`: this is no range of the ciphertext
   *   - `too_large`: more than 1 GiB
   *   - `conflict`: another sealer took over the record, and this one seals nothing more
   *   - `output_failed`: the record could not be kept
   *   - `closed`: this sealer was closed
   * @throws SealdropError while reading:
   *   - `source_changed`: the file is not what it was, and this sealer seals nothing more
   *   - `source_failed`: try again
   */
  slice(start: number, end: number, o?: CallOptions): Promise<Bytes>
  /**
   * Chunk digest of the whole ciphertext, base64url.
   *
   * Chunks of 1 MiB that no slice held whole are sealed once more.
   */
  digest(o?: CallOptions): Promise<string>
  /**
   * Seals again what earlier sealers of the record handed out, and compares. It hands nothing out.
   *
   * - call it before an upload that was resumed is completed: old parts and new ones of a file that
   *   was rewritten would otherwise open as a file that never was
   * - the first frame and the last one are compared in any case
   *
   * @throws SealdropError as `slice`
   */
  recheck(o?: CallOptions): Promise<void>
  /**
   * Lets go of the record, when nothing is being written to it any more.
   *
   * The record stays, so that another sealer can go on, unless `done` says that it is of no use any
   * more: the upload was completed and confirmed, or given up.
   */
  close(o?: { readonly done?: boolean }): Promise<void>
}
