// Sealers whose records lie in IndexedDB, each in a database that no other page of the origin has.
import { sealingKeys } from './file-sealers.js'
import { pattern } from './sealed-files.js'

/** @param {import('./host.js').Host['door']} door */
export function databaseSealers(door) {
  const { createFileSealer, indexedDbRecords, restoreFileSealer } = door
  const keys = sealingKeys(door, 'P-256-enc')
  const content = pattern(50_000)
  const newName = () => `test ${crypto.randomUUID()}`
  const source = (bytes = content) =>
    new File([bytes], 'scan.pdf', { lastModified: 1_700_000_000_000 })
  const begin = async (
    name = newName(),
    file = source(),
    records = indexedDbRecords(name),
    options = {},
  ) => {
    const sealer = await createFileSealer(keys, file, {
      context: {},
      frameLength: 5_000,
      ...options,
      records,
    })
    return { name, records, sealer, source: file }
  }
  const restore = (
    { name, sealer, source: file = source() },
    records = indexedDbRecords(name),
    options = {},
  ) => restoreFileSealer(keys, records, sealer.messageId, file, options)
  return { keys, content, newName, source, begin, restore }
}
