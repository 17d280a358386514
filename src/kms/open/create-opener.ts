import { limits } from '../../algorithms/limits.js'
import { checkCount, clockOf, ensure, milliseconds } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { blaming, blamingNow } from '../../errors/whose.js'
import { noCache } from '../../open/data-keys.js'
import { openManyFiles } from '../../open/open-many-files.js'
import { openMany } from '../../open/open-many.js'
import type { OpenOptions } from '../../open/options.js'
import type { ReplayStore } from '../../open/replay.js'
import type { OpenEvent } from '../../open/report.js'
import { StreamOpener } from '../../open/stream-opener.js'
import { ValueOpener } from '../../open/value-opener.js'
import { signalOf, unwatched } from '../../io/abort.js'
import { taken } from '../../io/stream-source.js'
import { UnderWay } from '../../io/under-way.js'
import type { FieldOptions, SealedFields } from '../../seal/sealer.js'
import { ConfiguredKeys } from './configured-keys.js'
import { dataKeyCache, type CacheOptions } from './data-key-cache.js'
import { decompressPoint } from './decompress-point.js'
import { LRUCache } from './lru.js'
import { openFile } from './open-file.js'
import type { Opener } from './opener.js'
import { InventoryKeys } from '../inventory/inventory-keys.js'
import type { InventoryStore } from '../inventory/inventory-model.js'
import { obeying, type KmsBudget } from '../port/budget.js'
import { KmsPort, type Kms } from '../port/port.js'

