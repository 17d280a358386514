// How a bucket is kept on disk.
//
// - `objects/` and `uploads/` hold what is known of each object and part, as JSON that is written
//   whole and then renamed
// - `bytes/` holds what was sent, a file for each PUT; an object of parts names the files of its
//   parts, so that nothing is copied
// - what a crash leaves in `bytes/` is named by nothing, and goes when the folder is opened again;
//   only files with names of this form are removed
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { checkCondition } from './condition.mjs'
import { ensure } from './fault.mjs'
import { HeldFiles } from './held-files.mjs'
import { orNothing, readJson, remove, writeWhole } from './whole-files.mjs'

/**
 * What is known of the bytes of one PUT.
 *
 * @typedef {object} Part
 * @property {string} file - in `bytes/`
 * @property {number} size
 * @property {string} etag
 * @property {{ algorithm: string, value: string }} [checksum]
 * @property {number} modified - milliseconds since 1970
 */

/**
 * What a request says of an object before its bytes come.
 *
 * @typedef {object} Described
 * @property {string} key
 * @property {Record<string, string>} headers - that are answered with it
 * @property {[key: string, value: string][]} tags
 */

/** @typedef {Described & Omit<Part, 'file'> & { type?: string, uploadId?: string, files: { file: string, size: number }[] }} Stored */
/** @typedef {Described & { id: string, algorithm?: string, initiated: number }} Upload */

/** Object keys are longer than names of files may be, and differ by case. */
const nameOf = (key) => `${createHash('sha256').update(key).digest('hex')}.json`

/** Names that are given here, by folder. What has another one belongs to somebody else. */
const ownNames = {
  objects: /^[0-9a-f]{64}\.json$/,
  uploads: /^[0-9a-f]{32}$/,
  bytes: /^[0-9a-f]{32}$/,
}
const half = /\.json\.[0-9a-f]{8}\.new$/

export class BucketFolder {
  #dir
  #log
  #settings = { created: Date.now(), cors: [], policy: undefined }
  /** Changes of objects, one after the other. @type {Promise<unknown>} */
  #last = Promise.resolve()
  #held = new HeldFiles((file) => this.pathOf(file))

  /** @param {(line: string) => void} log - told of what is not whole any more */
  constructor(dir, log) {
    this.#dir = dir
    this.#log = log
  }

  /** Whether this folder was made here. */
  static async isOne(dir) {
    return (await stat(join(dir, 'bucket.json')).catch(orNothing))?.isFile() ?? false
  }

