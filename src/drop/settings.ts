import { ensure } from '../errors/guard.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { checkContext, type Context } from '../formats/context.js'
import type { JWK } from '../formats/jwk.js'
import { fetchKeySet } from '../keys/fetch-key-set.js'
import type { KeySet } from '../keys/key-set.js'
import type { Trust } from '../keys/trust.js'
import { indexedDbRecords } from '../stores/indexed-db/indexed-db-records.js'
import { indexedDbSets } from '../stores/indexed-db/indexed-db-sets.js'
import type { FileRecords } from '../stream/record-store.js'
import { pinned, type Pin } from '../trust/pinned.js'
import { signedBy } from '../trust/signed-by.js'
import {
  uploadTransport,
  type TransportOptions,
  type UploadTransport,
} from '../upload/transport.js'
import type { TakenLink } from '../upload/take-drop-link.js'

/**
 * What a page says to the element: by an attribute of this name, or by a property.
 *
 * A property goes before its attribute, and `undefined` takes it back.
 */
export interface DropSettings {
  /** The URL of the upload handler. */
  readonly endpoint?: string | undefined
  /** The URL of a key set, believed by `pins` or `roots`; as a property also key sets. */
  readonly keys?: string | KeySet | readonly KeySet[] | undefined
  /** Thumbprints of keys, with spaces between. */
  readonly pins?: string | readonly Pin[] | undefined
  /** Public JWKs that sign the key set; an attribute has them as JSON. */
  readonly roots?: string | readonly JWK[] | undefined
  /** Which signed set is meant, where a root signs several. The attribute is `set-name`. */
  readonly setName?: string | undefined
  /** What files are bound to. Everyone can read it. An attribute has it as JSON. */
  readonly context?: string | Context | undefined
  /** Who receives, in words for people. */
  readonly company?: string | undefined
  /** What `takeDropLink` answered. It is a property only. */
  readonly link?: TakenLink | undefined
  /** Headers for the upload handler, as `uploadTransport` takes them. It is a property only. */
  readonly headers?: TransportOptions['headers'] | undefined
  /** Where it is kept what goes on after a reload; `null`: nowhere. It is a property only. */
  readonly records?: FileRecords | null | undefined
}

/** Settings that can be used. */
export interface ReadySettings {
  readonly keys: readonly KeySet[]
  readonly transport: UploadTransport
  readonly context: Context
  readonly link: TakenLink | undefined
  readonly records: FileRecords | undefined
}

/** What is missing or wrong, for whoever made the page. */
export interface Unready {
  readonly error: unknown
}

/** Makes what is needed to send, or says what is missing. Nothing is believed by default. */
export function readSettings(given: DropSettings): ReadySettings | Unready {
  try {
    return ready(given)
  } catch (error) {
    return { error }
  }
}

function need(condition: unknown, message: string): asserts condition {
  ensure(condition, 'invalid_argument', message)
}

function ready(given: DropSettings): ReadySettings {
  const { endpoint, headers, link, records } = given
  need(endpoint, 'endpoint: expected the URL of the upload handler')
  return {
    keys: keysOf(given),
    transport: uploadTransport(endpoint, headers === undefined ? {} : { headers }),
    context: contextOf(given),
    link,
    records: records === undefined ? indexedDbRecords() : (records ?? undefined),
  }
}

function keysOf(given: DropSettings): readonly KeySet[] {
  const { keys, pins, roots } = given
  const trusts = [pins, roots].filter((trust) => [trust || []].flat().length > 0)
  const found = typeof keys === 'string' ? keys : [keys ?? []].flat()
  need(found.length > 0, 'keys: expected the URL of a key set, or key sets')
  if (typeof found !== 'string') {
    // a key set brings its own trust, and what stands beside it would count for nothing
    need(trusts.length === 0, 'pins, roots: a key set has its own trust. Leave them out')
    return found
  }
  need(trusts.length === 1, 'pins, roots: expected one of them, which says why keys are believed')
  return [fetchKeySet(found, { trust: trustOf(given) })]
}

function trustOf({ pins = '', roots, setName }: DropSettings): Trust {
  if ([pins || []].flat().length > 0) {
    // what a page writes as an attribute is for sealing, whatever the host says of the key
    const words = typeof pins === 'string' ? pins.trim().split(/\s+/) : [pins].flat()
    return pinned(
      words.map((pin) => (typeof pin === 'string' ? { thumbprint: pin, use: 'enc' } : pin)),
    )
  }
  const jwks = [parsed('roots', roots) as JWK | readonly JWK[]].flat()
  const store = globalThis.indexedDB && { store: indexedDbSets() }
  return signedBy(jwks, { ...store, ...(setName !== undefined && { name: setName }) })
}

function contextOf({ context, link }: DropSettings): Context {
  return checkContext(parsed('context', context ?? link?.context))
}

/** An attribute as what it says. What is wrong is not repeated: it may be anything. */
function parsed(name: string, value: unknown): unknown {
  try {
    return typeof value === 'string' ? JSON.parse(value) : value
  } catch {
    throw new SealdropError('invalid_argument', `${name}: expected JSON`)
  }
}
