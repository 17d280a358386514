import type { Call } from '../operations/call.js'
import { namedKeys } from './injected-faults.js'

/** Every name of the keys that a call is about: as the request has them, their ARNs, and their aliases. */
export function keyNames({ ring, account, body }: Call): readonly string[] {
  return namedKeys(body).flatMap((name) => {
    const bare = name.replace(/^arn:[^:]*:kms:[^:]*:[^:]*:(key\/)?/, '')
    const key = ring.keys.get(ring.alias(account, bare)?.keyId ?? bare)
    return key ? [name, ring.keyArn(key), ...ring.aliases.filter(({ keyId }) => keyId === key.id).map((alias) => alias.name)] : [name]
  })
}
