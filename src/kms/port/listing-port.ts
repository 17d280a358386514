import { isDenied } from './aws-errors.js'
import { ManagementPort, unless } from './management-port.js'
import type { KeyDescription } from './port.js'

/** What administrators of keys ask KMS for of keys that they do not know. */
export class ListingPort extends ManagementPort {
  /**
   * The keys of the account in the Region of an alias, each with its description.
   *
   * It costs a DescribeKey for each key. Those that others keep to themselves are left out.
   */
  async *keysIn(alias: string, signal?: AbortSignal): AsyncGenerator<KeyDescription> {
    for await (const arn of this.#arnsIn(alias, signal)) {
      const found = await this.describe(arn, signal).catch(unlessHidden)
      if (found) yield found
    }
  }

  /**
   * The aliases of the account in the Region of an alias: names by the id of the key.
   *
   * The account is asked and not each key, whose policy could hide them.
   */
  async aliasesIn(
    alias: string,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    const names = new Map<string, string[]>()
    let Marker: string | undefined
    do {
      const input = { Limit: 100, Marker }
      const { Aliases = [], NextMarker } = await this.call(
        'ListAliases',
        alias,
        signal,
        (client, o, sdk) => client.send(new sdk.ListAliasesCommand(input), o),
      )
      for (const { TargetKeyId = '', AliasName = '' } of Aliases)
        names.set(TargetKeyId, [...(names.get(TargetKeyId) ?? []), AliasName])
      Marker = NextMarker
    } while (Marker !== undefined)
    return names
  }

  /** The ARNs of all keys of the account in the Region of an alias. */
  async *#arnsIn(alias: string, signal: AbortSignal | undefined): AsyncGenerator<string> {
    let Marker: string | undefined
    do {
      const input = { Limit: 1000, Marker }
      const { Keys = [], NextMarker } = await this.call(
        'ListKeys',
        alias,
        signal,
        (client, o, sdk) => client.send(new sdk.ListKeysCommand(input), o),
      )
      for (const { KeyArn = '' } of Keys) yield KeyArn
      Marker = NextMarker
    } while (Marker !== undefined)
  }
}

/** Keys of others in the account are hidden, and keys that have just gone. Nothing else is. */
function unlessHidden(error: unknown): undefined {
  return isDenied(error) ? undefined : unless('key_unusable')(error)
}
