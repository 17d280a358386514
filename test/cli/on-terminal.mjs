// The command on a terminal that is real: `script` of util-linux makes one.
import { spawn } from 'node:child_process'
import { ownFolders } from './own-folders.mjs'
import { bin } from './seal-helpers.mjs'

/** An argument as a shell has it. */
export const quoted = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`

/**
 * Runs the command on a terminal of its own.
 *
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: object }} o
 * @returns the child, what the terminal showed so far, and its exit code with all that it showed in the end,
 *   where `<clear>` takes the rest of a line away
 */
export function onTerminal(args, { cwd, env = {} }) {
  const command = [process.execPath, bin, ...args].map(quoted).join(' ')
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd,
    env: { ...process.env, ...ownFolders, SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const shown = { text: '' }
  child.stdout.on('data', (chunk) => (shown.text += chunk))
  /** @type {Promise<{ code: number | null, text: string }>} */
  const ended = new Promise((resolve) => {
    child.once('close', (code) =>
      resolve({ code, text: shown.text.replaceAll('\u001B[K', '<clear>') }),
    )
  })
  return { child, shown, ended }
}
