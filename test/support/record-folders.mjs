// Sealed files whose records lie in folders of their own.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createFileSealer, importKeySet, inHand, restoreFileSealer } from 'sealdrop'
import { fileRecords } from 'sealdrop/fs'
import { keySetOf, publicJwk } from './host.js'
import { mutableSource, pattern } from './sealed-files.js'

export const keys = importKeySet(keySetOf(publicJwk('P-256-enc')), { trust: inHand() })
export const content = pattern(10_000)

/** The lines of a record. */
export const lines = async (path) => (await readFile(path, 'utf8')).split('\n')

/** A folder for the tests of a file. It is removed when they are over. */
export async function recordFolders(test) {
  const root = await mkdtemp(join(tmpdir(), 'sealdrop-records-'))
  test.after(() => rm(root, { recursive: true }))
  const source = mutableSource(content)
  let folders = 0
  const newFolder = () => join(root, `folder-${++folders}`)
  /**
   * Begins to seal. The record is in this folder, or else in one of its own.
   *
   * @param {string | URL} folder
   * @param {import('sealdrop').FileRecords} records
   */
  const begin = async (folder = newFolder(), records = fileRecords(folder)) => {
    const sealer = await createFileSealer(keys, source, {
      context: {},
      frameLength: 1_000,
      records,
    })
    const id = sealer.messageId
    const path = folder instanceof URL ? fileURLToPath(folder) : folder
    return { folder: path, records, sealer, id, log: join(path, `${id}.sealdrop`) }
  }
  /** The sealer as the next process restores it. */
  const restore = ({ folder, sealer }) =>
    restoreFileSealer(keys, fileRecords(folder), sealer.messageId, source)
  return { root, source, newFolder, begin, restore }
}
