import { concat, type Bytes } from '../bytes/bytes.js'
import { utf8 } from '../bytes/text.js'
import { decrypt } from '../crypto/aes.js'
import { digestName } from '../crypto/digest.js'
import type { CryptoKey } from '../crypto/subtle.js'
import { unwrapValueKey } from '../envelope/open-recipient.js'
import type { ValueKey } from '../envelope/recipients/recipient.js'
import { shown } from '../errors/guard.js'
import { contentOf, type Content } from '../formats/content.js'
import type { Context } from '../formats/context.js'
import { parseJwe, type Jwe } from '../formats/jwe.js'
import { rejected, withDataKey, type Candidate } from './candidates.js'
import { checkAge, checkFoundContext, checkValueKey } from './check.js'
import { dataKeyId } from './data-keys.js'
import { checkValueText } from './mistaken.js'
import type { OpenerKey } from './opener-key.js'
import {
  checkCall,
  maxAgeOf,
  type OpenedInfo,
  type OpenerParts,
  type OpenOptions,
} from './options.js'
import { checkUnseen } from './replay.js'

/** A value that passed every check that public bytes decide. */
export interface Prepared {
  readonly text: string
  readonly jwe: Jwe
  readonly context: Context
  /** In the opener's order. */
  readonly candidates: readonly Candidate<ValueKey>[]
}

/** A value that was opened: its content, and what is known of it. */
export type Opened = Content & OpenedInfo

/**
 * Makes the cheap checks, and no KMS call.
 *
 * Their order is: sizes and form, key on the list, algorithm, context, age, replay.
 *
 * @param reserved - members of the context that the verb itself expects
 * @throws SealdropError of class A
 */
export async function prepare(
  text: string,
  o: OpenOptions,
  parts: OpenerParts,
  reserved?: Context,
): Promise<Prepared> {
  const expected = checkCall(o)
  o.signal?.throwIfAborted()
  checkValueText(text)
  const jwe = parseJwe(text)
  const keys = await parts.keys.find(
    ({ info }) => info.thumbprint === jwe.header.kid,
    `kid ${shown(jwe.header.kid)}`,
    o.signal,
  )
  const candidates = await Promise.all(
    keys.map(async (key) => ({ key, wrapped: await checkValueKey(jwe, key) })),
  )
  const context = checkFoundContext(jwe.header.ctx ?? {}, expected, reserved)
  checkAge(jwe.header.iat, maxAgeOf(o, parts), parts)
  await checkUnseen(parts.replay, text)
  return {
    text,
    jwe,
    context,
    candidates: await Promise.all(
      candidates.map(async (one) => ({
        ...one,
        id: await dataKeyId(one.key.arn, jwe.header.kid, one.wrapped),
      })),
    ),
  }
}

/**
 * Opens a prepared value with at most one cryptographic answer of a private key.
 *
 * Whatever is wrong from here on, the error is one and the same (class B).
 *
 * @throws SealdropError `rejected`, `kms_*`, `key_unusable`
 */
export async function openPrepared(
  { text, jwe, context, candidates }: Prepared,
  o: OpenOptions,
  parts: OpenerParts,
): Promise<Opened> {
  const { header } = jwe
  const use = async (dataKey: CryptoKey, key: OpenerKey): Promise<Opened> => {
    const bytes = await content(jwe, dataKey)
    const sealedAt = header.iat === undefined ? undefined : new Date(header.iat * 1000)
    return {
      ...contentOf(bytes, header.cty),
      messageId: header.jti || (await digestName(text)),
      key: key.info,
      context,
      ...(sealedAt && { sealedAt }),
    }
  }
  return withDataKey({ candidates, unwrap: unwrapValueKey, use, signal: o.signal }, parts)
}

async function content(
  { protectedText, iv, ciphertext, tag }: Jwe,
  dataKey: CryptoKey,
): Promise<Bytes> {
  const bytes = await decrypt(dataKey, iv, concat(ciphertext, tag), utf8(protectedText))
  if (!bytes) throw rejected()
  return bytes
}
