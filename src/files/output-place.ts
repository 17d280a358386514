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

/** As many links as Linux follows, one after the other. */
const mostLinks = 40

/** Where a link to nothing leads. Links that lead in a circle end somewhere in it. */
async function endOfLinks(given: string): Promise<string> {
  let path = given
  for (let links = 0; links < mostLinks; links++) {
    const next = await readlink(path).catch(() => undefined)
    if (next === undefined) break
    path = resolve(dirname(path), next)
  }
  return path
}
