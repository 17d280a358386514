// tsc emits modules to dist/; rollup bundles what it emitted: the script-tag files, and in place
// the few modules whose library is part of this package, so that installing sealdrop brings nothing
// else.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import commonJs from '@rollup/plugin-commonjs'
import resolve from '@rollup/plugin-node-resolve'
import terser from '@rollup/plugin-terser'
import { minify } from './minify.mjs'
import { buildOneFile } from './tools/one-file.mjs'

/**
 * Modules that inline the library they wrap; they import nothing of ours. NOTICE carries the
 * licences.
 */
const inlined = [
  'dist/kms/open/lru.js',
  'dist/cli/commander.js',
  'dist/cli/completion/scripts.js',
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

const integrity = {
  name: 'integrity',
  async writeBundle() {
    const files = ['sealdrop.min.js', 'sealdrop.min.mjs', 'sealdrop-drop.min.js']
    const hashes = await Promise.all(
      files.map(async (file) => {
        const bytes = await readFile(`dist/${file}`).catch(() => undefined)
        return bytes && [file, `sha384-${createHash('sha384').update(bytes).digest('base64')}`]
      }),
    )
    await writeFile(
      'dist/integrity.json',
      `${JSON.stringify(Object.fromEntries(hashes.filter((row) => row !== undefined)), null, 2)}\n`,
    )
  },
}

/** The command line as one file, from what rollup has inlined. */
const oneFile = {
  name: 'one-file',
  writeBundle: () => buildOneFile({ outfile: 'dist/cli/sealdrop.mjs' }),
}

const scriptTag = (file, format, name = 'sealdrop') => ({
  file,
  format,
  name,
  banner,
  sourcemap: true,
  plugins: [terser({ ...minify, module: format === 'es' })],
})

export default [
  {
    input: 'dist/doors/index.js',
    plugins: [resolve({ browser: true }), sourceMaps, integrity],
    output: [scriptTag('dist/sealdrop.min.js', 'iife'), scriptTag('dist/sealdrop.min.mjs', 'es')],
  },
  {
    input: 'dist/drop/script.js',
    plugins: [resolve({ browser: true }), sourceMaps, integrity],
    output: scriptTag('dist/sealdrop-drop.min.js', 'iife', 'sealdropDrop'),
  },
  ...inlined.map((file, index) => ({
    input: file,
    external: /^node:/,
    plugins: [resolve(), commonJs(), ...(index === inlined.length - 1 ? [oneFile] : [])],
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
