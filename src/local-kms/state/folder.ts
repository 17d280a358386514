import { randomUUID } from 'node:crypto'
import { chmod, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fromUtf8 } from '../../bytes/text.js'
import { ensure } from '../../errors/guard.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { lockFolder } from './lock.js'
import { isRegion, partitionOf, type Alias, type Key } from './key-model.js'
import { aliasesFromJson, aliasesToJson, keyFromJson, keyToJson } from './records.js'

const aliasFile = 'aliases.json'
const temporary = '.tmp'

/**
 * The folder of one Region, with a file for each key and one for all aliases.
 *
 * A write has reached the disk when its promise resolves.
 */
export interface Folder {
  readonly keys: readonly Key[]
  readonly aliases: readonly Alias[]
  writeKey(key: Key): Promise<void>
  removeKey(id: string): Promise<void>
  writeAliases(aliases: readonly Alias[]): Promise<void>
}

/** A folder of Regions, which one server at a time uses. */
export interface Store {
  readonly folders: ReadonlyMap<string, Folder>
  /** Lets another server use it. */
  release(): Promise<void>
}

/**
 * Opens `<dir>/<region>` for each Region, and for those that are there besides.
 *
 * It reads everything, so that damage shows at the start.
 *
 * @throws SealdropError `invalid_argument` where it cannot be, `conflict` while another server uses
 *   `dir`, `malformed` naming a damaged file
 */
export async function openStore(dir: string, regions: readonly string[]): Promise<Store> {
  for (const region of regions) await makeFolder(join(dir, region))
  const release = await lockFolder(dir)
  try {
    const folders = new Map<string, Folder>()
    const others = (await readdir(dir, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory() && isRegion(entry.name))
      .map(({ name }) => name)
    for (const region of new Set([...regions, ...others]))
      folders.set(region, await openFolder(join(dir, region), partitionOf(region)))
    return { folders, release }
  } catch (e) {
    await release()
    throw e
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await chmod(folder, 0o700)
  } catch (cause) {
    throw new SealdropError(
      'invalid_argument',
      `dir: ${folder} cannot be made or is not ours (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}); name a folder that this process may write to`,
      { cause },
    )
  }
}

async function openFolder(folder: string, partition: string): Promise<Folder> {
  const { keys, aliases } = await read(folder, partition)
  return {
    keys,
    aliases,
    writeKey: (key) => write(folder, `${key.id}.json`, keyToJson(key)),
    removeKey: async (id) => {
      await rm(join(folder, `${id}.json`), { force: true })
      await sync(folder)
    },
    writeAliases: (list) => write(folder, aliasFile, aliasesToJson(list)),
  }
}

async function read(folder: string, partition: string): Promise<Pick<Folder, 'keys' | 'aliases'>> {
  const names = await readdir(folder)
  for (const name of names.filter((found) => found.endsWith(temporary)))
    await rm(join(folder, name), { force: true })
  const keyFiles = names.filter((name) => name.endsWith('.json') && name !== aliasFile)
  const keys = await Promise.all(
    keyFiles.map(async (name) =>
      keyFromJson(await text(join(folder, name)), join(folder, name), partition),
    ),
  )
  const path = join(folder, aliasFile)
  const aliases = names.includes(aliasFile) ? aliasesFromJson(await text(path), path) : []
  const ids = new Set(keys.map(({ id }) => id))
  const lost = aliases.find(({ keyId }) => !ids.has(keyId))
  ensure(
    !lost,
    'malformed',
    `${path}: ${lost?.name} names a key whose file ${lost?.keyId}.json is gone; restore that file, or take the alias out`,
  )
  return { keys, aliases }
}

async function text(path: string): Promise<string> {
  const found = fromUtf8(await readFile(path))
  ensure(
    found !== undefined,
    'malformed',
    `${path} is damaged: expected UTF-8; restore or delete it`,
  )
  return found
}

/**
 * Writes a file whole or not at all, also through a power cut.
 *
 * It writes a temporary file beside it. First its bytes are made durable, then its name.
 */
async function write(folder: string, name: string, content: string): Promise<void> {
  const path = join(folder, `${name}.${randomUUID()}${temporary}`)
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(path, join(folder, name))
  } catch (e) {
    await rm(path, { force: true })
    throw e
  }
  await sync(folder)
}

/** Makes the names in a folder durable. Windows cannot. */
async function sync(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
