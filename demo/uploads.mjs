// Where sealed files are kept, one folder for each, named by the message id. Nothing here can open
// them.
import { mkdir, readdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { refusal } from './refusal.mjs'
import {
  makeFolder,
  markPart,
  newUpload,
  partLength,
  uploadFromDisk,
  writePart,
} from './upload-folder.mjs'
import { writeJson } from './write-json.mjs'

const MiB = 2 ** 20
const idPattern = /^[\w-]{43}$/
const hour = 3_600_000
/** Pages also keep for as long what they need to go on. */
const staleAfter = 7 * 24 * hour
/** So much is left free on the disk. */
const reserve = 256 * MiB

/** @param {import('./upload-folder.mjs').Upload} upload */
const stateOf = ({ length, arrived, facts }) => ({
  length,
  partLength,
  parts: [...arrived.keys()].filter((index) => arrived[index] === 1),
  whole: facts !== undefined,
})
const idleOf = ({ touched }) => Date.now() - touched

/**
 * @typedef {object} UploadOptions
 * @property {string} dir - folder for the files
 * @property {number} [maxLength] - of a sealed file, in bytes
 * @property {number} [maxArriving] - files that may be incomplete at once; the longest untouched
 *   gives way after an hour
 * @property {number} [maxKept] - whole files that are kept
 */

class Uploads {
  #dir
  #maxLength
  #maxArriving
  #maxKept
  /** @type {Map<string, import('./upload-folder.mjs').Upload>} */
  #uploads = new Map()
  /** @type {Promise<void> | undefined} */
  #loading

  /** @param {UploadOptions} o */
  constructor({ dir, maxLength = 16 * 1024 * MiB + 16 * MiB, maxArriving = 8, maxKept = 16 }) {
    this.#dir = dir
    this.#maxLength = maxLength
    this.#maxArriving = maxArriving
    this.#maxKept = maxKept
  }

  async begin(id, length) {
    this.#checkAnnounced(id, length)
    const known = (await this.#loaded()).get(id)
    if (known && known.length !== length)
      throw refusal('conflict', `length: this file was announced with ${known.length} bytes`)
    if (known) {
      await known.made
      return stateOf(known)
    }
    await this.#makeRoom(length)
    if (this.#uploads.has(id)) return this.begin(id, length) // announced twice at once
    if (this.#arriving().length >= this.#maxArriving)
      throw refusal('busy', 'Too many files are arriving at the company now; try again later')
    const upload = newUpload(this.#dir, id, length)
    this.#uploads.set(id, upload)
    upload.made = makeFolder(upload).catch(async (error) => {
      await this.#forget(upload)
      throw error
    })
    await upload.made
    return stateOf(upload)
  }

  async put(id, offset, length, body) {
    const upload = await this.#found(id)
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
      await markPart(upload, index)
      upload.arrived[index] = 1
      upload.touched = Date.now()
    } finally {
      upload.writers--
    }
  }

  async finish(id, examine) {
    const upload = await this.#found(id)
    if (upload.facts) return upload
    if (upload.writers > 0 || upload.arrived.includes(0))
      throw refusal('incomplete', 'Parts of this file are missing')
    upload.finishing ??= this.#examined(upload, examine).finally(() => {
      upload.finishing = undefined
    })
    await upload.finishing
    return upload
  }

  async stored(id) {
    const upload = await this.#found(id)
    if (!upload.facts) throw refusal('incomplete', 'Parts of this file are missing')
    return upload
  }

  async state(id) {
    return stateOf(await this.#found(id))
  }

  async remove(id) {
    await this.#forget(await this.#found(id))
  }

  #checkAnnounced(id, length) {
    if (!idPattern.test(id))
      throw refusal('invalid_argument', 'message id: expected 43 characters of base64url')
    if (!Number.isSafeInteger(length) || length < 1)
      throw refusal('invalid_argument', 'length: expected the bytes of the sealed file')
    if (length > this.#maxLength)
      throw refusal(
        'too_large',
        `The company takes sealed files of at most ${this.#maxLength} bytes; this one has ${length}`,
      )
  }

  /** This includes what an earlier run of this server left. */
  async #loaded() {
    this.#loading ??= this.#load().catch((error) => {
      this.#loading = undefined
      throw error
    })
    await this.#loading
    return this.#uploads
  }

  async #load() {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    for (const id of await readdir(this.#dir)) {
      if (!idPattern.test(id)) continue
      const upload = await uploadFromDisk(this.#dir, id).catch(() => undefined)
      if (upload) this.#uploads.set(id, upload)
      else await rm(join(this.#dir, id), { recursive: true, force: true })
    }
  }

  async #found(id) {
    const upload = idPattern.test(id) ? (await this.#loaded()).get(id) : undefined
    if (!upload)
      throw refusal(
        'not_found',
        'The company has no file of this message id; send it from the start',
      )
    return upload
  }

  /** Files that are incomplete. The longest untouched comes first. */
  #arriving() {
    return [...this.#uploads.values()]
      .filter(({ facts }) => !facts)
      .sort((a, b) => a.touched - b.touched)
  }

  async #makeRoom(length) {
    const arriving = this.#arriving()
    const surplus = arriving.length - this.#maxArriving
    const givesWay = (upload, i) =>
      idleOf(upload) > staleAfter || (i <= surplus && idleOf(upload) > hour)
    for (const upload of arriving.filter(givesWay)) await this.#forget(upload)
    const { bavail, bsize } = await statfs(this.#dir)
    if (bavail * bsize < length + reserve)
      throw refusal('no_space', 'The company has no room for a file of this size now')
  }

  async #examined(upload, examine) {
    const facts = await examine(upload.path).catch(async (error) => {
      if (error.code !== 'source_failed') await this.#forget(upload)
      throw error
    })
    await writeJson(upload.notes, { length: upload.length, facts })
    Object.assign(upload, { facts, touched: Date.now() })
    const whole = [...this.#uploads.values()]
      .filter((other) => other.facts)
      .sort((a, b) => b.touched - a.touched)
    for (const old of whole.slice(this.#maxKept)) await this.#forget(old)
  }

  async #forget(upload) {
    this.#uploads.delete(upload.id)
    await rm(upload.folder, { recursive: true, force: true })
  }
}

/**
 * Keeps files that arrive in parts, in any order, also over restarts. Whole files are kept until
 * newer ones take their place.
 *
 * A message id is 256 random bits, which only its page and this server know while the file arrives.
 * So whoever knows it may write. A production server adds its own sign-in.
 *
 * @param {UploadOptions} o
 * @returns verbs: `begin(id, length)`; `put(id, offset, length, body)` with the chunks that arrive;
 *   `finish(id, examine)` when all of it is there: `examine` sees its path, what it finds is kept,
 *   and where it throws, the file goes; `stored(id)`, `state(id)`, `remove(id)`
 */
export function createUploads(o) {
  const uploads = new Uploads(o)
  return {
    begin: answered((id, length) => uploads.begin(id, length)),
    put: answered((id, offset, length, body) => uploads.put(id, offset, length, body)),
    finish: answered((id, examine) => uploads.finish(id, examine)),
    stored: answered((id) => uploads.stored(id)),
    state: answered((id) => uploads.state(id)),
    remove: answered((id) => uploads.remove(id)),
  }
}

/** What went wrong with the disk, in words for outside. Paths stay here. */
const answered =
  (verb) =>
  async (...args) => {
    try {
      return await verb(...args)
    } catch (error) {
      const { syscall, code } = Object(error)
      if (!syscall) throw error
      if (code === 'ENOENT')
        throw refusal('not_found', 'This file was removed; send it from the start')
      if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code))
        throw refusal('no_space', 'The company has no room for this file now')
      throw refusal('storage_failed', `The company’s disk failed (${code})`)
    }
  }
