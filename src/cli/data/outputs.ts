import { constants } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { makeFolder } from '../../files/make-folder.js'
import { outputPlace, type OutputPlace } from '../../files/output-place.js'
import { partsIn, writeFileWhole, type WriteOptions } from '../../files/write-file.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { PipeClosed, UsageError } from '../exit-codes.js'
import { escaped, type Streams } from '../terminal.js'
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
  if (path === undefined || path === '-') return stdoutOf(path, o.streams)
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
      `${escaped(join(folder, part))}: a run that was killed left it, or one still writes it; delete it if none does\n`,
    )
}

async function outputAt(path: string, place: OutputPlace, o: OutputOptions): Promise<Output> {
  if (place.found === 'folder')
    throw new UsageError(`${path}: expected a file to write; --out-dir takes a folder`)
  if (place.found === 'other') return { name: path, write: (stream) => writeThrough(path, stream) }
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

function stdoutOf(path: string | undefined, { stdout }: Streams): Output {
  if (path === undefined && stdout.isTTY)
    throw new UsageError(
      'stdout is a terminal: -o FILE writes a file, and -o - writes to the terminal',
    )
  return { name: '-', write: (stream) => piped(stream, stdout, false) }
}

const unwritable = (cause: NodeJS.ErrnoException): SealdropError =>
  new SealdropError('output_failed', `the output cannot be written: ${cause.code}`, { cause })

/** Writes to a device or a pipe as it is: nothing is made where it has gone. */
async function writeThrough(path: string, stream: ReadableStream<Uint8Array>): Promise<void> {
  const to = await openThrough(path).catch(async (cause: unknown) => {
    await stream.cancel(cause)
    throw unwritable(cause as NodeJS.ErrnoException)
  })
  await piped(stream, to, true)
}

async function openThrough(path: string): Promise<Writable> {
  if (await isPipe(path)) return pipeToWrite(path)
  return (await open(path, constants.O_WRONLY)).createWriteStream()
}

async function piped(
  stream: ReadableStream<Uint8Array>,
  to: Writable,
  end: boolean,
): Promise<void> {
  let broken: NodeJS.ErrnoException | undefined
  to.once('error', (error: NodeJS.ErrnoException) => (broken = error))
  try {
    await pipeline(Readable.fromWeb(stream as never), to, { end })
  } catch (error) {
    if (!broken) throw error
    if (broken.code === 'EPIPE') throw new PipeClosed('the pipe was closed')
    throw unwritable(broken)
  }
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
