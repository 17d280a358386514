// A copy of what was built in which one text is another one: what a test must notice.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const dist = new URL('../../dist/', import.meta.url)

/**
 * @param {string} file - below `dist/`
 * @param {string} from - a text that is there once
 * @param {string} to
 */
export async function mutatedBuild(file, from, to) {
  const folder = await mkdtemp(join(tmpdir(), 'sealdrop-mutated-'))
  const copy = join(folder, 'dist')
  const isWanted = (path) => !/\/(local-kms|cli|kms)$|\.(d\.ts|map|min\.m?js)$/.test(path)
  await cp(dist, copy, { recursive: true, filter: isWanted })
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  const path = join(copy, file)
  const text = await readFile(path, 'utf8')
  if (text.split(from).length !== 2) throw new Error(`${file}: expected once ${from}`)
  await writeFile(
    path,
    text.replace(from, () => to),
  )
  return {
    build: pathToFileURL(`${copy}/`),
    close: () => rm(folder, { recursive: true, force: true }),
  }
}
