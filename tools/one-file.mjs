// The command line as one file, for whoever installs no package: dist/cli/sealdrop.mjs.
// - What a command does not need is not evaluated: esbuild wraps what `import()` reaches, and what
//   Node has built in is asked for by the module that uses it.
// - The clients of AWS, the local KMS and ML-DSA in JavaScript stay outside: src/cli/outside.ts.
// - Two builds are the same, bit for bit: nothing of the machine is inside.
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../', import.meta.url))
const dist = join(root, 'dist')
const outsideModule = join(dist, 'cli/outside.js')

/** Doors that the installed package has, and this file has not. */
const doorsOutside = ['local-kms', 'ml-dsa']

/** `export { A, B } from 'package'` and `import('package')`, as tsc writes them. */
const handedOn = /export \{([^}]*)\} from '(@aws-sdk\/[\w-]+)';/g
const imported = /\bimport\('(@aws-sdk\/[\w-]+)'\)/g

/** A module whose packages come from outside when it runs; undefined where it has none. */
function withOutside(code, path) {
  const changed = code
    .replace(handedOn, (_, names, name) => {
      const needed = JSON.stringify(names.split(',').map((member) => member.trim()))
      return `export const {${names}} = outside('${name}', ${needed.replace(',""', '')});`
    })
    .replace(imported, (_, name) => `(async () => outside('${name}'))()`)
  if (changed === code) return undefined
  const from = relative(dirname(path), outsideModule)
  return `import { outside } from './${from}';\n${changed}`
}

const anyLoaded = /\bimport\('[./]*doors\/([\w-]+)\.js'\)/g
const namedOfLoaded = /const \{([^}]*)\} = await import\('[./]*doors\/([\w-]+)\.js'\)/g
const splitNames = (names) =>
  names
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)

/**
 * What commands take of the doors that they load, by door. One that is not taken apart at once is
 * left out: anything of it may be used.
 */
async function takenOfDoors() {
  const taken = new Map()
  const whole = new Set()
  const paths = await readdir(join(dist, 'cli'), { recursive: true })
  for (const path of paths.filter((name) => name.endsWith('.js'))) {
    const code = await readFile(join(dist, 'cli', path), 'utf8')
    for (const [, names, door] of code.matchAll(namedOfLoaded))
      taken.set(door, new Set([...(taken.get(door) ?? []), ...splitNames(names)]))
    const others = code.replace(namedOfLoaded, '').matchAll(anyLoaded)
    for (const [, door] of others) whole.add(door)
  }
  for (const door of whole) taken.delete(door)
  return taken
}

/** A bundler keeps all of a door that `import()` reaches: this keeps what a command takes of it. */
const takenOnly = {
  name: 'taken-only',
  async setup({ onLoad }) {
    const taken = await takenOfDoors()
    const filter = new RegExp(`[\\\\/]doors[\\\\/](${[...taken.keys()].join('|')})\\.js$`)
    onLoad({ filter }, async ({ path }) => {
      const names = taken.get(basename(path, '.js'))
      const code = await readFile(path, 'utf8')
      const contents = code.replace(/export \{([^}]*)\} from ('[^']*');/g, (_, all, from) => {
        const kept = splitNames(all).filter((name) => names.has(name))
        return kept.length > 0 ? `export { ${kept.join(', ')} } from ${from};` : ''
      })
      return { contents }
    })
  },
}

/** The names that a door exports. */
async function namesOf(door) {
  const code = await readFile(join(dist, `doors/${door}.js`), 'utf8')
  return [...code.matchAll(/export \{([^}]*)\}/g)].map(([, names]) => names).join()
}

/** Modules that hold what Node has built in. One that is imported at the top would slow the start. */
const builtIns = {
  name: 'built-ins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, importer }) => {
      // commander starts programs of its own where a command says so, and none of ours does
      const isUnused = importer.endsWith('/commander.js') && path === 'node:child_process'
      return { path, namespace: isUnused ? 'nothing' : 'built-in' }
    })
    onLoad({ filter: /^/, namespace: 'nothing' }, () => ({ contents: 'module.exports = {}' }))
    onLoad({ filter: /^/, namespace: 'built-in' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }))
  },
}

const packagesFromOutside = {
  name: 'packages-from-outside',
  setup({ onLoad }) {
    // resolving one path to the other would lose that it is a module, in some builds only
    onLoad({ filter: /[\\/]port[\\/]installs\.js$/ }, () => ({
      contents: "export { installs } from '../../cli/outside.js'",
    }))
    onLoad({ filter: /[\\/]cli[\\/]doors-inside\.js$/ }, () => ({
      contents: "export { ensureDoor } from './outside.js'",
    }))
    onLoad({ filter: /[\\/]dist[\\/].*\.js$/ }, async ({ path }) => {
      const contents = withOutside(await readFile(path, 'utf8'), path)
      return contents === undefined ? undefined : { contents }
    })
  },
}

const doorsFromPackage = {
  name: 'doors-from-package',
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`/doors/(${doorsOutside.join('|')})\\.js$`)
    onResolve({ filter }, ({ path }) => ({ path: basename(path, '.js'), namespace: 'door' }))
    onLoad({ filter: /^/, namespace: 'door' }, async ({ path: door }) => ({
      contents: `import { doorOfPackage } from './outside.js'
        export const { ${await namesOf(door)} } = await doorOfPackage('${door}')`,
      resolveDir: dirname(outsideModule),
    }))
  },
}

const versionInside = (version) => ({
  name: 'version-inside',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]cli[\\/]version\.js$/ }, () => ({
      contents: `export const packageVersion = () => ${JSON.stringify(version)}`,
    }))
  },
})

/**
 * Builds the one file, from what tsc and rollup wrote to dist/.
 *
 * @param {{ outfile: string, minify?: boolean }} o
 */
export async function buildOneFile({ outfile, minify = true }) {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const notice = await readFile(join(root, 'NOTICE'), 'utf8')
  await build({
    absWorkingDir: root,
    entryPoints: ['dist/cli/index.js'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    minify,
    logLevel: 'warning',
    legalComments: 'eof',
    banner: {
      js: `/*! sealdrop ${version} | Apache-2.0 | licences of what is inside: at the end */`,
    },
    footer: { js: `/*!\n${notice.replaceAll('*/', '* /')}*/` },
    plugins: [builtIns, versionInside(version), doorsFromPackage, takenOnly, packagesFromOutside],
  })
}

if (process.argv[1] === import.meta.filename)
  await buildOneFile({ outfile: join(dist, 'cli/sealdrop.mjs') })
