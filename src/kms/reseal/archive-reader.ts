import type { Bytes } from '../../bytes/bytes.js'
import type { CallOptions } from '../../io/abort.js'
import type { ByteSource } from '../../io/byte-source.js'
import type { StreamSource } from '../../io/stream-source.js'
import type { ExpectedContext } from '../../open/check.js'
import type { StreamDigest } from '../../open/stream-digest.js'
import type { Original } from './archive-context.js'
import type { ArchiveInfo } from './open-archive.js'

/** What is expected of an archive. */
export interface ReadArchiveOptions extends CallOptions {
  /** The operator's context: exactly this one, or a function that decides about it. */
  readonly context: ExpectedContext
  /**
   * The sealed file that this is the content of, by `messageId`, by `headerDigest`, or by both.
   *
   * - Without it the archive of another file, put in the place of this one, opens too.
   * - Default: any original.
   */
  readonly original?: Partial<Original>
}

/** How an archive is opened from its start. */
export interface ReadArchiveStreamOptions extends ReadArchiveOptions {
  /** Whether to compute the digest of the archive. Default: false. */
  readonly digest?: boolean
}

/** The plaintext of an archive, of which each piece verified before it is handed out. */
export interface OpenedArchiveStream extends ArchiveInfo {
  /** The plaintext. It fails at the end when the archive was cut. */
  readonly readable: ReadableStream<Bytes>
  /** The length in bytes, where it was known and verified before: of `openRange`. */
  readonly length?: number
}

/** An archive that is opened from its start. */
export interface DigestedArchive extends OpenedArchiveStream, StreamDigest {}

/**
 * Opens archives under symmetric KMS keys, each with one KMS call.
 *
 * - Everything that public bytes decide is checked before KMS is called.
 * - After KMS answered, every failure of an archive is the one code `rejected`.
 */
export interface ArchiveReader {
  /**
   * Opens an archive of any length in constant memory, with one call of kms:Decrypt.
   *
   * - It resolves when the header is authentic. Each frame is handed out after its tag verified.
   * - An archive that was cut fails at its end. Use what you read only if no error came.
   * - KMS is told the whole context of the archive, so that CloudTrail shows it.
   *
   * @throws SealdropError without a KMS call:
   *   - `invalid_argument`: context, original or source are wrong, or no Region is known for a key
   *   - `malformed`: the header is not one as specified, or has other data keys too
   *   - `too_large`: the header or its context is over a limit
   *   - `unsupported_algorithm`: AWS's SDKs wrote it under another algorithm suite
   *   - `key_not_found`: it is under no key of this reader, or is no archive
   *   - `context_mismatch`: the context is another one, or it is of another original
   *   - `source_failed`: the source cannot be read
   *   - `source_changed`: the source is another one than it was
   *   - `closed`: the reader was closed
   * @throws SealdropError from KMS:
   *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
   *   - `kms_throttled`: KMS limits calls a second; retry later
   *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
   *   - `kms_unexpected`: KMS answered what this version does not understand
   *   - `key_unusable`: the key is disabled, waits for its deletion, or is gone
   * @throws SealdropError while reading:
   *   - `rejected`: it was changed, or not written under this key
   *   - `malformed`: it was cut, or added to
   *   - `source_failed`: the source cannot be read further
   *   - `source_changed`: the source was changed meanwhile
   * @example
   *   ```js
   *   import { createArchiveReader, createResealer } from 'sealdrop/kms'
   *   const context = { store: 'claims' }
   *   const resealer = createResealer({ key: 'alias/cold', context })
   *   const original = { messageId: 'A'.repeat(43), headerDigest: 'A'.repeat(43) }
   *   const from = { ...original, readable: new Blob(['order 7, order 8']).stream() }
   *   const { readable, keyArn } = await resealer.reseal(from)
   *   const reader = createArchiveReader({ keys: [keyArn] })
   *   const opened = await reader.openStream(readable, { context, original })
   *   console.log(await new Response(opened.readable).text()) // order 7, order 8
   *   await Promise.all([resealer.close(), reader.close()])
   *   ```
   * @see message-format.md, "Data key for a symmetric KMS key"
   */
  openStream(source: StreamSource, o: ReadArchiveStreamOptions): Promise<DigestedArchive>
  /**
   * Opens part of an archive, and reads nothing but the frames of that part and the last one.
   *
   * - `start` and `end` are bytes of the plaintext. They are cut to what is there.
   * - The last frame is read and verified first, since it says how long the plaintext is.
   *
   * @returns the part, with its exact `length` in bytes
   * @throws SealdropError without a KMS call:
   *   - `invalid_argument`: range, context, original or source are wrong, or no Region is known
   *   - `malformed`: header or length are not as specified, or it has other data keys too
   *   - `too_large`: the header or its context is over a limit
   *   - `unsupported_algorithm`: AWS's SDKs wrote it under another algorithm suite
   *   - `key_not_found`: it is under no key of this reader, or is no archive
   *   - `context_mismatch`: the context is another one, or it is of another original
   *   - `source_failed`: the source cannot be read
   *   - `source_changed`: the source is another one than it was
   *   - `closed`: the reader was closed
   * @throws SealdropError from KMS:
   *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
   *   - `kms_throttled`: KMS limits calls a second; retry later
   *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
   *   - `kms_unexpected`: KMS answered what this version does not understand
   *   - `key_unusable`: the key is disabled, waits for its deletion, or is gone
   * @throws SealdropError while reading:
   *   - `rejected`: it was changed, or not written under this key
   *   - `malformed`: the archive was cut, or added to
   *   - `source_failed`: the source cannot be read further
   *   - `source_changed`: the source was changed meanwhile
   * @example
   *   ```js
   *   import { createArchiveReader, createResealer } from 'sealdrop/kms'
   *   const context = { store: 'claims' }
   *   const resealer = createResealer({ key: 'alias/cold', context })
   *   const original = { messageId: 'A'.repeat(43), headerDigest: 'A'.repeat(43) }
   *   const from = { ...original, readable: new Blob(['order 7, order 8']).stream() }
   *   const { readable, keyArn } = await resealer.reseal(from)
   *   const reader = createArchiveReader({ keys: [keyArn] })
   *   const archive = await new Response(readable).blob()
   *   const part = await reader.openRange(archive, 9, Infinity, { context, original })
   *   console.log(part.length, await new Response(part.readable).text()) // 7 order 8
   *   await Promise.all([resealer.close(), reader.close()])
   *   ```
   */
  openRange(
    source: Blob | ByteSource,
    start: number,
    end: number,
    o: ReadArchiveOptions,
  ): Promise<OpenedArchiveStream & { readonly length: number }>
  /**
   * Ends the KMS clients that this reader made.
   *
   * - Verbs that are called later throw `closed`.
   * - A KMS client that you passed stays open.
   */
  close(): Promise<void>
}
