// npm run docs:report: writes what every door exports, with signatures, to docs/api-report/.
import { createRequire } from 'node:module'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { npmFolder } from '../../test/support/npm-folder.mjs'
import { compilerOptions, doors, root } from './doors.mjs'

/** Where the reports stand that are committed. */
export const reports = join(root, 'docs/api-report')

/**
 * Every message of API Extractor that matters to us is in the report. Errors stop it by themselves.
 */
const messages = Object.fromEntries(
  ['extractorMessageReporting', 'tsdocMessageReporting'].map((kind) => [
    kind,
    { default: { logLevel: 'none' } },
  ]),
)

/** Writes API Extractor's own report of a door below `folder`. @returns its text */
function extract({ Extractor, ExtractorConfig }, { short, types }, folder) {
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: types,
      newlineKind: 'lf',
      compiler: { overrideTsconfig: { compilerOptions, files: [types] } },
      apiReport: {
        enabled: true,
        reportFolder: folder,
        reportTempFolder: join(folder, 'temporary'),
        reportFileName: short,
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages,
    },
    packageJsonFullPath: join(root, 'package.json'),
  })
  const problems = []
  const { errorCount } = Extractor.invoke(config, {
    localBuild: true,
    messageCallback(message) {
      if (message.category === 'Compiler') problems.push(message.text)
      message.handled = message.logLevel !== 'error'
    },
  })
  if (problems.length > 0 || errorCount > 0)
    throw new Error(`${short}: its declarations do not compile\n${problems.join('\n')}`)
  return readFileSync(join(folder, `${short}.api.md`), 'utf8')
}

/**
 * A report as we keep it. Everything is public and has no release tags, so the comments that say so
 * are left out.
 */
function tidy(door, text) {
  const code = /```ts\n([\s\S]*?)```/.exec(text)?.[1]
  if (code === undefined) throw new Error(`${door.short}: its report has no block of code`)
  const lines = code
    .split('\n')
    .filter((line) => !/^ *\/\/ (@public( \(undocumented\))?|\(undocumented\))$/.test(line))
    .filter((line) => !line.startsWith('// (No @packageDocumentation'))
  const body = lines
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
  return `# What \`${door.name}\` exports

Made by \`npm run docs:report\` from the declarations. What stands here without \`export\` is a type that an exported one names.

\`\`\`ts
${body}
\`\`\`
`
}

/**
 * The report of every door as the declarations in dist/ are now.
 *
 * @returns {Promise<Map<string, string>>} text by file name
 */
export async function makeReports() {
  const packages = await npmFolder(join(root, 'docs'), 'docs')
  const extractor = createRequire(join(packages, 'package.json'))('@microsoft/api-extractor')
  const folder = join(root, '.build/docs-report')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return new Map(
    doors().map((door) => [`${door.short}.md`, tidy(door, extract(extractor, door, folder))]),
  )
}

if (process.argv[1] === import.meta.filename) {
  const made = await makeReports()
  rmSync(reports, { recursive: true, force: true })
  mkdirSync(reports, { recursive: true })
  for (const [file, text] of made) writeFileSync(join(reports, file), text)
  console.log(`docs/api-report/: ${made.size} doors`)
}
