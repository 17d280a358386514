import { keyWrapRow } from '../algorithms/key-wraps.js'
import { toBase64url } from '../bytes/base64url.js'
import { concat, u32, type Bytes } from '../bytes/bytes.js'
import { utf8 } from '../bytes/text.js'
import { sha256 } from '../crypto/digest.js'
import type { CryptoKey } from '../crypto/subtle.js'
import type { ValueKey } from '../envelope/recipients/recipient.js'
import type { EncryptedDataKey } from '../formats/message-header.js'

/** A bounded memory of unwrapped data keys; the companion brings one. */
export interface DataKeyCache {
  /** Takes a use. */
  get(id: string): CryptoKey | undefined
  /** Says what became of the use that `get` gave: where nothing opened, it does not count. */
  used(id: string, key: CryptoKey, opened: boolean): void
  set(id: string, key: CryptoKey, arn: string): void
  /** Drops what was unwrapped by a key, because it was disabled. */
  forget(arn: string): void
  clear(): void
}

/** Remembers nothing, which is the default. */
export const noCache: DataKeyCache = {
  get: () => undefined,
  used: () => {},
  set: () => {},
  forget: () => {},
  clear: () => {},
}

/**
 * The name under which a data key may be remembered.
 *
 * - SHA-256 over everything that leads to it, each with its length
 * - undefined for direct `ECDH-ES`, which is never remembered
 */
export async function dataKeyId(
  arn: string,
  kid: string,
  { alg, enc, sent, apu, apv, encryptedKey }: ValueKey,
): Promise<string | undefined> {
  if (keyWrapRow(alg)?.encryptedKey === 0) return undefined
  return nameOf(utf8(arn), utf8(kid), utf8(alg), utf8(enc), sent, apu, apv, encryptedKey)
}

/** The same for a message's data key. */
export function messageKeyId(
  arn: string,
  { provider, info, ciphertext }: EncryptedDataKey,
  serializedContext: Bytes,
): Promise<string> {
  return nameOf(utf8(arn), utf8(provider), info, ciphertext, serializedContext)
}

async function nameOf(...parts: readonly Bytes[]): Promise<string> {
  return toBase64url(await sha256(concat(...parts.flatMap((part) => [u32(part.length), part]))))
}
