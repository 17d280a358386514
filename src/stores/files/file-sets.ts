import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { SealdropError } from '../../errors/sealdrop-error.js'
import type { SetStore } from '../../keys/set-store.js'
import { writeFileWhole } from '../../files/write-file.js'
import { filePath } from '../../files/file-path.js'

/**
 * Keeps the newest signed key sets in a folder, so that a new process knows what was seen.
 *
 * - A set that is older than one that was seen is refused then, also after a restart.
 * - What stands in the files is public.
 *
 * @param folder - path of the folder, which is made when a set is kept
 * @returns a store for `signedBy`
 * @throws SealdropError when it is called:
 *   - `invalid_argument`: the path is neither text nor a `file:` URL
 * @throws SealdropError while reading, by `get()`:
 *   - `source_failed`: a kept set cannot be read
 * @throws SealdropError while writing, by `put()`:
 *   - `output_failed`: a set cannot be kept
 * @example
 *   ```js
 *   import { readFile } from 'node:fs/promises'
 *   import { fetchKeySet, seal, signedBy } from 'sealdrop'
 *   import { fileSets } from 'sealdrop/fs'
 *   const root = JSON.parse(await readFile('root.json', 'utf8'))
 *   const trust = signedBy([root], { store: fileSets('seen-sets') })
 *   const keys = fetchKeySet('https://keys.example.com/signed-keys.json', { trust })
 *   const sealed = await seal(keys, { iban: 'DE02…' }, { context: { order: '7' } })
 *   console.log(sealed.split('.').length) // 5
 *   ```
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
