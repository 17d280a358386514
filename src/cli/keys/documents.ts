import type { KeyInventory, PublisherOptions } from '../../doors/kms.js'
import { parseSignedSet, setClaims } from '../../formats/signed-set.js'
import { limits } from '../../algorithms/limits.js'
import { historyKeys, publishedKeys } from '../../kms/inventory/published-keys.js'
import { ageNames, type AgePlan } from './age-documents.js'
import { oneVersion } from './one-version.js'
import type { ToPublish } from './targets.js'

/** Who signs. Without a root the plain set is made alone. */
export interface PublishOptions {
  readonly signer: Pick<PublisherOptions, 'kms' | 'root' | 'issuer'>
  /** The name of the set; the history has its own. */
  readonly name?: string
  readonly age?: AgePlan
  readonly signal?: AbortSignal
}

/** What a publisher makes of one version of an inventory. */
interface Published {
  readonly set: { readonly jwks: string; readonly jws?: string }
  readonly history: { readonly jws?: string } | undefined
  readonly age: { readonly text?: string; readonly signature?: string }
}

/** What is known of documents before any is made. */
export interface Planned {
  readonly inventory: KeyInventory
  readonly isSigned: boolean
  readonly age: AgePlan
}

/** A document that `sealdrop keys publish` writes. */
interface DocumentKind {
  readonly name: string
  readonly type: string
  /** Keys that it has, or that what it signs has; undefined where it is not published. */
  readonly keysOf: (of: Planned) => number | undefined
  readonly textOf: (of: Published) => string | undefined
}

const signedType = 'application/jwk-set+jwt'
const textType = 'text/plain; charset=utf-8'

const hasHistory = (inventory: KeyInventory): boolean => historyKeys(inventory).length > 0

/**
 * The documents in the order in which they are written.
 *
 * - The history comes first, so that it has each key that the set has.
 * - Recipients of age and their signature come one right after the other: whoever fetches both
 *   finds two that do not fit for an instant only.
 * - The plain set comes last: whoever reads it finds the others as new.
 */
export const documentKinds: readonly DocumentKind[] = [
  {
    name: 'history.jwt',
    type: signedType,
    keysOf: ({ inventory, isSigned }) =>
      isSigned && hasHistory(inventory) ? historyKeys(inventory).length : undefined,
    textOf: ({ history }) => history?.jws,
  },
  {
    name: ageNames.recipients,
    type: textType,
    keysOf: ({ age }) => age.documents?.count,
    textOf: ({ age }) => age.text,
  },
  {
    name: ageNames.signature,
    type: textType,
    keysOf: ({ age: { documents } }) => (documents?.sign ? documents.count : undefined),
    textOf: ({ age }) => age.signature,
  },
  {
    name: 'jwks.jwt',
    type: signedType,
    keysOf: ({ inventory, isSigned }) => (isSigned ? publishedKeys(inventory).length : undefined),
    textOf: ({ set }) => set.jws,
  },
  {
    name: 'jwks.json',
    type: 'application/jwk-set+json',
    keysOf: ({ inventory }) => publishedKeys(inventory).length,
    textOf: ({ set }) => set.jwks,
  },
]

/** What hosts say to caches: as long as `keySetHandler` says it, and never longer than a set lives. */
export const cacheControl = 'public, max-age=300'

const day = 24 * 3_600_000

/** Documents of an inventory, and when the first of them is over. */
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
  { signer, age = { notes: [] }, signal = new AbortController().signal, ...named }: PublishOptions,
): Promise<Documents> {
  const { createPublisher } = await import('../../doors/kms.js')
  const keys = oneVersion(inventory)
  const set = await createPublisher({ ...signer, ...named, keys }).documents()
  const history =
    signer.root !== undefined && hasHistory(inventory)
      ? await createPublisher({ ...signer, keys, history: true }).documents()
      : undefined
  const { text: recipients, sign, expires = set.expires } = age.documents ?? {}
  const signature = await sign?.(signal)
  const ofAge = {
    ...(recipients !== undefined && { text: recipients }),
    ...(signature !== undefined && { signature }),
  }
  const documents = documentKinds.flatMap(({ name: file, type, textOf }) => {
    const text = textOf({ set, history, age: ofAge })
    return text === undefined ? [] : [{ name: file, type, text, cacheControl }]
  })
  return { documents, expires: expires < set.expires ? expires : set.expires }
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
