import { concat, type Bytes } from '../bytes/bytes.js'
import { utf8 } from '../bytes/text.js'
import { decrypt } from '../crypto/aes.js'
import type { CryptoKey } from '../crypto/subtle.js'
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
  /** The key that opened it, with its ARN. */
  readonly key: KeyInfo
  /** As the sender bound it; authenticated, and the sender's claim. */
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
  readonly text: string
  readonly jwe: Jwe
  readonly context: Context
  /** In the opener's order; `id` names the data key in a cache. */
  readonly candidates: readonly { readonly key: OpenerKey; readonly wrapped: WrappedDataKey; readonly id: string | undefined }[]
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
  checkAge(jwe.header.iat, maxAgeOf(o, parts), parts.now())
  await checkUnseen(parts.replay, text)
  return { text, jwe, context, candidates: await Promise.all(candidates.map(async (one) => ({ ...one, id: await dataKeyId(one.key.arn, jwe.header.kid, one.wrapped) }))) }
}

/**
 * Opens a prepared value with at most one cryptographic answer of a private key. Whatever was wrong with it from here on,
 * the error is one and the same: class B.
 *
 * @throws SealdropError `rejected`, `kms_*`, `key_unusable`
 */
export async function openPrepared({ jwe, context, candidates }: Prepared, o: OpenOptions, parts: OpenerParts): Promise<Opened> {
  const { header } = jwe
  const opened = async (dataKey: CryptoKey, key: OpenerKey): Promise<Opened> => {
    const bytes = await content(jwe, dataKey)
    const sealedAt = header.iat === undefined ? undefined : new Date(header.iat * 1000)
    return { ...contentOf(bytes, header.cty), messageId: header.jti ?? '', key: key.info, context, ...(sealedAt && { sealedAt }) }
  }
  for (const { key, id } of candidates) {
    const known = id === undefined ? undefined : parts.cache.get(id)
    if (known) return opened(known, key)
  }
  let unavailable: unknown
  for (const { key, wrapped, id } of candidates) {
    try {
      const dataKey = await unwrap(wrapped, key.arn, parts.operations, o.signal)
      const result = await opened(dataKey, key)
      if (id !== undefined) parts.cache.set(id, dataKey, key.arn) // now that it authenticated something
      return result
    } catch (error) {
      if (isSealdropError(error) && error.code === 'key_unusable') parts.cache.forget(key.arn)
      if (!isSealdropError(error) || !failover.includes(error.code)) throw error
      unavailable ??= error
    }
  }
  throw unavailable
}

/** With a replay store no call may take older values than the opener: their ids are forgotten by then. */
function maxAgeOf(o: OpenOptions, { maxAge, replay }: OpenerParts): number | undefined {
  return replay ? Math.min(o.maxAge ?? Infinity, maxAge!) : o.maxAge ?? maxAge
}

async function content({ protectedText, iv, ciphertext, tag }: Jwe, dataKey: CryptoKey): Promise<Bytes> {
  const bytes = await decrypt(dataKey, iv, concat(ciphertext, tag), utf8(protectedText))
  if (!bytes) throw rejected()
  return bytes
}

export const rejected = (): SealdropError => new SealdropError('rejected', 'this does not open: it was changed on its way, or not sealed for this key')
