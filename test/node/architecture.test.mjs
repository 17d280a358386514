// design.md, "Rooms and arrows": every import of src/ is read here, and the tables of algorithms
// are walked.
import test from 'node:test'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { assert } from 'chai'
import { dataKeyProviders } from '#dist/algorithms/data-key-providers.js'
import { keyWraps, sealAlgorithms } from '#dist/algorithms/key-wraps.js'
import { signatures } from '#dist/algorithms/signatures.js'
import { signatureKeys, wrapKeys } from '../support/host.js'
import { signatures as signed, tokens } from '../vectors/foreign-signatures.js'
import { keyPairs } from '../vectors/keys.js'
import { rfcJws } from '../vectors/rfc-jws.js'

const root = new URL('../../', import.meta.url).pathname
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(join(root, 'src', path), 'utf8') }))

/** What each room may import: lower rooms and packages. Siblings never look sideways. */
const below = { errors: [], bytes: ['errors'] }
below.algorithms = ['errors', 'bytes']
for (const room of ['crypto', 'formats', 'io']) below[room] = ['errors', 'bytes', 'algorithms']
below.envelope = ['errors', 'bytes', 'algorithms', 'crypto', 'formats', 'io']
below.keys = [...below.envelope, 'envelope']
for (const room of ['trust', 'seal', 'stream', 'verify', 'open'])
  below[room] = [...below.keys, 'keys']
below.providers = ['errors', 'bytes', 'algorithms', 'crypto', 'formats'] // what opt-in doors bring
below.serve = [...below.keys, 'keys']
below.upload = [...below.keys, 'keys', 'stream'] // the glue of a page, and what a server shares with it
below.forms = [...below.keys, 'keys', 'seal', 'stream'] // what a form of a page holds
below.drop = [...below.upload, 'upload', 'trust', 'stores/indexed-db'] // the element of a page
below.tus = [...below.upload, 'upload'] // what tus-js-client reads
below.uppy = [...below.tus, 'tus'] // uploaders for Uppy
const verbs = [...below.open, 'trust', 'seal', 'stream', 'verify', 'open']
below.age = ['errors', 'bytes', 'algorithms', 'formats', 'io'] // the format of age files
below.files = verbs // Node files: for stores and for the companion

// The companion: {port, inventory} <- {open, reseal, sign, policy} <- publish <- rotation <- {doctor, plan}.
const companion = [...verbs, 'files']
below['kms/port'] = [...companion, 'stores/redis']
below['kms/inventory'] = companion
const besideOpen = ['kms/open', 'kms/reseal', 'kms/sign', 'kms/policy']
for (const room of besideOpen) below[room] = [...companion, 'kms/port', 'kms/inventory']
below['kms/age'] = [...below['kms/open'], 'age', 'kms/open']
below['kms/publish'] = [...below['kms/policy'], ...besideOpen]
below['kms/rotation'] = [...below['kms/publish'], 'kms/publish']
for (const room of ['kms/doctor', 'kms/plan'])
  below[room] = [...below['kms/rotation'], 'kms/rotation']

// Stores, one room a medium: each knows the interface that it is for.
below['stores/indexed-db'] = [...below.keys, 'keys', 'stream', 'trust']
below['stores/workers-kv'] = [...below.keys, 'keys']
below['stores/files'] = [...companion, 'kms/inventory']
for (const medium of ['s3', 'dynamo-db'])
  below[`stores/${medium}`] = [...companion, 'kms/port', 'kms/inventory']
for (const medium of ['memory', 'redis']) below[`stores/${medium}`] = [...below.open, 'open']

