import { readlink, realpath, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** Where a file would be written, and what is there now. */
export interface OutputPlace {
  /** Of a symbolic link it is the path that it leads to. */
  readonly path: string
  /** `other` is a device, a pipe or a socket: nothing can take its place. */
  readonly found: 'nothing' | 'file' | 'folder' | 'other'
}

/** Looks at where a file would be written. What cannot be looked at is told when it is written. */
export async function outputPlace(given: string): Promise<OutputPlace> {
  const path = resolve(given)
  const found = await stat(path).catch(() => undefined)
  if (!found) return { path: await endOfLinks(path), found: 'nothing' }
  if (found.isFile()) return { path: await realpath(path), found: 'file' }
  return { path, found: found.isDirectory() ? 'folder' : 'other' }
}

/** Where a link to nothing leads. The system refuses circles before. */
async function endOfLinks(path: string): Promise<string> {
  const next = await readlink(path).catch(() => undefined)
  return next === undefined ? path : endOfLinks(resolve(dirname(path), next))
}
