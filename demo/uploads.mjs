// Where sealed files lie, one folder for each, named by the message id. Nothing here can open them.
import { mkdir, open, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { refusal } from './refusal.mjs'
import { writeJson } from './write-json.mjs'

const MiB = 2 ** 20
/**
 * Sent and written as one; larger parts would keep a page's main thread busy for longer. A multiple
 * of the 1 MiB that the digest counts in, so that pages need not seal for it again.
 */
export const partLength = 4 * MiB
const idPattern = /^[\w-]{43}$/
const hour = 3_600_000
/** Pages keep what they need to go on for as long. */
const staleAfter = 7 * 24 * hour
/** Left free on the disk. */
const reserve = 256 * MiB

/**
 * Keeps files that arrive in parts, in any order, also over restarts, and whole ones until newer
 * ones take their place. A message id is 256 random bits that only its page and this server know
 * while the file arrives, so knowing it is the right to write; a production server adds its own
 * sign-in.
 *
 * @param o.dir - folder for the files
 * @param o.maxLength - of a sealed file, in bytes
 * @param o.maxArriving - files that may be incomplete at once; the longest untouched gives way
 *   after an hour
 * @param o.maxKept - whole files that are kept
 */
export function createUploads({
  dir,
  maxLength = 16 * 1024 * MiB + 16 * MiB,
  maxArriving = 8,
  maxKept = 16,
}) {
  const uploads = new Map()
  let loading

  /** Also what an earlier run of this server left. */
  async function loaded() {
    await (loading ??= load().catch((error) => {
      loading = undefined
      throw error
    }))
    return uploads
  }

  async function load() {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    for (const id of await readdir(dir)) {
      if (!idPattern.test(id)) continue
      const upload = await fromDisk(id).catch(() => undefined)
      if (upload) uploads.set(id, upload)
      else await rm(join(dir, id), { recursive: true, force: true })
    }
  }

  async function fromDisk(id) {
    const upload = inFolder(id)
    const { length, facts } = JSON.parse(await readFile(upload.notes, 'utf8'))
    const arrived = new Uint8Array(await readFile(upload.marks))
    if (
      arrived.length !== Math.ceil(length / partLength) ||
      (await stat(upload.path)).size !== length
    )
      return undefined
    return { ...upload, length, facts, arrived, touched: (await stat(upload.marks)).mtimeMs }
  }

  const inFolder = (id) => {
    const folder = join(dir, id)
    return {
      id,
      folder,
      path: join(folder, 'sealed'),
      marks: join(folder, 'arrived'),
      notes: join(folder, 'upload.json'),
      writers: 0,
    }
  }

  async function found(id) {
    const upload = idPattern.test(id) ? (await loaded()).get(id) : undefined
    if (!upload)
      throw refusal(
        'not_found',
        'The company has no file of this message id; send it from the start',
      )
    return upload
  }

  const stateOf = ({ length, arrived, facts }) => ({
    length,
    partLength,
    parts: [...arrived.keys()].filter((index) => arrived[index] === 1),
    whole: facts !== undefined,
  })

  async function begin(id, length) {
    if (!idPattern.test(id))
      throw refusal('invalid_argument', 'message id: expected 43 characters of base64url')
    if (!Number.isSafeInteger(length) || length < 1)
      throw refusal('invalid_argument', 'length: expected the bytes of the sealed file')
    if (length > maxLength)
      throw refusal(
        'too_large',
        `The company takes sealed files of at most ${maxLength} bytes; this one has ${length}`,
      )
    const known = (await loaded()).get(id)
    if (known && known.length !== length)
      throw refusal('conflict', `length: this file was announced with ${known.length} bytes`)
    if (known) return known.made?.then(() => stateOf(known)) ?? stateOf(known)
    await makeRoom(length)
    if (uploads.has(id)) return begin(id, length) // announced twice at once
    if (arriving().length >= maxArriving)
      throw refusal('busy', 'Too many files are arriving at the company now; try again later')
    const upload = {
      ...inFolder(id),
      length,
      arrived: new Uint8Array(Math.ceil(length / partLength)),
      touched: Date.now(),
    }
    uploads.set(id, upload)
    upload.made = make(upload).catch(async (error) => {
      await forget(upload)
      throw error
    })
    await upload.made
    return stateOf(upload)
  }

  async function make({ folder, path, marks, notes, length, arrived }) {
    await mkdir(folder, { mode: 0o700 })
    const file = await open(path, 'wx', 0o600)
    await file.truncate(length).finally(() => file.close())
    await writeFile(marks, arrived, { mode: 0o600 })
    await writeJson(notes, { length })
  }

  const arriving = () =>
    [...uploads.values()].filter(({ facts }) => !facts).sort((a, b) => a.touched - b.touched)

  async function makeRoom(length) {
    const found = arriving()
    const idle = (upload) => Date.now() - upload.touched
    for (const upload of found.filter(
      (each, i) =>
        idle(each) > staleAfter || (i <= found.length - maxArriving && idle(each) > hour),
    ))
      await forget(upload)
    const { bavail, bsize } = await statfs(dir)
    if (bavail * bsize < length + reserve)
      throw refusal('no_space', 'The company has no room for a file of this size now')
  }

  /** @param body - what arrives, as chunks of bytes */
  async function put(id, offset, length, body) {
    const upload = await found(id)
    const index = offset / partLength
    if (!Number.isSafeInteger(index) || offset >= upload.length)
      throw refusal(
        'invalid_argument',
        `offset: expected a multiple of ${partLength} within the ${upload.length} bytes of the file`,
      )
    const expected = Math.min(partLength, upload.length - offset)
    if (length !== expected)
      throw refusal(
        'invalid_argument',
        `part: expected exactly ${expected} bytes at this offset, announced by content-length`,
      )
    if (upload.facts || upload.finishing)
      throw refusal('conflict', 'This file is whole; nothing more can be written to it')
    upload.writers++
    try {
      await writePart(upload, offset, expected, body)
      const marks = await open(upload.marks, 'r+')
      await marks.write(Uint8Array.of(1), 0, 1, index).finally(() => marks.close())
      upload.arrived[index] = 1
      upload.touched = Date.now()
    } finally {
      upload.writers--
    }
  }

  /**
   * Closes a file when all of it is there. `examine` sees its path, and what it finds is kept;
   * where it throws, the file goes.
   */
  async function finish(id, examine) {
    const upload = await found(id)
    if (upload.facts) return upload
    if (upload.writers > 0 || upload.arrived.includes(0))
      throw refusal('incomplete', 'Parts of this file are missing')
    await (upload.finishing ??= (async () => {
      const facts = await examine(upload.path).catch(async (error) => {
        if (error.code !== 'source_failed') await forget(upload)
        throw error
      })
      await writeJson(upload.notes, { length: upload.length, facts })
      Object.assign(upload, { facts, touched: Date.now() })
      const whole = [...uploads.values()]
        .filter((other) => other.facts)
        .sort((a, b) => b.touched - a.touched)
      for (const old of whole.slice(maxKept)) await forget(old)
    })().finally(() => {
      upload.finishing = undefined
    }))
    return upload
  }

  async function stored(id) {
    const upload = await found(id)
    if (!upload.facts) throw refusal('incomplete', 'Parts of this file are missing')
    return upload
  }

  async function forget(upload) {
    uploads.delete(upload.id)
    await rm(upload.folder, { recursive: true, force: true })
  }

  return {
    begin: answered(begin),
    put: answered(put),
    finish: answered(finish),
    stored: answered(stored),
    state: answered(async (id) => stateOf(await found(id))),
    remove: answered(async (id) => forget(await found(id))),
  }
}

/**
 * On disk before it is said to be there. Two that write the same part write the same bytes, or the
 * receipt will not fit.
 */
async function writePart({ path }, offset, length, body) {
  const file = await open(path, 'r+')
  try {
    let at = offset
    for await (const chunk of body) {
      if (at + chunk.length > offset + length)
        throw refusal('invalid_argument', `part: more than ${length} bytes came`)
      for (let done = 0; done < chunk.length;) {
        const { bytesWritten } = await file.write(chunk, done, chunk.length - done, at)
        done += bytesWritten
        at += bytesWritten
      }
    }
    if (at !== offset + length)
      throw refusal('incomplete', `part: ${at - offset} of ${length} bytes came`)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** What the disk did wrong, in words for outside; paths stay here. */
const answered =
  (verb) =>
  async (...args) => {
    try {
      return await verb(...args)
    } catch (error) {
      if (!error.syscall) throw error
      if (error.code === 'ENOENT')
        throw refusal('not_found', 'This file was removed; send it from the start')
      if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(error.code))
        throw refusal('no_space', 'The company has no room for this file now')
      throw refusal('storage_failed', `The company’s disk failed (${error.code})`)
    }
  }
