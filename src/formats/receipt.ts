import { fromUtf8 } from '../bytes/text.js'
import { isIssued } from './compact.js'
import { isContext, type Context } from './context.js'
import { checkMembers, isText, parseJsonObject, type JsonRules, type Members } from './json.js'

/**
 * The payload of a receipt (receipt.md); its JWS has the type
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

const members: Members = {
  iss: isText,
  jti: isText,
  messageId: isText,
  digest: isText,
  key: (value) => value === undefined || isText(value),
  iat: isIssued,
  length: Number.isSafeInteger,
  ctx: isContext,
  stage: (value) => value === 'received' || value === 'opened',
}

/**
 * Reads a receipt's payload after its signature was checked.
 *
 * @throws SealdropError `malformed`
 */
export function parseReceipt(payload: Uint8Array): Receipt {
  const rules: JsonRules = { code: 'malformed', field: 'receipt' }
  const claims = parseJsonObject(fromUtf8(payload) ?? '', rules)
  checkMembers(claims, members, rules)
  return claims as unknown as Receipt
}
