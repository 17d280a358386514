import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { SealdropError } from '../../errors/sealdrop-error.js'
import type { SetStore } from '../../keys/set-store.js'
import { writeFileWhole } from '../../files/write-file.js'
import { filePath } from '../../files/file-path.js'

/**
 * Keeps the newest signed sets as files of a folder, which is made when it is not there, so that a
 * process that starts anew knows what was seen. What stands in them is public.
 *
 * @returns a store for `signedBy` whose verbs throw SealdropError `output_failed`, `source_failed`
 * @throws SealdropError `invalid_argument`
 * @see design.md, "Trust"
 */
export function fileSets(folder: string | URL): SetStore {
  const dir = resolve(filePath(folder, 'fileSets: expected the path of a folder'))
  const pathOf = (id: string): string =>
    join(dir, `${createHash('sha256').update(id).digest('base64url')}.jwt`)
  return {
    async get(id): Promise<string | undefined> {
      return readFile(pathOf(id), 'utf8').catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT') return undefined
        throw new SealdropError(
          'source_failed',
          `the kept key set cannot be read: ${cause.code ?? 'unknown error'}`,
          { cause },
        )
      })
    },
    async put(id, set): Promise<void> {
      await mkdir(dir, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
        throw new SealdropError(
          'output_failed',
          `the folder for key sets cannot be made: ${cause.code ?? 'unknown error'}`,
          { cause },
        )
      })
      await writeFileWhole(pathOf(id), new Blob([set]).stream())
    },
  }
}
