// Files of JSON that are whole or not there, also after a crash.
import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Writes JSON in the place of what is there. */
export async function writeWhole(path, value) {
  const fresh = `${path}.${randomBytes(4).toString('hex')}.new`
  await writeFile(fresh, JSON.stringify(value), { mode: 0o600, flush: true })
  await rename(fresh, path)
  await syncFolder(dirname(path))
}

/** Writes names of files to disk. Not every system can. */
async function syncFolder(path) {
  const folder = await open(path, 'r').catch(() => undefined)
  await folder?.sync().catch(() => {})
  await folder?.close()
}

/** What is not there is undefined. */
export const orNothing = (error) => {
  if (['ENOENT', 'ENOTDIR'].includes(Object(error).code)) return undefined
  throw error
}
/** What is no JSON, since the disk lost some of it, counts as not there. */
export const readJson = async (path) => {
  const text = await readFile(path, 'utf8').catch(orNothing)
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}
export const remove = (path) => rm(path, { recursive: true, force: true })
