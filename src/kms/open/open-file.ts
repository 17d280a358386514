import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ensure } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { fileSource } from '../../files/file-source.js'
import { outputPlace } from '../../files/output-place.js'
import { writeFileWhole } from '../../files/write-file.js'
import { joined } from '../../io/abort.js'
import type { ByteSource } from '../../io/byte-source.js'
import type { OpenedFileInfo, OpenFileOptions } from '../../open/options.js'
import type { StreamOpener } from '../../open/stream-opener.js'
import { filePath } from '../../files/file-path.js'

/** What is known of a file that was opened: `signReceipt` takes it as it is. */
export interface OpenedFile extends OpenedFileInfo {
  /** The length of the sealed file in bytes. */
  readonly length: number
  /** The chunk digest of the sealed file, in base64url. */
  readonly digest: string
}

/**
 * Opens a sealed file into another one, which appears when all of it verified, or not at all.
 *
 * It ends by itself where the opener is given up.
 */
export async function openFile(
  opener: StreamOpener,
  input: string | URL,
  output: string | URL,
  o: OpenFileOptions,
): Promise<OpenedFile> {
  checkOptions(o, 'signal context maxAge sealedName')
  const { source, to } = await placesOf(input, output)
  const stop = opener.stopped?.part()
  const { signal, off } = joined(o?.signal, stop?.signal)
  try {
    const { readable, digest, sealedLength, ...info } = await opener.openStream(source, {
      ...o,
      signal,
      digest: true,
    })
    await writeFileWhole(to, readable)
    return { ...info, length: await sealedLength, digest: await digest }
  } finally {
    off()
    stop?.off()
  }
}

/**
 * The file that is read, and the place that is written to, which is another one.
 *
 * @throws SealdropError `invalid_argument`, `source_failed`, `output_failed`
 */
export async function placesOf(
  input: string | URL,
  output: string | URL,
): Promise<{ readonly source: ByteSource; readonly to: string }> {
  const from = resolve(filePath(input, 'openFile: expected a path'))
  const given = resolve(filePath(output, 'openFile: expected a path'))
  const source = await fileSource(from)
  ensure(
    !(await areOneFile(from, given)),
    'invalid_argument',
    'openFile: input and output are one file; the sealed one would be lost',
  )
  const { path: to, found } = await outputPlace(given)
  ensure(
    found !== 'other',
    'invalid_argument',
    'openFile: expected a file to write, found a device or a pipe; openStream can write there',
  )
  return { source, to }
}

/** Whether two paths lead to one file, also by links. A file that is not there is none. */
async function areOneFile(a: string, b: string): Promise<boolean> {
  const place = (path: string): Promise<BigIntStats | undefined> =>
    stat(path, { bigint: true }).catch(() => undefined)
  const [one, other] = await Promise.all([place(a), place(b)])
  return one !== undefined && one.dev === other?.dev && one.ino === other.ino
}
