import type { Folder } from './folder.js'
import { partitionOf, type Alias, type Key, type KeyRecord } from './model.js'

/** Keys and aliases of one Region, of every account. What is visible in memory is already durable. */
export class Keyring {
  readonly region: string
  readonly partition: string
  readonly #folder: Folder | undefined
  readonly #keys: Map<string, Key>
  #aliases: readonly Alias[]

  constructor(region: string, folder?: Folder) {
    this.region = region
    this.partition = partitionOf(region)
    this.#folder = folder
    this.#keys = new Map(folder?.keys.map((key) => [key.id, key]))
    this.#aliases = folder?.aliases ?? []
  }

  get keys(): ReadonlyMap<string, Key> {
    return this.#keys
  }

  get aliases(): readonly Alias[] {
    return this.#aliases
  }

  alias(account: string, name: string): Alias | undefined {
    return this.#aliases.find((alias) => alias.account === account && alias.name === name)
  }

  arn(account: string, resource: string): string {
    return `arn:${this.partition}:kms:${this.region}:${account}:${resource}`
  }

  keyArn({ account, id }: Pick<KeyRecord, 'account' | 'id'>): string {
    return this.arn(account, `key/${id}`)
  }

  async saveKey(key: Key): Promise<void> {
    await this.#folder?.writeKey(key)
    this.#keys.set(key.id, key)
  }

  async saveAlias(alias: Alias): Promise<void> {
    await this.#saveAliases([...this.#aliases.filter(({ account, name }) => account !== alias.account || name !== alias.name), alias])
  }

  async dropAliases(gone: (alias: Alias) => boolean): Promise<void> {
    if (this.#aliases.some(gone)) await this.#saveAliases(this.#aliases.filter((alias) => !gone(alias)))
  }

  /** Deletes a key, its aliases first: a crash in between leaves no alias without a key. */
  async removeKey(id: string): Promise<void> {
    await this.dropAliases(({ keyId }) => keyId === id)
    await this.#folder?.removeKey(id)
    this.#keys.delete(id)
  }

  async #saveAliases(aliases: readonly Alias[]): Promise<void> {
    await this.#folder?.writeAliases(aliases)
    this.#aliases = aliases
  }
}
