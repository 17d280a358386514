import { equal } from '../bytes/bytes.js'
import { ensure } from '../errors/guard.js'
import { isSealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'
import { checkContext } from '../formats/context.js'
import { isText } from '../formats/json.js'
import { serializeContext } from '../formats/message-context.js'
import type { FileName } from '../formats/sealed-name.js'
import type { ByteSource } from '../io/byte-source.js'
import { fileInput } from '../io/stream-source.js'
import { makeSealer, restoreSealer } from '../stream/create-file-sealer.js'
import type { Recipients } from '../stream/plan-message.js'
import { sealedToNow } from '../stream/published.js'
import type { RangeSealer } from '../stream/range-sealer.js'
import { namedRecords, type FileRecords } from '../stream/record-store.js'
import { sealName } from '../stream/seal-name.js'
import { planUpload, uploadLimits, type UploadPlan } from './plan.js'
import type { UploadOptions } from './upload-options.js'
import { UploadRecord, uploadNote, type UploadNote } from './upload-record.js'

/** An upload that can be sent: its sealer, its plan and what is kept of it. */
export interface Upload {
  readonly sealer: RangeSealer
  readonly plan: UploadPlan
  readonly record: UploadRecord
}

/** What a file is begun with. */
export interface UploadInput {
  readonly keys: Recipients
  readonly file: Blob | ByteSource
  readonly o: UploadOptions
}

/** Goes on with an unfinished upload of this file, or begins one. */
export async function beginUpload(given: UploadInput): Promise<Upload> {
  const note = await noteOf(given)
  const { records, resume } = given.o
  // a smaller file never has a record, and waits for no store
  if (records?.list && resume !== false && note.size > uploadLimits.part / 2)
    for (const [id, found] of await unfinished(records, note)) {
      const upload = await restored(given, records, id, found)
      if (upload) return upload
    }
  return begun(given, note)
}

async function noteOf({ file, o }: UploadInput): Promise<UploadNote> {
  const { name = (file as Partial<File>).name } = o
  const { lastModified: modified, webkitRelativePath: path } = file as Partial<File>
  const version = await fileInput(file).version()
  return {
    v: 1,
    created: Date.now(),
    size: fileInput(file).size,
    ...(typeof modified === 'number' && { modified }),
    ...(typeof name === 'string' && { name }),
    ...(path && name !== false && { path }),
    ...(version !== undefined && { version }),
    handler: o.transport.url ?? '',
    context: serializeContext(checkContext(o.context)),
    partLength: o.partLength ?? 0,
    ...(o.link && { link: o.link.token }),
  }
}

/** What is the same of two uploads of one file. */
const same = ['v', 'size', 'modified', 'name', 'path', 'version', 'handler'] as const

/** Unfinished uploads of the same file under the same context, the newest first. */
async function unfinished(
  records: FileRecords,
  wanted: UploadNote,
): Promise<(readonly [id: string, note: UploadNote])[]> {
  const all = (await records.list?.(uploadNote)) ?? []
  return (all as (readonly [string, UploadNote])[])
    .filter(
      ([, note]) =>
        same.every((member) => note[member] === wanted[member]) &&
        equal(note.context, wanted.context) &&
        [undefined, note.link].includes(wanted.link) &&
        [0, note.partLength].includes(wanted.partLength),
    )
    .sort(([, a], [, b]) => b.created - a.created)
}

/** Why a record is of no use: the file then begins anew. */
export const useless: readonly SealdropErrorCode[] = [
  'expired',
  'malformed',
  'no_usable_key',
  'source_changed',
]

async function restored(
  { keys, file, o: { signal } }: UploadInput,
  records: FileRecords,
  ...[id, note]: [id: string, note: UploadNote]
): Promise<Upload | undefined> {
  try {
    const { sealer, notes } = await restoreSealer(keys, records, id, file, { signal })
    try {
      const plan = planUpload(sealer.length, note.partLength)
      const record = new UploadRecord(sealer, plan, namedRecords(records), note, true)
      await checkRecipients(keys, sealer, signal)
      record.restore(notes)
      return { sealer, plan, record }
    } catch (error) {
      await sealer.close()
      throw error
    }
  } catch (error) {
    if (isSealdropError(error) && useless.includes(error.code)) return undefined
    throw error
  }
}

/** Whoever is asked for now must be able to open what was begun: each set has one of its keys. */
export async function checkRecipients(
  keys: Recipients,
  { recipients }: RangeSealer,
  signal: AbortSignal | undefined,
): Promise<void> {
  const sets = await sealedToNow(keys, signal)
  const sealedTo = recipients.map(({ thumbprint }) => thumbprint)
  ensure(
    sets.length === sealedTo.length &&
      sets.every((all) => all.some(({ thumbprint }) => sealedTo.includes(thumbprint))),
    'no_usable_key',
    'the record is sealed to other recipients',
  )
}

/** What is sealed beside the file. A name that was given takes the place of the file's path too. */
export function namedAs(
  name: string,
  { file, o }: { readonly file: Blob | ByteSource; readonly o: Pick<UploadOptions, 'name'> },
): FileName {
  const { type, webkitRelativePath: path } = file as Partial<File>
  return {
    name,
    ...(isText(type) && { type }),
    ...(isText(path) && o.name === undefined && { path }),
  }
}

async function begun(given: UploadInput, wanted: UploadNote): Promise<Upload> {
  const { keys, file, o } = given
  const { context, partLength, signal } = o
  const planOf = (length: number): UploadPlan => planUpload(length, partLength)
  // what fits one part is sent whole again
  const needsRecord = (length: number): boolean => planOf(length).mode === 'multipart'
  const options = { context, signal, ...(o.records && { records: o.records }) }
  const sealer = await makeSealer(keys, file, options, needsRecord)
  const plan = planOf(sealer.length)
  const records = needsRecord(sealer.length) ? o.records : undefined
  const { name } = wanted
  try {
    const sealedName = name && (await sealName(sealer.message, namedAs(name, given)))
    const note = { ...wanted, partLength: plan.partLength, ...(sealedName && { sealedName }) }
    const record = new UploadRecord(sealer, plan, records && namedRecords(records), note, false)
    await record.keep()
    return { sealer, plan, record }
  } catch (error) {
    await sealer.close({ done: true })
    throw error
  }
}
