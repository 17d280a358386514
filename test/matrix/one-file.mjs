// The command line as one file in Deno and Bun, alone in a folder: it seals, says what is missing,
// and opens by KMS where AWS's client is named.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { publicJwk } from '../../dist/doors/kms.js'
import { startLocalKms } from '../../dist/doors/local-kms.js'
import { npmProgram } from './environment.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sealdrop-hosts-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const at = (name) => join(folder, name)
copyFileSync(join(root, 'dist/cli/sealdrop.mjs'), at('sealdrop.mjs'))
writeFileSync(at('plain'), 'one kibibyte. '.repeat(80))

const local = await startLocalKms({
  keys: [{ alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }],
})
after(() => local.close())
before(async () => {
  const jwk = await publicJwk({ kms: local.clientConfig, key: 'alias/claims' })
  writeFileSync(at('key.json'), JSON.stringify(jwk))
})

/** Hosts that the environment leaves out, as `run.mjs` does. */
const leftOut = (process.env.MATRIX_WITHOUT ?? '').split(',').map((name) => name.trim())

/** Each host with the arguments that run a program. */
const hosts = [
  ['Deno', 'run', '-A'],
  ['Bun', 'run', '--no-install'],
]

for (const [name = '', ...how] of hosts) {
  const skip = leftOut.includes(name) && 'MATRIX_WITHOUT names it'
  const program = skip ? '' : await npmProgram(name.toLowerCase())

  /** A command in this host, from its start to its end. */
  const ran = (args, env = {}) =>
    new Promise((resolve) => {
      const child = spawn(program, [...how, 'sealdrop.mjs', ...args], {
        cwd: folder,
        env: { ...process.env, NO_COLOR: '1', SEALDROP_PACKAGES: '', ...local.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const said = { out: '', err: '' }
      child.stdout.on('data', (chunk) => (said.out += chunk))
      child.stderr.on('data', (chunk) => {
        said.err += chunk
        // a server would run until it is told to end
        if (/^export AWS_SECRET_ACCESS_KEY/m.test(said.err)) child.kill('SIGTERM')
      })
      child.once('close', (code) => resolve({ code, ...said }))
    })
  const opening = ['open', '--key-id', 'alias/claims', '--force', '-o', 'opened', 'sealed']

  test(`${name}: it seals without any package`, { skip }, async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    assert.equal((await ran(['--version'])).out, `${version}\n`)
    const { code, err } = await ran(['seal', '-r', 'key.json', '--force', '-o', 'sealed', 'plain'])
    assert.equal(code, 0, err)
  })

  test(
    `${name}: without AWS's client it says in a sentence what installs it`,
    { skip },
    async () => {
      const { code, err } = await ran(opening)
      assert.equal(code, 2)
      assert.match(
        err,
        /^sealdrop: @aws-sdk\/client-kms is not installed.*: npm install --prefix .*\n$/,
      )
      assert.isFalse(existsSync(at('opened')))
    },
  )

  test(`${name}: with it, it opens what it sealed`, { skip }, async () => {
    const { code, err } = await ran(opening, { SEALDROP_PACKAGES: root })
    assert.equal(code, 0, err)
    assert.equal(readFileSync(at('opened'), 'utf8'), readFileSync(at('plain'), 'utf8'))
    rmSync(at('opened'))
  })

  test(`${name}: local-kms comes from the package beside it`, { skip }, async () => {
    mkdirSync(at('node_modules'))
    symlinkSync(root, at('node_modules/sealdrop'))
    const { err } = await ran(['local-kms'])
    rmSync(at('node_modules'), { recursive: true })
    assert.match(err, /^Sealdrop local KMS .*http:/m)
  })
}
