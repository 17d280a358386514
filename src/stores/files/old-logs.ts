import { readdir, readFile, stat, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { isOld, unlessHeld } from '../../stream/record-store.js'
import { linesOf } from './record-log.js'

/** What the log of a record is called. */
export const logName: RegExp = /^([\w-]{43})\.sealdrop$/

/** What a line says about who wrote it. */
export const thisProcess = (): string => `${hostname()} ${process.pid}`

/**
 * Deletes logs that nobody goes on with.
 *
 * - The age alone does not say so: a clock may be wrong.
 * - `holds` says what this store held, for a Node without Web Locks.
 */
export async function prune(dir: string, holds: (id: string) => boolean): Promise<void> {
  for (const file of await readdir(dir)) {
    const id = logName.exec(file)?.[1]
    const path = join(dir, file)
    const found = id && (await stat(path).catch(() => undefined))
    if (!id || !found || !isOld(found.mtimeMs)) continue
    const remove = (): Promise<void> => unlink(path).catch(() => {})
    const writer = await writerOf(path)
    if (writer !== thisProcess()) await (isRunning(writer) || remove())
    else await (unlessHeld(id, remove) ?? (holds(id) || remove()))
  }
}

/** Who took a record over last, as far as its log says. */
async function writerOf(path: string): Promise<string> {
  const log = await readFile(path, 'latin1').catch(() => '')
  return linesOf(log).reduce((writer, line) => line?.by ?? writer, '')
}

/** Whether this is another process of this host that runs. */
function isRunning(writer: string): boolean {
  const [host, pid] = writer.split(' ')
  if (host !== hostname()) return false
  try {
    return process.kill(Number(pid), 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
