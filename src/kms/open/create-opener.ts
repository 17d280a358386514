import { ensure } from '../../errors/guard.js'
import type { CallOptions } from '../../io/abort.js'
import type { ByteSource } from '../../io/byte-source.js'
import type { StreamSource } from '../../io/stream-source.js'
import { noCache } from '../../open/data-keys.js'
import type { Opened } from '../../open/open-value.js'
import type { OpenOptions } from '../../open/options.js'
import type { ReplayStore } from '../../open/replay.js'
import type { OpenEvent } from '../../open/report.js'
import { StreamOpener, type OpenedStream } from '../../open/stream-opener.js'
import { ValueOpener } from '../../open/value-opener.js'
import type { FieldOptions, SealedFields } from '../../seal/sealer.js'
import { ConfiguredKeys } from './configured-keys.js'
import { dataKeyCache, type CacheOptions } from './data-key-cache.js'
import { decompressPoint } from './decompress-point.js'
import { openFile, type OpenedFile } from './open-file.js'
import { InventoryKeys } from '../inventory/inventory-keys.js'
import type { InventoryStore } from '../inventory/inventory-model.js'
import { KmsPort, type Kms } from '../port/port.js'

/** Opens what was sealed to its keys, each through one KMS call. */
export interface Opener {
  /**
   * Loads the keys now and throws when one does not load, so that a wrong configuration shows at
   * start.
   */
  ready(o?: CallOptions): Promise<void>
  /** Forgets data keys and ends KMS clients made here; later calls throw `closed`. */
  close(): Promise<void>
  /**
   * Opens a sealed value. Everything public is checked before KMS is called; after that every
   * failure is `rejected`.
   *
   * @throws SealdropError class A, without a KMS call: `invalid_argument`, `malformed`,
   *   `too_large`, `unsupported_algorithm`, `key_not_found`, `context_mismatch`, `expired`,
   *   `replayed`; class B: `rejected`; `kms_denied`, `kms_throttled`, `kms_unavailable`,
   *   `kms_unexpected`, `key_unusable`, `closed`
   * @see RFC 7516 §5.2
   */
  open(jwe: string, o: OpenOptions): Promise<Opened>
  /**
   * Opens the named fields of a record; one that is missing or not sealed is `rejected`, one from
   * another place `context_mismatch`, fields under more than 8 data keys `too_large`. One KMS call
   * for each data key; otherwise throws as `open`, and `malformed` where an authenticated field is
   * not what its content type says.
   *
   * @see RFC 6901 for the place
   */
  openFields<T extends object>(record: SealedFields<T>, o: OpenOptions & FieldOptions): Promise<T>
  /**
   * Opens a sealed stream in constant memory. It resolves when the header is authentic; each frame
   * is handed out after its tag verified. A stream that was cut fails at its end: use what was read
   * only when that came without an error. Streams do not say when they were sealed: an opener with
   * a maximum age refuses them as `expired`.
   *
   * @throws SealdropError as `open`, one KMS call; while reading `malformed`, `rejected`,
   *   `source_failed`, `source_changed`
   * @see message-format.md; AWS Encryption SDK message format, version 2
   */
  openStream(source: StreamSource, o: OpenOptions): Promise<OpenedStream>
  /**
   * Opens part of a sealed file: plaintext bytes from `start` to `end`, cut to what is there,
   * reading only their frames and the final one, which is verified first. For a file behind a URL
   * see `httpSource`.
   *
   * @returns with the exact `length` of the part; `openRange(source, 0, Infinity)` is the whole
   *   with its verified length
   * @throws SealdropError as `openStream`
   */
  openRange(
    source: Blob | ByteSource,
    start: number,
    end: number,
    o: OpenOptions,
  ): Promise<OpenedStream & { readonly length: number }>
  /**
   * Opens a sealed file into another, mode 0600, by way of a temporary file beside it: `output`
   * appears, or is replaced, when everything verified, and nothing is left behind otherwise.
   *
   * @returns also length and chunk digest of the sealed file, as `signReceipt` takes them
   * @throws SealdropError as `openStream`, and `output_failed`
   */
  openFile(input: string | URL, output: string | URL, o: OpenOptions): Promise<OpenedFile>
}

export interface OpenerOptions {
  /** How KMS is reached. Default `{}`: the AWS default chain. */
  readonly kms?: Kms
  /**
   * ARNs, key ids or aliases of the keys that may be used, in the order of preference among
   * replicas; or the inventory, with all keys that it ever had, read again every 10 minutes and for
   * a key that is not known, at most once in 30 s.
   */
  readonly keys: readonly string[] | InventoryStore
  /** Oldest value taken, in milliseconds. Default: any age. */
  readonly maxAge?: number
  /** Opens every value once; needs `maxAge`, for which ids are kept. Default: none. */
  readonly replay?: ReplayStore
  /** Remembers unwrapped data keys. Default: off, one KMS call for every value. */
  readonly cache?: CacheOptions
  /** Told of every value opened or refused. Default: nobody. */
  readonly onEvent?: (e: OpenEvent) => void
  /** Milliseconds since 1970. Default: Date.now. */
  readonly now?: () => number
}

/**
 * Makes an opener. Nothing happens before its first verb.
 *
 * @throws SealdropError `invalid_argument`; its verbs throw what {@link Opener} says
 * @see RFC 7516 §5.2, §11.5
 */
export function createOpener(o: OpenerOptions): Opener {
  ensure(o, 'invalid_argument', 'createOpener: expected { keys }')
  const { maxAge, replay, onEvent } = o
  ensure(
    maxAge === undefined || maxAge > 0,
    'invalid_argument',
    'maxAge: expected milliseconds above 0',
  )
  ensure(
    !replay || (maxAge !== undefined && Number.isFinite(maxAge)),
    'invalid_argument',
    'replay: needs a finite maxAge, so that ids need not be kept for ever',
  )
  const port = new KmsPort(o.kms ?? {})
  const now = o.now ?? Date.now
  const cache = o.cache ? dataKeyCache(o.cache) : noCache
  const keys = Array.isArray(o.keys)
    ? new ConfiguredKeys(port, o.keys as readonly string[], now)
    : new InventoryKeys(o.keys as InventoryStore, now, () => cache.clear())
  const parts = { keys, operations: port, cache, maxAge, replay, now, decompress: decompressPoint }
  const opener = new ValueOpener(parts, onEvent)
  const streams = new StreamOpener(parts, onEvent)
  let closed = false
  const whileOpen = <R>(work: () => Promise<R>): Promise<R> => {
    ensure(!closed, 'closed', 'this opener was closed')
    return work()
  }
  type FieldsCall = OpenOptions & FieldOptions
  return {
    ready: async (call = {}) => whileOpen(() => keys.ready(call.signal)),
    open: async (jwe, call) => whileOpen(() => opener.open(jwe, call)),
    openFields: async <T extends object>(record: SealedFields<T>, call: FieldsCall) =>
      whileOpen(() => opener.openFields<T>(record, call)),
    openStream: async (source, call) => whileOpen(() => streams.openStream(source, call)),
    openRange: async (source, start, end, call) =>
      whileOpen(() => streams.openRange(source, start, end, call)),
    openFile: async (input, output, call) =>
      whileOpen(() => openFile(streams, input, output, call)),
    close: async () => {
      closed = true
      cache.clear()
      port.close()
    },
  }
}
