// Circles of imports: groups of files that reach each other.
import { dirname, join, normalize } from 'node:path'

const statement = /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*['"](\.[^'"]+)['"]/g

/** @param {readonly { path: string, text: string }[]} files */
export function importsOf(files) {
  const known = new Set(files.map(({ path }) => path))
  const targets = ({ path, text }) =>
    [...text.matchAll(statement)]
      .map(([, specifier]) => normalize(join(dirname(path), specifier.replace(/\.js$/, '.ts'))))
      .filter((target) => known.has(target))
  return new Map(files.map((file) => [file.path, targets(file)]))
}

const byName = (a, b) => a.localeCompare(b)

/** Groups of at least two files, each of which imports the others in the end. */
export function circles(graph) {
  const reached = new Map([...graph.keys()].map((path) => [path, reach(graph, path)]))
  const groups = new Map()
  for (const path of graph.keys()) {
    const group = [...(reached.get(path) ?? [])]
      .filter((other) => reached.get(other)?.has(path))
      .sort(byName)
    if (group.length > 1) groups.set(group.join(' '), group)
  }
  return [...groups.values()]
}

/** Every file that a file imports, at once or in the end. */
function reach(graph, from) {
  const seen = new Set()
  const left = [...graph.get(from)]
  while (left.length > 0) {
    const path = left.pop()
    if (seen.has(path)) continue
    seen.add(path)
    left.push(...graph.get(path))
  }
  return seen
}
