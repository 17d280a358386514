// Hosts that are npm packages: installed once into a folder of this project, as the lock file
// beside this one says.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Missing } from './missing.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const cache = fileURLToPath(new URL('../../.build/matrix/', import.meta.url))
const files = ['package.json', 'package-lock.json']

/**
 * The folder gets its name from the files that it is made of, and counts as made only when it is
 * complete.
 */
async function installed() {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(join(here, file)))
  const folder = join(
    cache,
    `hosts-${process.platform}-${process.arch}-${hash.digest('hex').slice(0, 16)}`,
  )
  const complete = join(folder, 'complete')
  if (existsSync(complete)) return folder
  console.log(`installing Deno and Bun in ${folder}`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  for (const file of files) await copyFile(join(here, file), join(folder, file))
  await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: folder,
    maxBuffer: 64 << 20,
  })
  await writeFile(`${complete}.new`, '')
  await rename(`${complete}.new`, complete)
  return folder
}

/** The path of a program of one of the packages. @throws Missing where npm cannot install it */
export async function npmProgram(name) {
  const folder = await installed().catch((error) => {
    throw new Missing(
      `npm could not install it: ${String(error.stderr || error.message).slice(-2000)}`,
    )
  })
  return join(folder, 'node_modules', '.bin', name)
}
