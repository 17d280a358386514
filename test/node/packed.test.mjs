// What a user gets: the packed package, installed in an empty folder.
import test from 'node:test'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { generateKeyPairSync } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KMSClient, SignCommand } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { npmFolder } from '../support/npm-folder.mjs'

const root = new URL('../../', import.meta.url).pathname
// before any test is there: the hook below runs when all tests that are known have ended
const oldest = await npmFolder(
  fileURLToPath(new URL('../consumers/', import.meta.url)),
  'consumers',
)
const folder = mkdtempSync(join(tmpdir(), 'sealdrop-packed-'))
test.after(() => rmSync(folder, { recursive: true }))
const run = (command, args, o = {}) =>
  execFileSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    ...o,
  })
const bin = (name) => join(root, 'node_modules/.bin', name)

const [{ filename, files }] = JSON.parse(
  run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: root }),
)
const tarball = join(folder, filename)
writeFileSync(join(folder, 'package.json'), '{"name":"user","private":true,"type":"module"}')
run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', tarball])
/** The AWS client, as a companion has it; the first tests run without. */
const withPeer = () => {
  mkdirSync(join(folder, 'node_modules/@aws-sdk'), { recursive: true })
  symlinkSync(
    join(root, 'node_modules/@aws-sdk/client-kms'),
    join(folder, 'node_modules/@aws-sdk/client-kms'),
  )
}
const node = (code) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: folder,
    encoding: 'utf8',
  })

test('it brings nothing else', () => {
  assert.deepEqual(
    readdirSync(join(folder, 'node_modules'))
      .filter((name) => !name.startsWith('.'))
      .sort(),
    ['sealdrop'],
  )
})

test('it holds what a user needs and nothing of the workshop', () => {
  const names = files.map(({ path }) => path)
  for (const name of [
    'LICENSE',
    'NOTICE',
    'README.md',
    'CHANGELOG.md',
    'SECURITY.md',
    'dist/doors/index.js',
    'dist/doors/index.d.ts',
    'dist/sealdrop.min.js',
    'dist/sealdrop.min.js.map',
    'dist/sealdrop.min.mjs',
    'dist/integrity.json',
    'schemas/config.schema.json',
    'dist/cli/sealdrop.mjs',
    'dist/man/sealdrop.1',
    'dist/man/sealdrop-seal.1',
    'docs/command-line-reference.md',
  ])
    assert.include(names, name)
  for (const { path, size } of files)
    assert.isAbove(size, /\.d\.ts$|\.js$/.test(path) ? 0 : 100, path)
  for (const library of [
    'lru-cache',
    '@noble/curves',
    '@noble/post-quantum',
    'commander',
    '@bomb.sh/tab',
  ])
    assert.include(readFileSync(join(root, 'NOTICE'), 'utf8'), library)
  assert.deepEqual(
    names.filter((name) => /^(src|test|demo|bench|tools)\/|\.png$|tsbuildinfo|\.ci/.test(name)),
    [],
  )
})

