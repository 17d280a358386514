import { constants, createReadStream, fstatSync } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { concat, type Bytes } from '../../bytes/bytes.js'
import { fileSource } from '../../files/file-source.js'
import type { ByteSource } from '../../doors/index.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { UsageError } from '../exit-codes.js'
import type { Streams } from '../terminal.js'
import { wasClosed } from './closed-streams.js'
import { giveBack } from './memory.js'
import { endedBySignals, pipeToRead } from './pipes.js'

/** What is read: a file, or a stream that can be read once. */
export type Input = {
  /** The path, or `-` for stdin. */
  readonly name: string
  /** Reads its first bytes. They are there again for whoever reads all of it. */
  readonly first: (length: number) => Promise<Bytes>
  /** Bytes of a file. */
  readonly size: number | undefined
} & (
  | { readonly kind: 'file'; readonly source: ByteSource }
  | { readonly kind: 'stream'; readonly source: AsyncIterable<Bytes> }
)

/** The inputs that a command line names: stdin where it names none. */
export function inputNames(given: readonly string[]): readonly string[] {
  const names = given.length === 0 ? ['-'] : given
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new UsageError(`${twice}: given twice as an input`)
  return names
}

/** Opens an input. @throws SealdropError `source_failed`, which names it */
export async function openInput(name: string, { stdin }: Pick<Streams, 'stdin'>): Promise<Input> {
  if (name === '-') {
    checkStdin(stdin)
    return streamInput(name, stdin)
  }
  try {
    const found = await stat(name)
    // such as the shell's <(command)
    if (found.isFIFO()) return streamInput(name, await pipeToRead(name))
    if (!found.isFile() && !found.isDirectory()) return streamInput(name, createReadStream(name))
    const source = await fileSource(name)
    // the source opens it when it is read, and does not know how it was named
    if (found.isFile()) await access(name, constants.R_OK)
    const first = (length: number): Promise<Bytes> =>
      source.read(0, Math.min(length, source.size)) as Promise<Bytes>
    return { kind: 'file', name, source, first, size: source.size }
  } catch (cause) {
    throw unreadable(name, cause)
  }
}

/** Refuses a folder behind `<`, and a stdin that is closed: a process reads both as if they were empty. */
function checkStdin(stdin: Readable): void {
  if (stdin !== process.stdin) return
  if (isFolder(0)) throw new SealdropError('source_failed', 'stdin: the path is not a file')
  if (wasClosed(0))
    throw new SealdropError(
      'source_failed',
      'stdin is closed: name a file, and < /dev/null is an empty one',
    )
}

/** Not every runtime can look at what is open already. */
function isFolder(fd: number): boolean {
  try {
    return fstatSync(fd).isDirectory()
  } catch {
    return false
  }
}

function unreadable(name: string, cause: unknown): SealdropError {
  const why = isSealdropError(cause) ? cause.message : (cause as NodeJS.ErrnoException).code
  return new SealdropError('source_failed', `${name}: ${why ?? 'it cannot be read'}`, { cause })
}

/** A stream whose first bytes can be looked at before it is read. */
function streamInput(name: string, stream: Readable): Input {
  const chunks: AsyncIterator<Uint8Array> = endedBySignals(stream)[Symbol.asyncIterator]()
  let seen: Bytes = new Uint8Array()
  const next = async (): Promise<Bytes | undefined> => {
    const { done, value } = await chunks.next().catch((cause: unknown) => {
      throw unreadable(name === '-' ? 'stdin' : name, cause)
    })
    return done ? undefined : (value as Bytes)
  }
  const first = async (length: number): Promise<Bytes> => {
    while (seen.length < length) {
      const chunk = await next()
      if (!chunk) break
      seen = concat(seen, chunk)
    }
    return seen.subarray(0, length)
  }
  async function* all(): AsyncGenerator<Bytes> {
    if (seen.length > 0) yield seen
    for (let chunk = await next(); chunk; chunk = await next()) {
      yield chunk
      giveBack(chunk) // whoever asks for the next chunk has read this one
    }
  }
  return { kind: 'stream', name, source: { [Symbol.asyncIterator]: all }, first, size: undefined }
}

/** All bytes of an input that is to be small. @throws SealdropError `too_large` */
export async function allOf(input: Input, most: number): Promise<Bytes> {
  const bytes = await input.first(most + 1)
  if (bytes.length > most)
    throw new SealdropError('too_large', `${input.name}: expected at most ${most} bytes`)
  return bytes
}
