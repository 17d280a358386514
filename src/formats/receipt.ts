import { fromUtf8 } from '../bytes/text.js'
import { ensure } from '../errors/guard.js'
import { isTime } from './compact.js'
import { isContext, type Context } from './context.js'
import { parseJsonObject } from './json.js'

/**
 * The payload of a receipt (jose-profile.md, "Receipts"); its JWS has the type
 * `sealdrop-receipt+jwt`.
 */
export interface Receipt {
  readonly iss: string
  readonly iat: number
  readonly jti: string
  /** The message id of what was sent: a value's `jti`. */
  readonly messageId: string
  /** Length of the ciphertext in bytes, and its chunk digest in base64url. */
  readonly length: number
  readonly digest: string
  readonly ctx: Context
  readonly stage: 'received' | 'opened'
  /** Thumbprint of the key that opened it. */
  readonly key?: string
}

/**
 * Reads a receipt's payload after its signature was checked.
 *
 * @throws SealdropError `malformed`
 */
export function parseReceipt(payload: Uint8Array): Receipt {
  const claims = parseJsonObject(fromUtf8(payload) ?? '', { code: 'malformed', field: 'receipt' })
  const wrong = [
    ...['iss', 'jti', 'messageId', 'digest'].filter((name) => typeof claims[name] !== 'string'),
    ...(claims['key'] === undefined || typeof claims['key'] === 'string' ? [] : ['key']),
    ...(isTime(claims['iat']) ? [] : ['iat']),
    ...(Number.isSafeInteger(claims['length']) ? [] : ['length']),
    ...(isContext(claims['ctx']) ? [] : ['ctx']),
    ...(claims['stage'] === 'received' || claims['stage'] === 'opened' ? [] : ['stage']),
  ]
  ensure(
    wrong.length === 0,
    'malformed',
    `receipt: ${wrong.join(', ')} missing or of the wrong type`,
  )
  return claims as unknown as Receipt
}
