import { limits } from '../../algorithms/limits.js'
import { formatName, suite } from '../../algorithms/suites.js'
import { toBase64url } from '../../bytes/base64url.js'
import type { Bytes } from '../../bytes/bytes.js'
import { sha256 } from '../../crypto/digest.js'
import { cutWithin } from '../../envelope/read-header.js'
import { ChunkDigester } from '../../formats/chunk-digest.js'
import { tagLength } from '../../formats/message-header.js'
import { maxHeaderLength, parseMessageHeader } from '../../formats/parse-message-header.js'
import { abortable } from '../../io/abort.js'
import { taken } from '../../io/stream-source.js'
import { longestForeign, parseForeignHeader, type ShownHeader } from './foreign-header.js'
import { FrameWalk } from './frame-walk.js'
import { openingWay, recipientLine, recipientOf, type NamedRecipient } from './recipients.js'
import {
  fact,
  grouped,
  problem,
  problemsOf,
  type Fact,
  type Problem,
  type Report,
} from './report.js'
import type { Seen } from './seen.js'

/** What is read at once. */
const step = 524_288
/** The SDKs' default: as ours, with a signature behind the frames. */
const signedSuite = 0x0578

/** Version and suite: a byte, then two bytes that stand behind the type in version 1. */
const formatOf = ([version = 0, a = 0, b = 0, c = 0]: Bytes): readonly [number, number] =>
  version === 1 ? [version, b * 256 + c] : [version, a * 256 + b]

const isKnown = (version: number, id: number): boolean =>
  (version === 1 && id < 0x0400) || (version === 2 && (id === suite || id === signedSuite))

/** Whether bytes begin a message of a version and a suite that are known by name. */
export function isMessage(first: Bytes): boolean {
  const [version, id] = formatOf(first)
  // version 1 has a type behind it: customer authenticated encrypted data
  return (
    isKnown(version, id) &&
    (version === 2 || first[1] === 0x80) &&
    !formatName(version, id).includes('unknown')
  )
}

/** What a message says of itself, by its header and by what stands before each frame. */
export async function lookAtMessage(seen: Seen): Promise<Report> {
  const [version, id] = formatOf(seen.first)
  const isOurs = version === 2 && id === suite
  const header = isOurs
    ? await headerOf(seen)
    : parseForeignHeader(await seen.input.first(longestForeign), version)
  const { frameLength, context } = header
  const walk = frameLength === undefined ? undefined : new FrameWalk(frameLength)
  const { length, digest } = await readAll(seen, header, walk)
  const recipients = await Promise.all(header.dataKeys.map(recipientOf))
  const usable = recipients.filter(({ why }) => why === undefined)
  const problems = [
    ...formatProblems(isOurs, frameLength),
    ...(walk?.problems(!isOurs) ?? []),
    ...recipientProblems(recipients),
  ]
  const opens = isOurs ? usable : []
  const { name } = seen.input
  return {
    kind: 'stream',
    words: 'a sealed file (message of the AWS Encryption SDK)',
    facts: [
      fact('format', 'format', formatName(version, id), [formatWords(version, id)]),
      fact('keyCommitment', 'key committed', version === 2),
      ...headerFacts(header, recipients),
      fact('length', 'sealed bytes', length, [grouped(length)]),
      ...frameFacts(header, walk),
      fact('digest', 'digest', digest),
      fact('age', 'age', 'unknown', ['a message does not say when it was sealed']),
    ],
    does: 'opens',
    ways: opens.map((one) => openingWay(one, { name, context })),
    problems,
  }
}

const formatWords = (version: number, id: number): string =>
  id === suite && version === 2
    ? 'version 2, suite 0x0478: AES-256-GCM with key commitment'
    : formatName(version, id)

async function headerOf({ input }: Seen): Promise<ShownHeader> {
  const found = parseMessageHeader(await input.first(maxHeaderLength), formatName, limits.anyFrame)
  if (!found) throw cutWithin('its header')
  return { ...found, length: found.body.length + tagLength }
}

/** Reads all of it, once, in constant memory. */
async function readAll(
  { input, signal, onProgress }: Seen,
  header: ShownHeader,
  walk: FrameWalk | undefined,
): Promise<{ readonly length: number; readonly digest: string }> {
  const digester = new ChunkDigester(sha256)
  let before = header.length
  await taken(input.source, async (reader) => {
    for (;;) {
      const bytes = await abortable(reader.take(step), signal)
      if (bytes.length === 0) return
      await digester.update(bytes)
      walk?.update(bytes.subarray(before))
      before = Math.max(0, before - bytes.length)
      onProgress(digester.size)
    }
  })
  return { length: digester.size, digest: await digester.digest() }
}

const headerFacts = (
  { messageId, context }: ShownHeader,
  recipients: readonly NamedRecipient[],
): readonly Fact[] => [
  fact('recipients', 'recipients', recipients, recipients.map(recipientLine)),
  fact('context', 'context', context),
  fact('messageId', 'message id', toBase64url(messageId)),
]

function frameFacts(
  { frameLength = 0 }: ShownHeader,
  walk: FrameWalk | undefined,
): readonly Fact[] {
  if (!walk) return [fact('frames', 'frames', 0, ['none: it is one piece'])]
  const { plaintext, frames } = walk
  return [
    fact('plaintextLength', 'plaintext', walk.isWhole ? plaintext : undefined, [
      `${grouped(plaintext)} bytes`,
    ]),
    fact('frameLength', 'frame length', frameLength, [`${grouped(frameLength)} bytes`]),
    fact('frames', 'frames', frames, [grouped(frames)]),
  ]
}

const formatProblems = (isOurs: boolean, frameLength = 0): readonly Problem[] =>
  problemsOf(
    [
      !isOurs,
      'unsupported_algorithm',
      'opened here is version 2 with suite 0x0478; a library of AWS opens others',
    ],
    [
      frameLength > limits.maxFrame,
      'too_large',
      `a frame is longer than ${grouped(limits.maxFrame)} bytes: an opener needs maxFrameLength`,
    ],
  )

function recipientProblems(recipients: readonly NamedRecipient[]): readonly Problem[] {
  const passedOver = recipients.flatMap(({ by, why }) =>
    why === undefined
      ? []
      : [problem('key_not_found', `a data key of ${by} is passed over: ${why}`)],
  )
  const isOpenable = passedOver.length < recipients.length
  return isOpenable
    ? passedOver
    : [
        ...passedOver,
        problem('key_not_found', 'no key that is opened here is among its recipients'),
      ]
}
