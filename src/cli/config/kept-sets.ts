import { accessSync, constants, statSync } from 'node:fs'
import type { SetStore } from '../../doors/fs.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { makeFolder } from '../../files/make-folder.js'
import { UsageError } from '../exit-codes.js'
import { whoElseWrites } from './config-file.js'
import { ownStatePath } from './folders.js'
import type { Settings } from './settings.js'

const wayOut = 'SEALDROP_STATE names another folder, and --no-state remembers nothing'

/**
 * Where the newest signed sets are kept; `none` where that was said.
 *
 * @throws SealdropError `output_failed` where the user has no folder
 */
export function setsFolder(settings: Settings): {
  readonly value: string
  readonly source: string
} {
  const said = settings.get('state')
  if (said) return { value: String(said.value), source: said.source }
  const value = ownStatePath(process.env, 'sets')
  if (value !== undefined) return { value, source: 'default' }
  throw new SealdropError(
    'output_failed',
    `there is no home folder to keep signed key sets in; ${wayOut}`,
  )
}

/**
 * Keeps signed sets in a folder, which is made for its owner alone.
 *
 * A folder that cannot be written ends the command: going on would believe older sets without a
 * word.
 *
 * @throws SealdropError `output_failed`
 * @throws UsageError where others may take away what was kept
 */
export async function keptSets(folder: string): Promise<SetStore> {
  try {
    await makeFolder(folder, 0o700)
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException
    throw new SealdropError(
      'output_failed',
      `${folder}: signed key sets cannot be kept there: ${code}; ${wayOut}`,
      { cause },
    )
  }
  const why = whoElseWrites(statSync(folder))
  if (why !== undefined) throw new UsageError(`${folder}: it keeps key sets, and ${why}; ${wayOut}`)
  const { fileSets } = await import('../../stores/files/file-sets.js')
  return fileSets(folder)
}
