import { blamingNow } from '../../errors/whose.js'
import { randomUUID } from 'node:crypto'
import { link, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { utf8 } from '../../bytes/text.js'
import { syncFolder, writeFileWhole } from '../../files/write-file.js'
import { checkInventory, parseInventory } from '../../kms/inventory/check-inventory.js'
import type { InventoryStore } from '../../kms/inventory/inventory-model.js'
import { blamingStore, changed, failed, serialized } from '../../kms/inventory/inventory-text.js'
import { filePath } from '../../files/file-path.js'

const versionOf = (file: string): number => Number(/^inventory-(\d{8})\.json$/.exec(file)?.[1] ?? 0)
const nameOf = (version: number): string => `inventory-${String(version).padStart(8, '0')}.json`

/**
 * Keeps the inventory in a folder, as one file for each version, of which the newest counts.
 *
 * - Older versions stay.
 * - A version appears whole or not at all, also when a writer is killed.
 * - Only one writer can make a version, in this process or in another one.
 *
 * @param path - path of the folder, which is made when it is first written to
 * @returns a store for `planRotation`, `createPublisher` and `createOpener`
 * @throws SealdropError when it is called:
 *   - `invalid_argument`: the path is neither text nor a `file:` URL
 * @throws SealdropError while reading, by `read()`:
 *   - `source_failed`: the inventory cannot be read
 *   - `malformed`: the inventory is damaged
 * @throws SealdropError while writing, by `write()`:
 *   - `invalid_argument`: what is written is not an inventory
 *   - `conflict`: another writer was first: read again, and repeat
 *   - `output_failed`: the inventory cannot be written
 * @example
 *   ```js
 *   import { fileInventory } from 'sealdrop/kms'
 *   const kind = { use: 'enc', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }
 *   const purposes = [{ name: 'orders', alias: 'alias/orders', ...kind }]
 *   const store = fileInventory('first-keys')
 *   if (!(await store.read())) await store.write({ version: 1, counter: 0, purposes, keys: [] })
 *   const { inventory, etag } = await store.read()
 *   console.log(inventory.purposes[0].name, etag) // orders 1
 *   ```
 */
export function fileInventory(path: string | URL): InventoryStore {
  return blamingNow(() => storeIn(path))
}

function storeIn(path: Parameters<typeof fileInventory>[0]): InventoryStore {
  const folder = resolve(filePath(path, 'fileInventory: expected the path of a folder'))
  const newest = async (): Promise<number> => {
    const files = await readdir(folder).catch(unlessAbsent)
    return Math.max(0, ...files.map(versionOf))
  }
  return blamingStore({
    async read() {
      const version = await newest()
      if (version === 0) return undefined
      const json = await readFile(join(folder, nameOf(version)), 'utf8').catch(
        failed('source_failed', 'cannot be read'),
      )
      return { inventory: parseInventory(json), etag: String(version) }
    },
    async write(next, etag) {
      const json = serialized(checkInventory(next, 'invalid_argument'))
      await mkdir(folder, { recursive: true }).catch(
        failed('output_failed', 'needs a folder that cannot be made'),
      )
      const version = await newest()
      if (String(version) !== (etag ?? '0')) throw changed()
      const whole = join(folder, `.${randomUUID()}`)
      await writeFileWhole(whole, new Blob([utf8(json)]).stream())
      try {
        // the compare and swap: link fails where there is such a file
        await link(whole, join(folder, nameOf(version + 1)))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw changed(error)
        failed('output_failed', 'cannot be written')(error)
      } finally {
        await rm(whole, { force: true })
      }
      await syncFolder(folder)
    },
  })
}

function unlessAbsent(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  return failed('source_failed', 'cannot be read')(error)
}
