// The foreign libraries behind one function each: jobs in, results out.
import { fileURLToPath } from 'node:url'
import { goBinary, javaProgram, pythonEnvironment } from '../environment.mjs'
import { runner } from '../programs.mjs'
import { runInNode } from './in-node.mjs'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

/**
 * @param folder - for job and result files
 * @returns by language: what runs jobs, each with the library that it is for
 */
export async function tokenPrograms(folder) {
  const [python, go, java] = await Promise.all([
    pythonEnvironment('token-python', at('requirements.txt')),
    goBinary('token-go', at('foreign-go')),
    javaProgram(),
  ])
  const env = { PATH: process.env.PATH }
  return {
    Node: runInNode,
    Python: runner(
      [`${python}/bin/python`, '-W', 'ignore', at('foreign.py')],
      'Python',
      env,
      folder,
    ), // it warns that EdDSA is an old name
    Go: runner([go], 'Go', env, folder),
    Java: runner([...java, 'tokens'], 'Java', env, folder),
  }
}
