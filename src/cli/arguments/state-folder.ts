import { mkdir, stat } from 'node:fs/promises'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { whoElseWrites } from '../config/config-file.js'
import { ownStatePath } from '../config/folders.js'
import { UsageError } from '../exit-codes.js'

/**
 * A folder of the user's own for what outlives a command, made with the mode 0700.
 *
 * @param flag - what names another folder
 * @throws SealdropError `output_failed`, also where the user has no folder
 * @throws UsageError where others may put something there, which would be gone on with
 */
export async function stateFolder(name: string, flag: string): Promise<string> {
  const folder = ownStatePath(process.env, name)
  if (folder === undefined)
    throw new SealdropError('output_failed', `there is no home folder; ${flag} names a folder`)
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    throw new SealdropError('output_failed', `${folder}: it cannot be made: ${cause.code}`, {
      cause,
    })
  })
  return ownFolder(folder, flag)
}

/**
 * A folder that a flag names, where nobody else may put something. One that is not there is made later.
 *
 * @throws UsageError
 */
export async function ownFolder(folder: string, flag: string): Promise<string> {
  const found = await stat(folder).catch(() => undefined)
  const why = found && whoElseWrites(found)
  if (why !== undefined) throw new UsageError(`${folder}: ${why}; ${flag} names another folder`)
  return folder
}
