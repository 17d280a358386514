import { Buffer } from 'node:buffer'
import { parseBlob } from '../crypto/ciphertext.js'
import type { Call } from '../operations/call.js'
import { grantOfToken } from '../state/grant-tokens.js'
import type { Keyring } from '../state/keyring.js'
import type { Key } from '../state/key-model.js'
import { namedKeys } from './injected-faults.js'

/**
 * Every name of the keys that a call is about: as the request has them, their ARNs, and their
 * aliases.
 */
export function keyNames(call: Call): readonly string[] {
  const { ring, body } = call
  const found = keysOf(call).flatMap((key) => [ring.keyArn(key), ...ring.aliasesOf(key)])
  return [...namedKeys(body), ...found]
}

/** The keys that a call is about, which its caller may not be allowed to use. */
export function keysOf({ ring, account, body }: Call): readonly Key[] {
  return [
    ...namedKeys(body).map((name) => ring.keyNamed(account, name)),
    keyOfCiphertext(ring, body['CiphertextBlob']),
    keyOfGrantToken(ring, body['GrantToken']),
  ].filter((key) => key !== undefined)
}

function keyOfCiphertext(ring: Keyring, ciphertext: unknown): Key | undefined {
  if (typeof ciphertext !== 'string') return undefined
  const blob = parseBlob(Buffer.from(ciphertext, 'base64'))
  return blob && ring.keys.get(blob.keyId)
}

function keyOfGrantToken(ring: Keyring, token: unknown): Key | undefined {
  return typeof token === 'string' ? grantOfToken(ring, token)?.key : undefined
}
