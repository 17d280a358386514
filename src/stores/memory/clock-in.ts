import { clockOf, ensure } from '../../errors/guard.js'
import { kindOf } from '../../errors/kind.js'
import { checkOptions } from '../../errors/options.js'

/** The clock of options that have nothing else. @throws SealdropError `invalid_argument` */
export function clockIn(o: { readonly now?: () => number } | undefined): () => number {
  ensure(
    o === undefined || Object(o) === o,
    'invalid_argument',
    `options: expected an object like { now }, found ${kindOf(o)}`,
  )
  return clockOf(checkOptions(o, 'now').now)
}
