import { limits } from '../../algorithms/limits.js'
import { formatName, suite } from '../../algorithms/suites.js'
import type { Bytes } from '../../bytes/bytes.js'
import { readHeader } from '../../envelope/read-header.js'
import { checkOptions } from '../../errors/options.js'
import { blamed } from '../../errors/whose.js'
import { maxHeaderLength, type NameOfFormat } from '../../formats/parse-message-header.js'
import { abortable } from '../../io/abort.js'
import { withFront, type ByteReader } from '../../io/byte-reader.js'
import { checkRange, type ByteSource } from '../../io/byte-source.js'
import { inOrder, streamOf } from '../../io/in-order.js'
import { fileInput, inputOf, type StreamSource } from '../../io/stream-source.js'
import { checkExpected } from '../../open/check.js'
import { checkSource } from '../../open/mistaken.js'
import { givenUpAsOne, layoutIn, openPart } from '../../open/open-range.js'
import { openFrame, sealedFrames } from '../../open/sealed-frames.js'
import { digesting } from '../../open/stream-digest.js'
import { followed } from '../../open/stream-opener.js'
import { expectedOriginal, type ExpectedOriginal } from './archive-context.js'
import type {
  DigestedArchive,
  OpenedArchiveStream,
  ReadArchiveOptions,
  ReadArchiveStreamOptions,
} from './archive-reader.js'
import { openArchive, type ArchiveParts } from './open-archive.js'

/** What an archive reader works with. */
export interface ArchiveReaderParts extends ArchiveParts {
  readonly foreign: boolean
  readonly maxFrameLength: number
}

/** Says of other suites what AWS's SDKs must be told, so that they write this one. */
const nameOf: NameOfFormat = (version, id) =>
  id === suite
    ? formatName(version, id)
    : `${formatName(version, id)}. AWS's SDKs write it with the algorithm suite AES_256_GCM_HKDF_SHA512_COMMIT_KEY (0x0478), which each commitment policy that requires commitment takes`

/** Opens archives from their start. */
export async function readArchive(
  source: StreamSource,
  o: ReadArchiveStreamOptions,
  parts: ArchiveReaderParts,
): Promise<DigestedArchive> {
  checkSource(source)
  const { reader, answers, end, fail } = digesting(inputOf(source).reader(), o?.digest === true)
  return giving(reader, o, async () => {
    checkOptions(o, 'signal context original digest')
    const expected = expectedOf(o, parts)
    const { header, rest } = await readHeader(reader, nameOf, parts.maxFrameLength)
    const { key, info } = await openArchive(header, expected, parts)
    reader.hold(limits.framesInFlight + 1)
    const chunks = inOrder(
      sealedFrames(withFront(rest, reader), header.frameLength),
      async (frame) => [await openFrame(key, header.messageId, frame)],
      limits.framesInFlight,
    )
    return { ...info, ...answers, readable: readableOf(reader, followed(chunks, end), o, fail) }
  })
}

/** Opens part of the plaintext of an archive. */
export async function readArchiveRange(
  source: Blob | ByteSource,
  [start, end]: readonly [start: number, end: number],
  o: ReadArchiveOptions,
  parts: ArchiveReaderParts,
): Promise<OpenedArchiveStream & { readonly length: number }> {
  checkRange('openRange', start, end)
  checkSource(source)
  const { input, cancel } = givenUpAsOne(fileInput(source))
  const front = input.reader(0, Math.min(input.size, maxHeaderLength))
  return giving({ ...front, cancel }, o, async () => {
    checkOptions(o, 'signal context original')
    const expected = expectedOf(o, parts)
    const { header, length } = await readHeader(front, nameOf, parts.maxFrameLength)
    front.cancel(undefined)
    const layout = layoutIn(input, length, header)
    const archive = await openArchive(header, expected, parts)
    const part = await openPart(archive, layout, start, end)
    const readable = readableOf(part.reader, part.chunks, o)
    return { ...archive.info, length: part.length, readable }
  })
}

/** @throws SealdropError `invalid_argument` */
const expectedOf = (
  o: ReadArchiveOptions | undefined,
  { foreign }: ArchiveReaderParts,
): ExpectedOriginal & { readonly signal: AbortSignal | undefined } => ({
  context: checkExpected(o?.context),
  original: expectedOriginal(o?.original),
  foreign,
  signal: o?.signal,
})

/** Does the work before the first byte. When it fails or is aborted, the source is given up. */
async function giving<R>(
  reader: ByteReader,
  o: ReadArchiveOptions,
  work: () => Promise<R>,
): Promise<R> {
  const signal = o?.signal
  try {
    signal?.throwIfAborted()
    return await abortable(work(), signal)
  } catch (error) {
    reader.cancel(error)
    throw error
  }
}

function readableOf(
  reader: ByteReader,
  chunks: AsyncGenerator<readonly Bytes[]>,
  { signal }: ReadArchiveOptions,
  fail: (reason: unknown) => void = () => {},
): ReadableStream<Bytes> {
  const stop = (reason: unknown): void => {
    reader.cancel(reason)
    fail(blamed(reason, 'sender'))
  }
  return streamOf(chunks, stop, signal)
}
