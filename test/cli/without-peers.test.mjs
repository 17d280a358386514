// The command and the companion where only sealdrop is installed: what asks KMS nothing works, and
// a missing peer is told in one sentence with what installs it. Nothing prints a stack.
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { assert } from 'chai'
import { loadSdk, withPeer } from '#dist/kms/port/peer.js'
import { keySetHandler } from 'sealdrop/serve'
import { fails, keySetOf, publicJwk } from '../support/host.js'
import { emptyInventory, claims } from '../support/inventories.mjs'
import { listen } from '../support/listen.mjs'
import { wrong } from '../support/types.mjs'
import { sealdrop } from './helpers.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sealdrop-alone-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const home = join(folder, 'node_modules/sealdrop')
cpSync(join(root, 'dist'), join(home, 'dist'), { recursive: true })
cpSync(join(root, 'package.json'), join(home, 'package.json'))
writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
mkdirSync(join(folder, 'keys'))
writeFileSync(join(folder, 'keys/inventory.json'), JSON.stringify(emptyInventory(claims)))

const command = join(home, 'dist/cli/sealdrop.mjs')
const doctor = (...args) => sealdrop(['doctor', ...args], { command, cwd: folder }).ended
const aStack = /\n\s+at |node:internal|ERR_MODULE/
const sentence = (name, version) =>
  new RegExp(
    `^(sealdrop: )?${name} is not installed, or older than ${version}: npm install ${name}\n$`,
  )
const kms = sentence('@aws-sdk/client-kms', '3\\.1038\\.0')

test('the versions that are told are those of package.json', async () => {
  const { peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  // doors import jose and @uppy/core at once, and Node says that they are missing; tus-js-client is
  // handed its options, and never imported
  const others = ['jose', '@uppy/core', 'tus-js-client']
  assert.includeMembers(Object.keys(peerDependencies), others)
  const told = Object.entries(peerDependencies).filter(([name]) => !others.includes(name))
  assert.lengthOf(told, 4)
  for (const [name, range] of told) {
    const missing = withPeer(wrong(name), () => Promise.reject(new Error('missing')))
    const { message } = await fails(assert, missing, 'invalid_argument')
    assert.match(`${message}\n`, sentence(name, range.slice(1).replaceAll('.', '\\.')))
  }
  assert.isFunction((await loadSdk()).KMSClient)
})

test('doctor --key-set looks at the set', async (t) => {
  const documents = async () => ({
    jwks: keySetOf(publicJwk('P-256-enc')),
    etag: '"1"',
    expires: new Date(Date.now() + 3_600_000),
  })
  const server = await listen(keySetHandler({ documents }))
  t.after(server.close)
  const { code, out, err } = await doctor('--key-set', server.url)
  assert.equal(code, 0, out + err)
  assert.match(out, /^ok +key set: reachable$/m)
  assert.notMatch(out + err, aStack)
})

/** @type {[string[], RegExp][]} */
const missing = [
  [['--root', 'alias/root'], kms],
  [['--inventory', 'keys'], kms],
  [['--inventory', 'keys', '--role', 'opener', '--json'], kms],
  [['--inventory', 's3://b/k.json'], sentence('@aws-sdk/client-s3', '3\\.729\\.0')],
  [['--inventory', 'dynamodb://t'], sentence('@aws-sdk/client-dynamodb', '3\\.699\\.0')],
]
for (const [args, pattern] of missing)
  test(`doctor ${args.join(' ')} says in a sentence what to install`, async () => {
    const { code, out, err } = await doctor(...args)
    assert.equal(code, 2)
    assert.equal(out, '')
    assert.match(err, pattern)
  })

/** What a module says that runs in the folder. */
const said = async (code) => {
  const args = ['--no-warnings', '--input-type=module', '-e', code]
  return (await promisify(execFile)(process.execPath, args, { cwd: folder })).stdout
}
const asked = (more = '') => `${more}
  import { createOpener, createPublisher, createSigner, doctor, fileInventory, publicJwk } from 'sealdrop/kms'
  const kms = { region: 'us-east-1' }
  const store = fileInventory('keys')
  for (const call of [
    createOpener({ kms, keys: ['alias/x'] }).ready(),
    createSigner({ kms, key: 'alias/x' }).sign('x'),
    createPublisher({ kms, keys: [{ key: 'alias/x' }] }).documents(),
    publicJwk({ kms, key: 'alias/x' }),
    doctor({ kms, store }),
  ])
    await call.then(() => console.log('done'), ({ name, code, message }) => console.log(message))`

test('sealdrop/kms loads without its peer, and its verbs say what to install', async () => {
  const lines = (await said(asked())).trimEnd().split('\n')
  assert.lengthOf(lines, 5)
  for (const line of lines) assert.match(`${line}\n`, kms)
})

test('a peer that lacks a command is told by the version that has it', async () => {
  const old = join(folder, 'node_modules/@aws-sdk/client-kms')
  mkdirSync(old, { recursive: true })
  writeFileSync(join(old, 'package.json'), '{"type":"module","exports":"./index.js"}')
  writeFileSync(join(old, 'index.js'), 'export class KMSClient {}')
  const lines = (await said(asked())).trimEnd().split('\n')
  rmSync(old, { recursive: true })
  assert.lengthOf(lines, 5)
  for (const line of lines) assert.match(`${line}\n`, kms)
})

test('what nobody foresaw is told in one line, with exit code 1', async () => {
  const preload = join(folder, 'preload.mjs')
  const failing = "new TypeError('first\\nsecond\\x1b[31m')"
  for (const how of [`throw ${failing}`, `void Promise.reject(${failing})`]) {
    writeFileSync(preload, `setTimeout(() => { ${how} }, 400)`)
    const ended = await sealdrop(['local-kms', '--quiet'], {
      command,
      env: { NODE_OPTIONS: `--import ${preload}` },
    }).ended
    assert.equal(ended.code, 1)
    const [last] = ended.err.trimEnd().split('\n').slice(-1)
    assert.equal(last, 'sealdrop: failed unexpectedly: TypeError: first?second?[31m')
    assert.notMatch(ended.err, aStack)
  }
})
