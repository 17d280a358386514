// The columns of hosts whose suites `npm test` runs: those runs keep their cells in .build/, and
// the matrix takes them from there, as long as they are of the build that it finds.
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = join(root, '.build', 'cells')
const fileOf = (name) => join(folder, `${name.replace(' ', '-').toLowerCase()}.json`)

/** Folders that cells depend on: what was built, and what makes and judges them. */
const sources = ['dist', 'test/matrix', 'test/suites', 'test/support', 'test/vectors']

const codeIn = (place) =>
  readdirSync(join(root, place), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.m?js$/.test(file) && !file.includes('node_modules'))
    .map((file) => join(place, file))
    .sort()

function fingerprint() {
  const hash = createHash('sha256')
  for (const file of sources.flatMap(codeIn))
    hash.update(`${file}\n`).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

/** Forgets what earlier runs kept, so that a host that crashes leaves no older cells. */
export function forgetCells() {
  rmSync(folder, { recursive: true, force: true })
}

/**
 * Keeps a host's column for the matrix. A cell that failed is kept as well.
 *
 * @param column - the host's name in the matrix, its version, and its cells by algorithm
 * @throws Error where a cell says that it failed, or where there is none
 */
export function keepCells({ name, version, cells }) {
  mkdirSync(folder, { recursive: true })
  const file = fileOf(name)
  writeFileSync(
    `${file}.${process.pid}`,
    JSON.stringify({ name, version, cells, fingerprint: fingerprint() }),
  )
  renameSync(`${file}.${process.pid}`, file)
  const failed = Object.entries(cells).filter(([, cell]) => cell.startsWith('FAILED'))
  if (failed.length > 0) throw new Error(failed.map((entry) => entry.join(': ')).join('\n'))
  if (Object.keys(cells).length === 0) throw new Error(`${name} has no cell`)
}

/** @returns the column of a host; undefined where none was kept, or of another build */
export function keptCells(name) {
  const file = fileOf(name)
  if (!existsSync(file)) return undefined
  const { fingerprint: of, ...column } = JSON.parse(readFileSync(file, 'utf8'))
  return of === fingerprint() ? column : undefined
}
