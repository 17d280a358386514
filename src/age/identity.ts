// The identity of age-plugin-sealdrop: which KMS keys open, by ARN and point. It holds no secret.
import { concat, type Bytes } from '../bytes/bytes.js'
import { Cursor } from '../bytes/cursor.js'
import { fromUtf8 } from '../bytes/text.js'
import { ensure } from '../errors/guard.js'
import { isKeyArn } from '../formats/arn.js'
import { fromBech32, toBech32 } from './bech32.js'
import { pointAs } from './p256.js'

const prefix = 'age-plugin-sealdrop-'
const version = 1
const pointLength = 33
const most = 255

/** A key of an identity. */
export interface IdentityKey {
  /** Its point, compressed. */
  readonly point: Bytes
  /** Its ARN, and those of its replicas in the order in which they are asked. */
  readonly arns: readonly string[]
}

/**
 * Writes an identity: `AGE-PLUGIN-SEALDROP-1…`.
 *
 * The first key is the one that `age -e -i` seals to.
 *
 * @throws SealdropError `invalid_argument`
 */
export function ageIdentity(keys: readonly IdentityKey[]): string {
  checkKeys(keys)
  const parts = keys.flatMap(({ point, arns }) => [
    concat(point, [arns.length]),
    ...arns.map((arn) => concat([arn.length], arn)),
  ])
  return toBech32(prefix, concat([version, keys.length], ...parts)).toUpperCase()
}

/**
 * Reads an identity.
 *
 * @throws SealdropError `invalid_argument`, `malformed`
 */
export function identityKeys(text: string): readonly IdentityKey[] {
  const read = text === text.toUpperCase() ? fromBech32(text) : undefined
  ensure(
    read?.prefix === prefix,
    'invalid_argument',
    'identity: expected AGE-PLUGIN-SEALDROP-1… with its checksum, in capital letters',
  )
  const cursor = new Cursor(read.bytes, 'malformed')
  const found = cursor.u8('identity version')
  ensure(found === version, 'invalid_argument', `identity: expected version 1, found ${found}`)
  const keys = Array.from({ length: cursor.u8('identity keys') }, () => ({
    point: concat(cursor.take(pointLength, 'identity point')),
    arns: Array.from({ length: cursor.u8('identity ARNs') }, () => arnAt(cursor)),
  }))
  cursor.end('identity')
  checkKeys(keys)
  return keys
}

const arnAt = (cursor: Cursor): string =>
  fromUtf8(concat(cursor.take(cursor.u8('identity ARN'), 'identity ARN'))) ?? ''

function checkKeys(keys: readonly IdentityKey[]): void {
  const arns = keys.flatMap((key) => key.arns)
  const isGood =
    keys.length > 0 &&
    keys.length <= most &&
    keys.every((key) => key.arns.length > 0 && key.arns.length <= most) &&
    keys.every(({ point }) => point.length === pointLength && pointAs('uncompressed', point)) &&
    arns.every((arn) => isKeyArn(arn) && /^[!-~]{1,255}$/.test(arn)) &&
    new Set(arns).size === arns.length
  ensure(
    isGood,
    'invalid_argument',
    'identity: expected keys on P-256, each with the ARNs of KMS keys, none of them twice',
  )
}
