import { createHash } from 'node:crypto'
import { capitalized } from './capitalized.js'

/**
 * Makes of an alias what the names of its resources begin with, another for each alias.
 *
 * - `alias/claims-eu` is ClaimsEu: small letters and digits in words, which a hyphen joins.
 * - What else an alias has is lost in a name. So twelve digits of its SHA-256 follow.
 */
export function logicalName(alias: string): string {
  const plain = alias.slice('alias/'.length)
  const words = plain.split(/[^A-Za-z0-9]+/)
  const name = words.map(capitalized).join('')
  if (/^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/.test(plain) && name.length <= longest) return name
  const hash = createHash('sha256').update(plain).digest('hex').slice(0, 12)
  return name.slice(0, longest) + hash.toUpperCase()
}

/** CloudFormation takes 255 characters, of which some are for what the resource is. */
const longest = 200
