// node tools/release.mjs v1.2.3 https://github.com/owner/name: makes what a release consists of, in
// .build/release. These are the tarball, an SBOM, the notes of this version and SHA256SUMS.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const target = join(root, '.build/release')
const stage = join(root, '.build/release-stage')
const npm = (args, o) => execFileSync('npm', args, { cwd: root, encoding: 'utf8', ...o })

/** The section of the CHANGELOG on this version. */
function notesOf(version) {
  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')
  const section = changelog.split(/^## /m).find((part) => part.startsWith(`[${version}]`))
  if (!section) throw new Error(`CHANGELOG.md has no section [${version}]: write it, then tag`)
  return `## ${section.trim()}\n`
}

/** @param {string[]} args the tag, and the URL of the repository */
function release([tag, repository]) {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  if (tag !== `v${manifest.version}`) {
    throw new Error(`the tag is ${tag}, package.json says ${manifest.version}: make them equal`)
  }
  if (!/^https:\/\/[\w.-]+\/[\w.-]+\/[\w.-]+$/.test(repository ?? '')) {
    throw new Error('repository: expected the URL of the repository that this runs in')
  }
  for (const folder of [target, stage]) rmSync(folder, { recursive: true, force: true })
  for (const folder of [target, stage]) mkdirSync(folder, { recursive: true })
  npm(['run', '--silent', 'prepack'])
  const [{ files }] = JSON.parse(npm(['pack', '--dry-run', '--json', '--ignore-scripts']))
  for (const { path } of files) cpSync(join(root, path), join(stage, path))
  const filled = { ...manifest, repository: { type: 'git', url: `git+${repository}.git` } }
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(filled, null, 2)}\n`)
  npm(['pack', '--ignore-scripts', '--pack-destination', target], { cwd: stage })

  const sbom = npm(['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'library'])
  writeFileSync(join(target, 'sbom.cdx.json'), sbom)
  const names = readdirSync(target).sort((a, b) => a.localeCompare(b))
  const sums = names.map((name) => {
    const hash = createHash('sha256').update(readFileSync(join(target, name)))
    return `${hash.digest('hex')}  ${name}\n`
  })
  writeFileSync(join(target, 'SHA256SUMS'), sums.join(''))
  writeFileSync(join(target, 'NOTES.md'), notesOf(manifest.version)) // not published, so not summed
  console.log(sums.join('').trimEnd())
}

release(process.argv.slice(2))
