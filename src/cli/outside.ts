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

/** What resolves a package from where this file looks for it. */
function requireThere(): NodeJS.Require {
  const named = namedFolder()
  return createRequire(named === undefined ? self : join(named, 'package.json'))
}

/**
 * Loads a client of AWS, which this file has not inside.
 *
 * - it is looked for in the folder that SEALDROP_PACKAGES names, or else in the folder of this file
 *   and those above it
 * - never in the working folder: whoever filled that would choose what runs with your credentials
 *
 * @param needed - what the package must export: an older one lacks some of it
 * @throws SealdropError `invalid_argument`, and an Error where the package is missing or too old
 */
export function outside(name: string, needed: readonly string[] = []): unknown {
  // Deno takes what it imports by a file's URL for a module, and AWS's clients are CommonJS
  const found = requireThere()(name) as object
  const missing = needed.find((member) => !(member in found))
  if (missing !== undefined) throw new Error(`${name} has no ${missing}`)
  return found
}

/**
 * Finds a door of the installed package `sealdrop`, for what this file leaves out.
 *
 * @throws SealdropError `invalid_argument` where the package is missing
 */
export function ensureDoor(door: string): string {
  const { resolve } = requireThere()
  try {
    return resolve(`sealdrop/${door}`)
  } catch (cause) {
    throw new SealdropError(
      'invalid_argument',
      `${door} is not in this file, and sealdrop is not installed beside it: ${installs('sealdrop')}`,
      { cause },
    )
  }
}

/** Loads that door. @throws SealdropError `invalid_argument` where the package is missing */
export const doorOfPackage = (door: string): Promise<unknown> =>
  import(pathToFileURL(ensureDoor(door)).href) as Promise<unknown>
