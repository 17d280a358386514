import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { SealdropError } from '../../errors/sealdrop-error.js'

/**
 * A folder of the user's own for what outlives a command, made with the mode 0700.
 *
 * XDG Base Directory Specification: a path that is not absolute is ignored.
 *
 * @throws SealdropError `output_failed`
 */
export async function stateFolder(name: string): Promise<string> {
  const { XDG_STATE_HOME: given = '' } = process.env
  const base = isAbsolute(given) ? given : join(homedir(), '.local', 'state')
  const folder = join(base, 'sealdrop', name)
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    throw new SealdropError('output_failed', `${folder}: it cannot be made: ${cause.code}`, {
      cause,
    })
  })
  return folder
}
