import { symmetricProvider } from '../../algorithms/data-key-providers.js'
import { toBase64url } from '../../bytes/base64url.js'
import type { Bytes } from '../../bytes/bytes.js'
import { fromUtf8 } from '../../bytes/text.js'
import { importMessageKey } from '../../crypto/message-keys.js'
import { randomBytes, type CryptoKey } from '../../crypto/subtle.js'
import { ensure, shown } from '../../errors/guard.js'
import { isKeyArn, sameKey } from '../../formats/arn.js'
import type { Context } from '../../formats/context.js'
import type { EncryptedDataKey } from '../../formats/message-header.js'
import type { MessageHeader } from '../../formats/parse-message-header.js'
import { mayAskAnother } from '../../open/candidates.js'
import { frameKey } from '../../open/open-message.js'
import type { DataKeyPort } from '../port/data-key-port.js'
import {
  checkArchiveContext,
  checkLength,
  type ExpectedOriginal,
  type Original,
} from './archive-context.js'

/** What is known of an archive whose header is authentic. */
export interface ArchiveInfo {
  /** The message id of the archive itself, in base64url. */
  readonly messageId: string
  /** The ARN of the key that opened it. */
  readonly keyArn: string
  /** The operator's context, without what names the original. */
  readonly context: Context
  /** What it was re-sealed from. What AWS's SDKs wrote names none. */
  readonly original?: Original
}

/** An archive whose frames can be opened. */
export interface OpenedArchive {
  readonly info: ArchiveInfo
  readonly header: MessageHeader
  readonly key: CryptoKey
}

/** What archives are opened with. */
export interface ArchiveParts {
  readonly port: DataKeyPort
  /** Key ARNs, in the order in which they are asked. */
  readonly keys: readonly string[]
}

/** A ciphertext of KMS is no longer (CiphertextBlob of Decrypt). */
const longestCiphertext = 6_144

/**
 * Everything that public bytes decide, then one call of KMS, then commitment and header tag.
 *
 * @throws SealdropError class A: `malformed`, `too_large`, `key_not_found`, `context_mismatch`; class
 *   B: `rejected`; `kms_*`, `key_unusable`
 * @see message-format.md, "Data key for a symmetric KMS key"
 */
export async function openArchive(
  header: MessageHeader,
  expected: ExpectedOriginal & { readonly signal?: AbortSignal | undefined },
  { port, keys }: ArchiveParts,
): Promise<OpenedArchive> {
  const dataKey = onlyDataKey(header.dataKeys)
  const arn = fromUtf8(dataKey.info)
  ensure(isKeyArn(arn), 'malformed', 'provider info: expected a key ARN')
  const { length } = dataKey.ciphertext
  ensure(
    length >= 1 && length <= longestCiphertext,
    'malformed',
    `encrypted data key: expected 1 to ${longestCiphertext} bytes, found ${length}`,
  )
  const candidates = keys.filter((key) => sameKey(key, arn))
  ensure(
    candidates.length > 0,
    'key_not_found',
    `this archive is under ${shown(arn)}, which is not among the keys of this reader`,
  )
  checkLength(header.serializedContext)
  const found = checkArchiveContext(header.context, expected)
  const ask = async (key: string): Promise<CryptoKey> =>
    importAnswer(
      await port.decryptDataKey(key, dataKey.ciphertext, header.context, expected.signal),
    )
  const [keyArn, unwrapped] = await firstAnswer(candidates, ask)
  return {
    header,
    key: await frameKey(header, unwrapped),
    info: { messageId: toBase64url(header.messageId), keyArn, ...found },
  }
}

/**
 * The one data key of an archive. A second one would be of somebody who is not on the list.
 *
 * @throws SealdropError `malformed`, `key_not_found`
 */
function onlyDataKey(dataKeys: readonly EncryptedDataKey[]): EncryptedDataKey {
  const providers = [...new Set(dataKeys.map(({ provider }) => shown(provider)))].join(', ')
  const [dataKey, ...others] = dataKeys
  ensure(
    dataKeys.some(({ provider }) => provider === symmetricProvider),
    'key_not_found',
    `this is no archive, whose data key is of the provider ${symmetricProvider}; found ${providers}. createOpener opens what was sealed to asymmetric keys`,
  )
  ensure(
    dataKey && others.length === 0,
    'malformed',
    `an archive has one data key, found ${dataKeys.length} of ${providers}`,
  )
  return dataKey
}

/** A random key in place of one that KMS refuses: its commitment is not the message's. */
const importAnswer = (answer: Bytes | undefined): Promise<CryptoKey> =>
  importMessageKey(answer?.length === 32 ? answer : randomBytes(32))

/** Asks one replica after the other until one answers. @throws SealdropError `kms_*`, `key_unusable` */
async function firstAnswer<T>(
  arns: readonly string[],
  ask: (arn: string) => Promise<T>,
): Promise<readonly [arn: string, answer: T]> {
  let unavailable: unknown
  for (const arn of arns) {
    try {
      return [arn, await ask(arn)]
    } catch (error) {
      if (!mayAskAnother(error)) throw error
      // a key that is gone must not hide that another one may answer later
      if (error.retryable || !unavailable) unavailable = error
    }
  }
  throw unavailable
}
