// What hosts of the command line share: a program that loads the bundle, runs it and reports over
// HTTP.
import { execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'

/** @returns the version that the program says it is, its end, and how to bring that about */
export async function startProgram(
  path,
  { file, base, options, args = [], version = ['--version'], env = process.env },
) {
  const { stdout } = await promisify(execFile)(path, version, { env })
  const child = spawn(path, [...args, file, base, JSON.stringify(options)], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const ended = new Promise((resolve, reject) =>
    child
      .on('error', reject)
      .on('close', (code, signal) => resolve(`it ended with ${code ?? signal}`)),
  )
  return { version: /\d+\.\d+\.\d+\S*/.exec(stdout)?.[0], ended, stop: () => child.kill('SIGKILL') }
}
