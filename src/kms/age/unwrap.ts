import { wipe } from '../../age/file-key.js'
import type { Stanza } from '../../age/header.js'
import {
  isFor,
  recipientHash,
  taggedIn,
  unwrapTagged,
  type TaggedStanza,
} from '../../age/p256tag.js'
import { isP256, pointAs, pointOf, spkiOf, type P256Key } from '../../age/p256.js'
import type { Bytes } from '../../bytes/bytes.js'
import type { PrivateOperations } from '../../envelope/private-operations.js'
import { ensure, shown } from '../../errors/guard.js'
import { isSealdropError, type SealdropErrorCode } from '../../errors/sealdrop-error.js'
import type { KeyInfo } from '../../keys/key.js'
import type { OpenerKey, OpenerKeys } from '../../open/opener-key.js'

/** Only after these may another stanza be tried; after any cryptographic answer the work is over. */
const failover: readonly SealdropErrorCode[] = ['kms_unavailable', 'kms_denied', 'key_unusable']

/** What unwraps file keys. */
export interface UnwrapParts {
  readonly keys: OpenerKeys
  readonly operations: Pick<PrivateOperations, 'agree'>
}

/** A stanza, and a key that its tag names. */
interface Candidate {
  readonly index: number
  readonly stanza: TaggedStanza
  readonly key: OpenerKey
  readonly jwk: P256Key
}

/** What one answer of a private key gave: nothing where the stanza did not open. */
export interface Unwrapped {
  readonly fileKey: Bytes | undefined
  /** Which of the stanzas `p256tag` was asked for, counted from 0. */
  readonly index: number
  readonly key: KeyInfo
}

/**
 * Asks a private key for a file key. There is at most one cryptographic answer.
 *
 * Tags are computed from public bytes, so that a sender can make all of them match. A key that did
 * not answer is not asked again for the same file.
 *
 * @throws SealdropError `malformed`, `key_not_found`, `key_unusable`, `kms_*`
 */
export async function unwrapFileKey(
  stanzas: readonly Stanza[],
  { keys, operations }: UnwrapParts,
  signal: AbortSignal | undefined,
): Promise<Unwrapped> {
  const candidates = await candidatesOf(stanzas, keys, signal)
  const silent = new Set<string>()
  let unavailable: unknown
  for (const { index, stanza, key, jwk } of candidates) {
    if (silent.has(key.arn)) continue
    try {
      const secret = await operations.agree(key.arn, spkiOf(stanza.enc), signal)
      ensure(
        secret.length === 32,
        'kms_unexpected',
        'kms:DeriveSharedSecret answered a secret of another length than P-256 has',
      )
      const fileKey = unwrapTagged(stanza, secret, pointOf(jwk))
      wipe(secret)
      return { fileKey, index, key: key.info }
    } catch (error) {
      if (!isSealdropError(error) || !failover.includes(error.code)) throw error
      silent.add(key.arn)
      // a key that is gone must not hide that another one may answer later
      if (error.retryable || !unavailable) unavailable = error
    }
  }
  throw unavailable
}

/** Stanzas in the order of the file, each with the keys that it names in the opener's order. */
async function candidatesOf(
  stanzas: readonly Stanza[],
  keys: OpenerKeys,
  signal: AbortSignal | undefined,
): Promise<readonly Candidate[]> {
  const tagged = taggedIn(stanzas)
  const kinds = [...new Set(stanzas.map(({ type }) => type))].slice(0, 5).map(shown).join(', ')
  ensure(
    tagged.length > 0,
    'key_not_found',
    `the age file, which has stanzas of the kind ${kinds}, is for none of this opener's keys: they are recipients age1tag1…`,
  )
  const isNamed = (stanza: TaggedStanza, { jwk }: OpenerKey): boolean =>
    isP256(jwk) && isFor(stanza, hashOf(jwk))
  const fits = (key: OpenerKey): boolean => tagged.some((stanza) => isNamed(stanza, key))
  const what = `whoever this age file is for (stanzas of the kind ${kinds})`
  const found = await keys.find(fits, what, signal, tagged.length)
  return tagged.flatMap((stanza, index) =>
    found.flatMap((key) =>
      isP256(key.jwk) && isNamed(stanza, key) ? { index, stanza, key, jwk: key.jwk } : [],
    ),
  )
}

const hashes = new WeakMap<P256Key, Bytes>()

/** The hash of a recipient, which is computed once for each key. */
function hashOf(jwk: P256Key): Bytes {
  const known = hashes.get(jwk)
  if (known) return known
  const compressed = pointAs('compressed', pointOf(jwk))
  // the key came from KMS, or from an inventory that nobody else writes
  ensure(compressed, 'key_unusable', 'a key of this opener is not a point on P-256')
  const hash = recipientHash(compressed)
  hashes.set(jwk, hash)
  return hash
}