const stores = ['indexed-db', 'workers-kv', 'files', 's3', 'dynamo-db', 'memory', 'redis'].map(
  (medium) => `stores/${medium}`,
)
below['local-kms'] = ['errors', 'bytes', 'algorithms', 'formats']
below['doors/index'] = [...verbs, 'stores/indexed-db', 'stores/workers-kv']
below['doors/serve'] = [...below.serve, 'serve']
below['doors/fs'] = [...companion, 'stores/files']
below['doors/kms'] = [...below['kms/doctor'], 'kms/doctor', 'kms/plan', ...stores]
below.s3 = [...companion, 'upload', 'serve', 'kms/port', 'kms/policy', 'stores/redis'] // the server's half of uploads
below['doors/age'] = [...below['kms/age'], 'kms/age']
below['doors/s3'] = [...below.s3, 's3']
below['doors/local-kms'] = ['local-kms']
below['doors/upload'] = [...below.upload, 'upload']
below['doors/forms'] = [...below.forms, 'forms']
below['doors/drop'] = [...below.drop, 'drop']
below['doors/uppy'] = [...below.uppy, 'uppy']
below['doors/tus'] = [...below.tus, 'tus']
below['doors/jose'] = [...below.verify, 'verify']
for (const door of ['ml-dsa', 'digests']) below[`doors/${door}`] = [...below.providers, 'providers']
const doors = ['index', 'serve', 'fs', 'kms', 'age', 'local-kms', 'ml-dsa', 'upload'].map(
  (door) => `doors/${door}`,
)
below.cli = [...below['doors/kms'], 'age', 'kms/age', ...doors] // the top room; it loads doors when a command needs them

/**
 * What each room inside local-kms may import of local-kms. A file beside the rooms is its own room.
 */
const localKmsRooms = { wire: [], 'key-specs': [], 'service-operations': [] }
localKmsRooms.crypto = ['wire', 'key-specs', 'service-operations']
localKmsRooms.trail = localKmsRooms.crypto
localKmsRooms.state = [...localKmsRooms.crypto, 'crypto', 'trail']
localKmsRooms.policy = [...localKmsRooms.state, 'state']
localKmsRooms.operations = [...localKmsRooms.policy, 'policy']
localKmsRooms.injected = [...localKmsRooms.operations, 'operations']
localKmsRooms['server-options'] = [...localKmsRooms.injected, 'injected']
localKmsRooms.handle = localKmsRooms['server-options']
localKmsRooms.server = [...localKmsRooms.handle, 'server-options', 'handle']

const s3Packages = ['@aws-sdk/client-s3', '@aws-sdk/s3-request-presigner']
const packagesOfFile = {
  's3/aws-commands.ts': s3Packages,
  's3/bucket.ts': s3Packages,
  's3/calling.ts': s3Packages,
  's3/upload-options.ts': s3Packages,
  'uppy/ask-again.ts': ['@uppy/core'],
  'uppy/file-run.ts': ['@uppy/core'],
  'uppy/files-uploader.ts': ['@uppy/core'],
  'uppy/sealed-tus-uploader.ts': ['@uppy/core'],
  'uppy/sealed-uploader.ts': ['@uppy/core'],
  'uppy/uploader-options.ts': ['@uppy/core'],
  'verify/jose-keys.ts': ['jose/errors'],
  'kms/port/aws-commands.ts': ['@aws-sdk/client-kms'],
  'kms/port/port.ts': ['@aws-sdk/client-kms'],
  'kms/port/send-once.ts': ['@aws-sdk/client-kms'],
  'kms/port/listing-port.ts': ['@aws-sdk/client-kms'],
  'kms/port/management-port.ts': ['@aws-sdk/client-kms'],
  'kms/open/lru.ts': ['lru-cache'],
  'local-kms/crypto/ecdsa.ts': ['@noble/curves/nist.js', '@noble/curves/secp256k1.js'],
  'cli/commander.ts': ['commander'],
  'cli/aws-clients.ts': ['@aws-sdk/client-s3', '@aws-sdk/client-dynamodb'],
  'cli/completion/scripts.ts': ['@bomb.sh/tab'],
}
packagesOfFile['kms/port/dry-run-port.ts'] = packagesOfFile['kms/port/port.ts']
packagesOfFile['local-kms/crypto/ed25519ph.ts'] = [
  '@noble/curves/abstract/edwards.js',
  '@noble/curves/ed25519.js',
]
packagesOfFile['local-kms/crypto/post-quantum.ts'] = [
  '@noble/post-quantum/ml-dsa.js',
  '@noble/post-quantum/ml-kem.js',
]
packagesOfFile['providers/noble-curves.ts'] = ['@noble/curves/nist.js', '@noble/hashes/sha2.js']
packagesOfFile['providers/noble-ml-dsa.ts'] = ['@noble/post-quantum/ml-dsa.js']
/** Rooms that hold rooms. */
const halls = ['kms', 'stores', 'doors']
const isNode = (room) =>
  /^(age|files|kms\/.*|local-kms|s3|cli|stores\/(files|s3|dynamo-db)|doors\/(age|fs|kms|s3|local-kms))$/.test(
    room,
  )

