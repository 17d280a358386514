import type { Folder } from './folder.js'
import { partitionOf, type Alias, type Key, type KeyRecord, type LastUsage } from './key-model.js'

/**
 * The keys and aliases of one Region, of every account.
 *
 * What can be seen in memory is durable already.
 */
export class Keyring {
  readonly region: string
  readonly partition: string
  readonly #folder: Folder | undefined
  readonly #keys: Map<string, Key>
  #aliases: readonly Alias[]
  readonly #used = new Map<string, LastUsage>()

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

  /** The key of an alias. It is there, since keys are deleted after their aliases. */
  keyOfAlias({ name, keyId }: Alias): Key {
    const key = this.#keys.get(keyId)
    if (!key) throw new Error(`${name} has lost its key`)
    return key
  }

  /** Names of the aliases of a key. */
  aliasesOf({ id }: Key): readonly string[] {
    return this.#aliases.filter(({ keyId }) => keyId === id).map(({ name }) => name)
  }

  /** The key that an id, an alias or an ARN names, whoever may use it. */
  keyNamed(account: string, name: string): Key | undefined {
    const bare = name.replace(/^arn:[^:]*:kms:[^:]*:[^:]*:(key\/)?/, '')
    return this.#keys.get(this.alias(account, bare)?.keyId ?? bare)
  }

  arn(account: string, resource: string): string {
    return `arn:${this.partition}:kms:${this.region}:${account}:${resource}`
  }

  keyArn({ account, id }: Pick<KeyRecord, 'account' | 'id'>): string {
    return this.arn(account, `key/${id}`)
  }

  async saveKey(key: Key): Promise<void> {
    const lastUsage = this.#used.get(key.id) ?? key.lastUsage
    const record = lastUsage ? { ...key, lastUsage } : key
    await this.#folder?.writeKey(record)
    this.#keys.set(key.id, record)
    // the key may have been used again meanwhile
    if (this.#used.get(key.id) === lastUsage) this.#used.delete(key.id)
  }

  /**
   * Notes a use of a key in memory.
   *
   * Writing a file for each signature would cost more than the signature.
   */
  noteUse(id: string, usage: LastUsage): void {
    this.#used.set(id, usage)
  }

  lastUsage({ id, lastUsage }: Key): LastUsage | undefined {
    return this.#used.get(id) ?? lastUsage
  }

  /** Writes the uses that were noted. What a killed server noted is lost. */
  async saveUsage(): Promise<void> {
    // a copy, since writing a key takes its use out
    const noted = [...this.#used.keys()]
    for (const id of noted) {
      const key = this.#keys.get(id)
      if (key) await this.saveKey(key)
    }
  }

  async saveAlias(alias: Alias): Promise<void> {
    const others = this.#aliases.filter(
      ({ account, name }) => account !== alias.account || name !== alias.name,
    )
    await this.#saveAliases([...others, alias])
  }

  async dropAliases(gone: (alias: Alias) => boolean): Promise<void> {
    if (this.#aliases.some(gone))
      await this.#saveAliases(this.#aliases.filter((alias) => !gone(alias)))
  }

  /** Deletes a key after its aliases, so that a crash leaves no alias without a key. */
  async removeKey(id: string): Promise<void> {
    await this.dropAliases(({ keyId }) => keyId === id)
    await this.#folder?.removeKey(id)
    this.#keys.delete(id)
    this.#used.delete(id)
  }

  async #saveAliases(aliases: readonly Alias[]): Promise<void> {
    await this.#folder?.writeAliases(aliases)
    this.#aliases = aliases
  }
}
