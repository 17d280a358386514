import type { PrivateOperations } from '../envelope/private-operations.js'
import { printable } from '../errors/printable.js'
import { isSealdropError, type SealdropErrorCode, type Whose } from '../errors/sealdrop-error.js'
import { blamed } from '../errors/whose.js'
import { tell } from '../io/tell.js'
import type { OpenedInfo, OpenerParts } from './options.js'

/**
 * What happened to one value, stream or field, for logs and counters.
 *
 * - A record that opens is told field by field, one that fails is told once.
 * - It never holds content.
 */
export interface OpenEvent {
  /**
   * Whether it was opened.
   *
   * - A stream counts as opened when its header did. If a frame fails later, `failed` comes too.
   * - `nameless` comes beside one of the two: its sealed name was wrong and is left out.
   */
  readonly event: 'opened' | 'failed' | 'nameless'
  /** Why it failed, or why it has no name. */
  readonly code?: SealdropErrorCode
  /** Whose fault it is. It stands wherever `code` does. */
  readonly whose?: Whose
  /** The id of what was opened. Control characters in it stand as `?`, since logs get it. */
  readonly messageId?: string
  /** The thumbprint of the key that opened it. */
  readonly key?: string
  /**
   * How many KMS calls were made for it, also those that failed.
   *
   * - Those of a record stand with its first field.
   */
  readonly kmsCalls: number
}

/** Tells that something did not open, and says on the error whose fault that is. */
export function tellFailed(
  onEvent: (event: OpenEvent) => void,
  error: unknown,
  kmsCalls: number,
): void {
  tell(onEvent, { event: 'failed', ...factsOf(error), kmsCalls })
}

/** Tells that the sealed name of a file was left out. */
export function tellNameless(
  onEvent: (event: OpenEvent) => void,
  error: unknown,
  messageId: string,
): void {
  tell(onEvent, { event: 'nameless', ...factsOf(error), messageId, kmsCalls: 0 })
}

const factsOf = (error: unknown): Partial<Pick<OpenEvent, 'code' | 'whose'>> => {
  blamed(error, 'sender')
  return isSealdropError(error) ? { code: error.code, whose: error.whose ?? 'operator' } : {}
}

/** Counts the calls to KMS and tells `onEvent` how the work ended. */
export async function reported<Results extends readonly OpenedInfo[]>(
  parts: OpenerParts,
  onEvent: (event: OpenEvent) => void,
  work: (parts: OpenerParts) => Promise<Results>,
): Promise<Results> {
  let kmsCalls = 0
  const { operations } = parts
  const counted: PrivateOperations = {
    decrypt: (...call) => {
      kmsCalls++
      return operations.decrypt(...call)
    },
    agree: (...call) => {
      kmsCalls++
      return operations.agree(...call)
    },
  }
  try {
    const results = await work({ ...parts, operations: counted })
    results.forEach(({ messageId, key }, i) =>
      tell(onEvent, {
        event: 'opened',
        messageId: printable(messageId),
        key: key.thumbprint,
        kmsCalls: i === 0 ? kmsCalls : 0,
      }),
    )
    return results
  } catch (error) {
    tellFailed(onEvent, error, kmsCalls)
    throw error
  }
}