const roomOf = (path) => {
  const [first, second] = path.split('/').map((part) => part.replace(/\.[jt]s$/, ''))
  return halls.includes(first) ? `${first}/${second}` : first
}
const importsOf = (text) =>
  [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3])

/**
 * A file of src as its neighbours name it: `import { a } from './b.js'` in `c/d.ts` is `c/b.ts`.
 */
const targetOf = (path, specifier) =>
  normalize(join(dirname(path), specifier)).replace(/\.js$/, '.ts')

const localImportsOf = ({ path, text }) =>
  importsOf(text)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => targetOf(path, specifier))

/** The first circle of imports among files, types too; undefined where there is none. */
function circleAmong(those) {
  const imports = new Map(those.map((file) => [file.path, localImportsOf(file)]))
  const done = new Set()
  const visit = (path, above) => {
    if (above.includes(path)) return [...above.slice(above.indexOf(path)), path]
    if (done.has(path)) return undefined
    for (const target of imports.get(path) ?? []) {
      const circle = visit(target, [...above, path])
      if (circle) return circle
    }
    done.add(path)
    return undefined
  }
  for (const path of imports.keys()) {
    const circle = visit(path, [])
    if (circle) return circle
  }
  return undefined
}

const withoutComments = (text) => text.replace(/\/\*[\s\S]*?\*\/|(?<![:'"`])\/\/.*/g, '')

test('there are files to look at, and every room is known', () => {
  assert.isAbove(files.length, 80)
  for (const { path } of files) assert.property(below, roomOf(path), path)
})

test('every import goes to a lower room, and to a package that its file may use', () => {
  let seen = 0
  for (const { path, text } of files) {
    const room = roomOf(path)
    for (const specifier of importsOf(text)) {
      seen++
      if (specifier.startsWith('.')) {
        const target = roomOf(normalize(join(dirname(path), specifier)))
        assert.isTrue(
          target === room || below[room].includes(target),
          `${path} imports ${specifier}`,
        )
      } else if (specifier.startsWith('node:'))
        assert.isTrue(isNode(room), `${path} imports ${specifier}`)
      else assert.include(packagesOfFile[path] ?? [], specifier, path)
    }
  }
  assert.isAbove(seen, 300)
})

test('doors only hand on what rooms have', () => {
  const those = files.filter(({ path }) => path.startsWith('doors/'))
  assert.lengthOf(those, 15)
  for (const { path, text } of those) {
    const rest = withoutComments(text).replace(/export (type )?\{[^}]*\} from '[^']+'/g, '')
    assert.equal(rest.trim(), '', path)
  }
})

test('inside local-kms, every import goes to a lower room', () => {
  const inside = (path) => path.split('/')[1].replace(/\.ts$/, '')
  let seen = 0
  for (const file of files.filter(({ path }) => path.startsWith('local-kms/'))) {
    const room = inside(file.path)
    assert.property(localKmsRooms, room, file.path)
    for (const target of localImportsOf(file).filter((path) => path.startsWith('local-kms/'))) {
      seen++
      const allowed =
        target.startsWith(`local-kms/${room}/`) || localKmsRooms[room].includes(inside(target))
      assert.isTrue(allowed, `${file.path} imports ${target}`)
    }
  }
  assert.isAbove(seen, 200)
})

test('no files import each other in a circle', () => {
  assert.isAbove(files.length, 250)
  assert.isUndefined(circleAmong(files))
  const known = new Set(files.map(({ path }) => path))
  for (const file of files)
    for (const target of localImportsOf(file)) assert.isTrue(known.has(target), target)
})

test('a circle of imports would be found, also one of types and one through a file between', () => {
  const made = [
    { path: 'a/one.ts', text: "import { two } from '../b/two.js'" },
    { path: 'b/two.ts', text: "import './three.js'\nimport { four } from './four.js'" },
    { path: 'b/three.ts', text: '' },
    { path: 'b/four.ts', text: "import type { One } from '../a/one.js'" },
  ]
  assert.deepEqual(circleAmong(made), ['a/one.ts', 'b/two.ts', 'b/four.ts', 'a/one.ts'])
  assert.isUndefined(circleAmong(made.slice(0, 3)))
})

test('only crypto touches crypto.subtle, and nothing names the bare Buffer in the browser half', () => {
  for (const { path, text } of files) {
    const code = withoutComments(text)
    if (!['crypto', 'local-kms'].includes(roomOf(path)))
      assert.notMatch(code, /\.subtle\b|\bsubtle\(/, path)
    if (isNode(roomOf(path))) {
      // the global one may be a polyfill that does less, as in tests of an app
      const isBare = /(?<![\w.])Buffer[.(]/.test(code)
      assert.ok(!isBare || /import \{ Buffer \} from 'node:buffer'/.test(text), path)
      continue
    }
    const emitted = withoutComments(
      readFileSync(join(root, 'dist', path.replace(/ts$/, 'js')), 'utf8'),
    )
    assert.notMatch(emitted.replaceAll("?.['Buffer']", ''), /\bBuffer\b/, path)
  }
})

test('no file is longer than 300 lines, exports everything of another, exports a default, or loosens types', () => {
  for (const { path, text } of files) {
    assert.isAtMost(text.split('\n').length, 300, path)
    assert.notMatch(withoutComments(text), /export \*|export default|\bas any\b|: any\b/, path)
    assert.notMatch(text, /@ts-ignore|@ts-expect-error|@ts-nocheck|TODO|FIXME/, path)
  }
})

test('importing the doors that run at the edge asks for no randomness, timer, network or key', () => {
  const forbidden =
    "for (const name of ['fetch', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']) globalThis[name] = () => { throw new Error(name + ' at module level') }; crypto.getRandomValues = crypto.randomUUID = () => { throw new Error('randomness at module level') }; for (const name of Object.getOwnPropertyNames(SubtleCrypto.prototype)) if (name !== 'constructor') SubtleCrypto.prototype[name] = () => { throw new Error(name + ' at module level') };"
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `${forbidden} await import('./dist/doors/index.js'); await import('./dist/doors/serve.js'); await import('./dist/doors/ml-dsa.js'); await import('./dist/doors/digests.js'); await import('./dist/doors/jose.js'); await import('./dist/doors/tus.js')`,
    ],
    { cwd: root, encoding: 'utf8' },
  )
  assert.equal(status, 0, stderr)
  const control = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `${forbidden} await import('data:text/javascript,crypto.randomUUID()')`,
    ],
    { cwd: root, encoding: 'utf8' },
  )
  assert.match(control.stderr, /randomness at module level/)
})