/** How an opener reaches KMS, which keys it uses, and what it remembers. */
export interface OpenerOptions {
  /** How KMS is reached. Default `{}`: the AWS default chain. */
  readonly kms?: Kms
  /** Operations a second, which others may share: see `kmsBudget`. Default: no limit. */
  readonly budget?: KmsBudget
  /**
   * The keys that may be used, by ARN, key id or alias, or the inventory that has them.
   *
   * - Of replicas, the one that is named first is asked first.
   * - Of an inventory, all keys that it ever had are used.
   * - It is read again every 10 minutes, and for an unknown key at most once in 30 s.
   */
  readonly keys: readonly string[] | InventoryStore
  /** The oldest value that is opened, in milliseconds. Default: any age. */
  readonly maxAge?: number
  /**
   * How far clocks may differ: a value with a maximum age may be so far in the future.
   *
   * - It is in milliseconds, at most 24 hours. Default: 60,000.
   * - `maxAge` stays as it is. Make that longer for senders whose clocks are behind.
   */
  readonly tolerance?: number
  /**
   * Lets every value open once. Default: none.
   *
   * - It needs a finite `maxAge`. Ids of values are kept for that and `tolerance` and a minute.
   */
  readonly replay?: ReplayStore
  /** Remembers unwrapped data keys. Default: off, so that every value costs one KMS call. */
  readonly cache?: CacheOptions
  /**
   * The longest frame of a stream that is taken, in bytes of plaintext, at most 1 GiB.
   *
   * - A longer one is `too_large`, before anything of it is read.
   * - A frame is held until its tag verified, and several of them are opened at once.
   * - Default: 16,777,216.
   */
  readonly maxFrameLength?: number
  /** Called for every value that was opened or refused. Default: nobody is told. */
  readonly onEvent?: (e: OpenEvent) => void
  /** The time in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number
}

/**
 * Makes an opener, which opens what was sealed to its KMS keys.
 *
 * - Nothing happens before its first verb. Call `ready` to load the keys when a program starts.
 * - Everything public about a value is checked before KMS is called.
 * - One opener serves a whole program. Call `close` when that ends.
 *
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: an option is wrong, or there is no key
 * @example
 *   ```js
 *   import { createOpener } from 'sealdrop/kms'
 *   const events = []
 *   const opener = createOpener({
 *     keys: ['alias/claims'],
 *     maxAge: 24 * 3_600_000,
 *     cache: { entries: 1_000, maxAge: 300_000, uses: 1_000 },
 *     onEvent: (event) => events.push(event),
 *   })
 *   await opener.ready()
 *   await opener.open('not sealed', { context: {} }).catch(() => {})
 *   console.log(events[0].event, events[0].code) // failed malformed
 *   ```
 * @see RFC 7516 §5.2, §11.5
 */
export function createOpener(o: OpenerOptions): Opener {
  return blamingNow(() => openerOf(o))
}

/** What a run of `openMany` keeps: answers of KMS by wrapped key, and milliseconds for each. */
const ofRun = { max: 1_000, ttl: 60_000 } as const

/** What the opening verbs work with. @throws SealdropError `invalid_argument` */
function partsOf(o: OpenerOptions) {
  ensure(o, 'invalid_argument', 'createOpener: expected { keys }')
  checkOptions(o, 'kms budget keys maxAge tolerance replay cache maxFrameLength onEvent now')
  const { maxAge, tolerance, replay, maxFrameLength = limits.maxFrame } = o
  if (maxAge !== undefined) milliseconds('maxAge', maxAge)
  ensure(maxAge !== 0, 'invalid_argument', 'maxAge: expected milliseconds above 0')
  ensure(
    tolerance === undefined || milliseconds('tolerance', tolerance) <= 24 * 3_600_000,
    'invalid_argument',
    'tolerance: expected milliseconds, at most 24 hours',
  )
  ensure(
    !replay || (maxAge !== undefined && Number.isFinite(maxAge)),
    'invalid_argument',
    'replay: needs a finite maxAge, so that ids need not be kept for ever',
  )
  checkCount('maxFrameLength', maxFrameLength, limits.anyFrame)
  const port = new KmsPort(o.kms ?? {}, obeying(o.budget))
  const now = clockOf(o.now)
  const cache = o.cache ? dataKeyCache(o.cache) : noCache
  const keys = Array.isArray(o.keys)
    ? new ConfiguredKeys(port, o.keys as readonly string[], now)
    : new InventoryKeys(o.keys as InventoryStore, now, () => cache.clear())
  const underWay = new UnderWay('opener')
  const bounds = { maxAge, tolerance, replay, maxFrameLength, now, stopped: underWay.stop }
  const means = { operations: port, cache, decompress: decompressPoint }
  return { ...bounds, ...means, port, keys, underWay }
}

function openerOf(o: OpenerOptions): Opener {
  const { port, underWay, ...parts } = partsOf(o)
  const { onEvent } = o
  const { keys, cache, stopped } = parts
  const opener = new ValueOpener(parts, onEvent)
  const streams = new StreamOpener(parts, onEvent)
  const whileOpen = <R>(work: () => Promise<R>): Promise<R> =>
    blaming('sender', () => underWay.do(() => stopped.until(work)))
  type FieldsCall = OpenOptions & FieldOptions
  return {
    ready: (call) => unwatched(() => whileOpen(() => keys.ready(signalOf(call)))),
    open: (jwe, call) => whileOpen(() => opener.open(jwe, call)),
    openMany: (items, call) =>
      blamingNow(() =>
        openMany(items, call, {
          open: (jwe, each, shared) => whileOpen(() => opener.open(jwe, each, shared)),
          store: new LRUCache(ofRun),
          underWay,
        }),
      ),
    openManyFiles: (items, call) =>
      blamingNow(() =>
        openManyFiles(items, call, {
          open: (source, each, run) => streams.openStream(source, each, run),
          store: new LRUCache(ofRun),
          underWay,
        }),
      ),
    openFields: <T extends object>(record: SealedFields<T>, call: FieldsCall) =>
      whileOpen(() => opener.openFields<T>(record, call)),
    openStream: (source, call) => {
      const open = () => whileOpen(() => streams.openStream(source, call))
      return underWay.isClosed ? taken(source, open) : open() // one that comes too late is given up
    },
    openRange: (source, start, end, call) =>
      whileOpen(() => streams.openRange(source, start, end, call)),
    openFile: (input, output, call) =>
      // it is not left behind, so that its half-written output is gone when closing is over
      blaming('sender', () => underWay.do(() => openFile(streams, input, output, call))),
    close: (call) =>
      blaming('sender', async () => {
        await underWay.close(signalOf(call))
        cache.clear()
        port.close()
      }),
  }
}
