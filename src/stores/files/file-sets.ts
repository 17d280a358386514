import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { SealdropError } from '../../errors/sealdrop-error.js'
import type { SetStore } from '../../keys/set-store.js'
import { writeNewFile } from '../../files/write-file.js'
import { filePath } from '../../files/file-path.js'

/**
 * Keeps the newest signed key sets in a folder, so that a new process knows what was seen.
 *
 * - A set that is older than one that was seen is refused then, also after a restart.
 * - Of several processes that share the folder, a slower one does not put an older set back.
 * - What stands in the files is public.
 * - An earlier build kept one file a set, and sees none of these.
 *
 * @param folder - path of the folder, which is made when a set is kept
 * @returns a store for `signedBy`
 * @throws SealdropError when it is called:
 *   - `invalid_argument`: the path is neither text nor a `file:` URL
 * @throws SealdropError while reading, by `get()`:
 *   - `source_failed`: a kept set cannot be read
 * @throws SealdropError while writing, by `put()` and `swap()`:
 *   - `output_failed`: a set cannot be kept
 *   - `source_failed`: the set that stands there cannot be read
 * @example
 *   ```js
 *   import { readFile } from 'node:fs/promises'
 *   import { fetchKeySet, seal, signedBy } from 'sealdrop'
 *   import { fileSets } from 'sealdrop/fs'
 *   const root = JSON.parse(await readFile('root.json', 'utf8'))
 *   const trust = signedBy([root], { store: fileSets('seen-sets') })
 *   const keys = fetchKeySet('https://keys.example.com/signed-keys.json', { trust })
 *   const sealed = await seal(keys, { iban: 'DE02…' }, { context: { order: '7' } })
 *   console.log(sealed.split('.').length) // 5
 *   ```
 * @see design.md, "Trust"
 */
export function fileSets(folder: string | URL): SetStore {
  const dir = resolve(filePath(folder, 'fileSets: expected the path of a folder'))
  const kept = (id: string): KeptSet => new KeptSet(dir, id)
  return {
    get: async (id) => (await kept(id).newest()).set,
    async put(id, set): Promise<void> {
      await makeFolder(dir)
      while (!(await kept(id).follow(await kept(id).newest(), set)));
    },
    async swap(id, set, held): Promise<string | undefined> {
      await makeFolder(dir)
      const found = await kept(id).newest()
      if (found.set === held && (await kept(id).follow(found, set))) return set
      return (await kept(id).newest()).set
    },
  }
}

async function makeFolder(dir: string): Promise<void> {
  const orFail = failed('output_failed', 'the folder for key sets cannot be made')
  await mkdir(dir, { recursive: true }).catch(orFail)
}

/** A version of a set; `-1` is the one before the first. */
interface Version {
  readonly number: number
  readonly set: string | undefined
}

/**
 * The set of one id, in a file of its own for each version.
 *
 * Only one writer can make a version, which is the compare and swap. Older ones are deleted.
 */
class KeptSet {
  readonly #dir: string
  readonly #name: string

  constructor(dir: string, id: string) {
    this.#dir = dir
    this.#name = createHash('sha256').update(id).digest('base64url')
  }

  async newest(): Promise<Version> {
    for (let tries = 0; ; tries++) {
      const number = Math.max(-1, ...(await this.#numbers()))
      const set = number < 0 ? undefined : await this.#read(number)
      // a newer one came, and this one was deleted meanwhile
      if (number < 0 || set !== undefined || tries === 100) return { number, set }
    }
  }

  /** Writes the next version, and answers false where another writer was first. */
  async follow({ number }: Version, set: string): Promise<boolean> {
    if (!(await writeNewFile(this.#path(number + 1), set))) return false
    const numbers = await this.#numbers()
    const last = Math.max(...numbers)
    const old = numbers.filter((one) => one < last)
    await Promise.all(old.map((one) => rm(this.#path(one), { force: true }).catch(() => {})))
    // a writer that was stopped for long may have made a version again that was deleted
    return last === number + 1
  }

  async #numbers(): Promise<readonly number[]> {
    const files = await readdir(this.#dir).catch(unlessAbsent<string[]>([]))
    return files.flatMap((file) => {
      const [, name, number = 0] = /^([\w-]+)(?:\.(\d+))?\.jwt$/.exec(file) ?? []
      return name === this.#name ? Number(number) : []
    })
  }

  #read(number: number): Promise<string | undefined> {
    return readFile(this.#path(number), 'utf8').catch(unlessAbsent(undefined))
  }

  /** The first version has no number in its name. */
  #path(number: number): string {
    return join(this.#dir, `${this.#name}${number === 0 ? '' : `.${number}`}.jwt`)
  }
}

const failed =
  (code: 'source_failed' | 'output_failed', what: string) =>
  (cause: NodeJS.ErrnoException): never => {
    throw new SealdropError(code, `${what}: ${cause.code ?? 'unknown error'}`, { cause })
  }

const unlessAbsent =
  <Nothing>(nothing: Nothing) =>
  (error: NodeJS.ErrnoException): Nothing => {
    if (error.code === 'ENOENT') return nothing
    return failed('source_failed', 'the kept key set cannot be read')(error)
  }
