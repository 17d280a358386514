import { nonceLength, wipe } from '../../age/file-key.js'
import { allChunks, layoutOf, openHeader, openPart } from '../../age/open.js'
import { boundsOf, readFront, type Front, type HeaderBounds } from '../../age/read-front.js'
import type { Bytes } from '../../bytes/bytes.js'
import { clockOf, ensure } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { blaming, blamingNow } from '../../errors/whose.js'
import { writeFileWhole } from '../../files/write-file.js'
import { abortable, signalOf, unwatched, type CallOptions } from '../../io/abort.js'
import { checkRange, type ByteSource } from '../../io/byte-source.js'
import { streamOf } from '../../io/in-order.js'
import { fileInput, taken, type StreamSource } from '../../io/stream-source.js'
import { tell } from '../../io/tell.js'
import type { KeyInfo } from '../../keys/key.js'
import { givenUpAsOne } from '../../open/open-range.js'
import { tellFailed, type OpenEvent } from '../../open/report.js'
import { InventoryKeys } from '../inventory/inventory-keys.js'
import type { InventoryStore } from '../inventory/inventory-model.js'
import { ConfiguredKeys } from '../open/configured-keys.js'
import { placesOf } from '../open/open-file.js'
import { KmsPort, type Kms } from '../port/port.js'
import type { AgeOpener, OpenedAge, OpenedAgeInfo } from './age-opener.js'
import { unwrapFileKey, type UnwrapParts } from './unwrap.js'

/** How an opener of age files reaches KMS, and which keys it uses. */
export interface AgeOpenerOptions extends HeaderBounds {
  /** How KMS is reached. Default `{}`: the AWS default chain. */
  readonly kms?: Kms
  /**
   * The keys that may be used, by ARN, key id or alias, or the inventory that has them.
   *
   * - Of an inventory, only keys of purposes with `age: true` are used.
   * - Keys that are not on P-256 open no age file.
   */
  readonly keys: readonly string[] | InventoryStore
  /**
   * Called for every file that was opened or refused. Default: nobody is told.
   *
   * - An age file has no message id.
   */
  readonly onEvent?: (e: OpenEvent) => void
  /** The time in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number
}

/**
 * Makes an opener of age files, which opens what was sealed to its KMS keys by any `age`.
 *
 * - Nothing happens before its first verb. Call `ready` to load the keys when a program starts.
 * - An age file has no context. What an age file says must not be taken for a value of a context.
 * - One opener serves a whole program. Call `close` when that ends.
 *
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: an option is wrong, or there is no key
 * @example
 *   ```js
 *   import { createAgeOpener } from 'sealdrop/age'
 *   const opener = createAgeOpener({ keys: ['alias/claims'] })
 *   await opener.ready()
 *   const failure = await opener.openStream(new Blob(['no'])).catch(({ code }) => code)
 *   console.log(failure) // malformed
 *   await opener.close()
 *   ```
 * @see C2SP's age format
 */
export function createAgeOpener(o: AgeOpenerOptions): AgeOpener {
  return blamingNow(() => openerOf(o))
}

function openerOf(o: AgeOpenerOptions): AgeOpener {
  ensure(o, 'invalid_argument', 'createAgeOpener: expected { keys }')
  checkOptions(o, 'kms keys maxHeaderLength maxStanzas onEvent now')
  const port = new KmsPort(o.kms ?? {})
  const now = clockOf(o.now)
  const keys = Array.isArray(o.keys)
    ? new ConfiguredKeys(port, o.keys as readonly string[], now)
    : new InventoryKeys(
        o.keys as InventoryStore,
        now,
        undefined,
        (purpose) => purpose?.age === true,
      )
  const files = new AgeFiles({ keys, operations: port }, boundsOf(o), o.onEvent)
  let closed = false
  const refuse = async (): Promise<never> => {
    throw new SealdropError('closed', 'this opener was closed')
  }
  const whileOpen = <R>(work: () => Promise<R>, otherwise = refuse): Promise<R> =>
    blaming('sender', () => (closed ? otherwise() : work()))
  return {
    ready: (call) => unwatched(() => whileOpen(() => keys.ready(signalOf(call)))),
    openStream: (source, call) =>
      whileOpen(
        () => files.openStream(source, call),
        () => taken(source, refuse), // a source that comes too late is given up
      ),
    openRange: (source, start, end, call) =>
      whileOpen(() => files.openRange(source, { start, end }, call)),
    openFile: (input, output, call) => whileOpen(() => files.openFile(input, output, call)),
    close: async () => {
      closed = true
      port.close()
    },
  }
}

/** A file whose header was opened. */
interface Opened {
  readonly front: Front
  readonly key: Bytes
  readonly info: OpenedAgeInfo
}

const refuseArmor = (armored: boolean): void =>
  ensure(
    !armored,
    'invalid_argument',
    'openRange: an armored age file has no ranges; openStream opens it',
  )

/** What an opener does with files. */
class AgeFiles {
  readonly #parts: UnwrapParts
  readonly #bounds: Required<HeaderBounds>
  readonly #onEvent: (e: OpenEvent) => void

