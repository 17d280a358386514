// Two things about the file handles of this process: how to replace their methods for a while, and
// how many are open.
import { open, readdir, readlink } from 'node:fs/promises'

/** @import { FileHandle } from 'node:fs/promises' */

const handle = await open(new URL(import.meta.url), 'r')
const prototype = Object.getPrototypeOf(handle)
await handle.close()

/**
 * Replaces a method of every file handle while the work runs.
 *
 * @template T
 * @param {'appendFile' | 'datasync' | 'read' | 'sync' | 'truncate' | 'write'} name
 * @param {(real: (...args: any[]) => any) => (this: FileHandle, ...args: any[]) => unknown} make
 * @param {() => T | Promise<T>} work
 */
export async function patched(name, make, work) {
  const real = prototype[name]
  prototype[name] = make(real)
  try {
    return await work()
  } finally {
    prototype[name] = real
  }
}

/** Fails as the system does. */
export const failing = (code) => async () => {
  throw Object.assign(new Error('it failed'), { code })
}

/** How many handles of this process are open on a file; on Linux only. */
export async function handlesOn(path) {
  if (process.platform !== 'linux') return 0
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  )
  return links.filter((link) => link === path).length
}