test('every relative link and picture of the README is in the tarball', () => {
  const names = files.map(({ path }) => path)
  const links = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/\]\(([^)#]+)/g)]
    .map(([, link]) => link)
    .filter((link) => !/^https?:/.test(link))
  assert.isAbove(links.length, 3)
  assert.includeMembers(names, links)
})

test('source maps come with what runs at a user’s, and not with the local KMS', () => {
  const maps = files.map(({ path }) => path).filter((path) => path.endsWith('.map'))
  assert.isAbove(maps.length, 100)
  assert.deepEqual(
    maps.filter((path) => path.startsWith('dist/local-kms/')),
    [],
  )
  for (const { path } of files.filter((file) => /^dist\/local-kms\/.*\.js$/.test(file.path)))
    assert.notInclude(readFileSync(join(root, path), 'utf8'), 'sourceMappingURL', path)
})

test('inner files cannot be imported: they are no promise', () => {
  const { status, stderr } = node(`import 'sealdrop/${'dist/errors/guard.js'}'`)
  assert.notEqual(status, 0)
  assert.match(stderr, /ERR_PACKAGE_PATH_NOT_EXPORTED/)
})

for (const door of [
  'sealdrop',
  'sealdrop/serve',
  'sealdrop/fs',
  'sealdrop/s3',
  'sealdrop/local-kms',
]) {
  test(`${door} is imported and required without the AWS client`, () => {
    const { status, stdout, stderr } = node(
      `import * as door from '${door}'; import { createRequire } from 'node:module'; const same = createRequire(process.cwd() + '/x.js')('${door}'); console.log(Object.keys(door).length, Object.keys(same).length)`,
    )
    assert.equal(status, 0, stderr)
    const [imported, required] = stdout.trim().split(' ').map(Number)
    assert.isAbove(imported, 0)
    assert.equal(required, imported)
  })
}

test('sealdrop/jose without jose says which package is missing, and with it verifies', () => {
  const without = node("import 'sealdrop/jose'")
  assert.notEqual(without.status, 0)
  assert.match(without.stderr, /Cannot find package 'jose'/)
  symlinkSync(join(root, 'node_modules/jose'), join(folder, 'node_modules/jose'))
  const { status, stdout, stderr } = node(`
    import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
    import { importKeySet, inHand } from 'sealdrop'
    import { joseKeys } from 'sealdrop/jose'
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const jwk = { ...(await exportJWK(publicKey)), use: 'sig' }
    const token = await new SignJWT({ sub: 'a' }).setProtectedHeader({ alg: 'ES256' }).sign(privateKey)
    const keys = importKeySet(jwk, { trust: inHand() })
    console.log((await jwtVerify(token, joseKeys(keys))).payload.sub)`)
  assert.equal(status, 0, stderr)
  assert.equal(stdout.trim(), 'a')
})

test('sealdrop/kms without the AWS client says what to install, and with it does the whole job', () => {
  const without = node(
    "import { publicJwk } from 'sealdrop/kms'; await publicJwk({ key: 'alias/k' }).catch(({ message }) => console.log(message))",
  )
  assert.equal(without.status, 0, without.stderr)
  assert.match(without.stdout, /@aws-sdk\/client-kms .*: npm install @aws-sdk\/client-kms\n$/)
  withPeer()
  const code = `
    import { importKeySet, inHand, seal } from 'sealdrop'
    import { createOpener, createPublisher } from 'sealdrop/kms'
    import { startLocalKms } from 'sealdrop/local-kms'
    const local = await startLocalKms({ keys: [{ alias: 'alias/k', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }] })
    const kms = local.clientConfig
    const { jwks } = await createPublisher({ kms, keys: [{ key: 'alias/k' }] }).documents()
    const jwe = await seal(importKeySet(jwks, { trust: inHand() }), 'hello', { context: {} })
    console.log((await createOpener({ kms, keys: ['alias/k'] }).open(jwe, { context: {} })).text())
    await local.close()`
  const { status, stdout, stderr } = node(code)
  assert.equal(status, 0, stderr)
  assert.equal(stdout.trim(), 'hello')
})

test('the command runs a local KMS that the AWS client uses, and ends when told', async () => {
  const child = spawn(
    join(folder, 'node_modules/.bin/sealdrop'),
    ['local-kms', '--key', 'k=ML_DSA_44:SIGN_VERIFY'],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const lines = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'])
    child[name].on('data', (chunk) => {
      lines[name] += chunk
    })
  while (!/export AWS_SECRET_ACCESS_KEY=/.test(lines.stderr))
    await new Promise((resolve) => setTimeout(resolve, 20))
  const env = Object.fromEntries(
    [...lines.stderr.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  )
  const kms = new KMSClient({
    endpoint: env.AWS_ENDPOINT_URL_KMS,
    region: env.AWS_REGION,
    credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY },
  })
  const { Signature } = await kms.send(
    new SignCommand({
      KeyId: 'alias/k',
      Message: Buffer.from('x'),
      SigningAlgorithm: 'ML_DSA_SHAKE_256',
    }),
  )
  assert.equal(Signature?.length, 2420)
  child.kill('SIGTERM')
  assert.equal(await ended, 0)
  assert.equal(JSON.parse(lines.stdout).eventName, 'Sign')
})

test('its one file, copied into an empty folder, seals and says what it sealed', () => {
  const alone = mkdtempSync(join(tmpdir(), 'sealdrop-one-'))
  test.after(() => rmSync(alone, { recursive: true }))
  cpSync(join(folder, 'node_modules/sealdrop/dist/cli/sealdrop.mjs'), join(alone, 'sealdrop.mjs'))
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  writeFileSync(join(alone, 'key.pem'), publicKey.export({ type: 'spki', format: 'pem' }))
  writeFileSync(join(alone, 'plain'), 'hello')
  const command = (...args) => run(process.execPath, ['sealdrop.mjs', ...args], { cwd: alone })
  command('seal', '-r', 'key.pem', '-o', 'sealed', 'plain')
  assert.equal(JSON.parse(command('inspect', '--json', 'sealed')).kind, 'stream')
  assert.sameMembers(readdirSync(alone), ['sealdrop.mjs', 'key.pem', 'plain', 'sealed'])
})

const consumers = {
  'a page with DOM types and no Node types': {
    files: ['page.ts'],
    lib: ['ES2022', 'DOM', 'DOM.Iterable'],
    types: [],
  },
  'a Worker with Worker types': { files: ['page.ts'], lib: ['ES2022', 'WebWorker'], types: [] },
  'a partner with Node types and no DOM types': {
    files: ['partner.ts'],
    lib: ['ES2022'],
    types: ['node'],
  },
  'a companion with Node types and the AWS client': {
    files: ['companion.ts'],
    lib: ['ES2022'],
    types: ['node'],
    skipLibCheck: true,
  },
}
/**
 * TypeScript 5.7 is the oldest that reads our declarations: `Uint8Array<ArrayBuffer>` came with it.
 */
const compilers = {
  'TypeScript 7': bin('tsc'),
  'TypeScript 5.7': join(oldest, 'node_modules/.bin/tsc'),
}
const settings = Object.keys(compilers).flatMap((compiler) => [
  { compiler, module: 'NodeNext', moduleResolution: 'NodeNext' },
  { compiler, module: 'ESNext', moduleResolution: 'Bundler' },
])
for (const [what, { files: names, ...options }] of Object.entries(consumers)) {
  for (const { compiler, module, moduleResolution } of settings) {
    test(`${what} type-checks under ${moduleResolution} with ${compiler}`, () => {
      const where = mkdtempSync(join(folder, 'consumer-'))
      for (const name of names) cpSync(join(root, 'test/consumers', name), join(where, name))
      const types = join(folder, 'node_modules/@types')
      mkdirSync(types, { recursive: true })
      for (const name of ['node']) {
        try {
          symlinkSync(join(root, 'node_modules/@types', name), join(types, name))
        } catch {
          /* there already */
        }
      }
      writeFileSync(join(where, 'package.json'), '{"type":"module"}')
      writeFileSync(
        join(where, 'tsconfig.json'),
        JSON.stringify({
          compilerOptions: {
            strict: true,
            noEmit: true,
            target: 'ES2022',
            module,
            moduleResolution,
            skipLibCheck: false,
            ...options,
          },
          files: names,
        }),
      )
      const { status, stdout } = spawnSync(compilers[compiler], ['-p', where], {
        encoding: 'utf8',
      })
      assert.equal(status, 0, stdout)
    })
  }
}

test('the contract is what was built', () => {
  const { status, stdout } = spawnSync(bin('tsc'), ['-p', join(root, 'test/types')], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stdout)
})

/** Script-tag files and their hashes have no types of their own. */
const untyped = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).exports)
  .filter((name) => name.startsWith('./dist/'))
  .map((name) => name.slice(2))
