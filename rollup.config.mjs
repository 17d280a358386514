// tsc emits modules to dist/; rollup bundles what it emitted: the script-tag files, and in place
// the few modules whose library is part of this package, so that installing sealdrop brings nothing
// else.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import resolve from '@rollup/plugin-node-resolve'
import terser from '@rollup/plugin-terser'
import { minify } from './minify.mjs'

/**
 * Modules that inline the library they wrap; they import nothing of ours. NOTICE carries the
 * licences.
 */
const inlined = [
  'dist/kms/lru.js',
  'dist/cli/commander.js',
  'dist/providers/noble-ml-dsa.js',
  'dist/providers/noble-curves.js',
  ...['ecdsa', 'ed25519ph', 'post-quantum'].map((name) => `dist/local-kms/crypto/${name}.js`),
]

const { version } = JSON.parse(await readFile('package.json', 'utf8'))
const banner = `/*! sealdrop ${version} | Apache-2.0 */`

/** Hands tsc's source maps on, so that the minified files map to TypeScript. */
const sourceMaps = {
  name: 'source-maps',
  async load(id) {
    const map = await readFile(`${id}.map`, 'utf8').catch(() => undefined)
    return map && { code: await readFile(id, 'utf8'), map: JSON.parse(map) }
  },
}

/**
 * commander is CommonJS of the plainest kind: whole-line requires at the top, whole-line exports at
 * the end of each file. A form that this does not know stays as it is, and the bundle fails when it
 * is loaded.
 */
const commonJs = {
  name: 'common-js',
  transform(code, id) {
    if (!/[\\/]commander[\\/].*\.js$/.test(id)) return null
    const exported = new Map()
    const body = code
      .replace(/^const (\{[^}]*\}) = require\('([^']+)'\);$/gm, "import $1 from '$2';")
      .replace(/^const (\w+) = require\('([^']+)'\);$/gm, "import $1 from '$2';")
      .replace(/^const (\w+) = require\('([^']+)'\)\.(\w+);$/gm, "import { $3 as $1 } from '$2';")
      .replace(/^exports\.(\w+) = (.*;.*)$/gm, (_line, name, value) => {
        exported.set(name, `exported_${name}`)
        return `const exported_${name} = ${value}`
      })
    const names = [...exported]
    return {
      code: `${body}\nexport { ${names.map(([name, local]) => `${local} as ${name}`)} };\nexport default { ${names.map(([name, local]) => `${name}: ${local}`)} };\n`,
      map: null,
    }
  },
}

const integrity = {
  name: 'integrity',
  async writeBundle() {
    const files = ['sealdrop.min.js', 'sealdrop.min.mjs']
    const hashes = await Promise.all(
      files.map(async (file) => {
        const bytes = await readFile(`dist/${file}`).catch(() => undefined)
        return bytes && [file, `sha384-${createHash('sha384').update(bytes).digest('base64')}`]
      }),
    )
    await writeFile(
      'dist/integrity.json',
      `${JSON.stringify(Object.fromEntries(hashes.filter(Boolean)), null, 2)}\n`,
    )
  },
}

const scriptTag = (file, format) => ({
  file,
  format,
  name: 'sealdrop',
  banner,
  sourcemap: true,
  plugins: [terser({ ...minify, module: format === 'es' })],
})

export default [
  {
    input: 'dist/index.js',
    plugins: [resolve({ browser: true }), sourceMaps, integrity],
    output: [scriptTag('dist/sealdrop.min.js', 'iife'), scriptTag('dist/sealdrop.min.mjs', 'es')],
  },
  ...inlined.map((file) => ({
    input: file,
    external: /^node:/,
    plugins: [resolve(), commonJs],
    output: {
      file,
      format: 'es',
      plugins: [
        terser({
          compress: false,
          mangle: false,
          format: { beautify: true, comments: /^!|licen[cs]e/i },
        }),
      ],
    },
  })),
]
