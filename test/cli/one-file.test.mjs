// The command line as one file, alone in a folder: what it does without any package, where it looks
// for those that it needs, what it evaluates, and that two builds of it are the same.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { createSigner, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { buildOneFile } from '../../tools/one-file.mjs'
import { otherNode } from '../support/other-node.mjs'
import { bin, sealdrop } from './helpers.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const base = mkdtempSync(join(tmpdir(), 'sealdrop-one-file-'))
after(() => rmSync(base, { recursive: true, force: true }))
const command = join(base, 'bin/sealdrop.mjs')
/** Where the command is called, which is not where it lies. */
const cwd = join(base, 'work')
mkdirSync(join(base, 'bin'))
mkdirSync(cwd)
copyFileSync(bin, command)
const at = (name) => join(cwd, name)

/** @type {import('sealdrop/local-kms').LocalKms} */
let local
before(async () => {
  local = await startLocalKms({
    keys: [
      { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
      { alias: 'alias/archive', spec: 'ML_DSA_44', usage: 'SIGN_VERIFY' },
    ],
  })
  const kms = local.clientConfig
  writeFileSync(at('key.json'), JSON.stringify(await publicJwk({ kms, key: 'alias/claims' })))
  writeFileSync(at('signers.json'), JSON.stringify(await publicJwk({ kms, key: 'alias/archive' })))
  writeFileSync(at('token'), await createSigner({ kms, key: 'alias/archive' }).sign('hello'))
  writeFileSync(at('plain'), 'one kibibyte. '.repeat(80))
})
after(() => local.close())

const ran = (args, env = {}) =>
  sealdrop(args, { command, cwd, env: { ...local.env, SEALDROP_PACKAGES: '', ...env } }).ended
const opening = ['open', '--key-id', 'alias/claims', '--force', '-o', 'opened', 'sealed']
const aStack = /\n\s+at |node:internal|ERR_MODULE|Warning/

test('alone in a folder it says its version, seals, and says what is sealed', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  assert.equal((await ran(['--version'])).out, `${version}\n`)
  const sealed = await ran(['seal', '-r', 'key.json', '-o', 'sealed', 'plain'])
  assert.equal(sealed.code, 0, sealed.err)
  const { out } = await ran(['inspect', '--json', 'sealed'])
  assert.equal(JSON.parse(out).kind, 'stream')
})

/** Arguments, the package that is missing. @type {[string[], string][]} */
const missing = [
  [opening, '@aws-sdk/client-kms'],
  [['sign', '--key-id', 'alias/claims', 'plain'], '@aws-sdk/client-kms'],
  [['doctor', '--inventory', 's3://b/k.json'], '@aws-sdk/client-s3'],
  [['local-kms'], 'sealdrop'],
]
for (const [args, name] of missing)
  test(`${args[0]} without ${name} says in a sentence what installs it where it is found`, async () => {
    const { code, out, err } = await ran(args)
    assert.deepEqual([code, out], [2, ''])
    assert.equal(err.trimEnd().split('\n').length, 1, err)
    assert.include(err, `: npm install --prefix ${join(base, 'bin')} ${name}\n`)
    assert.notMatch(err, aStack)
  })

/** A package that says that it ran. */
function plant(folder, name) {
  const where = join(folder, 'node_modules', name)
  mkdirSync(where, { recursive: true })
  writeFileSync(join(where, 'package.json'), JSON.stringify({ name, main: 'index.js' }))
  writeFileSync(join(where, 'index.js'), "console.error('PLANTED')")
  return () => rmSync(join(folder, 'node_modules'), { recursive: true })
}

test('what lies in the working folder is not loaded; what lies beside the file is', async () => {
  for (const [folder, seen] of /** @type {const} */ ([
    [cwd, false],
    [join(base, 'bin'), true],
  ])) {
    const remove = plant(folder, '@aws-sdk/client-kms')
    const { code, err } = await ran(opening)
    remove()
    assert.equal(code, 2)
    assert.equal(err.includes('PLANTED'), seen, err)
  }
})

test('SEALDROP_PACKAGES says where else, by an absolute path', async () => {
  const { code, err } = await ran(opening, { SEALDROP_PACKAGES: root })
  assert.equal(code, 0, err)
  assert.notMatch(err, aStack, 'not even a warning of the SDK')
  assert.equal(readFileSync(at('opened'), 'utf8'), readFileSync(at('plain'), 'utf8'))
  const relative = await ran(opening, { SEALDROP_PACKAGES: 'node_modules' })
  assert.equal(relative.code, 2)
  assert.match(relative.err, /^sealdrop: SEALDROP_PACKAGES: expected the absolute path .*\n$/)
})

