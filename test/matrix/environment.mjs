// Hosts that are npm packages: Deno and Bun, in the versions of the lock file beside this one.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { npmFolder } from '../support/npm-folder.mjs'
import { Missing } from './missing.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))

/** The path of a program of one of the packages. @throws Missing where npm cannot install it */
export async function npmProgram(name) {
  const folder = await npmFolder(here, 'matrix').catch((error) => {
    throw new Missing(
      `npm could not install it: ${String(error.stderr || error.message).slice(-2000)}`,
    )
  })
  return join(folder, 'node_modules', '.bin', name)
}
