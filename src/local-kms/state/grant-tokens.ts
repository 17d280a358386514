import { Buffer } from 'node:buffer'
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Keyring } from './keyring.js'
import type { Grant, Key } from './key-model.js'

export interface GrantOfKey {
  readonly key: Key
  readonly grant: Grant
}

const nonceLength = 16
const macLength = 32

/**
 * A new token of a grant.
 *
 * CreateGrant never gives out the same one twice, and all of them name the grant.
 */
export function grantToken(key: Key, grant: Grant): string {
  const named = Buffer.concat([
    randomBytes(nonceLength),
    Buffer.from(JSON.stringify([key.id, grant.id])),
  ])
  return Buffer.concat([mac(grant, named), named]).toString('base64')
}

/**
 * The grant that a token names, while it is there.
 *
 * @returns undefined for anything that CreateGrant of this Region did not give out
 */
export function grantOfToken(ring: Keyring, token: string): GrantOfKey | undefined {
  const bytes = Buffer.from(token, 'base64')
  const named = bytes.subarray(macLength)
  const [keyId, grantId] = parse(named.subarray(nonceLength))
  const key = ring.keys.get(keyId)
  const grant = key?.grants.find(({ id }) => id === grantId)
  if (!key || !grant || bytes.toString('base64') !== token) return undefined
  const isOurs = timingSafeEqual(mac(grant, named), bytes.subarray(0, macLength))
  return isOurs ? { key, grant } : undefined
}

const mac = (grant: Grant, named: Uint8Array): Buffer =>
  createHmac('sha256', Buffer.from(grant.token, 'hex')).update(named).digest()

function parse(bytes: Uint8Array): readonly [keyId: string, grantId: string] {
  try {
    const value = JSON.parse(Buffer.from(bytes).toString()) as unknown
    if (Array.isArray(value)) return [String(value[0]), String(value[1])]
  } catch {
    // not a token of ours
  }
  return ['', '']
}
