// Stock age, built once of the Go module proxy, and how it is run.
import { spawn } from 'node:child_process'
import { goInstalled } from '../interop/environment.mjs'

/** @returns the path of its program */
export const ageProgram = () => goInstalled('age', 'filippo.io/age/cmd/age@v1.3.2')

/** Runs a program to its end, with bytes on stdin. */
export function ran(program, args, { input = '', env = {} } = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env } })
  const out = []
  const err = []
  child.stdout.on('data', (chunk) => out.push(chunk))
  child.stderr.on('data', (chunk) => err.push(chunk))
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) =>
      resolve({ code, out: Buffer.concat(out), err: Buffer.concat(err).toString() }),
    )
  })
}
