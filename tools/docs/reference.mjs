// The API reference: Markdown pages made by TypeDoc from the declarations in dist/.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compilerOptions, doors, root } from './doors.mjs'

const tables = Object.fromEntries(
  [
    'indexFormat',
    'parametersFormat',
    'interfacePropertiesFormat',
    'classPropertiesFormat',
    'typeAliasPropertiesFormat',
    'propertyMembersFormat',
  ].map((option) => [option, 'table']),
)

/**
 * The options of TypeDoc: one page for each name, without what a page of our site has by itself.
 * Tables do not say `readonly`, since every member is.
 */
const options = {
  ...tables,
  readme: 'none',
  entryFileName: 'index',
  excludeExternals: true,
  disableSources: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
  groupOrder: ['Functions', 'Classes', 'Interfaces', 'Type Aliases'],
  tableColumnSettings: { hideModifiers: true, hideInherited: true, hideOverrides: true },
  useCodeBlocks: true,
  expandObjects: true,
  expandParameters: true,
  sanitizeComments: true,
  pageTitleTemplates: { index: 'API reference', module: '{name}', member: '{name}' },
  placeInternalsInOwningModule: true,
  validation: { notExported: true, invalidLink: true },
  treatWarningsAsErrors: true,
}

/** What the first comment of a door says, or nothing where it has none. */
function saysOf({ types }) {
  const [, words = ''] = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(types, 'utf8')) ?? []
  return words.replaceAll(/\s*\n \*/g, '').trim()
}

/**
 * Gives a module the name and the first comment of its door. TypeDoc would take that comment, which
 * has no tag, for one of the first name that the door exports.
 */
function nameDoor({ project, module, entries, Comment }) {
  const { fileName } = project.getSymbolIdFromReflection(module)
  const door = entries.find(({ types }) => types === fileName)
  const text = saysOf(door)
  module.name = door.name
  module.comment = new Comment([{ kind: 'text', text }])
  for (const name of module.children ?? []) {
    const said = name.comment?.summary.map((part) => part.text).join('')
    if (text && said === text) delete name.comment
  }
}

/** The first page: the doors in the order of package.json. */
function doorsPage(entries) {
  const rows = entries.map(
    (door) => `| [\`${door.name}\`](${door.name}/index.md) | ${saysOf(door)} |`,
  )
  return `# API reference\n\n| import | what it is |\n| --- | --- |\n${rows.join('\n')}\n`
}

/**
 * Writes the reference to a folder.
 *
 * @param {string} packages the folder with the packages of docs/package.json
 * @param {string} folder
 */
export async function makeReference(packages, folder) {
  const entries = doors()
  const files = entries.map(({ types }) => types)
  const work = join(root, '.build/docs-reference')
  const tsconfig = join(work, 'tsconfig.json')
  mkdirSync(work, { recursive: true })
  writeFileSync(tsconfig, JSON.stringify({ compilerOptions, files }))
  const require = createRequire(join(packages, 'package.json'))
  const plugin = ['typedoc-plugin-markdown', 'typedoc-plugin-missing-exports'].map((name) =>
    require.resolve(name),
  )
  const { Application, Comment } = await import(pathToFileURL(require.resolve('typedoc')).href)
  const app = await Application.bootstrapWithPlugins({
    ...options,
    name: 'sealdrop',
    basePath: join(root, 'dist'),
    entryPoints: files,
    tsconfig,
    plugin,
    outputs: [{ name: 'markdown', path: folder }],
    logLevel: 'Warn',
  })
  const project = await app.convert()
  if (!project) throw new Error('TypeDoc could not read the declarations')
  for (const module of project.children) nameDoor({ project, module, entries, Comment })
  app.validate(project)
  await app.generateOutputs(project)
  writeFileSync(join(folder, 'index.md'), doorsPage(entries))
  if (app.logger.hasErrors() || app.logger.hasWarnings())
    throw new Error('TypeDoc found something to mend, above')
}