const attwOptions = ['--profile', 'esm-only', '--no-color', '--exclude-entrypoints', ...untyped]

test('publint and attw find nothing', () => {
  const lint = spawnSync(bin('publint'), ['--strict', join(folder, 'node_modules/sealdrop')], {
    encoding: 'utf8',
  })
  assert.equal(lint.status, 0, lint.stdout + lint.stderr)
  assert.match(lint.stdout, /All good/)
  const attw = spawnSync(bin('attw'), [tarball, ...attwOptions], { encoding: 'utf8' })
  assert.equal(attw.status, 0, attw.stdout + attw.stderr)
})

test('every door and the runtime it names stand in package.json as design.md says', () => {
  const {
    exports,
    engines,
    sideEffects,
    dependencies = {},
    peerDependenciesMeta,
  } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  assert.sameMembers(Object.keys(exports), [
    '.',
    './serve',
    './fs',
    './ml-dsa',
    './digests',
    './jose',
    './kms',
    './age',
    './s3',
    './upload',
    './forms',
    './drop',
    './uppy',
    './tus',
    './local-kms',
    './dist/sealdrop.min.js',
    './dist/sealdrop.min.js.map',
    './dist/sealdrop.min.mjs',
    './dist/sealdrop.min.mjs.map',
    './dist/sealdrop-drop.min.js',
    './dist/sealdrop-drop.min.js.map',
    './dist/integrity.json',
    './package.json',
  ])
  for (const [door, target] of Object.entries(exports))
    if (typeof target === 'object')
      assert.deepEqual(Object.keys(target), ['types', 'default'], door)
  assert.deepEqual(
    [engines.node, sideEffects, Object.keys(dependencies), Object.values(peerDependenciesMeta)],
    ['>=20.19', false, [], Array.from({ length: 7 }, () => ({ optional: true }))],
  )
})
