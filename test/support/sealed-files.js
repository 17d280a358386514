// For the suites of the file sealer: sources that change, and records that fail. It also has a
// reader and a writer of messages, made from message-format.md alone. Nothing here comes from
// dist/.
const { subtle } = crypto
const text = (string) => new TextEncoder().encode(string)
const number = (value, length) => {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, BigInt(value))
  return new Uint8Array(view.buffer, 8 - length, length)
}

export const joined = (...parts) => {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0)
  return all
}
export const hex = (bytes) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
export const same = (a, b) => {
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  return a.length === b.length && at === a.length
}
export const pattern = (length, seed = 1) => {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = i * 31 + seed * 97 + (i >>> 8)
  return bytes
}
export const sha256 = async (bytes) => new Uint8Array(await subtle.digest('SHA-256', bytes))

export async function streamBytes(readable) {
  const reader = readable.getReader()
  const chunks = []
  for (let step; !(step = await reader.read()).done;) chunks.push(step.value)
  return joined(...chunks)
}

/** Where the parts of a header stand (message-format.md, "Header"). */
export function headerOf(message) {
  const view = new DataView(message.buffer, message.byteOffset, message.length)
  let at = 37 + view.getUint16(35)
  const count = view.getUint16(at)
  at += 2
  for (let i = 0; i < count * 3; i++) at += 2 + view.getUint16(at)
  return {
    id: message.subarray(3, 35),
    recipients: count,
    frameLength: view.getUint32(at + 1),
    length: at + 53,
  }
}

const ivOf = (sequence) => joined(new Uint8Array(8), number(sequence, 4))
const dataOf = (id, sequence, length, final) =>
  joined(
    id,
    text(`AWSKMSEncryptionClient ${final ? 'Final ' : ''}Frame`),
    number(sequence, 4),
    number(length, 8),
  )

/** The message that a sequential writer makes under this header and key. */
export async function writeMessage(header, rawKey, plaintext) {
  const { id, frameLength } = headerOf(header)
  const key = await subtle.importKey('raw', rawKey, 'AES-GCM', false, ['encrypt'])
  const parts = [header]
  const count = Math.max(1, Math.ceil(plaintext.length / frameLength))
  for (let sequence = 1; sequence <= count; sequence++) {
    const content = plaintext.subarray((sequence - 1) * frameLength, sequence * frameLength)
    const final = sequence === count
    const sealed = await subtle.encrypt(
      {
        name: 'AES-GCM',
        iv: ivOf(sequence),
        additionalData: dataOf(id, sequence, content.length, final),
      },
      key,
      content,
    )
    parts.push(
      ...(final ? [number(0xffffffff, 4)] : []),
      number(sequence, 4),
      ivOf(sequence),
      ...(final ? [number(content.length, 4)] : []),
      new Uint8Array(sealed),
    )
  }
  return joined(...parts)
}

/** The plaintext of a whole message. It throws where anything of the message does not verify. */
export async function readMessage(message, rawKey) {
  const { id, frameLength, length } = headerOf(message)
  const key = await subtle.importKey('raw', rawKey, 'AES-GCM', false, ['decrypt'])
  const view = new DataView(message.buffer, message.byteOffset, message.length)
  const parts = []
  for (let at = length, sequence = 1; ; sequence++) {
    const final = view.getUint32(at) === 0xffffffff
    if (final) at += 4
    if (view.getUint32(at) !== sequence) throw new Error(`frame ${sequence} is out of order`)
    const size = final ? view.getUint32(at + 16) : frameLength
    at += final ? 20 : 16
    parts.push(
      new Uint8Array(
        await subtle.decrypt(
          {
            name: 'AES-GCM',
            iv: ivOf(sequence),
            additionalData: dataOf(id, sequence, size, final),
          },
          key,
          message.subarray(at, at + size + 16),
        ),
      ),
    )
    at += size + 16
    if (final && at !== message.length) throw new Error('bytes follow the final frame')
    if (final) return joined(...parts)
  }
}

