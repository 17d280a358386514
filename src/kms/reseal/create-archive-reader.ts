import { limits } from '../../algorithms/limits.js'
import { checkCount, ensure, shown } from '../../errors/guard.js'
import { kindOf } from '../../errors/kind.js'
import { checkOptions } from '../../errors/options.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { blaming, blamingNow } from '../../errors/whose.js'
import { isKeyArn } from '../../formats/arn.js'
import { taken } from '../../io/stream-source.js'
import { obeying, type KmsBudget } from '../port/budget.js'
import { DataKeyPort } from '../port/data-key-port.js'
import type { Kms } from '../port/port.js'
import type { ArchiveReader } from './archive-reader.js'
import { readArchive, readArchiveRange } from './archive-streams.js'

/** How an archive reader reaches KMS, and which keys it uses. */
export interface ArchiveReaderOptions {
  /** How KMS is reached. Default `{}`: the AWS default chain. */
  readonly kms?: Kms
  /** Operations a second of `symmetric`, which others may share. Default: no limit. */
  readonly budget?: KmsBudget
  /**
   * The ARNs of the symmetric keys that may be used, and of no other key.
   *
   * - An alias is none: whoever may move it would decide who can write archives.
   * - Archives of a multi-Region key are opened by each of its replicas in the list. The one that
   *   is named first is asked first.
   */
  readonly keys: readonly string[]
  /**
   * Whether it also opens what AWS's SDKs wrote by themselves with their `aws-kms` keyring.
   *
   * - That names no original. It must be of the algorithm suite 0x0478.
   * - Default: false.
   */
  readonly foreign?: boolean
  /** The longest frame that is taken, in bytes of plaintext, at most 1 GiB. Default: 16,777,216. */
  readonly maxFrameLength?: number
}

/**
 * Makes a reader of archives, which opens what a resealer wrote under its symmetric keys.
 *
 * - It is no opener: anybody can seal to an asymmetric key, and could put that in the archive's
 *   place. So it never opens such a file, and no opener opens an archive.
 * - It needs kms:Decrypt only. Nothing happens before its first verb.
 *
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: an option is wrong, or a key is not named by its ARN
 * @example
 *   ```js
 *   import { createArchiveReader } from 'sealdrop/kms'
 *   const key = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
 *   const reader = createArchiveReader({ keys: [key] })
 *   await reader.close()
 *   try {
 *     createArchiveReader({ keys: ['alias/cold'] })
 *   } catch (error) {
 *     console.log(error.code) // invalid_argument
 *   }
 *   ```
 * @see message-format.md, "Data key for a symmetric KMS key"
 */
export function createArchiveReader(o: ArchiveReaderOptions): ArchiveReader {
  return blamingNow(() => readerOf(o))
}

function readerOf(o: ArchiveReaderOptions): ArchiveReader {
  ensure(o, 'invalid_argument', 'createArchiveReader: expected { keys }')
  checkOptions(o, 'kms budget keys foreign maxFrameLength')
  const { kms, budget, keys, foreign, maxFrameLength = limits.maxFrame } = o
  checkCount('maxFrameLength', maxFrameLength, limits.anyFrame)
  const port = new DataKeyPort(kms ?? {}, obeying(budget))
  const parts = { port, keys: checkKeys(keys), foreign: checkFlag(foreign), maxFrameLength }
  let closed = false
  const refuse = async (): Promise<never> => {
    throw new SealdropError('closed', 'this archive reader was closed')
  }
  const whileOpen = <R>(work: () => Promise<R>, otherwise: () => Promise<R> = refuse): Promise<R> =>
    blaming('sender', () => (closed ? otherwise() : work()))
  return {
    openStream: (source, call) =>
      whileOpen(
        () => readArchive(source, call, parts),
        () => taken(source, refuse), // a source that comes too late is given up
      ),
    openRange: (source, start, end, call) =>
      whileOpen(() => readArchiveRange(source, [start, end], call, parts)),
    close: async () => {
      closed = true
      port.close()
    },
  }
}

/** @throws SealdropError `invalid_argument` */
function checkKeys(keys: unknown): readonly string[] {
  ensure(
    Array.isArray(keys) && keys.length > 0,
    'invalid_argument',
    `keys: expected an array with at least one key ARN, found ${kindOf(keys)}`,
  )
  for (const key of keys as readonly unknown[])
    ensure(
      typeof key === 'string' && isKeyArn(key),
      'invalid_argument',
      `keys: expected ARNs of keys, arn:aws:kms:REGION:ACCOUNT:key/ID, found ${shown(key)}`,
    )
  return [...new Set(keys as readonly string[])]
}

/** @throws SealdropError `invalid_argument` */
function checkFlag(foreign: unknown = false): boolean {
  ensure(typeof foreign === 'boolean', 'invalid_argument', 'foreign: expected true or false')
  return foreign
}