test('local-kms is that of the package that is installed beside it', async () => {
  mkdirSync(join(base, 'bin/node_modules'))
  symlinkSync(root, join(base, 'bin/node_modules/sealdrop'))
  const run = sealdrop(['local-kms'], { command, cwd })
  await run.until(/^export AWS_SECRET_ACCESS_KEY=.*\n/m)
  const { code } = await run.stop()
  assert.equal(code, 0)
  rmSync(join(base, 'bin/node_modules'), { recursive: true })
})

/** A Node whose WebCrypto has no ML-DSA. */
const older =
  Number(process.versions.node.split('.')[0]) < 24 ? process.execPath : otherNode()?.path
const noOlder = older === undefined && 'no Node without ML-DSA is on the PATH'
test('where Node has no ML-DSA it is that of the package, or a sentence', { skip: noOlder }, () => {
  const verifying = [command, 'verify', '-k', 'signers.json', '--token', 'token']
  const verified = () =>
    spawnSync(older ?? '', verifying, {
      cwd,
      env: { ...process.env, SEALDROP_PACKAGES: '' },
      encoding: 'utf8',
    })
  const { status, stdout, stderr } = verified()
  assert.deepEqual([status, stdout], [2, ''])
  assert.match(
    stderr,
    /^sealdrop: ml-dsa is not in this file.*: npm install --prefix .* sealdrop\n$/,
  )
  mkdirSync(join(base, 'bin/node_modules'))
  symlinkSync(root, join(base, 'bin/node_modules/sealdrop'))
  const withPackage = verified()
  writeFileSync(at('token'), readFileSync(at('token'), 'utf8').replace(/.{9}$/, 'AAAAAAAAA'))
  const changed = verified()
  rmSync(join(base, 'bin/node_modules'), { recursive: true })
  assert.deepEqual([withPackage.status, withPackage.stdout], [0, 'hello'], withPackage.stderr)
  assert.deepEqual([changed.status, changed.stdout], [3, ''])
})

const hashOf = (path) => createHash('sha256').update(readFileSync(path)).digest('hex')

test('two builds are the same, and name no folder of the machine', async () => {
  const outfile = join(base, 'again.mjs')
  // several times: what depends on which file is read first differs now and then
  for (let round = 0; round < 8; round++) {
    await buildOneFile({ outfile })
    assert.equal(hashOf(outfile), hashOf(bin))
  }
  const text = readFileSync(bin, 'utf8')
  // the help of policy names the file of a reader
  const own = text.replaceAll('file://policy.json', '')
  for (const path of [root, tmpdir(), 'file://']) assert.notInclude(own, path)
})

test('it holds the licences of what is inside, no other library, and what is small', () => {
  const text = readFileSync(bin, 'utf8')
  assert.include(text, readFileSync(join(root, 'NOTICE'), 'utf8'))
  assert.isAtMost(text.length, 600_000)
  assert.notMatch(text, /^import[^(]/m, 'nothing is loaded before it is needed')
})

/** The modules of the file that ran, by their paths; those of Node as `node:…`. */
async function evaluated(args) {
  const outfile = join(base, 'traced.mjs')
  await buildOneFile({ outfile, minify: false })
  const begun = '__getOwnPropNames($1)[0]'
  const traced = readFileSync(outfile, 'utf8').replaceAll(
    /__getOwnPropNames\((fn|cb)\)\[0\](?=\]\))/g,
    `(globalThis.ran ??= []).push(${begun}) && ${begun}`,
  )
  const log = "process.on('exit', () => console.error(`RAN ${globalThis.ran.join()}`))\n"
  writeFileSync(outfile, traced.replace('\n', `\n${log}`))
  const { code, err } = await sealdrop(args, { command: outfile, cwd }).ended
  assert.equal(code, 0, err)
  return (/^RAN (.*)$/m.exec(err)?.[1] ?? '').split(',')
}

const kmsParts = /\/(open|kms|upload|s3|stores|local-kms|providers)\//
test('--version evaluates no command, and seal nothing that opens, uploads or asks AWS', async () => {
  const version = await evaluated(['--version'])
  assert.include(version, 'dist/cli/commander.js')
  assert.isAtMost(version.length, 20, version.join('\n'))
  assert.notMatch(version.join('\n'), /built-in:node:child_process|commands/)
  const sealing = await evaluated(['seal', '-r', 'key.json', '--force', '-o', 'sealed', 'plain'])
  assert.include(sealing, 'dist/stream/seal-stream.js')
  assert.deepEqual(
    sealing.filter(
      (path) => kmsParts.test(path) || /commands\/(?!seal)|node:http|inventory/.test(path),
    ),
    [],
  )
  const { error } = await evaluated(['inspect', 'sealed']).then((inspecting) => ({
    error: inspecting.includes('dist/cli/commands/inspect.js'),
  }))
  assert.isTrue(error, 'the traces tell commands apart')
})
