import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SealdropError } from '../../errors/sealdrop-error.js'

const lockPattern = /^lock-(\d+)-(\d+)-[0-9a-f-]{36}$/

/**
 * Makes this process the one server of a folder.
 *
 * - Each server first writes a file of its own, and then looks for others. Of two that start at
 *   once at least one sees the other, so that never both go on.
 * - The name of the file holds the process. So it is known when a killed server left it.
 *
 * @returns a function that gives the folder free
 * @throws SealdropError `conflict`
 */
export async function lockFolder(dir: string): Promise<() => Promise<void>> {
  const own = `lock-${process.pid}-${startOf(process.pid)}-${randomUUID()}`
  const release = (): Promise<void> => rm(join(dir, own), { force: true })
  await (await open(join(dir, own), 'wx', 0o600)).close()
  for (const name of await readdir(dir)) {
    const [, pid, start] = lockPattern.exec(name) ?? []
    if (pid === undefined || start === undefined || name === own) continue
    if (!isAlive(Number(pid), start)) {
      await rm(join(dir, name), { force: true })
      continue
    }
    await release()
    throw new SealdropError(
      'conflict',
      `dir ${dir} is in use by the local KMS of process ${pid}: close that one, or give each its own dir. If no such server runs, delete ${join(dir, name)}`,
    )
  }
  return release
}

/**
 * Whether a process lives.
 *
 * - Signal 0 only asks. EPERM is the answer of a process of another user, which lives.
 * - A process id that was used again has another start time.
 * - A killed process answers until its parent has waited for it, though it is dead. In a container
 *   that can last for ever.
 */
function isAlive(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0)
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  if (/^[ZX]/.test(statOf(pid)[0] ?? '')) return false
  const now = startOf(pid)
  return start === '0' || now === '0' || now === start
}

/** Clock ticks from boot to the start of a process (field 22); 0 where there is no /proc. */
const startOf = (pid: number): string => statOf(pid)[19] ?? '0'

/**
 * What the system says of a process, from its state (field 3) on (proc(5), stat).
 *
 * It is nothing where there is no /proc.
 */
function statOf(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}
