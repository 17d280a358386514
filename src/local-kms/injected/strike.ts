import { Buffer } from 'node:buffer'
import type { ServerResponse } from 'node:http'
import type { JsonObject } from '../../formats/json.js'
import { serviceOperations } from '../service-operations.js'
import { KmsFault, type FaultName } from '../wire/fault.js'
import type { Strike } from './injected-faults.js'
import type { FaultKind } from './rules.js'

/** An exchange that a fault disturbs. */
export interface Exchange {
  readonly response: ServerResponse
  /** Aborted when the server closes, so that no fault keeps it from closing. */
  readonly signal: AbortSignal
}

interface Refusal {
  readonly name: FaultName
  readonly status: number
  readonly text: string
}

const throttle: Refusal = {
  name: 'ThrottlingException',
  status: 400,
  text: 'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
}

/**
 * What faults answer (kms-facts.md, "On the wire").
 *
 * The text of a throttled call is what users of AWS quote. The others are from its model.
 */
const refusals: Readonly<Partial<Record<FaultKind, Refusal>>> = {
  throttle,
  internal: {
    name: 'KMSInternalException',
    status: 500,
    text: 'The request was rejected because an internal exception occurred. The request can be retried.',
  },
  unavailable: {
    name: 'DependencyTimeoutException',
    status: 503,
    text: 'The system timed out while trying to fulfill the request. The request can be retried.',
  },
}

/**
 * An error that a fault answers. It has its own status, because the server itself never answers
 * some of these.
 */
export class InjectedFault extends KmsFault {
  readonly #status: number

  constructor({ name, status, text }: Refusal) {
    super(name, text)
    this.#status = status
  }

  override get status(): number {
    return this.#status
  }
}

/** What KMS answers above a quota. */
export const throttled = (): KmsFault => new InjectedFault(throttle)

/**
 * Does what a fault does before an operation.
 *
 * @returns whether the operation is to run and be answered; when not, the exchange is over
 * @throws KmsFault what the client is to be answered instead
 */
export async function strikeBefore(
  strike: Strike | undefined,
  exchange: Exchange,
): Promise<boolean> {
  if (!strike) return true
  const { kind, latency } = strike.rule
  if (latency !== undefined) await pause(exchange, latency)
  const refusal = refusals[kind]
  if (refusal) throw new InjectedFault(refusal)
  if (kind === 'timeout') await pause(exchange)
  const broken = kind === 'timeout' || kind === 'reset' || kind === 'region-down'
  if (broken) exchange.response.socket?.resetAndDestroy()
  return !broken && !exchange.response.destroyed
}

/**
 * The answer as a fault leaves it: `wrong-key-id` and `wrong-length` change one member of a copy.
 */
export function strikeAnswer(
  strike: Strike | undefined,
  operation: string,
  answer: JsonObject | undefined,
): JsonObject | undefined {
  const row = serviceOperations.get(operation)
  const edit = strike && edits[strike.rule.kind]
  const member = edit && row?.[edit.member]
  if (!answer || !edit || member === undefined || answer[member] === undefined) return answer
  return { ...answer, [member]: edit.change(answer[member]) }
}

/**
 * Sends the body of an answer whose head is written: all of it, or for `half` its first half, after
 * which the connection ends.
 */
export function strikeBody(
  strike: Strike | undefined,
  response: ServerResponse,
  body: string,
): void {
  if (strike?.rule.kind !== 'half') {
    response.end(body)
    return
  }
  const bytes = Buffer.from(body)
  const { socket } = response
  if (bytes.length < 2) {
    // without half a body, the head alone would be a whole answer
    socket?.resetAndDestroy()
    return
  }
  const half = bytes.subarray(0, bytes.length >> 1)
  response.write(half, () => socket?.destroy())
}

interface Edit {
  readonly member: 'key' | 'bytes'
  change(value: unknown): unknown
}

const edits: Readonly<Partial<Record<FaultKind, Edit>>> = {
  'wrong-key-id': { member: 'key', change: otherKey },
  'wrong-length': {
    member: 'bytes',
    change: (value) => Buffer.from(String(value), 'base64').subarray(0, -1).toString('base64'),
  },
}

/** The id or ARN of another key, which differs in its last digit. In metadata both differ. */
function otherKey(value: unknown): unknown {
  if (typeof value === 'string')
    return value.replace(/[0-9a-f]$/i, (digit) => (Number.parseInt(digit, 16) ^ 1).toString(16))
  const { KeyId, Arn } = value as JsonObject
  return { ...(value as JsonObject), KeyId: otherKey(KeyId), Arn: otherKey(Arn) }
}

/**
 * Waits until a time is over, the client goes, or the server closes.
 *
 * Without a time it waits for one of the other two.
 */
function pause({ response, signal }: Exchange, milliseconds?: number): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      response.off('close', end)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = milliseconds === undefined ? undefined : setTimeout(end, milliseconds)
    response.once('close', end)
    signal.addEventListener('abort', end)
    if (signal.aborted || response.destroyed) end()
  })
}
