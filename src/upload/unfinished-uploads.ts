import { ensure, hasMethods } from '../errors/guard.js'
import { isOld, namedRecords, type FileRecords } from '../stream/record-store.js'
import { uploadNote, type UploadNote } from './upload-record.js'

/** An upload that did not end, as a page lists it. */
export interface UnfinishedUpload {
  /** Of the sealed file; `forgetUpload` takes it. */
  readonly messageId: string
  /** Where it was kept. */
  readonly name?: string
  /** Bytes of the file. */
  readonly size: number
  /** When the file was changed last, where it says so. */
  readonly modified?: Date
  readonly created: Date
}

/** The notes of all uploads that did not end. @throws SealdropError `invalid_argument` */
export async function keptUploads(
  records: FileRecords,
): Promise<readonly (readonly [messageId: string, note: UploadNote])[]> {
  ensure(
    hasMethods(records, 'create', 'append', 'load', 'remove', 'list'),
    'invalid_argument',
    'records: expected create, append, load, remove, note and list',
  )
  const all = (await namedRecords(records).list?.(uploadNote)) ?? []
  return all as readonly (readonly [string, UploadNote])[]
}

/**
 * Lists uploads that did not end, the newest first.
 *
 * - one goes on when `uploadSealed` gets the same file, context and records again
 * - names lie readable in the storage of the page's origin, unless `name: false` left them out
 *
 * @param records - those that were given to `uploadSealed`
 * @throws SealdropError:
 *   - `invalid_argument`: these records keep no notes
 *   - `output_failed`: they cannot be read
 * @example
 *   ```js
 *   import { fileRecords } from 'sealdrop/fs' // in a page: indexedDbRecords()
 *   import { unfinishedUploads } from 'sealdrop/upload'
 *   const names = (await unfinishedUploads(fileRecords('uploads'))).map(({ name }) => name)
 *   console.log(names.length) // 0
 *   ```
 */
export async function unfinishedUploads(
  records: FileRecords,
): Promise<readonly UnfinishedUpload[]> {
  return (await keptUploads(records))
    .filter(([, { created }]) => !isOld(created))
    .sort(([, a], [, b]) => b.created - a.created)
    .map(([messageId, { name, size, modified, created }]) => ({
      messageId,
      ...(name !== undefined && { name }),
      size,
      ...(modified !== undefined && { modified: new Date(modified) }),
      created: new Date(created),
    }))
}