  constructor(
    parts: UnwrapParts,
    bounds: Required<HeaderBounds>,
    onEvent: (e: OpenEvent) => void = () => {},
  ) {
    this.#parts = parts
    this.#bounds = bounds
    this.#onEvent = onEvent
  }

  async openStream(source: StreamSource, call: CallOptions | undefined): Promise<OpenedAge> {
    return taken(source, async (reader, { size }) => {
      const signal = signalOf(call)
      const { front, key, info } = await this.#opened(signal, async () => {
        const found = await readFront(reader, this.#bounds)
        // of armored files it is not known what stands inside
        if (size !== undefined && !found.armored) layoutOf(size, found)
        return found
      })
      const stop = (reason: unknown): void => this.#stopped(reason, key, reader)
      return { ...info, readable: streamOf(allChunks(front.reader, key), stop, signal) }
    })
  }

  async openRange(
    source: Blob | ByteSource,
    { start, end }: { readonly start: number; readonly end: number },
    call: CallOptions | undefined,
  ): Promise<OpenedAge & { readonly length: number }> {
    const signal = signalOf(call)
    checkRange('openRange', start, end)
    const { input, cancel } = givenUpAsOne(fileInput(source))
    try {
      const { front, key, info } = await this.#opened(signal, async () => {
        // no more than that is fetched, where the source is far away
        const most = this.#bounds.maxHeaderLength + nonceLength
        const reader = input.reader(0, Math.min(input.size, most))
        const found = await readFront(reader, this.#bounds, refuseArmor)
        reader.cancel(undefined)
        layoutOf(input.size, found)
        return found
      })
      const part = await abortable(openPart({ input, front, key }, start, end), signal).catch(
        (error: unknown) => {
          wipe(key)
          if (isSealdropError(error)) tellFailed(this.#onEvent, error, 0)
          throw error
        },
      )
      const stop = (reason: unknown): void => this.#stopped(reason, key, { cancel })
      return { ...info, length: part.length, readable: streamOf(part.chunks, stop, signal) }
    } catch (error) {
      cancel(error)
      throw error
    }
  }

  async openFile(
    input: string | URL,
    output: string | URL,
    call: CallOptions | undefined,
  ): Promise<OpenedAgeInfo> {
    signalOf(call)
    const { source, to } = await placesOf(input, output)
    const { readable, ...info } = await this.openStream(source, call)
    await writeFileWhole(to, readable)
    return info
  }

  /** Everything before the first chunk, and who is told of it. */
  async #opened(signal: AbortSignal | undefined, read: () => Promise<Front>): Promise<Opened> {
    let kmsCalls = 0
    const { keys, operations } = this.#parts
    const counted: UnwrapParts = {
      keys,
      operations: {
        agree: (...asked) => {
          kmsCalls++
          return operations.agree(...asked)
        },
      },
    }
    try {
      signal?.throwIfAborted()
      const front = await abortable(read(), signal)
      let opener: KeyInfo | undefined
      const key = await openHeader(front, async (stanzas) => {
        const unwrapped = await unwrapFileKey(stanzas, counted, signal)
        opener = unwrapped.key
        return unwrapped.fileKey
      })
      const info = { key: opener as KeyInfo, armored: front.armored }
      tell(this.#onEvent, { event: 'opened', key: info.key.thumbprint, kmsCalls })
      return { front, key, info }
    } catch (error) {
      tellFailed(this.#onEvent, error, kmsCalls)
      throw error
    }
  }

  #stopped(
    reason: unknown,
    key: Bytes,
    reader: { readonly cancel: (reason: unknown) => void },
  ): void {
    wipe(key)
    reader.cancel(reason)
    if (isSealdropError(reason)) tellFailed(this.#onEvent, reason, 0)
  }
}
