import { createPublicKey, type KeyObject } from 'node:crypto'
import type { Folder } from './folder.js'
import type { KeyUsage } from '../key-specs.js'

/** What is kept of a key. Times are milliseconds since the epoch. */
export interface KeyRecord {
  readonly id: string
  readonly spec: string
  readonly usage: KeyUsage
  readonly description: string
  readonly created: number
  readonly enabled: boolean
  /** When it is to be deleted; absent unless deletion is pending. */
  readonly deletion?: number
}

export interface Key extends KeyRecord {
  readonly privateKey: KeyObject
}

export interface Alias {
  readonly name: string
  readonly keyId: string
  readonly created: number
  readonly updated: number
}

export interface KeyringOptions {
  readonly region: string
  readonly now: () => number
  /** Where changes are made durable; without it they live in memory. */
  readonly folder?: Folder
  readonly keys?: readonly Key[]
  readonly aliases?: readonly Alias[]
}

export const accountId = '111122223333'

/** The keys and aliases of one account and Region. What is visible in memory is already durable. */
export class Keyring {
  readonly region: string
  readonly partition: string
  readonly now: () => number
  readonly #folder: Folder | undefined
  readonly #keys: Map<string, Key>
  readonly #publicKeys = new WeakMap<KeyObject, KeyObject>()
  #aliases: ReadonlyMap<string, Alias>
  #queue: Promise<unknown> = Promise.resolve()

  constructor(options: KeyringOptions) {
    this.region = options.region
    this.partition = partitionOf(options.region)
    this.now = options.now
    this.#folder = options.folder
    this.#keys = new Map(options.keys?.map((key) => [key.id, key]))
    this.#aliases = new Map(options.aliases?.map((alias) => [alias.name, alias]))
  }

  get keys(): ReadonlyMap<string, Key> {
    return this.#keys
  }

  get aliases(): ReadonlyMap<string, Alias> {
    return this.#aliases
  }

  arn(resource: string): string {
    return `arn:${this.partition}:kms:${this.region}:${accountId}:${resource}`
  }

  keyArn(key: KeyRecord): string {
    return this.arn(`key/${key.id}`)
  }

  publicKey({ privateKey }: Key): KeyObject {
    const known = this.#publicKeys.get(privateKey) ?? createPublicKey(privateKey)
    this.#publicKeys.set(privateKey, known)
    return known
  }

  /** Runs one change after another. {@link saveKey} and the like belong inside; a change must not start another. */
  change<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => undefined)
    return result
  }

  async saveKey(key: Key): Promise<void> {
    await this.#folder?.writeKey(key)
    this.#keys.set(key.id, key)
  }

  async saveAlias(alias: Alias): Promise<void> {
    await this.#saveAliases([...[...this.#aliases.values()].filter(({ name }) => name !== alias.name), alias])
  }

  async dropAliases(gone: (alias: Alias) => boolean): Promise<void> {
    await this.#saveAliases([...this.#aliases.values()].filter((alias) => !gone(alias)))
  }

  /** Deletes keys whose time has come, aliases first: a crash in between leaves no alias without a key. */
  async expire(): Promise<void> {
    const due = (): readonly Key[] => [...this.#keys.values()].filter(({ deletion }) => deletion !== undefined && deletion <= this.now())
    if (due().length === 0) return
    await this.change(async () => {
      for (const { id } of due()) {
        await this.dropAliases(({ keyId }) => keyId === id)
        await this.#folder?.removeKey(id)
        this.#keys.delete(id)
      }
    })
  }

  /** Resolves once every change that began has ended. */
  async settled(): Promise<void> {
    await this.#queue
  }

  async #saveAliases(aliases: readonly Alias[]): Promise<void> {
    await this.#folder?.writeAliases(aliases)
    this.#aliases = new Map(aliases.map((alias) => [alias.name, alias]))
  }
}

const partitionOf = (region: string): string => (region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws')
