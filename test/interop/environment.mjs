// The foreign programs: a virtual environment, a Go binary and classes of Java, made once and kept
// until what they are made of changes.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const here = fileURLToPath(new URL('.', import.meta.url))
const cache = fileURLToPath(new URL('../../.build/interop/', import.meta.url))
const goFolder = join(here, 'foreign-go')
const goEnvironment = {
  ...process.env,
  GOFLAGS: '-mod=readonly',
  GOTOOLCHAIN: 'local',
  GOWORK: 'off',
  CGO_ENABLED: '0',
}

/** What a tool says its version is, which also belongs to the key of what it makes. */
async function versionOf(tool, args, purpose) {
  try {
    const { stdout } = await execute(tool, args, { env: goEnvironment })
    return stdout.trim()
  } catch (error) {
    const { code, message } = Object(error)
    throw new Error(
      `${tool} is missing or does not run: it is needed ${purpose} (${code ?? message})`,
      { cause: error },
    )
  }
}

/** One folder per state of the sources; it gets its name only when it is complete. */
async function kept(name, parts, make) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  const folder = join(cache, `${name}-${hash.digest('hex').slice(0, 16)}`)
  const complete = join(folder, 'complete')
  if (existsSync(complete)) return folder
  console.log(`making ${name} in ${folder}`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await make(folder)
  await writeFile(`${complete}.new`, '')
  await rename(`${complete}.new`, complete)
  return folder
}

async function run(tool, args, options) {
  try {
    await execute(tool, args, { maxBuffer: 64 << 20, ...options })
  } catch (error) {
    const { stderr, message } = Object(error)
    throw new Error(
      `${tool} ${args.join(' ')} failed:\n${String(stderr || message).slice(-4000)}`,
      {
        cause: error,
      },
    )
  }
}

/** Writes files, by their path in a folder. */
async function writeAll(folder, files) {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

const saysItsVersion = [
  'import sys, platform',
  'assert sys.version_info >= (3, 11), "Python 3.11"',
  'print(sys.executable, platform.python_version())',
].join('; ')

/** A virtual environment with what a pinned file of requirements asks for. @returns its folder */
export async function pythonEnvironment(name, requirements) {
  const version = await versionOf(
    'python3',
    ['-c', saysItsVersion],
    'for the Python SDK, in version 3.11 or later',
  )
  return kept(name, [version, readFileSync(requirements)], async (made) => {
    await run('python3', ['-m', 'venv', made])
    await run(join(made, 'bin', 'python'), [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-input',
      '--disable-pip-version-check',
      '--requirement',
      requirements,
    ])
  })
}

/** A Go module, built. @returns the path of its program */
export async function goBinary(name, source) {
  const version = await versionOf('go', ['version'], 'for the Go SDK')
  const sources = readdirSync(source).sort()
  if (!sources.includes('go.sum')) throw new Error(`${source} has no go.sum`)
  const folder = await kept(
    name,
    [version, ...sources.flatMap((file) => [file, readFileSync(join(source, file))])],
    (made) =>
      run('go', ['build', '-trimpath', '-o', join(made, 'foreign'), '.'], {
        cwd: source,
        env: goEnvironment,
      }),
  )
  return join(folder, 'foreign')
}

/** A program of the Go module proxy, in one version. @returns the path of its program */
export async function goInstalled(name, path) {
  const version = await versionOf('go', ['version'], `for ${name}`)
  const folder = await kept(name, [version, path], (made) =>
    run('go', ['install', '-trimpath', path], {
      env: { ...goEnvironment, GOBIN: made, GOFLAGS: '-p=2' },
    }),
  )
  return join(folder, name)
}

/** The files of a module of the Go module proxy, in one version. @returns their folder */
export async function goFiles(module) {
  await versionOf('go', ['version'], `for ${module}`)
  const { stdout } = await execute('go', ['mod', 'download', '-json', module], {
    env: goEnvironment,
  })
  return JSON.parse(stdout).Dir
}

/** A program of crates.io, in one version, built as it is released. @returns its path */
export async function cargoInstalled(name, version) {
  const cargo = await versionOf('cargo', ['--version'], `for ${name}`)
  const folder = await kept(name, [cargo, version], (made) =>
    run('cargo', [
      'install',
      '--quiet',
      '--locked',
      '--jobs',
      '2',
      '--root',
      made,
      name,
      '--version',
      version,
    ]),
  )
  return join(folder, 'bin', name)
}

/** A Rust program, built. @returns its path */
export async function rustProgram(name, files) {
  const version = await versionOf('cargo', ['--version'], 'for the Rust SDK')
  const folder = await kept(name, [version, ...Object.entries(files).flat()], async (made) => {
    await writeAll(join(made, 'source'), files)
    await run('cargo', ['build', '--quiet', '--target-dir', join(made, 'target')], {
      cwd: join(made, 'source'),
    })
  })
  return join(folder, 'target', 'debug', 'partner')
}

/**
 * Several Go programs of one module, each in a folder of it, built.
 *
 * @param {string} name
 * @param {Record<string, string>} files - by their path in the module, also go.mod and go.sum
 * @returns the folder of the programs
 */
export async function goModule(name, files) {
  const version = await versionOf('go', ['version'], 'for the Go SDK')
  const folder = await kept(name, [version, ...Object.entries(files).flat()], async (made) => {
    const source = join(made, 'source')
    await writeAll(source, files)
    await mkdir(join(made, 'bin'))
    await run('go', ['build', '-trimpath', '-o', join(made, 'bin'), './...'], {
      cwd: source,
      env: goEnvironment,
    })
  })
  return join(folder, 'bin')
}

/**
 * Java programs, compiled, beside the libraries that their pom.xml names.
 *
 * @returns the arguments of java that name them
 */
export async function javaClasses(name, source) {
  const version = await versionOf('javac', ['-version'], 'for the Java SDK, in version 17 or later')
  await versionOf('mvn', ['--version'], 'to get the Java SDK')
  const sources = readdirSync(source).sort()
  const folder = await kept(
    name,
    [version, ...sources.flatMap((file) => [file, readFileSync(join(source, file))])],
    async (made) => {
      await run('mvn', [
        '--batch-mode',
        '--quiet',
        '--file',
        join(source, 'pom.xml'),
        'dependency:copy-dependencies',
        '-DincludeScope=runtime',
        `-DoutputDirectory=${join(made, 'lib')}`,
      ])
      await run('javac', [
        '-d',
        join(made, 'classes'),
        '--class-path',
        join(made, 'lib', '*'),
        ...sources.filter((file) => file.endsWith('.java')).map((file) => join(source, file)),
      ])
    },
  )
  return ['--class-path', [join(folder, 'classes'), join(folder, 'lib', '*')].join(delimiter)]
}

/** @returns the command that runs foreign.py in its virtual environment */
export const pythonProgram = async () => [
  join(await pythonEnvironment('python', join(here, 'requirements.txt')), 'bin', 'python'),
  join(here, 'foreign.py'),
]

/** @returns the command that runs foreign-go */
export const goProgram = async () => [await goBinary('go', goFolder)]

/** @returns the command that runs foreign-java, without what says whose jobs it runs */
export const javaProgram = async () => [
  'java',
  ...(await javaClasses('java', join(here, 'foreign-java'))),
  'Foreign',
]
