import { toBase64url } from '../bytes/base64url.js'
import { equal, type Bytes } from '../bytes/bytes.js'
import { utf8 } from '../bytes/text.js'
import { sha256 } from '../crypto/digest.js'
import { isSealdropError } from '../errors/sealdrop-error.js'
import { checkContext } from '../formats/context.js'
import { serializeContext } from '../formats/message-context.js'
import type { ByteSource } from '../io/byte-source.js'
import { fileInput } from '../io/stream-source.js'
import { makeSealer, restoreSealer } from '../stream/create-file-sealer.js'
import type { Recipients } from '../stream/plan-message.js'
import type { RangeSealer } from '../stream/range-sealer.js'
import { namedRecords, type FileRecords } from '../stream/record-store.js'
import { sealName } from '../stream/seal-name.js'
import { checkRecipients, namedAs, useless } from '../upload/begin-upload.js'
import type { TusSealOptions } from './tus-options.js'

/** The note about a file that travels by tus. */
const tusNote = 'tus'

/** What is kept of a file beside its frames. Nothing of it is in clear. */
interface TusNote {
  readonly v: 1
  /** Milliseconds since 1970. */
  readonly created: number
  /** Tells the same file again: a hash of what is known of it and of the message id. */
  readonly file: Uint8Array
  /** Sealed once, when the file was begun, and never again. */
  readonly sealedName?: string
}

export interface TusInput {
  readonly keys: Recipients
  readonly file: Blob | ByteSource
  readonly o: TusSealOptions
}

/** A file that can be sent, and its name. */
export interface BegunTus {
  readonly sealer: RangeSealer
  readonly sealedName?: string | undefined
}

/** Goes on with a file whose record is there, or begins it. */
export async function beginTus(given: TusInput): Promise<BegunTus> {
  const { records, resume } = given.o
  const facts = await factsOf(given)
  if (records && resume !== false)
    for (const [id, note] of await unfinished(records, facts)) {
      const found = await restored(given, records, id, note)
      if (found) return found
    }
  return begun(given, facts)
}

/** All by which the same file is known again, as one text. */
async function factsOf({ file, o }: TusInput): Promise<string> {
  const { name = (file as Partial<File>).name } = o
  const { lastModified, webkitRelativePath: path } = file as Partial<File>
  const input = fileInput(file)
  const context = toBase64url(serializeContext(checkContext(o.context)))
  const facts = [name, path, input.size, lastModified, await input.version(), context]
  return JSON.stringify(facts.map((fact) => fact ?? ''))
}

/** Whoever has the record only cannot tell the name from it without trying names. */
const hashOf = (id: string, facts: string): Promise<Bytes> =>
  sha256(utf8(`sealdrop tus file\n${id}\n${facts}`))

type Found = readonly [id: string, note: TusNote]

/** Unfinished files of the same name, size, time and context, the newest first. */
async function unfinished(records: FileRecords, facts: string): Promise<Found[]> {
  const all = (await namedRecords(records).list?.(tusNote)) ?? []
  const found: Found[] = []
  for (const [id, note] of all as Found[])
    if (note.v === 1 && equal(note.file, await hashOf(id, facts))) found.push([id, note])
  return found.sort(([, a], [, b]) => b.created - a.created)
}

async function restored(
  { keys, file, o: { signal } }: TusInput,
  records: FileRecords,
  ...[id, { sealedName }]: Found
): Promise<BegunTus | undefined> {
  try {
    const { sealer } = await restoreSealer(keys, records, id, file, { signal })
    try {
      await checkRecipients(keys, sealer, signal)
      return { sealer, sealedName }
    } catch (error) {
      await sealer.close()
      throw error
    }
  } catch (error) {
    if (isSealdropError(error) && useless.includes(error.code)) return undefined
    throw error
  }
}

async function begun(given: TusInput, facts: string): Promise<BegunTus> {
  const { keys, file, o } = given
  const { context, signal, records, name = (file as Partial<File>).name } = o
  const options = { context, signal, ...(records && { records }) }
  const sealer = await makeSealer(keys, file, options, () => true)
  try {
    const sealedName = name ? await sealName(sealer.message, namedAs(name, given)) : undefined
    const note: TusNote = {
      v: 1,
      created: Date.now(),
      file: await hashOf(sealer.messageId, facts),
      ...(sealedName && { sealedName }),
    }
    if (records) await namedRecords(records).note?.(sealer.messageId, tusNote, note)
    return { sealer, sealedName }
  } catch (error) {
    await sealer.close({ done: true })
    throw error
  }
}
