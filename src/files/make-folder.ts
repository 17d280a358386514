import { mkdir } from 'node:fs/promises'

/**
 * Makes a folder and those above it.
 *
 * @throws what the system says. Making several says ENOENT on a disk that can only be read
 */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  await mkdir(folder, { recursive: true, mode }).catch(() => mkdir(folder, { mode }))
}
