import type { InventoryStore, KeyInventory, PublisherOptions } from '../../doors/kms.js'
import { parseSignedSet, setClaims } from '../../formats/signed-set.js'
import { limits } from '../../algorithms/limits.js'
import { historyKeys, publishedKeys } from '../../kms/inventory/published-keys.js'
import type { ToPublish } from './targets.js'

/** Who signs. Without a root the plain set is made alone. */
export interface PublishOptions {
  readonly signer: Pick<PublisherOptions, 'kms' | 'root' | 'issuer'>
  /** The name of the set; the history has its own. */
  readonly name?: string
}

/** What a publisher makes of one version of an inventory. */
interface Published {
  readonly set: { readonly jwks: string; readonly jws?: string }
  readonly history: { readonly jws?: string } | undefined
}

/** A document that `sealdrop keys publish` writes. */
interface DocumentKind {
  readonly name: string
  readonly type: string
  /** Keys that it has; undefined where it is not published. */
  readonly keysOf: (inventory: KeyInventory, isSigned: boolean) => number | undefined
  readonly textOf: (of: Published) => string | undefined
}

const signedType = 'application/jwk-set+jwt'

const hasHistory = (inventory: KeyInventory): boolean => historyKeys(inventory).length > 0

/**
 * The documents in the order in which they are written.
 *
 * - The history comes first, so that it has each key that the set has.
 * - The plain set comes last: whoever reads it finds the others as new.
 */
export const documentKinds: readonly DocumentKind[] = [
  {
    name: 'history.jwt',
    type: signedType,
    keysOf: (inventory, isSigned) =>
      isSigned && hasHistory(inventory) ? historyKeys(inventory).length : undefined,
    textOf: ({ history }) => history?.jws,
  },
  {
    name: 'jwks.jwt',
    type: signedType,
    keysOf: (inventory, isSigned) => (isSigned ? publishedKeys(inventory).length : undefined),
    textOf: ({ set }) => set.jws,
  },
  {
    name: 'jwks.json',
    type: 'application/jwk-set+json',
    keysOf: (inventory) => publishedKeys(inventory).length,
    textOf: ({ set }) => set.jwks,
  },
]

/** What hosts say to caches: as long as `keySetHandler` says it, and never longer than a set lives. */
export const cacheControl = 'public, max-age=300'

const day = 24 * 3_600_000

/** Documents of an inventory, and when those that are signed are over. */
export interface Documents {
  readonly documents: readonly ToPublish[]
  readonly expires: Date
}

/**
 * Makes all documents of an inventory before any is written.
 *
 * @throws SealdropError what `createPublisher` throws
 */
export async function documentsOf(
  inventory: KeyInventory,
  { signer, ...named }: PublishOptions,
): Promise<Documents> {
  const { createPublisher } = await import('../../doors/kms.js')
  // all of them are of one version
  const keys: InventoryStore = {
    read: async () => ({ inventory, etag: '' }),
    write: async () => {},
  }
  const set = await createPublisher({ ...signer, ...named, keys }).documents()
  const history =
    signer.root !== undefined && hasHistory(inventory)
      ? await createPublisher({ ...signer, keys, history: true }).documents()
      : undefined
  const documents = documentKinds.flatMap(({ name: file, type, textOf }) => {
    const text = textOf({ set, history })
    return text === undefined ? [] : [{ name: file, type, text, cacheControl }]
  })
  return { documents, expires: set.expires }
}

/** When a set that is signed now would be over. */
export const wouldExpire = ({ lifetime = day }: KeyInventory): Date =>
  new Date(Date.now() + lifetime)

/** The version that a signed document says, and undefined of what is none. */
export function versionOf(document: string): number | undefined {
  try {
    return setClaims(parseSignedSet(document).payload, limits.historyKeys).ver
  } catch {
    return undefined
  }
}
