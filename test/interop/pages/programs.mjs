// What runs the programs of the pages for partners.
import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { javaClasses, pythonProgram } from '../environment.mjs'
import { goPages, programsOf } from './blocks.mjs'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
/** Writes programs into a folder. @returns its path */
export async function written(folder, programs) {
  await mkdir(folder, { recursive: true })
  for (const [name, code] of Object.entries(programs)) await writeFile(join(folder, name), code)
  return folder
}

/**
 * Runs a program to its end.
 *
 * @param {readonly string[]} command
 * @param {{ input?: string | Uint8Array, env?: NodeJS.ProcessEnv, cwd?: string }} o
 */
export async function run([command, ...args], { input = '', env = {}, cwd }) {
  const child = spawn(command, args, { cwd, env: { PATH: process.env.PATH, ...env } })
  /** @type {Buffer[][]} */
  const [out, problems] = [[], []]
  child.stdout.on('data', (chunk) => out.push(chunk))
  child.stderr.on('data', (chunk) => problems.push(chunk))
  child.stdin.on('error', () => {}) // a program that has failed reads no more
  child.stdin.end(input)
  const status = await new Promise((resolve, reject) =>
    child.on('error', reject).on('close', resolve),
  )
  return { status, out: Buffer.concat(out), problem: Buffer.concat(problems).toString() }
}

/** @returns by the name of a program: what runs it */
async function pythonCommands(folder) {
  const programs = programsOf('partners/python.md')
  const [python] = await pythonProgram()
  await written(folder, programs)
  return (name) => [python, '-W', 'ignore', join(folder, `${name}.py`)]
}

async function javaCommands(folder) {
  const programs = programsOf('partners/java.md')
  await written(folder, programs)
  const [flag, libraries] = await javaClasses('java', at('../foreign-java'))
  const classes = join(folder, 'classes')
  const sources = Object.keys(programs).map((name) => join(folder, name))
  const { status, problem } = await run(['javac', '-d', classes, flag, libraries, ...sources], {})
  if (status !== 0) throw new Error(`javac: ${problem}`)
  // most of a run is the start, which is faster without the optimizing compiler
  return (name) => ['java', '-XX:TieredStopAtLevel=1', flag, `${classes}:${libraries}`, name]
}

async function goCommands() {
  const folder = await goPages()
  return (name) => [join(folder, name)]
}

/** @param folder - for the sources; @returns by language, what runs a program of its page */
export async function pagePrograms(folder) {
  const [python, java, go] = await Promise.all([
    pythonCommands(join(folder, 'python')),
    javaCommands(join(folder, 'java')),
    goCommands(),
  ])
  return { Python: python, Java: java, Go: go }
}