/** Chunk digest (file-signature.md, "Chunk digest"). */
export async function chunkDigestOf(bytes) {
  const hashes = []
  for (let at = 0; at < bytes.length; at += 1_048_576)
    hashes.push(await sha256(bytes.subarray(at, at + 1_048_576)))
  const digest = await sha256(
    joined(text('sealdrop-chunks-v1'), number(bytes.length, 8), number(1_048_576, 4), ...hashes),
  )
  return btoa(String.fromCharCode(...digest))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace('=', '')
}

/**
 * A byte source over memory that a test changes under the reader. `during` runs within each read,
 * and may answer the bytes that this read gets.
 */
export function mutableSource(content, { versioned = false } = {}) {
  /**
   * @type {{
   *   bytes: Uint8Array<ArrayBuffer>
   *   version: number
   *   reads: number
   *   during?: (start: number, end: number, o?: object) => Promise<any>
   * }}
   */
  const held = { bytes: content.slice(), version: 0, reads: 0 }
  return {
    held,
    size: content.length,
    read: async (start, end, o) => {
      held.reads++
      const bytes = (await held.during?.(start, end, o)) ?? held.bytes
      return bytes.slice(start, end)
    },
    ...(versioned && { version: async () => `v${held.version}` }),
  }
}

/** Lets promises that are ready run. */
export const settle = () =>
  new Promise((resolve) => {
    setTimeout(resolve, 5)
  })

/**
 * Resolves when nobody holds the record any more, where there are Web Locks. A crash frees the lock
 * at once, and close() should do so too.
 */
export async function freed(messageId) {
  const held = async () => {
    const locks = await globalThis.navigator?.locks?.query()
    return locks?.held?.some(({ name }) => name?.endsWith(messageId))
  }
  while (await held()) await settle()
}

/** The tags of a run, each with its frame. */
export const singleTags = ([first, tags]) =>
  Array.from({ length: tags.length / 16 }, (_, i) => [first + i, tags.slice(i * 16, (i + 1) * 16)])

/**
 * File records in memory.
 *
 * - `logs` is what is durable.
 * - `control.before` and `control.after` run around each append, and may wait or throw.
 * - `crashed()` gives a store over what was durable at that moment, as another process would find
 *   it.
 */
export function memoryRecords(logs = new Map(), conflict = () => new Error('conflict')) {
  /**
   * @type {{
   *   appends: [number, Uint8Array][][]
   *   removed: string[]
   *   creating?: () => unknown
   *   before?: (line: [number, Uint8Array][]) => unknown
   *   after?: (line: [number, Uint8Array][]) => unknown
   *   noting?: (name: string, note: object) => unknown
   *   go?: (value?: unknown) => void
   * }}
   */
  const control = { appends: [], removed: [] }
  return {
    logs,
    control,
    async create(id, start) {
      await control.creating?.()
      logs.set(id, { start: { ...start }, lines: [], notes: new Map() })
    },
    async append(id, frames) {
      const line = frames.flatMap(singleTags)
      control.appends.push(line)
      await control.before?.(line)
      if (!logs.has(id)) throw conflict()
      logs.get(id).lines.push(line)
      await control.after?.(line)
    },
    async load(id) {
      const log = logs.get(id)
      return log && { start: { ...log.start }, tags: log.lines.flat(), notes: log.notes }
    },
    async remove(id) {
      control.removed.push(id)
      logs.delete(id)
    },
    /** @type {NonNullable<import('#dist/doors/index.js').FileRecords['note']>} */
    async note(id, name, note) {
      await control.noting?.(name, note)
      if (!logs.has(id)) throw conflict()
      logs.get(id).notes.set(name, { ...note })
    },
    /** @type {NonNullable<import('#dist/doors/index.js').FileRecords['list']>} */
    async list(name) {
      return [...logs]
        .filter(([, { notes }]) => notes.has(name))
        .map(([id, { notes }]) => [id, notes.get(name)])
    },
    crashed: () =>
      memoryRecords(
        new Map(
          [...logs].map(([id, { start, lines, notes }]) => [
            id,
            { start, lines: [...lines], notes: new Map(notes) },
          ]),
        ),
        conflict,
      ),
  }
}
