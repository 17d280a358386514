import { fromUtf8 } from '../bytes/text.js'
import { ensure } from '../errors/guard.js'
import { isSealdropError, SealdropError } from '../errors/sealdrop-error.js'
import { isTime } from './compact.js'
import { keysOf } from './jwk.js'
import {
  checkMembers,
  isText,
  parseJsonObject,
  type JsonObject,
  type JsonRules,
  type Members,
} from './json.js'
import { parseJws, type Jws } from './jws.js'

/** The claims of a signed key set (key-set.md, "Signed"). Times are seconds since 1970. */
export interface SetClaims {
  readonly iss: string
  /** The set's name. */
  readonly sub: string
  /** Counter of the publisher's inventory: a set with a lower one is older. */
  readonly ver: number
  readonly iat: number
  readonly exp: number
  readonly keys: readonly JsonObject[]
}

/**
 * Splits a document that should be a signed set.
 *
 * @throws SealdropError `keys_untrusted` for a set without a signature, `keys_malformed`
 */
export function parseSignedSet(document: string): Jws {
  ensure(
    !document.trimStart().startsWith('{'),
    'keys_untrusted',
    'the key set is not signed: its signature was stripped, ' +
      'or its host does not serve application/jwk-set+jwt',
  )
  try {
    return parseJws(document.trim())
  } catch (error) {
    if (!isSealdropError(error)) throw error
    throw new SealdropError('keys_malformed', `signed key set: ${error.message}`)
  }
}

const members: Members = {
  iss: isText,
  sub: isText,
  iat: isTime,
  exp: isTime,
  ver: Number.isSafeInteger,
}

/**
 * Reads the payload of a signed set once its signature verified: every claim is required.
 *
 * @param mostKeys default 32
 * @throws SealdropError `keys_malformed`
 */
export function setClaims(payload: Uint8Array, mostKeys?: number): SetClaims {
  const rules: JsonRules = { code: 'keys_malformed', field: 'signed key set' }
  const claims = parseJsonObject(fromUtf8(payload) ?? '', rules)
  checkMembers(claims, members, rules)
  return { ...claims, keys: keysOf(claims, mostKeys) } as unknown as SetClaims
}
