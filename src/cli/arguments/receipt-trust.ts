import {
  fetchKeySet,
  importKeySet,
  signedBy,
  type JWK,
  type KeySet,
  type Trust,
} from '../../doors/index.js'
import { UsageError } from '../exit-codes.js'
import {
  hasTrust,
  isUrl,
  readDocument,
  recipientOf,
  recipientTrust,
  rootsOf,
  trustOf,
} from './key-sets.js'
import type { KeyArgument } from './recipients.js'

/** Why the key set inside of a receipt file is believed, and what is known today of its keys. */
export interface ReceiptTrust {
  readonly trust: Trust
  readonly history?: KeySet
}

/** What must have signed a history. */
interface HistoryRoots {
  readonly roots: readonly JWK[]
  readonly issuer?: string | undefined
}

/** Where a history is, and how it is called. */
export interface HistoryArgument {
  readonly history?: string
  readonly historyName?: string
}

type Believed = readonly [Trust, HistoryRoots]

/**
 * Reads why a receipt file is believed: flags that stand alone, or one recipient file behind `-k`.
 *
 * No key set is fetched, since the receipt file holds the one of its day.
 *
 * @param o.history - URL or file of the history
 * @throws UsageError, SealdropError `source_failed`
 */
export async function receiptTrustOf(
  keys: readonly KeyArgument[],
  alone: KeyArgument,
  o: HistoryArgument,
): Promise<ReceiptTrust> {
  const [given] = keys
  if ((given ?? alone).arn !== undefined)
    throw new UsageError('--arn: it is for keys that are sealed to')
  if (given && (keys.length > 1 || hasTrust(alone) || hasTrust(given)))
    throw new UsageError('--receipt-file: expected --root or --pin without -k, or -k alone')
  const [trust, roots] = given ? await byRecipientFile(given.source) : await byFlags(alone)
  if (o.history === undefined) return { trust }
  return { trust, history: await historyOf(o.history, { ...roots, name: o.historyName }) }
}

async function byRecipientFile(path: string): Promise<Believed> {
  const found = isUrl(path) ? undefined : recipientOf(await readDocument(path))
  if (!found)
    throw new UsageError(
      `${path}: a receipt file holds its key set: expected --root or --pin, or a recipient file`,
    )
  const [trust] = recipientTrust(path, found, 'sig')
  return [trust, { roots: found.roots ?? [], issuer: found.issuer }]
}

async function byFlags(alone: KeyArgument): Promise<Believed> {
  if (alone.isTrustedByHttps) throw new UsageError('--trust-https: a receipt file is not fetched')
  const found = await trustOf(alone, 'sig')
  if (!found)
    throw new UsageError('--receipt-file: say why its key set is believed: --root FILE or --pin T')
  const roots = (await Promise.all(alone.roots.map(rootsOf))).flat()
  return [found[0], { roots, issuer: alone.issuer }]
}

/** A history counts under a root only: another host could leave out that a key was taken back. */
async function historyOf(
  source: string,
  { roots, issuer, name }: HistoryRoots & { readonly name: string | undefined },
): Promise<KeySet> {
  if (roots.length === 0) throw new UsageError('--history: it needs a root, and pins are not one')
  const trust = signedBy(roots, {
    history: true,
    ...(name !== undefined && { name }),
    ...(issuer !== undefined && { issuer }),
  })
  if (isUrl(source)) return fetchKeySet(source, { trust, use: 'sig' })
  return importKeySet(await readDocument(source), { trust, use: 'sig' })
}
