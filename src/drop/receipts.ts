import type { KeySet } from '../keys/key-set.js'
import type { Item, QueuedFile } from './queue.js'

/** What is kept of a file that arrived. */
export interface DropReceipt {
  readonly name: string
  /** Bytes of the file. */
  readonly size: number
  readonly sent: Date
  readonly messageId: string
  /** Its chunk digest, base64url, which a receipt of the company has too. */
  readonly digest: string
  /** The object's key. */
  readonly key: string
  readonly version?: string
  /** Bytes of the sealed file. */
  readonly length: number
  /** The keys that can open it. */
  readonly recipients: readonly { readonly thumbprint: string; readonly alg: string }[]
  /** Why they were believed. */
  readonly trust: readonly KeySet['trust'][]
}

/** The receipt of a file that arrived; undefined for another one. */
export function receiptOf(
  item: Item<QueuedFile>,
  trust: readonly KeySet['trust'][],
): DropReceipt | undefined {
  const { sent, sentAt } = item
  if (!sent || !sentAt) return undefined
  return {
    name: item.path,
    size: item.file.size,
    sent: sentAt,
    messageId: sent.messageId,
    digest: sent.digest,
    key: sent.key,
    ...(sent.version !== undefined && { version: sent.version }),
    length: sent.length,
    recipients: item.recipients.map(({ thumbprint, alg }) => ({ thumbprint, alg })),
    trust,
  }
}

/** The file that a person keeps. A session is not in it: whoever has one can act for the sender. */
export const receiptsText = (receipts: readonly DropReceipt[], endpoint: string): string =>
  `${JSON.stringify({ endpoint, files: receipts }, null, 2)}\n`
