import type { Bytes } from '../../bytes/bytes.js'
import { ensure } from '../../errors/guard.js'

/** Checks the length of a value's encrypted key. @throws SealdropError `malformed` */
export function checkValueLength({ length }: Bytes, expected: number): void {
  ensure(
    length === expected,
    'malformed',
    `JWE encrypted key: expected ${expected} bytes, found ${length}`,
  )
}

/** Checks the length of a message's encrypted data key. @throws SealdropError `malformed` */
export function checkMessageLength({ length }: Bytes, expected: number): void {
  ensure(
    length === expected,
    'malformed',
    `message header: expected an encrypted data key of ${expected} bytes, found ${length}`,
  )
}
