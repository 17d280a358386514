// The foreign SDKs behind one function each: jobs in, results out.
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { goProgram, javaProgram, pythonProgram } from './environment.mjs'
import { runInNode } from './foreign-node.mjs'
import { hasEmptyPart } from './matrix.mjs'

const timeout = 300_000

/** Nothing of this machine's AWS configuration reaches a program: it knows one endpoint. */
export const environmentOf = (local) => ({
  PATH: process.env.PATH,
  ...local.env,
  AWS_CONFIG_FILE: devNull,
  AWS_SHARED_CREDENTIALS_FILE: devNull,
  AWS_EC2_METADATA_DISABLED: 'true',
})

/**
 * What runs jobs in a program: it gets the names of two files, of the jobs and of the results.
 *
 * @param {readonly string[]} command
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 * @param {string} folder
 */
export function runner([command, ...args], name, env, folder) {
  let runs = 0
  return async (jobs) => {
    const [input, output] = ['jobs', 'results'].map((kind) =>
      join(folder, `${name}-${runs}-${kind}.json`),
    )
    runs++
    await writeFile(input, JSON.stringify(jobs))
    const child = spawn(command, [...args, input, output], {
      env,
      timeout,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let complaints = ''
    child.stderr.on('data', (chunk) => {
      complaints += chunk
    })
    const status = await new Promise((resolve, reject) =>
      child.on('error', reject).on('close', (code, signal) => resolve(code ?? signal)),
    )
    if (status !== 0)
      throw new Error(`the ${name} program ended with ${status}:\n${complaints.slice(-4000)}`)
    return JSON.parse(await readFile(output, 'utf8'))
  }
}

/** @type {readonly import('./limits.mjs').Limit[]} */
const limitsOfPython = [
  {
    what: 'it writes frames in multiples of 128 bytes only: it takes the block size for bytes',
    does: ['seal'],
    meets: ({ frameLength = 0 }) => frameLength % 128 !== 0,
    says: /frame size/i,
  },
]

/** @type {readonly import('./limits.mjs').Limit[]} */
const limitsOfJava = [
  {
    what: 'a context has no empty name and no empty value',
    does: ['seal', 'open'],
    meets: hasEmptyPart,
    says: /non-empty|greater than 0/,
  },
]

/** @type {readonly import('./limits.mjs').Limit[]} */
const limitsOfNode = [
  {
    what: 'it has no keyring for ECC keys, and the one for RSA keys is of this test',
    does: ['seal', 'open'],
    meets: ({ keys }) => keys.some(({ keyring }) => keyring !== 'rsa'),
  },
  {
    what: 'its keyring here is for one key',
    does: ['seal'],
    meets: ({ keys }) => keys.length > 1,
  },
]

/**
 * @param local - a running local KMS
 * @param folder - for job and result files
 * @returns by name: what runs jobs, and what it cannot do
 */
export async function foreignPrograms(local, folder) {
  const [python, go, java] = await Promise.all([pythonProgram(), goProgram(), javaProgram()])
  const env = environmentOf(local)
  return {
    Python: { run: runner(python, 'Python', env, folder), limits: limitsOfPython },
    Go: { run: runner(go, 'Go', env, folder), limits: [] },
    Java: { run: runner([...java, 'messages'], 'Java', env, folder), limits: limitsOfJava },
    Node: { run: (jobs) => runInNode(jobs, local.clientConfig), limits: limitsOfNode },
  }
}
