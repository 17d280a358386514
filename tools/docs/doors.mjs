// The doors of the package, as package.json names them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the repository, with a slash at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Every entry point that has declarations: what a user writes behind `from`, a short name for files,
 * and the path of its declarations.
 */
export function doors() {
  const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return Object.entries(exports)
    .filter(([, target]) => target.types)
    .map(([path, { types }]) => ({
      name: join(name, path),
      short: path === '.' ? name : path.slice('./'.length),
      types: join(root, types),
    }))
}

/** How the tools read declarations: as a user's strict project with Node's types would. */
export const compilerOptions = {
  target: 'ES2022',
  module: 'NodeNext',
  lib: ['ES2023', 'DOM', 'DOM.AsyncIterable'],
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
  strict: true,
  skipLibCheck: true,
  noEmit: true,
}
