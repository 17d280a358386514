// The one file (tools/one-file.mjs) puts these in the place of imports, and of kms/port/installs.ts.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, isAbsolute, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { SealdropError } from '../errors/sealdrop-error.js'

const self = fileURLToPath(import.meta.url)
const folder = dirname(self)
const variable = 'SEALDROP_PACKAGES'

/** Whether this is the file inside of the installed package. */
function isInPackage(): boolean {
  const path = join(folder, '../../package.json')
  if (!existsSync(path)) return false
  const { name } = JSON.parse(readFileSync(path, 'utf8')) as { readonly name?: unknown }
  return name === 'sealdrop'
}

/** The folder that the environment names. @throws SealdropError `invalid_argument` */
function namedFolder(): string | undefined {
  const named = process.env[variable] ?? ''
  if (named === '') return undefined
  // a relative one would follow the working folder, which another may have filled
  if (isAbsolute(named)) return named
  throw new SealdropError(
    'invalid_argument',
    `${variable}: expected the absolute path of a folder with node_modules in it`,
  )
}

const quoted = (path: string): string =>
  /^[\w@%+=:,./\\-]+$/.test(path) ? path : JSON.stringify(path)

/** The command that installs a package where this file looks for it. */
export function installs(name: string): string {
  const where = namedFolder() ?? (isInPackage() ? undefined : folder)
  return where === undefined
    ? `npm install ${name}`
    : `npm install --prefix ${quoted(where)} ${name}`
}

/**
 * Loads a package that this file has not inside.
 *
 * - it is looked for in the folder that SEALDROP_PACKAGES names, or else in the folder of this file
 *   and those above it
 * - never in the working folder: whoever filled that would choose what runs with your credentials
 *
 * @throws SealdropError `invalid_argument`, and what Node throws where the package is missing
 */
export async function outside(name: string): Promise<unknown> {
  const named = namedFolder()
  const { resolve } = createRequire(named === undefined ? self : join(named, 'package.json'))
  return import(pathToFileURL(resolve(name)).href) as Promise<unknown>
}

/**
 * Loads a door of the installed package `sealdrop`, for what this file leaves out.
 *
 * @throws SealdropError `invalid_argument` where the package is missing
 */
export async function doorOfPackage(door: string): Promise<unknown> {
  try {
    return await outside(`sealdrop/${door}`)
  } catch (cause) {
    throw new SealdropError(
      'invalid_argument',
      `${door} is not in this file, and sealdrop is not installed beside it: ${installs('sealdrop')}`,
      { cause },
    )
  }
}
