import { parseBlob } from '../crypto/ciphertext.js'
import type { Call } from '../operations/call.js'
import { grantOfToken } from '../state/grants.js'
import type { Key } from '../state/model.js'
import { namedKeys } from './injected-faults.js'

/**
 * Every name of the keys that a call is about: as the request has them, their ARNs, and their
 * aliases.
 */
export function keyNames({ ring, account, body }: Call): readonly string[] {
  const { CiphertextBlob, GrantToken } = body
  const blob =
    typeof CiphertextBlob === 'string'
      ? parseBlob(Buffer.from(CiphertextBlob, 'base64'))
      : undefined
  const found = [
    ...namedKeys(body).map((name) => ring.keyNamed(account, name)),
    blob && ring.keys.get(blob.keyId),
    typeof GrantToken === 'string' ? grantOfToken(ring, GrantToken)?.key : undefined,
  ].filter((key): key is Key => key !== undefined)
  return [
    ...namedKeys(body),
    ...found.flatMap((key) => [
      ring.keyArn(key),
      ...ring.aliases.filter(({ keyId }) => keyId === key.id).map((alias) => alias.name),
    ]),
  ]
}