test('every algorithm has a seal side, an open side, a vector and a row in docs/algorithms.md', () => {
  const rows = readFileSync(join(root, 'docs/algorithms.md'), 'utf8')
    .split('\n')
    .filter((line) => /^\| (seal|open|files|sign)/.test(line))
    .join('\n')
  for (const alg of Object.keys(keyWraps)) assert.include(rows, `\`${alg}\``)
  for (const provider of Object.values(dataKeyProviders)) assert.include(rows, `\`${provider}\``)
  assert.sameMembers(
    Object.keys(dataKeyProviders),
    [...new Set(Object.values(keyWraps).map(({ kind }) => kind))],
    'every kind of key that receives values receives streams',
  )
  for (const alg of Object.values(sealAlgorithms))
    assert.property(keyWraps, alg, 'what is sealed can be opened')
  assert.sameMembers(
    Object.keys(signatureKeys),
    Object.keys(signatures),
    'a suite signs and verifies every algorithm',
  )
  for (const alg of Object.keys(signatures)) assert.include(rows, `\`${alg}\``)
  assert.sameMembers(
    Object.keys(wrapKeys),
    Object.keys(keyWraps),
    'a suite opens every key wrap as jose writes it',
  )
  for (const [alg, names] of Object.entries({
    ...wrapKeys,
    ...Object.fromEntries(Object.entries(signatureKeys).map(([name, key]) => [name, [key]])),
  }))
    for (const name of names) assert.property(keyPairs, name, alg)
  for (const [what, algs] of Object.entries({
    'a foreign signature': signed,
    'a foreign token': tokens,
  }))
    assert.includeMembers(
      algs.map(({ alg }) => alg),
      Object.keys(signatures),
      what,
    )
  assert.equal(rfcJws.length, 10)
  for (const row of Object.values(keyWraps)) assert.match(row.spec, /^RFC \d+ §/)
  const source = readFileSync(join(root, 'src/algorithms/signatures.ts'), 'utf8')
  for (const alg of Object.keys(signatures))
    assert.match(source, new RegExp(`// RFC \\d+ §[\\d.]+\n  '?${alg}'?: \\{`), alg)
})
