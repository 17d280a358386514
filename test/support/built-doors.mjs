import { fileURLToPath } from 'node:url'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { rollup } from 'rollup'

/**
 * Doors as few modules, which a tab loads in a moment.
 *
 * @param {readonly string[]} doors - the names of their files
 * @param {URL} [build] - the folder that was built
 * @returns {Promise<Record<string, string>>} code by path
 */
export async function builtDoors(doors, build = new URL('../../dist/', import.meta.url)) {
  const bundle = await rollup({
    input: doors.map((door) => fileURLToPath(new URL(`doors/${door}.js`, build))),
    plugins: [nodeResolve({ browser: true })],
  })
  const { output } = await bundle.generate({ format: 'es' })
  await bundle.close()
  const chunks = output.filter((found) => found.type === 'chunk')
  return Object.fromEntries(chunks.map(({ fileName, code }) => [`/doors/${fileName}`, code]))
}
