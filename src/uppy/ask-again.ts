import type { Body, Meta, Uppy, UppyFile } from '@uppy/core'
import { equal } from '../bytes/bytes.js'
import { checkContext } from '../formats/context.js'
import { serializeContext } from '../formats/message-context.js'
import { isOld } from '../stream/record-store.js'
import { forgetUpload } from '../upload/forget-upload.js'
import { keptUploads } from '../upload/unfinished-uploads.js'
import type { UploadNote } from '../upload/upload-record.js'
import type { SealedUploaderOptions } from './uploader-options.js'

/**
 * Asks for the files of unfinished uploads, as Uppy asks for files that it lost.
 *
 * - each is a row of the list without content, which the Dashboard asks to choose again
 * - the row goes when the same file is added, and the upload goes on
 * - who removes the row gives the upload up
 */
export class AskAgain<M extends Meta, B extends Body> {
  readonly #uppy: Uppy<M, B>
  readonly #o: () => SealedUploaderOptions
  /** Rows by the id of their file. */
  readonly #rows = new Map<string, readonly [messageId: string, note: UploadNote]>()
  #isStopped = false

  constructor(uppy: Uppy<M, B>, o: () => SealedUploaderOptions) {
    this.#uppy = uppy
    this.#o = o
  }

  /** Shows what can go on with these options. */
  async show(): Promise<void> {
    this.#isStopped = false
    const { records, transport, context, link, resume } = this.#o()
    if (!records || resume === false) return
    const wanted =
      typeof context === 'function' ? undefined : serializeContext(checkContext(context))
    const all = (await keptUploads(records)).filter(
      ([, note]) =>
        !isOld(note.created) &&
        note.handler === (transport.url ?? '') &&
        (!wanted || equal(note.context, wanted)) &&
        [undefined, note.link].includes(link?.token),
    )
    // the uploader may have been removed meanwhile
    if (this.#isStopped) return
    for (const row of all) this.#rows.set(`sealdrop-${row[0]}`, row)
    const rows = [...this.#rows].map(([id, [, note]]) => [id, rowOf<M, B>(id, note)] as const)
    const files = { ...Object.fromEntries(rows), ...this.#uppy.getState().files }
    if (rows.length === 0) return
    this.#uppy.setState({ files, recoveredState: { files, currentUploads: {} } })
    for (const file of this.#uppy.getFiles()) this.added(file)
  }

  /** A file was added: where it is one that was asked for, its row goes. */
  added({ id: own, name, size, data }: UppyFile<M, B>): void {
    const { lastModified } = (data ?? {}) as Partial<File>
    const [id] =
      [...this.#rows].find(
        ([row, [, note]]) =>
          row !== own &&
          note.size === size &&
          note.modified === lastModified &&
          [undefined, name].includes(note.name),
      ) ?? []
    if (id === undefined) return
    this.#rows.delete(id)
    this.#uppy.removeFile(id)
    this.#unlessAsking()
  }

  /** A row was removed: nobody goes on with its upload. */
  removed({ id }: UppyFile<M, B>): void {
    const { records, transport } = this.#o()
    const [messageId] = this.#rows.get(id) ?? []
    if (messageId === undefined || !records) return
    this.#rows.delete(id)
    this.#unlessAsking()
    forgetUpload(records, messageId, { transport }).catch((error: Error) =>
      this.#uppy.log(error, 'warning'),
    )
  }

  /** The uploader goes: nobody takes the rows any more, and what is unfinished stays. */
  stop(): void {
    this.#isStopped = true
    const ids = [...this.#rows.keys()]
    this.#rows.clear()
    if (ids.length === 0) return
    this.#uppy.removeFiles(ids)
    this.#unlessAsking()
  }

  /** All files go from the page; what is unfinished stays. */
  cancelled(): void {
    this.#rows.clear()
  }

  #unlessAsking(): void {
    if (this.#rows.size === 0) this.#uppy.setState({ recoveredState: null })
  }
}

/** What Uppy shows of a file that it has no content of. */
const rowOf = <M extends Meta, B extends Body>(
  id: string,
  { name = 'unnamed', size }: UploadNote,
): UppyFile<M, B> => ({
  id,
  name,
  extension: /\.(\w+)$/.exec(name)?.[1] ?? '',
  type: '',
  size,
  meta: { name } as UppyFile<M, B>['meta'],
  isRemote: false,
  isGhost: true,
  isRestored: true,
  data: undefined,
  progress: {
    percentage: 0,
    bytesUploaded: false,
    bytesTotal: size,
    uploadComplete: false,
    uploadStarted: null,
  },
})
