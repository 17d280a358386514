// npm run docs: builds the site of the documentation into .build/docs-site/.
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { npmFolder } from '../../test/support/npm-folder.mjs'
import { doors, root } from './doors.mjs'
import { firstPrograms } from './home.mjs'
import { navigation } from './navigation.mjs'
import { sitePages } from './pages.mjs'
import { makeReference } from './reference.mjs'

/** Where the site is built to. */
export const site = join(root, '.build/docs-site')

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** The first page, with the README's programs and a link to the page to start with. */
function homePage(parts) {
  const template = readFileSync(join(root, 'tools/docs/site/index.md'), 'utf8')
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  return template
    .replace('START', `/${parts[0].pages[0].to}`)
    .replace('PROGRAMS', () => firstPrograms(readme))
}

/** Lays out what VitePress reads. It stands beside the packages, so that it finds them. */
async function layOut(packages, source) {
  rmSync(source, { recursive: true, force: true })
  const parts = sitePages(root)
  const pages = parts.flatMap((part) => part.pages)
  for (const { to, content } of pages) write(join(source, to), content)
  write(join(source, 'index.md'), homePage(parts))
  const reference = join(source, 'reference')
  await makeReference(packages, reference)
  const settings = join(source, '.vitepress')
  cpSync(join(root, 'tools/docs/site'), settings, { recursive: true })
  const found = {
    ...navigation(parts, doors(), reference),
    outDir: site,
    pages: pages.map(({ from, to, title }) => [from, { to, title }]),
  }
  write(join(settings, 'found.json'), JSON.stringify(found))
  const open = join(source, 'public')
  mkdirSync(join(open, 'pictures'), { recursive: true })
  cpSync(join(root, 'tools/docs/site/icon.svg'), join(open, 'icon.svg'))
  for (const file of readdirSync(join(root, 'docs')).filter((name) => /\.(svg|png)$/.test(name)))
    cpSync(join(root, 'docs', file), join(open, 'pictures', file))
}

/** Builds the site from what is in the repository and in dist/. */
export async function buildSite() {
  const packages = await npmFolder(join(root, 'docs'), 'docs')
  const source = join(packages, 'source')
  await layOut(packages, source)
  rmSync(site, { recursive: true, force: true })
  const program = join(packages, 'node_modules/vitepress/bin/vitepress.js')
  try {
    await promisify(execFile)(process.execPath, [program, 'build', source], { cwd: packages })
  } catch (error) {
    const { stdout, stderr } = /** @type {import('node:child_process').ExecException} */ (error)
    throw new Error(`VitePress did not build the site\n${stdout}${stderr}`)
  }
}

if (process.argv[1] === import.meta.filename) {
  await buildSite()
  console.log('.build/docs-site/: the site, for any server of files')
}