  /** Makes the folder. One that has anything in it is somebody else's. */
  async make() {
    const names = (await readdir(this.#dir).catch(orNothing)) ?? []
    ensure(
      names.every((name) => half.test(name)),
      'BucketAlreadyExists',
    )
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    await this.set({})
    return this.open()
  }

  /** Takes what an earlier run left. */
  async open() {
    for (const name of Object.keys(ownNames))
      await mkdir(join(this.#dir, name), { recursive: true, mode: 0o700 })
    const found = await readJson(join(this.#dir, 'bucket.json'))
    if (found) this.#settings = found
    else this.#log(`${this.#dir}: bucket.json is not whole, and its rules are lost`)
    await this.#sweep()
    return this
  }

  /** @returns {{ created: number, cors: import('./cors.mjs').Rule[], policy?: string }} */
  get settings() {
    return this.#settings
  }

  async set(more) {
    this.#settings = { ...this.#settings, ...more }
    await writeWhole(join(this.#dir, 'bucket.json'), this.#settings)
  }

  /** A name for bytes that are about to arrive, and where they go. */
  fresh() {
    const file = randomBytes(16).toString('hex')
    return { file, path: this.pathOf(file) }
  }

  pathOf(file) {
    return join(this.#dir, 'bytes', file)
  }

  /** @returns {Promise<Stored | undefined>} */
  object(key) {
    return readJson(this.#objectPath(key))
  }

  /**
   * The same, for an answer that reads its bytes: they stay until `done`, also when another object
   * takes its place. It waits for changes that are under way.
   *
   * @returns {Promise<{ stored?: Stored, done: () => Promise<void> }>}
   */
  held(key) {
    return this.#inTurn(async () => {
      const stored = await this.object(key)
      const files = (stored?.files ?? []).map(({ file }) => file)
      return { stored, done: this.#held.hold(files) }
    })
  }

  /** @returns {Promise<Stored[]>} sorted by their keys */
  async objects() {
    const names = await this.#names('objects')
    const read = names.map((name) => readJson(join(this.#dir, 'objects', name)))
    const found = (await Promise.all(read)).filter((one) => one?.key !== undefined)
    return found.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
  }

  /**
   * Keeps an object in the place of the one that is there. Where that fails, its bytes go.
   *
   * @param {Stored} stored
   * @param {import('./condition.mjs').Condition} [o]
   */
  put(stored, o) {
    return this.#inTurn(async () => {
      try {
        await this.#keep(stored, o)
      } catch (error) {
        for (const { file } of stored.files) await remove(this.pathOf(file))
        throw error
      }
    })
  }

  /**
   * Makes an object of an upload and forgets the upload: in one turn, so that no part goes
   * meanwhile. Where that object was made already, it is answered.
   *
   * @param {Upload} upload
   * @param {(parts: Map<number, Part>) => Stored} make
   * @param {import('./condition.mjs').Condition} [o]
   */
  complete({ key, id }, make, o) {
    return this.#inTurn(async () => {
      const made = await this.object(key)
      if (made?.uploadId === id) return made
      ensure(await this.upload(key, id), 'NoSuchUpload')
      const stored = make(await this.parts(id))
      await this.#keep(stored, o)
      await this.#forget(
        id,
        stored.files.map(({ file }) => file),
      )
      return stored
    })
  }

  /** @param {(stored: Stored) => Stored} change */
  change(key, change) {
    return this.#inTurn(async () => {
      const found = await this.object(key)
      if (found) await writeWhole(this.#objectPath(key), change(found))
      return found
    })
  }

  delete(key) {
    return this.#inTurn(async () => {
      const found = await this.object(key)
      await remove(this.#objectPath(key))
      for (const { file } of found?.files ?? []) await this.#held.remove(file)
    })
  }

  /** @param {Upload} upload */
  async begin(upload) {
    const folder = this.#uploadPath(upload.id)
    await mkdir(folder, { mode: 0o700 })
    await writeWhole(join(folder, 'upload.json'), upload)
  }

  /** @returns {Promise<Upload | undefined>} */
  async upload(key, id) {
    if (!/^[0-9a-f]{32}$/.test(id)) return undefined
    const found = await readJson(join(this.#uploadPath(id), 'upload.json'))
    return found?.key === key ? found : undefined
  }

  /** @returns {Promise<Upload[]>} */
  async uploads() {
    const ids = await this.#names('uploads')
    const read = ids.map((id) => readJson(join(this.#uploadPath(id), 'upload.json')))
    return (await Promise.all(read)).filter((one) => one !== undefined)
  }

  /** Keeps a part in the place of the one of its number. It is gone where the upload is. */
  putPart(id, number, part) {
    return this.#inTurn(async () => {
      const path = join(this.#uploadPath(id), `${number}.json`)
      const before = await readJson(path)
      try {
        ensure(await writeWhole(path, part).then(() => true, orNothing), 'NoSuchUpload')
      } catch (error) {
        await remove(this.pathOf(part.file))
        throw error
      }
      if (before) await remove(this.pathOf(before.file)).catch(() => {})
    })
  }

  /** @returns {Promise<Map<number, Part>>} in the order of their numbers */
  async parts(id) {
    const names = await readdir(this.#uploadPath(id)).catch(orNothing)
    const numbers = (names ?? []).flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? [])
    const sorted = numbers.map(Number).sort((a, b) => a - b)
    const read = sorted.map((number) => readJson(join(this.#uploadPath(id), `${number}.json`)))
    const parts = await Promise.all(read)
    const found = sorted.flatMap((number, i) => (parts[i] ? [[number, parts[i]]] : []))
    return new Map(/** @type {[number, Part][]} */ (found))
  }

  /** Forgets an upload, and the bytes of its parts. */
  end(key, id) {
    return this.#inTurn(async () => {
      ensure(await this.upload(key, id), 'NoSuchUpload')
      await this.#forget(id, [])
    })
  }

  async #keep(stored, condition = {}) {
    const before = await this.object(stored.key)
    checkCondition(before, condition)
    await writeWhole(this.#objectPath(stored.key), stored)
    const kept = new Set(stored.files.map(({ file }) => file))
    const old = (before?.files ?? []).filter(({ file }) => !kept.has(file))
    // what cannot be removed now goes when the folder is opened again
    for (const { file } of old) await this.#held.remove(file).catch(() => {})
  }

  /** @param {string[]} kept - files that an object has now */
  async #forget(id, kept) {
    const parts = await this.parts(id)
    await remove(this.#uploadPath(id))
    for (const { file } of parts.values()) if (!kept.includes(file)) await remove(this.pathOf(file))
  }

  #objectPath(key) {
    return join(this.#dir, 'objects', nameOf(key))
  }

  #uploadPath(id) {
    return join(this.#dir, 'uploads', id)
  }

  /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  #inTurn(work) {
    const result = this.#last.then(work)
    this.#last = result.catch(() => {})
    return result
  }

  /** Names of a folder that were given here. */
  async #names(folder) {
    const names = await readdir(join(this.#dir, folder))
    return names.filter((name) => ownNames[folder].test(name))
  }

  /** What a crash left: what is half written, parts of what is whole, bytes that nothing names. */
  async #sweep() {
    for (const name of await readdir(join(this.#dir, 'objects')))
      if (half.test(name)) await remove(join(this.#dir, 'objects', name))
    const objects = await this.objects()
    const named = new Set(objects.flatMap(({ files }) => files.map(({ file }) => file)))
    for (const id of await this.#names('uploads')) {
      const files = [...(await this.parts(id)).values()].map(({ file }) => file)
      const isUpload = await readJson(join(this.#uploadPath(id), 'upload.json'))
      if (!isUpload || files.some((file) => named.has(file))) await remove(this.#uploadPath(id))
      else for (const file of files) named.add(file)
    }
    const lost = (await this.#names('objects')).length - objects.length
    if (lost > 0)
      return this.#log(`${this.#dir}: ${lost} objects are not whole and left out; their bytes stay`)
    for (const file of await this.#names('bytes'))
      if (!named.has(file)) await remove(this.pathOf(file))
  }
}
