import { rollup } from 'rollup'
import { nodeResolve } from '@rollup/plugin-node-resolve'

/**
 * A Worker and all it imports as one module. It is resolved as bundlers for edge runtimes do, with
 * nothing of Node.
 */
export async function bundleWorker(input) {
  const bundle = await rollup({
    input,
    plugins: [nodeResolve({ browser: true, exportConditions: ['workerd', 'worker'] })],
    onwarn: (warning) => {
      if (warning.code === 'UNRESOLVED_IMPORT') throw new Error(warning.message)
    },
  })
  const {
    output: [chunk],
  } = await bundle.generate({ format: 'es' })
  await bundle.close()
  return chunk.code
}
