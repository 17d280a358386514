import { symmetricProvider } from '../../algorithms/data-key-providers.js'
import { limits } from '../../algorithms/limits.js'
import { utf8 } from '../../bytes/text.js'
import { checkCount, ensure } from '../../errors/guard.js'
import { kindOf } from '../../errors/kind.js'
import { checkOptions } from '../../errors/options.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { blaming, blamingNow } from '../../errors/whose.js'
import { checkContext, type Context } from '../../formats/context.js'
import { messageLength } from '../../formats/frames.js'
import type { ByteReader } from '../../io/byte-reader.js'
import { taken, type Input } from '../../io/stream-source.js'
import { framesOf } from '../../stream/frames-of.js'
import { idText, messageUnder, sealFrame } from '../../stream/message.js'
import { writeMessage } from '../../stream/write-message.js'
import { obeying, type KmsBudget } from '../port/budget.js'
import { DataKeyPort } from '../port/data-key-port.js'
import type { Kms } from '../port/port.js'
import { archiveContext, checkOriginal } from './archive-context.js'
import type { Resealer, ResealedStream, ResealOptions, ResealSource } from './resealer.js'

/** How a resealer reaches KMS, and what it writes under. */
export interface ResealerOptions {
  /** How KMS is reached. Default `{}`: the AWS default chain. */
  readonly kms?: Kms
  /** Operations a second of `symmetric`, which others may share. Default: no limit. */
  readonly budget?: KmsBudget
  /** The symmetric KMS key, by ARN, key id or alias. */
  readonly key: string
  /**
   * The operator's context of each archive, or a function of what was opened.
   *
   * - Everybody can read it, also in CloudTrail: no personal data belongs into it.
   * - It is not what the sender bound. A function sees that, and may take of it what it believes.
   * - Names that begin with `sealdrop:` or `aws-crypto-` are reserved.
   */
  readonly context: Context | ((opened: ResealSource) => Context)
}

/** What re-sealing works with. */
interface ResealerParts {
  readonly port: DataKeyPort
  readonly key: string
  readonly context: ResealerOptions['context']
}

/**
 * Makes a resealer, which writes what was opened under a symmetric KMS key.
 *
 * - Such keys rotate by themselves every year, and their calls have the higher quota.
 * - {@link createArchiveReader} opens what it wrote, and so do AWS's SDKs with their `aws-kms`
 *   keyring.
 * - It needs kms:GenerateDataKey only. Nothing happens before its first verb.
 *
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: an option is wrong
 * @example
 *   ```js
 *   import { createResealer } from 'sealdrop/kms'
 *   const resealer = createResealer({ key: 'alias/cold', context: { store: 'claims' } })
 *   await resealer.close()
 *   try {
 *     createResealer({ key: 'alias/cold', context: { 'sealdrop:header': 'mine' } })
 *   } catch (error) {
 *     console.log(error.code) // invalid_argument
 *   }
 *   ```
 * @see AWS Encryption SDK specification, framework/aws-kms/aws-kms-keyring.md
 */
export function createResealer(o: ResealerOptions): Resealer {
  return blamingNow(() => resealerOf(o))
}

function resealerOf(o: ResealerOptions): Resealer {
  ensure(o, 'invalid_argument', 'createResealer: expected { key, context }')
  const { kms, budget, key, context } = checkOptions(o, 'kms budget key context')
  ensure(
    typeof key === 'string' && key !== '',
    'invalid_argument',
    `key: expected ARN, key id or alias of a symmetric KMS key, found ${kindOf(key)}`,
  )
  const port = new DataKeyPort(kms ?? {}, obeying(budget))
  const parts = { port, key, context: isFunction(context) ? context : checkContext(context) }
  let closed = false
  return {
    reseal: (opened, call) =>
      blaming('sender', () => {
        checkOpened(opened)
        return taken(
          opened.readable,
          async (reader, input) => {
            ensure(!closed, 'closed', 'this resealer was closed')
            return resealInput(opened, { reader, input }, call, parts)
          },
          call?.length === undefined ? opened.length : call.length,
        )
      }),
    close: async () => {
      closed = true
      port.close()
    },
  }
}

const isFunction = (context: unknown): context is (opened: ResealSource) => Context =>
  typeof context === 'function'

/** @throws SealdropError `invalid_argument` */
function checkOpened(opened: ResealSource): void {
  const { readable } = Object(opened) as Partial<ResealSource>
  ensure(
    kindOf(readable) === 'ReadableStream',
    'invalid_argument',
    `reseal: expected the answer of openStream, found ${kindOf(opened)} with a readable of ${kindOf(readable)}`,
  )
}

async function resealInput(
  opened: ResealSource,
  { reader, input }: { readonly reader: ByteReader; readonly input: Input },
  o: ResealOptions | undefined,
  { port, key, context: bound }: ResealerParts,
): Promise<ResealedStream> {
  const {
    context: ownContext,
    frameLength = limits.frame,
    framesInFlight = limits.framesInFlight,
    digest: digested = true,
    onProgress,
    signal,
  } = checkOptions(o, 'signal context frameLength length framesInFlight digest onProgress')
  checkCount('frameLength', frameLength, limits.maxFrame)
  checkCount('framesInFlight', framesInFlight, limits.maxFramesInFlight)
  const original = checkOriginal(opened, 'reseal')
  const { own, context, serialized } = archiveContext(
    ownContext ?? contextOf(bound, opened),
    original,
  )
  const { size } = input
  // a length that no message has is refused before KMS is asked
  if (size !== undefined) messageLength(0, size, frameLength)
  const { arn, plaintext, ciphertext } = await port.generateDataKey(key, context, signal)
  const message = await messageUnder(plaintext, {
    serializedContext: serialized,
    dataKeys: [{ provider: symmetricProvider, info: utf8(arn), ciphertext }],
    frameLength,
  })
  plaintext.fill(0)
  reader.hold(framesInFlight)
  const written = writeMessage({
    header: message.header,
    reader,
    frames: framesOf(reader, input, frameLength, undefined),
    seal: (frame) => sealFrame(message, frame),
    framesInFlight,
    digested,
    size,
    onProgress,
    signal,
  })
  return {
    ...written,
    ...(size !== undefined && { length: messageLength(message.header.length, size, frameLength) }),
    messageId: idText(message),
    keyArn: arn,
    context: own,
    original,
  }
}

/** @throws SealdropError `invalid_argument` where the operator's function throws */
function contextOf(bound: ResealerOptions['context'], opened: ResealSource): Context {
  if (!isFunction(bound)) return bound
  try {
    return bound(opened)
  } catch (cause) {
    throw new SealdropError('invalid_argument', 'context: the function threw', { cause })
  }
}
