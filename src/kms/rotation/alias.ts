import { ensure } from '../../errors/guard.js'
import { arnIn, regionOf } from '../../formats/arn.js'

/**
 * The ARN of an alias in the Region of a key.
 *
 * @throws SealdropError `invalid_argument` for an alias of another account
 */
export function aliasFor(alias: string, arn: string): string {
  const there = arn.replace(/key\/.*$/, alias.slice(alias.indexOf('alias/')))
  const region = regionOf(arn) ?? ''
  ensure(
    !alias.startsWith('arn:') || arnIn(region, alias) === there,
    'invalid_argument',
    `${alias} is of another account than the key ${arn}: an alias names keys of its own account, and rotates with its credentials`,
  )
  return there
}
