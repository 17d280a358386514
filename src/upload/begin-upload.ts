import { equal } from '../bytes/bytes.js'
import { isSealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'
import { checkContext } from '../formats/context.js'
import { serializeContext } from '../formats/message-context.js'
import type { ByteSource } from '../io/byte-source.js'
import { fileInput } from '../io/stream-source.js'
import { createFileSealer, restoreSealer } from '../stream/create-file-sealer.js'
import type { Recipients } from '../stream/plan-message.js'
import type { RangeSealer } from '../stream/range-sealer.js'
import type { FileRecords } from '../stream/record-store.js'
import { sealedLength } from '../stream/sealed-length.js'
import { planUpload, type UploadPlan } from './plan.js'
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
  const note = noteOf(given)
  const { records, resume } = given.o
  if (records?.list && resume !== false)
    for (const [id, found] of await unfinished(records, note)) {
      const upload = await restored(given, records, id, found)
      if (upload) return upload
    }
  return begun(given, note)
}

function noteOf({ file, o }: UploadInput): UploadNote {
  const { name = (file as Partial<File>).name } = o
  const { lastModified: modified } = file as Partial<File>
  return {
    v: 1,
    created: Date.now(),
    size: fileInput(file).size,
    ...(typeof modified === 'number' && { modified }),
    ...(typeof name === 'string' && { name }),
    context: serializeContext(checkContext(o.context)),
    partLength: o.partLength ?? 0,
  }
}

/** Unfinished uploads of the same file under the same context, the newest first. */
async function unfinished(
  records: FileRecords,
  wanted: UploadNote,
): Promise<(readonly [id: string, note: UploadNote])[]> {
  const all = (await records.list?.(uploadNote)) ?? []
  return (all as (readonly [string, UploadNote])[])
    .filter(
      ([, { v, size, modified, name, context, partLength }]) =>
        v === 1 &&
        size === wanted.size &&
        modified === wanted.modified &&
        name === wanted.name &&
        equal(context, wanted.context) &&
        [0, partLength].includes(wanted.partLength),
    )
    .sort(([, a], [, b]) => b.created - a.created)
}

/** Why a record is of no use: the file then begins anew. */
const useless: readonly SealdropErrorCode[] = [
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
      const record = new UploadRecord(sealer, plan, records, note)
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

async function begun({ keys, file, o }: UploadInput, wanted: UploadNote): Promise<Upload> {
  const { context, partLength, signal } = o
  const length = await sealedLength(keys, wanted.size, { context, signal })
  // what fits one part is sent whole again
  const records = planUpload(length, partLength).mode === 'put' ? undefined : o.records
  const options = { context, signal, ...(records && { records }) }
  const sealer = (await createFileSealer(keys, file, options)) as RangeSealer
  const plan = planUpload(sealer.length, partLength)
  const note = { ...wanted, partLength: plan.partLength }
  const record = new UploadRecord(sealer, plan, records, note)
  await record.keep()
  return { sealer, plan, record }
}
