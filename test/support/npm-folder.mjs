// npm packages that only some tests need. They are installed once below `.build/`, as a lock file
// says.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const cache = fileURLToPath(new URL('../../.build/', import.meta.url))
const files = ['package.json', 'package-lock.json']

/**
 * The folder with the packages of the `package.json` and the lock file in `here`. Its name comes
 * from these two files, and it counts as made only when it is complete.
 *
 * @param {string} here
 * @param {string} name what the folder below `.build/` is called
 */
export async function npmFolder(here, name) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(join(here, file)))
  const version = hash.digest('hex').slice(0, 16)
  const folder = join(cache, name, `${process.platform}-${process.arch}-${version}`)
  const complete = join(folder, 'complete')
  if (existsSync(complete)) return folder
  console.log(`installing the npm packages of ${name} below .build/`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  for (const file of files) await copyFile(join(here, file), join(folder, file))
  const options = { cwd: folder, maxBuffer: 64 << 20 }
  await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], options)
  await writeFile(`${complete}.new`, '')
  await rename(`${complete}.new`, complete)
  return folder
}
