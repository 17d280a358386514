// The command as a process, and a local KMS that it runs.
import { spawn } from 'node:child_process'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { KMSClient } from '@aws-sdk/client-kms'
import { ownFolders } from './own-folders.mjs'

/** What the package installs as `sealdrop`: the one file. */
export const bin = fileURLToPath(new URL('../../dist/cli/sealdrop.mjs', import.meta.url))

const children = new Set()
after(() => {
  for (const child of children) child.kill('SIGKILL')
}) // a test that fails leaves its command running

/**
 * The command in a process of its own, with what it wrote so far.
 *
 * @param {readonly string[]} args
 * @param {{ command?: string, env?: object, cwd?: string }} options
 */
export function sealdrop(args, { command = bin, env = {}, ...options } = {}) {
  const child = spawn(process.execPath, [command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_ENV: '', NO_COLOR: '1', ...ownFolders, ...env },
    ...options,
  })
  children.add(child)
  child.once('close', () => children.delete(child))
  const written = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    written.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    written.err += chunk
  })
  /** @type {Promise<{ code: number | null, signal: string | null, out: string, err: string }>} */
  const ended = new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, ...written }))
  })
  return {
    child,
    ended,
    /** What it wrote to stderr so far. */
    err: () => written.err,
    /** Ends it. */
    stop: (/** @type {NodeJS.Signals} */ signal = 'SIGTERM') => {
      child.kill(signal)
      return ended
    },
    /** Resolves once stderr has what the pattern looks for; fails when the process ends before. */
    until: (/** @type {RegExp} */ pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(written.err)
          if (found) resolve(found)
        }
        child.stderr.on('data', look)
        child.once('close', () => reject(new Error(`the command ended: ${written.err}`)))
        look()
      }),
  }
}

/** The lines to paste, as a shell that pastes them has them. */
export const printedEnv = (err) =>
  Object.fromEntries(
    [...err.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  )

/**
 * A running local KMS: the process, its printed environment, and a client that knows nothing else.
 *
 * @param {readonly string[]} args
 * @param {Parameters<typeof sealdrop>[1]} options
 */
export async function running(args, options = {}) {
  const run = sealdrop(['local-kms', ...args], options)
  await run.until(/^export AWS_SECRET_ACCESS_KEY=.*\n/m)
  const env = printedEnv(run.err())
  const client = new KMSClient({
    endpoint: env.AWS_ENDPOINT_URL_KMS,
    region: env.AWS_REGION,
    credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY },
    maxAttempts: 1,
  })
  return { ...run, env, client }
}
