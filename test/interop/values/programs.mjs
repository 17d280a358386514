// The foreign libraries behind one function each: jobs in, results out.
import { fileURLToPath } from 'node:url'
import { goBinary, javaProgram, pythonEnvironment } from '../environment.mjs'
import { runner } from '../programs.mjs'
import { runInNode } from './in-node.mjs'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

/** By library, the program that has it. */
const programOf = {
  jose: 'Node',
  joserfc: 'Python',
  Authlib: 'Python',
  jwcrypto: 'Python',
  Nimbus: 'Java',
  jose4j: 'Java',
  'go-jose': 'Go',
  jwx: 'Go',
}

/**
 * @param folder - for job and result files
 * @returns by library: what runs its jobs
 */
export async function libraries(folder) {
  const [python, java, go] = await Promise.all([
    pythonEnvironment('token-python', at('../tokens/requirements.txt')),
    javaProgram(),
    goBinary('token-go', at('../tokens/foreign-go')),
  ])
  const env = { PATH: process.env.PATH }
  const programs = {
    Node: runInNode,
    Python: runner([`${python}/bin/python`, at('foreign.py')], 'Python', env, folder),
    Java: runner([...java, 'values'], 'Java', env, folder),
    Go: runner([go], 'Go', env, folder),
  }
  return Object.entries(programOf).map(([library, program]) => ({
    name: library,
    run: (jobs) => programs[program](jobs.map((job) => ({ ...job, library }))),
  }))
}
