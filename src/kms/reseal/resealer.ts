import type { Bytes } from '../../bytes/bytes.js'
import type { Context } from '../../formats/context.js'
import type { ByteStream } from '../../io/in-order.js'
import type { CallOptions } from '../../io/abort.js'
import type { Original } from './archive-context.js'

/** What is re-sealed: the answer of `openStream`, or what has the same members. */
export interface ResealSource extends Original {
  /** The plaintext, which nobody has read of yet. */
  readonly readable: ReadableStream<Bytes>
  /** Its length in bytes, where that is known. The stream is checked against it. */
  readonly length?: number
  /** What the sender bound. It is not copied. */
  readonly context?: Context
}

/** How one stream is re-sealed. */
export interface ResealOptions extends CallOptions {
  /** The context of this archive. Default: that of the resealer. */
  readonly context?: Context
  /** Bytes of the plaintext, where `length` of what was opened does not say it. */
  readonly length?: number
  /** How many bytes of plaintext a frame has, 1 to 16,777,216. Default: 524,288. */
  readonly frameLength?: number
  /** Frames that are encrypted side by side, 1 to 16. Default: 4. */
  readonly framesInFlight?: number
  /** Whether to compute the digest of the archive. Default: true. */
  readonly digest?: boolean
  /** Told of plaintext bytes, after each frame. Default: nobody. */
  readonly onProgress?: (p: { readonly done: number; readonly total?: number }) => void
}

/** An archive that is written while it is read. */
export interface ResealedStream extends ByteStream {
  /** The message id of the archive itself, 32 random bytes in base64url. */
  readonly messageId: string
  /** The ARN of the symmetric key, as KMS answered it. */
  readonly keyArn: string
  /** The operator's context, without what names the original. */
  readonly context: Context
  /** What it was re-sealed from. */
  readonly original: Original
  /** Chunk digest of the archive in base64url, once it was read to its end. */
  readonly digest: Promise<string>
}

/** Writes what was opened under a symmetric KMS key, with one KMS call for each stream. */
export interface Resealer {
  /**
   * Re-seals a stream in constant memory, with one call of kms:GenerateDataKey.
   *
   * - The archive is one of AWS's `aws-kms` keyring, under the algorithm suite 0x0478.
   * - Its encryption context is the operator's. `sealdrop:message-id` and `sealdrop:header` are
   *   added, which name the sealed file. KMS is told all of it, and CloudTrail shows it.
   * - Where the opened stream fails, so does this one. Nobody opens to its end what was written.
   *
   * @param opened - the answer of `openStream`; its `readable` is given up on failure
   * @throws SealdropError for what it was given, without a KMS call:
   *   - `invalid_argument`: an option is wrong, or this is not what `openStream` answers
   *   - `too_large`: the context is over 8,192 bytes
   *   - `closed`: the resealer was closed
   * @throws SealdropError from KMS:
   *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
   *   - `kms_throttled`: KMS limits calls a second; retry later
   *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
   *   - `kms_unexpected`: KMS answered what this version does not understand
   *   - `key_unusable`: the key is disabled, deleted, unknown, or no symmetric one
   * @throws SealdropError while reading:
   *   - what the opened stream fails with
   *   - `source_failed`: the stream has another length than was said
   * @example
   *   ```js
   *   import { fetchKeySet, overHttps, sealStream } from 'sealdrop'
   *   import { createOpener, createResealer } from 'sealdrop/kms'
   *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
   *   const context = { order: '7' }
   *   const { readable } = await sealStream(keys, new Blob(['DE02']), { context })
   *   const opener = createOpener({ keys: ['alias/claims'] })
   *   const resealer = createResealer({ key: 'alias/cold', context: { store: 'orders' } })
   *   const archive = await resealer.reseal(await opener.openStream(readable, { context }))
   *   await new Response(archive.readable).blob() // store it, for example in S3
   *   console.log(archive.keyArn, archive.context.store) // arn:aws:kms:…
   *   await Promise.all([opener.close(), resealer.close()])
   *   ```
   * @see message-format.md, "Data key for a symmetric KMS key"
   */
  reseal(opened: ResealSource, o?: ResealOptions): Promise<ResealedStream>
  /**
   * Ends the KMS clients that this resealer made.
   *
   * - Streams that were begun go on. Verbs that are called later throw `closed`.
   * - A KMS client that you passed stays open.
   */
  close(): Promise<void>
}
