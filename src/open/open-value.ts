import type { CryptoKey } from '../crypto/subtle.js'
import { concat, type Bytes } from '../bytes/bytes.js'
import { utf8 } from '../bytes/text.js'
import { decrypt } from '../crypto/aes.js'
import type { PrivateOperations } from '../envelope/private-operations.js'
import { unwrap, type WrappedDataKey } from '../envelope/unwrap.js'
import { isSealdropError, SealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'
import { contentOf, type Content } from '../formats/content.js'
import type { Context } from '../formats/context.js'
import { parseJwe, type Jwe } from '../formats/jwe.js'
import type { CallOptions } from '../io/abort.js'
import type { KeyInfo } from '../keys/key.js'
import { checkAge, checkExpected, checkFoundContext, checkKey, type ExpectedContext } from './check.js'
import { dataKeyId, type DataKeyCache } from './data-keys.js'
import type { OpenerKey, OpenerKeys } from './opener-key.js'
import { checkUnseen, type ReplayStore } from './replay.js'

export interface OpenOptions extends CallOptions {
  /** What the sender bound: exactly this, or a function that decides about what it finds. Looked at before any KMS call. */
  readonly context: ExpectedContext
  /** Oldest value taken, in milliseconds, by the sender's own claim. Default: the opener's. */
  readonly maxAge?: number
}

export interface OpenedInfo {
  /** The sender's `jti`; empty where a JOSE library wrote none. */
  readonly messageId: string
  readonly key: KeyInfo
  readonly context: Context
  /** The sender's claim. */
  readonly sealedAt?: Date
}

export interface OpenerParts {
  readonly keys: OpenerKeys
  readonly operations: PrivateOperations
  readonly cache: DataKeyCache
  readonly maxAge?: number | undefined
  readonly replay?: ReplayStore | undefined
  readonly now: () => number
}

/** A value that passed every check which public bytes decide. */
export interface Prepared {
  readonly jwe: Jwe
  readonly context: Context
  readonly candidates: readonly { readonly key: OpenerKey; readonly wrapped: WrappedDataKey }[]
}

export type Opened = Content & OpenedInfo

/** Only after these may another key be asked; after any cryptographic answer the work is over. */
const failover: readonly SealdropErrorCode[] = ['kms_unavailable', 'kms_denied', 'key_unusable']

/**
 * The cheap checks, in order: sizes and form, key on the list, algorithm, context, age, replay. No KMS call is made.
 *
 * @param reserved members of the context that the verb itself expects
 * @throws SealdropError of class A
 */
export async function prepare(text: string, o: OpenOptions, parts: OpenerParts, reserved?: Context): Promise<Prepared> {
  const expected = checkExpected(o?.context)
  o.signal?.throwIfAborted()
  const jwe = parseJwe(text)
  const keys = await parts.keys.find(jwe.header.kid, o.signal)
  const candidates = await Promise.all(keys.map(async (key) => ({ key, wrapped: await checkKey(jwe, key) })))
  const context = checkFoundContext(jwe.header.ctx ?? {}, expected, reserved)
  checkAge(jwe.header.iat, o.maxAge ?? parts.maxAge, parts.now())
  await checkUnseen(parts.replay, jwe.header)
  return { jwe, context, candidates }
}

/**
 * Opens a prepared value with at most one cryptographic answer of a private key. Whatever was wrong with it from here on,
 * the error is one and the same: class B.
 *
 * @throws SealdropError `rejected`, `kms_*`, `key_unusable`
 */
export async function openPrepared({ jwe, context, candidates }: Prepared, o: OpenOptions, parts: OpenerParts): Promise<Opened> {
  const { header } = jwe
  let unavailable: unknown
  for (const { key, wrapped } of candidates) {
    const id = await dataKeyId(key.arn, header.kid, wrapped)
    const known = id === undefined ? undefined : parts.cache.get(id)
    try {
      const dataKey = known ?? await unwrap(wrapped, key.arn, parts.operations, o.signal)
      const bytes = await content(jwe, dataKey)
      if (id !== undefined && !known) parts.cache.set(id, dataKey)
      const sealedAt = header.iat === undefined ? {} : { sealedAt: new Date(header.iat * 1000) }
      return { ...contentOf(bytes, header.cty), messageId: header.jti ?? '', key: key.info, context, ...sealedAt }
    } catch (error) {
      if (isSealdropError(error) && error.code === 'key_unusable') parts.cache.clear()
      if (!isSealdropError(error) || !failover.includes(error.code)) throw error
      unavailable ??= error
    }
  }
  throw unavailable
}

async function content({ protectedText, iv, ciphertext, tag }: Jwe, dataKey: CryptoKey): Promise<Bytes> {
  const bytes = await decrypt(dataKey, iv, concat(ciphertext, tag), utf8(protectedText))
  if (!bytes) throw rejected()
  return bytes
}

export const rejected = (): SealdropError => new SealdropError('rejected', 'this does not open: it was changed on its way, or not sealed for this key')
