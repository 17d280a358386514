import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs'
import type { Stats } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fromUtf8 } from '../../bytes/text.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { parseJson } from '../../formats/json.js'
import { UsageError } from '../exit-codes.js'
import { decisiveIn, fileShape, settingNames, settingRows } from './members.js'

/** A file of configuration that was read. */
export interface ConfigFile {
  readonly path: string
  readonly values: Readonly<Record<string, unknown>>
}

/** The longest file that is read, in bytes. */
const longest = 2 ** 20
const writableByOthers = 0o022
const sticky = 0o1000

/**
 * Who else may change a file or a folder, in words; undefined where nobody may.
 *
 * Of a folder with the sticky bit others cannot replace what is ours. Windows has no such bits.
 */
export function whoElseWrites(found: Stats): string | undefined {
  const self = process.getuid?.()
  if (self === undefined) return undefined
  if (found.uid !== self && found.uid !== 0) return `it belongs to the user ${found.uid}`
  const isSafeFolder = found.isDirectory() && (found.mode & sticky) !== 0
  return (found.mode & writableByOthers) === 0 || isSafeFolder
    ? undefined
    : 'others may write to it: chmod go-w mends that'
}

/** Reads a file of a person who is trusted. @throws UsageError where another one may change it */
export function readOwnFile(path: string, mayBeAbsent: boolean): ConfigFile | undefined {
  const file = readConfig(path, mayBeAbsent)
  if (!file) return undefined
  const [member] = decisiveIn(file.values)
  // who says nothing that decides trust can do no harm
  if (member !== undefined) checkOwned(path, file.found, `it has ${member}, which decides trust`)
  return file
}

/**
 * Looks who else may change a file that decides trust, or put another one in its place.
 *
 * @throws UsageError, SealdropError `source_failed`
 */
function checkOwned(path: string, found: Stats, reason: string): void {
  const folders = [dirname(path), dirname(realpathSync(path))]
  const places = folders.map((place) => [place, statSync(place)] as const)
  for (const [place, one] of [[path, found] as const, ...places]) {
    const why = whoElseWrites(one)
    if (why !== undefined) throw new UsageError(`${path}: ${reason}, and of ${place} ${why}`)
  }
}

/** Looks who else may change a file that a configuration names. */
export function checkNamedFile(path: string): void {
  try {
    checkOwned(path, statSync(path), 'the configuration names it')
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    throw unreadable(path, cause)
  }
}

function unreadable(path: string, cause: unknown): SealdropError {
  const { code = 'unknown error' } = cause as NodeJS.ErrnoException
  return new SealdropError('source_failed', `${path}: it cannot be read: ${code}`, { cause })
}

/**
 * Reads the file of the working folder.
 *
 * Whoever wrote a repository must not choose whom one seals to. Passing over what it says would let
 * a person believe that it counts.
 *
 * @throws UsageError where it says more than formatting and jobs
 */
export function readFolderFile(path: string): ConfigFile | undefined {
  const file = readConfig(path, true)
  const [member] = file ? decisiveIn(file.values) : []
  if (member === undefined) return file
  const harmless = settingNames.filter((name) => settingRows[name].isHarmless)
  throw new UsageError(
    `${path}: a file in the working folder may have ${harmless.join(' and ')} only, found ${member}; ` +
      'move it to sealdrop/config.json in your own folder, or to a file that --config names',
  )
}

function readConfig(
  path: string,
  mayBeAbsent: boolean,
): (ConfigFile & { readonly found: Stats }) | undefined {
  const read = bytesOf(path, mayBeAbsent)
  if (!read) return undefined
  const text = fromUtf8(read.bytes)
  if (text === undefined) throw new UsageError(`${path}: expected JSON in UTF-8`)
  const where = { source: path, folder: dirname(resolve(path)) }
  const json = parseJson(text, { code: 'invalid_argument', field: path, depth: 8 })
  return { path, found: read.found, values: fileShape.read(json, where) }
}

/** What is read is what was looked at: the file is opened once. */
function bytesOf(
  path: string,
  mayBeAbsent: boolean,
): { readonly bytes: Uint8Array; readonly found: Stats } | undefined {
  let fd: number | undefined
  try {
    // a pipe would wait for its writer
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const found = fstatSync(fd)
    if (!found.isFile() || found.size > longest)
      throw new UsageError(`${path}: expected a file of at most ${longest} bytes`)
    return { bytes: readFileSync(fd), found }
  } catch (cause) {
    if (cause instanceof UsageError || isSealdropError(cause)) throw cause
    const { code = '' } = cause as NodeJS.ErrnoException
    if (mayBeAbsent && ['ENOENT', 'ENOTDIR'].includes(code)) return undefined
    throw unreadable(path, cause)
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
