// Bundles of what a page would import, minified as the script-tag files are, with their budgets
// (design.md, "Budgets").
import { brotliCompressSync, constants } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { rollup } from 'rollup'
import { parseAst } from 'rollup/parseAst'
import { minify } from 'terser'
import { minify as options } from '../minify.mjs'

/** An emitted door as text of JavaScript. */
const pathOf = (door) =>
  JSON.stringify(fileURLToPath(new URL(`../dist/doors/${door}.js`, import.meta.url)))
const door = pathOf('index')

/**
 * Rows of a name, what a page writes, and the budget in bytes of brotli.
 *
 * `designed` is the figure of design.md, "Budgets", where it proved wrong. `npm run size` prints
 * what such a bundle weighs without a single error message. That alone reaches the figure or is
 * above it, so no wording could meet it. The reasons: decisions.md, "Two bundle budgets are wider
 * than first planned". `over` is the row that a larger one stands on, and `budgetOver` what it may add
 * to that. `peers` are packages that a page has anyway: they are not counted.
 */
export const budgets = [
  {
    name: 'everything in sealdrop (script tag)',
    code: `export * from ${door}`,
    budget: 28_400,
    designed: 16_000,
  },
  {
    name: 'fetchKeySet + pinned + seal',
    code: `export { fetchKeySet, pinned, seal } from ${door}`,
    budget: 7_700,
  },
  {
    name: 'fetchKeySet + pinned + sealStream',
    code: `export { fetchKeySet, pinned, sealStream } from ${door}`,
    budget: 10_600,
    designed: 7_000,
  },
  {
    name: 'fetchKeySet + pinned + uploadSealed',
    code: `export { fetchKeySet, pinned } from ${door}
export { uploadSealed, uploadTransport } from ${pathOf('upload')}`,
    budget: 18_600,
    over: 'fetchKeySet + pinned + sealStream',
    budgetOver: 8_000,
  },
  {
    name: 'fetchKeySet + pinned + sealForm',
    code: `export { fetchKeySet, pinned } from ${door}
export { sealForm } from ${pathOf('forms')}`,
    budget: 13_500,
  },
  {
    name: 'sealdrop/drop',
    code: `export { defineDrop } from ${pathOf('drop')}`,
    budget: 34_600,
    over: 'fetchKeySet + pinned + uploadSealed',
    budgetOver: 16_000,
  },
  {
    name: 'fetchKeySet + pinned + SealedUploader',
    code: `export { fetchKeySet, pinned } from ${door}
export { uploadTransport } from ${pathOf('upload')}
export { SealedUploader } from ${pathOf('uppy')}`,
    peers: ['@uppy/core'],
    budget: 20_600,
    over: 'fetchKeySet + pinned + uploadSealed',
    budgetOver: 2_100,
  },
  {
    name: 'fetchKeySet + pinned + sealForTus',
    code: `export { fetchKeySet, pinned } from ${door}
export { sealForTus } from ${pathOf('tus')}`,
    budget: 14_600,
    over: 'fetchKeySet + pinned + sealStream',
    budgetOver: 4_200,
  },
  {
    name: 'fetchKeySet + pinned + SealedTusUploader',
    code: `export { fetchKeySet, pinned } from ${door}
export { SealedTusUploader } from ${pathOf('uppy')}`,
    peers: ['@uppy/core'],
    budget: 16_900,
    over: 'fetchKeySet + pinned + sealForTus',
    budgetOver: 2_310,
  },
  {
    name: 'fetchKeySet + pinned + verify',
    code: `export { fetchKeySet, pinned, verify } from ${door}`,
    budget: 8_300,
  },
  {
    name: 'sealdrop/ml-dsa',
    code: `export * from ${pathOf('ml-dsa')}`,
    budget: 8_500,
  },
  {
    name: 'sealdrop/digests',
    code: `export * from ${pathOf('digests')}`,
    budget: 17_500,
  },
  { name: 'a bare import', code: `import ${door}`, budget: 0 },
]

export const brotli = (code) =>
  code.trim() === ''
    ? 0
    : brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length

/** Which argument is the message. */
const messageAt = { ensure: 2, SealdropError: 1 }

/** The same code with the message of every error empty. */
function withoutMessages(code) {
  const spans = []
  const look = (node) => {
    if (Array.isArray(node)) return node.forEach(look)
    if (typeof node?.type !== 'string') return
    const message = /^(Call|New)Expression$/.test(node.type)
      ? node.arguments[messageAt[node.callee.name]]
      : undefined
    if (message) spans.push(message)
    else Object.values(node).forEach(look)
  }
  look(parseAst(code))
  return spans
    .reverse()
    .reduce((text, { start, end }) => `${text.slice(0, start)}''${text.slice(end)}`, code)
}

/**
 * The minified code of an entry, the same without the messages of errors, and the files and
 * packages in it.
 *
 * @param {string} code
 * @param {readonly string[]} [peers] - packages that stay outside
 */
export async function bundleOf(code, peers = []) {
  const external = new Set()
  const bundle = await rollup({
    input: 'entry',
    external: [...peers],
    onwarn: ({ code: kind, exporter }) => {
      if (kind === 'UNRESOLVED_IMPORT') external.add(exporter)
    },
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? id : null),
        load: (id) => (id === 'entry' ? code : null),
      },
      nodeResolve({ browser: true }),
    ],
  })
  const {
    output: [chunk],
  } = await bundle.generate({ format: 'es' })
  await bundle.close()
  const modules = Object.entries(chunk.modules)
    .filter(([, { renderedLength }]) => renderedLength > 0)
    .map(([id]) => id)
  const { code: small } = await minify(chunk.code, options)
  const { code: mute } = await minify(withoutMessages(chunk.code), options)
  return { code: small, mute, modules, external: [...external, ...chunk.imports] }
}
