// A folder as a user has it: the examples, their packages and the packed sealdrop, and a local KMS
// that the AWS client finds by its environment.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startLocalKms } from 'sealdrop/local-kms'
import { npmFolder } from '../support/npm-folder.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const source = join(root, 'examples')

export const keys = [
  { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
  { alias: 'alias/receipts', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
]

export async function workplace() {
  const packages = join(await npmFolder(source, 'examples'), 'node_modules')
  const folder = mkdtempSync(join(tmpdir(), 'sealdrop-examples-'))
  cpSync(source, folder, { recursive: true, filter: (path) => !path.includes('node_modules') })
  symlinkPackages(packages, join(folder, 'node_modules'))
  unpackSealdrop(folder)
  const local = await startLocalKms({ keys })
  Object.assign(process.env, local.env, { PORT: '0' })
  const close = async () => {
    await local.close()
    rmSync(folder, { recursive: true })
  }
  return { folder, packages, local, close }
}

/** Every package as a link, beside which sealdrop itself can be put. */
function symlinkPackages(packages, target) {
  cpSync(packages, target, { recursive: true, verbatimSymlinks: true })
  mkdirSync(join(target, '@aws-sdk'), { recursive: true })
  symlinkSync(join(root, 'node_modules/@aws-sdk/client-kms'), join(target, '@aws-sdk/client-kms'))
  mkdirSync(join(target, '@types'), { recursive: true })
  cpSync(join(root, 'node_modules/@types/node'), join(target, '@types/node'), { recursive: true })
}

/** The package as the registry would hand it out. */
function unpackSealdrop(folder) {
  /** @type {import('node:child_process').ExecFileSyncOptionsWithStringEncoding} */
  const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const [{ filename }] = JSON.parse(execFileSync('npm', pack, options))
  const target = join(folder, 'node_modules/sealdrop')
  mkdirSync(target, { recursive: true })
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', target, '--strip-components=1'])
}
