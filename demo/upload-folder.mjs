// How one sealed file is kept on disk: its bytes, which parts arrived, and notes about it.
import { mkdir, open, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { refusal } from './refusal.mjs'
import { writeJson } from './write-json.mjs'

const MiB = 2 ** 20
/**
 * The length of a part, which is sent and written as one. Larger parts would keep a page's main
 * thread busy for longer. It is a multiple of the 1 MiB that the digest counts in, so that pages
 * need not seal for it again.
 */
export const partLength = 4 * MiB

/**
 * A sealed file, whole or still arriving.
 *
 * @typedef {object} Upload
 * @property {string} id
 * @property {string} folder
 * @property {string} path - of the sealed bytes
 * @property {string} marks - path of a byte for each part, 1 where it arrived
 * @property {string} notes - path of what is known of it
 * @property {number} writers - parts that are being written
 * @property {number} length
 * @property {Uint8Array} arrived
 * @property {number} touched - milliseconds since 1970
 * @property {object} [facts] - of a whole file, what its receipt says
 * @property {Promise<void>} [made] - while and after its folder is made
 * @property {Promise<void>} [finishing] - while it is examined
 */

const partsOf = (length) => Math.ceil(length / partLength)

function inFolder(dir, id) {
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

/**
 * A file that is about to arrive.
 *
 * @returns {Upload}
 */
export const newUpload = (dir, id, length) => ({
  ...inFolder(dir, id),
  length,
  arrived: new Uint8Array(partsOf(length)),
  touched: Date.now(),
})

/**
 * What an earlier run left, or undefined where its files do not fit together.
 *
 * @returns {Promise<Upload | undefined>}
 */
export async function uploadFromDisk(dir, id) {
  const upload = inFolder(dir, id)
  const { length, facts } = JSON.parse(await readFile(upload.notes, 'utf8'))
  const arrived = new Uint8Array(await readFile(upload.marks))
  if (arrived.length !== partsOf(length) || (await stat(upload.path)).size !== length)
    return undefined
  return { ...upload, length, facts, arrived, touched: (await stat(upload.marks)).mtimeMs }
}

export async function makeFolder({ folder, path, marks, notes, length, arrived }) {
  await mkdir(folder, { mode: 0o700 })
  const file = await open(path, 'wx', 0o600)
  try {
    await file.truncate(length)
  } finally {
    await file.close()
  }
  await writeFile(marks, arrived, { mode: 0o600 })
  await writeJson(notes, { length })
}

/** Marks a part as arrived, on disk. */
export async function markPart({ marks }, index) {
  const file = await open(marks, 'r+')
  try {
    await file.write(Uint8Array.of(1), 0, 1, index)
  } finally {
    await file.close()
  }
}

/**
 * Writes a part to disk before it is said to be there. Two requests that write the same part write
 * the same bytes, or the receipt will not fit.
 *
 * @param body - what arrives, as chunks of bytes
 */
export async function writePart({ path }, offset, length, body) {
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
