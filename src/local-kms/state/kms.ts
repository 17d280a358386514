import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { seededRandom, type Random } from '../crypto/seeded-random.js'
import { ImportParameters } from './import-parameters.js'
import type { Keyring } from './keyring.js'
import type { Key } from './key-model.js'

export interface KmsOptions {
  readonly rings: readonly Keyring[]
  /**
   * The Regions that answer. Default: all.
   *
   * The others are in the folder too, since multi-Region keys may have a part there.
   */
  readonly served?: readonly string[]
  readonly now: () => number
  /** A text from which key ids and material follow. Default: the system's randomness. */
  readonly seed?: string | undefined
}

/** Every Region of this server, with one queue for all changes, also those of two Regions. */
export class Kms {
  readonly rings: ReadonlyMap<string, Keyring>
  readonly served: readonly string[]
  readonly now: () => number
  /** Wrapping keys that GetParametersForImport gave out. */
  readonly imports: ImportParameters
  readonly #seed: string | undefined
  #made = 0
  #queue: Promise<unknown> = Promise.resolve()

  constructor({ rings, served = rings.map(({ region }) => region), now, seed }: KmsOptions) {
    this.rings = new Map(rings.map((ring) => [ring.region, ring]))
    this.served = served
    this.now = now
    this.imports = new ImportParameters(now)
    this.#seed = seed
  }

  /** The keys of a Region, which callers know to be here. */
  ringOf(region: string): Keyring {
    const ring = this.rings.get(region)
    if (!ring) throw new RangeError(`expected a Region of this server, found ${region}`)
    return ring
  }

  /** Randomness for material. With a seed it is the same for the same label. */
  randomFor(label: string): Random | undefined {
    return this.#seed === undefined ? undefined : seededRandom(this.#seed, label)
  }

  /**
   * The id of a key to be made, and the randomness for its material.
   *
   * - No key of any Region has that id.
   * - With a seed both follow from the label, or from the place in the order of keys, and from how
   *   many keys before had that label.
   */
  newKey(
    label = `key ${this.#made++}`,
    multiRegion = false,
  ): { readonly id: string; readonly random: Random | undefined } {
    for (let again = 0; ; again++) {
      const name = again === 0 ? label : `${label} again ${again}`
      const bytes = (this.randomFor(`${name}, id`) ?? randomBytes)(16)
      const id = multiRegion ? `mrk-${hex(bytes)}` : uuid(bytes)
      if (![...this.rings.values()].some((ring) => ring.keys.has(id)))
        return { id, random: this.randomFor(`${name}, material`) }
    }
  }

  /** The same multi-Region key in other Regions. */
  replicas(key: Key, region: string): readonly (readonly [ring: Keyring, replica: Key])[] {
    if (key.primaryRegion === undefined) return []
    return [...this.rings.values()].flatMap((ring) => {
      const replica = ring.keys.get(key.id)
      return replica && ring.region !== region ? [[ring, replica] as const] : []
    })
  }

  /** The same key in every Region, beginning with this one. */
  related(ring: Keyring, key: Key): readonly (readonly [ring: Keyring, key: Key])[] {
    return [[ring, key], ...this.replicas(key, ring.region)]
  }

  /**
   * Changes what the Regions of a multi-Region key share.
   *
   * The writes have a fixed order, by which due.ts repairs what a crash left.
   */
  async saveRelated(
    ring: Keyring,
    key: Key,
    change: (there: Key, ring: Keyring) => Key,
  ): Promise<void> {
    for (const [other, there] of this.related(ring, key)) await other.saveKey(change(there, other))
  }

  /** Runs one change after another. A change must not start another one. */
  change<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => undefined)
    return result
  }

  /** Resolves once every change that began has ended and the last uses of keys are written. */
  async settled(): Promise<void> {
    const written = this.change(async () => {
      for (const ring of this.rings.values()) await ring.saveUsage()
    })
    // where the folder cannot be written, a last use is no reason not to close
    await written.catch(() => undefined)
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** A version 4 UUID of 16 bytes (RFC 9562 §5.4). */
function uuid(bytes: Uint8Array): string {
  const set = Buffer.from(bytes)
  set.writeUInt8((set.readUInt8(6) & 0x0f) | 0x40, 6)
  set.writeUInt8((set.readUInt8(8) & 0x3f) | 0x80, 8)
  return hex(set).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
