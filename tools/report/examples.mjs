// The public verbs, and which of them show an example.
import { dirname, join, normalize } from 'node:path'

const reexport = /export (type )?\{([^}]*)\} from '([^']+)'/g
const oldDoors = ['index', 'serve', 'fs', 'kms/index', 'local-kms/index', 'ml-dsa', 'digests']

/** Doors are the files of `src/doors`; before that room was built they stood in seven places. */
function doorsOf(files) {
  const inRoom = files.filter(({ path }) => path.startsWith('src/doors/'))
  const paths = oldDoors.map((name) => `src/${name}.ts`)
  return inRoom.length > 0 ? inRoom : files.filter(({ path }) => paths.includes(path))
}

/** `{ name, doc }` of every function that a door exports. */
export function verbsOf(files) {
  const byPath = new Map(files.map((file) => [file.path, file.text]))
  return doorsOf(files).flatMap(({ path, text }) => [
    ...verbsIn(text),
    ...[...text.matchAll(reexport)].flatMap(([, isType, names, specifier]) => {
      const source = normalize(join(dirname(path), specifier.replace(/\.js$/, '.ts')))
      const wanted = names.split(',').map((name) => name.trim())
      return isType ? [] : verbsIn(byPath.get(source)).filter(({ name }) => wanted.includes(name))
    }),
  ])
}

/** Exported functions of a file, each with the docstring that stands before it. */
function verbsIn(text) {
  const verb = /(?:\/\*\*((?:[^*]|\*(?!\/))*)\*\/\n)?export (?:async )?function (\w+)/g
  return [...text.matchAll(verb)].map(([, doc = '', name]) => ({ name, doc }))
}

export const withoutExample = (files) =>
  verbsOf(files).filter(({ doc }) => !doc.includes('@example'))
