// The programs of the pages for partners, as they stand there: each is a block that begins with the
// name of its file. It needs no npm package, as test/environments.mjs wants it.
import { readFileSync } from 'node:fs'
import { goModule } from '../environment.mjs'

const guides = new URL('../../../docs/guides/', import.meta.url)
const block = /^```\w+\n((?:\/\/|#) ([\w.]+)\n[\s\S]*?)^```$/gm

/** The programs of a page: by the name of the file, what stands below it. */
export function programsOf(page) {
  const text = readFileSync(new URL(page, guides), 'utf8')
  const found = [...text.matchAll(block)].map(([, code, name]) => [name, code])
  if (found.length === 0) throw new Error(`${page} has no program`)
  return Object.fromEntries(found)
}

/** The programs of the page for Go, each with what chooses a key beside it. */
function goFiles() {
  const { 'choose_key.go': shared, ...programs } = programsOf('partners/go.md')
  const files = Object.entries(programs).flatMap(([file, code]) => {
    const name = file.replace('.go', '')
    const own = [[`${name}/${file}`, code]]
    return code.includes('chooseKey(') ? [...own, [`${name}/choose_key.go`, shared]] : own
  })
  const ofModule = ['go.mod', 'go.sum'].map((file) => [
    file,
    readFileSync(new URL(file, import.meta.url), 'utf8'),
  ])
  return Object.fromEntries([...files, ...ofModule])
}

/** @returns the folder of the programs of the page for Go, built */
export const goPages = () => goModule('pages-go', goFiles())
