import { constants } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { makeFolder } from '../../files/make-folder.js'
import { outputPlace, type OutputPlace } from '../../files/output-place.js'
import { partsIn, writeFileWhole, type WriteOptions } from '../../files/write-file.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { abortable } from '../../io/abort.js'
import { PipeClosed, UsageError } from '../exit-codes.js'
import { escapedLine, type Streams } from '../terminal.js'
import { wasClosed } from './closed-streams.js'
import { giveBack } from './memory.js'
import { isPipe, pipeToWrite } from './pipes.js'

/** Where something goes: the whole of it, or nothing. Pipes and devices get it as it comes. */
export interface Output {
  /** The path, or `-` for stdout. */
  readonly name: string
  write(stream: ReadableStream<Uint8Array>): Promise<void>
}

/** How an output is written. */
export interface OutputOptions {
  readonly streams: Streams
  /** Whether what is there is replaced. */
  readonly force: boolean
  readonly mode: NonNullable<WriteOptions['mode']>
  /** Files that are read meanwhile. */
  readonly inputs: readonly string[]
  /** Ends the wait for a pipe that nobody reads. Default: nothing does. */
  readonly signal?: AbortSignal
}

/** Whether it goes to stdout. */
export const isStdout = (path: string | undefined): boolean => path === undefined || path === '-'

/**
 * Looks at where something goes, before anything is read.
 *
 * @param path - `-` for stdout, also where it is a terminal; undefined for stdout
 * @throws UsageError
 */
export async function outputOf(path: string | undefined, o: OutputOptions): Promise<Output> {
  if (path === undefined || path === '-') return stdoutOf(path, o)
  const place = await outputPlace(path)
  await tellParts(dirname(place.path), [basename(place.path)], o)
  return outputAt(path, place, o)
}

/** Tells what a run that was killed may have left: of `open` it is plaintext. */
async function tellParts(
  folder: string,
  names: readonly string[],
  { streams }: OutputOptions,
): Promise<void> {
  for (const part of await partsIn(folder, names))
    streams.stderr.write(
      `${escapedLine(join(folder, part))}: a run that was killed left it, or one still writes it; delete it if none does\n`,
    )
}

async function outputAt(path: string, place: OutputPlace, o: OutputOptions): Promise<Output> {
  if (place.found === 'folder')
    throw new UsageError(`${path}: expected a file to write; --out-dir takes a folder`)
  if (place.found === 'other')
    return { name: path, write: (stream) => writeThrough(path, stream, o) }
  if (place.found === 'file') await checkReplaced(path, o)
  return {
    name: path,
    async write(stream) {
      const { force: replace, mode } = o
      if (!(await writeFileWhole(place.path, stream, { replace, mode }))) throw isThere(path)
    },
  }
}

const isThere = (path: string): UsageError =>
  new UsageError(`${path}: it is there already; --force replaces it`)

async function checkReplaced(path: string, { force, inputs }: OutputOptions): Promise<void> {
  const ours = await stat(path, { bigint: true })
  for (const name of inputs.filter((input) => input !== '-')) {
    const other = await stat(name, { bigint: true }).catch(() => undefined)
    if (other?.dev === ours.dev && other.ino === ours.ino)
      throw new UsageError(`${path}: it is an input too, and would be lost`)
  }
  if (!force) throw isThere(path)
}

function stdoutOf(path: string | undefined, o: OutputOptions): Output {
  const { stdout } = o.streams
  if (path === undefined && stdout.isTTY)
    throw new UsageError(
      'stdout is a terminal: -o FILE writes a file, and -o - writes to the terminal',
    )
  const isClosed = stdout === process.stdout && wasClosed(1)
  return {
    name: '-',
    async write(stream) {
      if (!isClosed) return piped(stream, stdout, { ...o, end: false })
      const lost = new SealdropError(
        'output_failed',
        'stdout is closed: -o FILE writes a file, and > /dev/null throws it away',
      )
      await stream.cancel(lost)
      throw lost
    },
  }
}

const unwritable = (cause: NodeJS.ErrnoException): SealdropError =>
  new SealdropError('output_failed', `the output cannot be written: ${cause.code}`, { cause })

/** Writes to a device or a pipe as it is: nothing is made where it has gone. */
async function writeThrough(
  path: string,
  stream: ReadableStream<Uint8Array>,
  o: OutputOptions,
): Promise<void> {
  const to = await openThrough(path).catch(async (cause: unknown) => {
    await stream.cancel(cause)
    throw unwritable(cause as NodeJS.ErrnoException)
  })
  await piped(stream, to, { ...o, end: true })
}

async function openThrough(path: string): Promise<Writable> {
  if (await isPipe(path)) return pipeToWrite(path)
  return (await open(path, constants.O_WRONLY)).createWriteStream()
}

/** Writes under way at a time, so that the next frame is opened meanwhile. */
const writesAhead = 3

async function piped(
  stream: ReadableStream<Uint8Array>,
  to: Writable,
  { end, signal }: Pick<OutputOptions, 'signal'> & { readonly end: boolean },
): Promise<void> {
  const writes: Promise<void>[] = []
  const ignore = (): void => {} // each write tells its own failure
  to.on('error', ignore)
  try {
    for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
      writes.push(written(to, chunk))
      if (writes.length > writesAhead) await abortable(writes.shift() as Promise<void>, signal)
    }
    await abortable(Promise.all(writes), signal)
    if (end) await ended(to)
  } catch (error) {
    if (end) to.destroy()
    throw error
  } finally {
    if (!end) to.off('error', ignore)
  }
}

/** Resolves when a chunk has left, and takes its memory. */
function written(to: Writable, chunk: Uint8Array): Promise<void> {
  const writing = new Promise<void>((resolve, reject) => {
    to.write(chunk, (error) => {
      if (error) return reject(inWordsOfPipes(error))
      giveBack(chunk)
      resolve()
    })
  })
  writing.catch(() => {}) // the failure is told where it is waited for
  return writing
}

const ended = (to: Writable): Promise<void> =>
  new Promise((resolve, reject) => {
    to.once('error', (error) => reject(inWordsOfPipes(error)))
    to.end(resolve)
  })

function inWordsOfPipes(cause: NodeJS.ErrnoException): Error {
  return cause.code === 'EPIPE' ? new PipeClosed('the pipe was closed') : unwritable(cause)
}

/** Makes the name of an output from that of its input. */
export type Renaming = (name: string) => string

/**
 * The outputs of several inputs in a folder, by the names of the inputs alone.
 *
 * @throws UsageError where two would be one
 */
export async function outputsIn(
  folder: string,
  names: readonly string[],
  rename: Renaming,
  o: OutputOptions,
): Promise<readonly Output[]> {
  const paths = names.map((name) => {
    const base = basename(name)
    if (name === '-' || ['', '.', '..'].includes(base))
      throw new UsageError(`${name}: it has no name for --out-dir; say -o`)
    return join(folder, rename(base))
  })
  const twice = paths.findIndex((path, index) => paths.indexOf(path) !== index)
  if (twice !== -1)
    throw new UsageError(`${names[twice]}: another input would be written to ${paths[twice]} too`)
  await makeFolder(folder).catch((cause: unknown) => {
    throw unwritable(cause as NodeJS.ErrnoException)
  })
  const bases = paths.map((path) => basename(path))
  await tellParts(folder, bases, o)
  return Promise.all(paths.map(async (path) => outputAt(path, await outputPlace(path), o)))
}
