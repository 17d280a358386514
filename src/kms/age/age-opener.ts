import type { CallOptions } from '../../io/abort.js'
import type { ByteSource } from '../../io/byte-source.js'
import type { StreamSource } from '../../io/stream-source.js'
import type { KeyInfo } from '../../keys/key.js'
import type { Bytes } from '../../bytes/bytes.js'

/** What is known of an age file that was opened. */
export interface OpenedAgeInfo {
  /** The key that opened it, with its ARN. */
  readonly key: KeyInfo
  /** Whether the file was text, in armor. */
  readonly armored: boolean
}

/** The plaintext of an age file, of which each chunk verified before it is handed out. */
export interface OpenedAge extends OpenedAgeInfo {
  /** The plaintext. It fails at the end when the file was cut. */
  readonly readable: ReadableStream<Bytes>
  /** The length in bytes, where it was known and verified before: of `openRange`. */
  readonly length?: number
}

/**
 * Opens age files that were sealed to its keys, each with one KMS call.
 *
 * - An age file has no context, no message id and no age. Whoever has a recipient can make one.
 * - Everything that public bytes decide is checked before KMS is called.
 * - After KMS answered, every failure of a file is the one code `rejected`, which tells nothing.
 */
export interface AgeOpener {
  /**
   * Loads the keys now, so that a wrong configuration shows when the program starts.
   *
   * - With an inventory as `keys` it reads the inventory, and KMS is not called.
   *
   * @throws SealdropError without a KMS call:
   *   - `invalid_argument`: no Region is known for a key, or a key is none to open with
   *   - `key_not_found`: there is no inventory, or it has no purpose with `age: true`
   *   - `source_failed`, `malformed`: the inventory cannot be read, or is damaged
   *   - `closed`: the opener was closed
   * @throws SealdropError from KMS:
   *   - `kms_denied`, `kms_throttled`, `kms_unavailable`, `kms_unexpected`: KMS did not answer
   *   - `key_unusable`: a key is disabled, deleted, unknown, or made for signing
   *   - `unsupported_algorithm`: a key is of a kind that Sealdrop does not use
   */
  ready(o?: CallOptions): Promise<void>
  /** Ends the KMS clients that this opener made. Verbs that are called later throw `closed`. */
  close(): Promise<void>
  /**
   * Opens an age file from its start, armored or not, with one KMS call.
   *
   * - Where a key is denied, disabled or its Region is down, the next stanza is tried.
   * - Where KMS answered, no other stanza is tried.
   *
   * @throws SealdropError without a KMS call:
   *   - `invalid_argument`: there is no source, or an option is wrong
   *   - `malformed`: it is no age file as specified, or the inventory is damaged
   *   - `too_large`: its header is over a limit
   *   - `unsupported_algorithm`: it is of another version than v1
   *   - `key_not_found`: it is for none of this opener's keys
   *   - `key_unusable`: the inventory says that its key was deleted
   *   - `source_failed`: the source or the inventory cannot be read
   *   - `closed`: the opener was closed
   * @throws SealdropError from KMS:
   *   - `kms_denied`, `kms_throttled`, `kms_unavailable`, `kms_unexpected`: KMS did not answer
   *   - `key_unusable`: the key is disabled, waits for its deletion, or is gone
   * @throws SealdropError while reading:
   *   - `rejected`: it was changed on its way, cut, or not sealed for this key
   *   - `malformed`: its armor is wrong further on
   * @example
   *   ```js
   *   import { ageRecipient, createAgeOpener, sealAge } from 'sealdrop/age'
   *   import { publicJwk } from 'sealdrop/kms'
   *   const recipient = ageRecipient(await publicJwk({ key: 'alias/claims' }))
   *   const sealed = await sealAge(recipient, new Blob(['DE02']))
   *   const opener = createAgeOpener({ keys: ['alias/claims'] })
   *   const { readable } = await opener.openStream(sealed.readable)
   *   console.log(await new Response(readable).text()) // DE02
   *   await opener.close()
   *   ```
   * @see C2SP's age format
   */
  openStream(source: StreamSource, o?: CallOptions): Promise<OpenedAge>
  /**
   * Opens a part of an age file, with one KMS call.
   *
   * - The last chunk is verified first. It says that the file is whole, and how long it is.
   * - An armored file has no parts: it is refused.
   *
   * @param start - the first byte of plaintext
   * @param end - the byte behind the last one; Infinity for the rest
   * @throws SealdropError what `openStream` throws
   */
  openRange(
    source: Blob | ByteSource,
    start: number,
    end: number,
    o?: CallOptions,
  ): Promise<OpenedAge & { readonly length: number }>
  /**
   * Opens an age file into another file, which appears when all of it verified, or not at all.
   *
   * @throws SealdropError what `openStream` throws, and while writing:
   *   - `output_failed`: the file cannot be written
   */
  openFile(input: string | URL, output: string | URL, o?: CallOptions): Promise<OpenedAgeInfo>
}
