// The library as the main page loads it: the doors `sealdrop` and `sealdrop/upload` in one script, as
// a bundler of yours makes it. The script-tag file of the package has no uploads.
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { rollup } from 'rollup'

const pathOf = (door) => fileURLToPath(new URL(`../dist/doors/${door}.js`, import.meta.url))
const entry = '\0page-library'
const doors = {
  name: 'doors',
  resolveId: (id) => (id === entry ? id : undefined),
  load: (id) =>
    id === entry
      ? ['index', 'upload']
          .map((door) => `export * from ${JSON.stringify(pathOf(door))}`)
          .join('\n')
      : undefined,
}

/** Makes the script and the hash that the page holds it to. */
async function makeLibrary() {
  const bundle = await rollup({ input: entry, plugins: [doors, nodeResolve({ browser: true })] })
  try {
    const { output } = await bundle.generate({ format: 'iife', name: 'sealdrop' })
    const [{ code }] = output
    const hash = createHash('sha384').update(code).digest('base64')
    return { code, integrity: `sha384-${hash}` }
  } finally {
    await bundle.close()
  }
}

let made

/** The script, made at the first call. */
export const pageLibrary = () => (made ??= makeLibrary())
