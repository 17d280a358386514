import { randomBytes } from 'node:crypto'
import { seededRandom, type Random } from '../crypto/seeded-random.js'
import { afterItsTime } from './due.js'
import { ImportParameters } from './import-parameters.js'
import type { Keyring } from './keyring.js'
import type { Key } from './model.js'

export interface KmsOptions {
  readonly rings: readonly Keyring[]
  readonly now: () => number
  /** Key ids and material follow from it; default: the system's randomness. */
  readonly seed?: string | undefined
}

/** Every Region of this server. One queue orders all changes, also those that touch two Regions. */
export class Kms {
  readonly rings: ReadonlyMap<string, Keyring>
  readonly now: () => number
  /** Wrapping keys that GetParametersForImport gave out. */
  readonly imports: ImportParameters
  readonly #seed: string | undefined
  #made = 0
  #queue: Promise<unknown> = Promise.resolve()

  constructor({ rings, now, seed }: KmsOptions) {
    this.rings = new Map(rings.map((ring) => [ring.region, ring]))
    this.now = now
    this.imports = new ImportParameters(now)
    this.#seed = seed
  }

  /** Randomness for a key to be made; with a seed the same for the same label, or for the same place in the order of keys. */
  randomFor(label?: string): Random | undefined {
    return this.#seed === undefined ? undefined : seededRandom(this.#seed, label ?? `key ${this.#made++}`)
  }

  /** A key id that no key of any Region has. */
  newId(random: Random = randomBytes, multiRegion = false): string {
    for (;;) {
      const id = multiRegion ? `mrk-${hex(random(16))}` : uuid(random(16))
      if (![...this.rings.values()].some((ring) => ring.keys.has(id))) return id
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

  /** The same key in every Region, this one first. */
  related(ring: Keyring, key: Key): readonly (readonly [ring: Keyring, key: Key])[] {
    return [[ring, key], ...this.replicas(key, ring.region)]
  }

  /** Changes what a multi-Region key's Regions share. Only the order of the writes is fixed: {@link afterItsTime} repairs what a crash left. */
  async saveRelated(ring: Keyring, key: Key, change: (there: Key, ring: Keyring) => Key): Promise<void> {
    for (const [other, there] of this.related(ring, key)) await other.saveKey(change(there, other))
  }

  /** Runs one change after another. A change must not start another. */
  change<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => undefined)
    return result
  }

  /** Does what time brings: deletions, automatic rotations, expiry of imported material. */
  async tick(): Promise<void> {
    if (!this.#keys().some(([ring, id]) => this.#due(ring, id))) return
    await this.change(async () => {
      for (const [ring, id] of this.#keys()) {
        for (let act = this.#due(ring, id); act; act = this.#due(ring, id)) await act()
      }
    })
  }

  #keys(): readonly (readonly [ring: Keyring, id: string])[] {
    return [...this.rings.values()].flatMap((ring) => [...ring.keys.keys()].map((id) => [ring, id] as const))
  }

  #due(ring: Keyring, id: string): ReturnType<typeof afterItsTime> {
    const key = ring.keys.get(id)
    return key && afterItsTime(this, ring, key)
  }

  /** Resolves once every change that began has ended and the last uses of keys are written. */
  async settled(): Promise<void> {
    const written = this.change(async () => { for (const ring of this.rings.values()) await ring.saveUsage() })
    await written.catch(() => undefined) // a folder that cannot be written any more: a last use is no reason not to close
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** A version 4 UUID of 16 bytes (RFC 9562 §5.4). */
function uuid(bytes: Uint8Array): string {
  const set = Uint8Array.from(bytes)
  set[6] = (set[6]! & 0x0f) | 0x40
  set[8] = (set[8]! & 0x3f) | 0x80
  return hex(set).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
