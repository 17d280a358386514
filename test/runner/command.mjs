// Runs a command to its end, and what it started with it.
import { spawn } from 'node:child_process'

/** Process groups that run now. When this process is stopped, they are stopped too. */
const groups = new Set()

function end(group) {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    /* nothing is left of it */
  }
}

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    for (const group of groups) end(group)
    process.kill(process.pid, signal)
  })

/**
 * Runs a command in a process group of its own, so that nothing it left running outlives it.
 *
 * @param {string[]} command - the program and its arguments
 * @param {object} o
 * @param {number} o.patience - milliseconds after which it is stopped
 * @param {Record<string, string>} [o.env] - added to this process's environment
 * @returns all that it printed, its status, the seconds it took, and whether it was stopped
 */
export async function runCommand([program, ...args], { patience, env = {} }) {
  const began = performance.now()
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
  })
  if (child.pid) groups.add(child.pid)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += chunk
    })
  let late = false
  const timer = setTimeout(() => {
    late = true
    end(child.pid)
  }, patience)
  const status = await new Promise((resolve) => {
    child.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      output += `${error.message}\n`
      resolve(error.code)
    })
    child.on('close', (code, signal) => resolve(code ?? signal))
  })
  clearTimeout(timer)
  if (child.pid) {
    end(child.pid)
    groups.delete(child.pid)
  }
  return { output, status, late, seconds: (performance.now() - began) / 1000 }
}
