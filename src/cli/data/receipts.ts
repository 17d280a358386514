import {
  inspect,
  receiptFile,
  verifyReceipt,
  verifyReceiptFile,
  type KeySet,
  type Proof,
  type Sent,
} from '../../doors/index.js'
import type { ReceiptTrust } from '../arguments/receipt-trust.js'
import { openInput } from './inputs.js'
import { inspectable } from './kinds.js'
import { outputOf } from './outputs.js'
import { UsageError } from '../exit-codes.js'
import type { Streams, Terminal } from '../terminal.js'

/** What the command line says of a receipt. */
export interface ReceiptArguments {
  readonly sent?: string
  readonly heldSince?: Date
  readonly output?: string
  readonly force?: true
}

interface Verifying {
  readonly o: ReceiptArguments
  readonly streams: Streams
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

const dayLength = 86_400_000
const isoOf = (time: number): string => new Date(time).toISOString()

/**
 * Reads a day, or a time with its zone: without one it would mean another time elsewhere.
 *
 * A day counts from its end in UTC, since nobody knows at which hour of it something was held.
 */
export function parseHeldSince(text: string): Date {
  const [, day = '', time] =
    /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/.exec(text) ?? []
  const found = Date.parse(text)
  // 30 February would become a day of March
  const midnight = Date.parse(day)
  const isDay = day !== '' && !Number.isNaN(midnight) && isoOf(midnight).startsWith(day)
  if (!isDay || Number.isNaN(found))
    throw new UsageError(
      `--held-since ${text}: expected a day such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z`,
    )
  return new Date(time === undefined ? found + dayLength - 1 : found)
}

/** What `inspect` says of what was sent. */
export async function sentOf(path: string, { streams, signal }: Verifying): Promise<Sent> {
  const sent = await inspectable(await openInput(path, streams))
  const { messageId = '', digest = '' } = await inspect(sent, { signal })
  if (messageId === '')
    throw new UsageError(`--sent ${path}: expected the sealed file or value that was sent`)
  return { messageId, digest }
}

/** Verifies a receipt, and writes the receipt file where one is asked for. */
export async function verifiedReceipt(
  keys: KeySet,
  text: string,
  work: Verifying & { readonly name: string },
): Promise<Proof & object> {
  const { o, signal, streams, name } = work
  const { sent: path = '', heldSince, output } = o
  const sent = await sentOf(path, work)
  const how = {
    streams,
    force: o.force ?? false,
    mode: 'umask',
    inputs: [name, path],
  } as const
  const place = output === undefined ? undefined : await outputOf(output, how)
  const found = await verifyReceipt(keys, text, {
    sent,
    signal,
    ...(heldSince && { heldSince }),
  })
  if (place) await place.write(new Blob([await receiptFile(keys, text, { sent, signal })]).stream())
  return found
}

/** Verifies a receipt file, and says what was not looked at. */
export async function verifiedReceiptFile(
  { trust, history }: ReceiptTrust,
  text: string,
  work: Verifying,
): Promise<Proof & object> {
  const { o, signal, terminal } = work
  const { heldSince } = o
  const found = await verifyReceiptFile(text, {
    trust,
    signal,
    ...(history && { history }),
    ...(heldSince && { heldSince }),
    ...(o.sent !== undefined && { sent: await sentOf(o.sent, work) }),
  })
  if (!history)
    terminal.note('no --history: nobody looked whether its key was taken back since then')
  if (o.sent === undefined) terminal.note('no --sent: the file says itself what its receipt is for')
  return found
}
