// Bundles of what a page would import, minified as the script-tag files are, with their budgets (design.md, "Budgets").
import { brotliCompressSync, constants } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import resolve from '@rollup/plugin-node-resolve'
import { rollup } from 'rollup'
import { minify } from 'terser'
import { minify as options } from '../rollup.config.mjs'

const door = fileURLToPath(new URL('../dist/index.js', import.meta.url))

/**
 * Name, what a page writes, budget in bytes of brotli (design.md, "Budgets"). Where the budget is missed, `ceiling` is what
 * the bundle may not exceed until it is met: without a single error message two of these would still be above.
 */
export const budgets = [
  { name: 'everything in sealdrop (script tag)', code: `export * from ${JSON.stringify(door)}`, budget: 16_000, ceiling: 18_600 },
  { name: 'fetchKeySet + pinned + seal', code: `export { fetchKeySet, pinned, seal } from ${JSON.stringify(door)}`, budget: 6_000 },
  { name: 'fetchKeySet + pinned + sealStream', code: `export { fetchKeySet, pinned, sealStream } from ${JSON.stringify(door)}`, budget: 7_000, ceiling: 8_600 },
  { name: 'fetchKeySet + pinned + verify', code: `export { fetchKeySet, pinned, verify } from ${JSON.stringify(door)}`, budget: 7_000 },
  { name: 'a bare import', code: `import ${JSON.stringify(door)}`, budget: 0 },
]

export const brotli = (code) => (code.trim() === '' ? 0 : brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length)

/** Minified code of an entry, and the files and packages that are in it. */
export async function bundleOf(code) {
  const external = new Set()
  const bundle = await rollup({
    input: 'entry',
    onwarn: ({ code: kind, exporter }) => { if (kind === 'UNRESOLVED_IMPORT') external.add(exporter) },
    plugins: [{ name: 'entry', resolveId: (id) => (id === 'entry' ? id : null), load: (id) => (id === 'entry' ? code : null) }, resolve({ browser: true })],
  })
  const { output: [chunk] } = await bundle.generate({ format: 'es' })
  await bundle.close()
  const modules = Object.entries(chunk.modules).filter(([, { renderedLength }]) => renderedLength > 0).map(([id]) => id)
  const { code: small } = await minify(chunk.code, options)
  return { code: small, modules, external: [...external, ...chunk.imports] }
}
