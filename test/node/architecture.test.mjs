// design.md, "Rooms and arrows": every import of src/ is read here, and the tables of algorithms
// are walked.
import test from 'node:test'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { assert } from 'chai'
import { dataKeyProviders } from '../../dist/algorithms/data-key-providers.js'
import { keyWraps, sealAlgorithms } from '../../dist/algorithms/key-wraps.js'
import { signatures } from '../../dist/algorithms/signatures.js'
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
below.files = [...below.open, 'stream'] // Node only: what the doors fs and kms share
const doors = [...below.open, 'trust', 'seal', 'stream', 'verify', 'open', 'files']
for (const door of ['index', 'serve', 'fs', 'kms']) below[door] = doors
for (const door of ['ml-dsa', 'digests']) below[door] = [...below.providers, 'providers']
below['local-kms'] = ['errors', 'bytes', 'algorithms', 'formats']
below.cli = [...doors, 'index', 'serve', 'fs', 'kms', 'local-kms'] // the top room; it loads doors when a command needs them

const packagesOfFile = {
  'kms/port.ts': ['@aws-sdk/client-kms'],
  'kms/management-port.ts': ['@aws-sdk/client-kms'],
  'kms/lru.ts': ['lru-cache'],
  'local-kms/crypto/ecdsa.ts': ['@noble/curves/nist.js', '@noble/curves/secp256k1.js'],
  'cli/commander.ts': ['commander'],
  'cli/inventory.ts': ['@aws-sdk/client-s3', '@aws-sdk/client-dynamodb'],
}
packagesOfFile['kms/dry-run-port.ts'] = packagesOfFile['kms/port.ts']
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
const nodeRooms = ['files', 'fs', 'kms', 'local-kms', 'cli']

const roomOf = (path) => path.split('/')[0].replace(/\.ts$/, '')
const importsOf = (text) =>
  [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3])

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
        assert.include(nodeRooms, room, `${path} imports ${specifier}`)
      else assert.include(packagesOfFile[path] ?? [], specifier, path)
    }
  }
  assert.isAbove(seen, 300)
})

test('only crypto touches crypto.subtle, and nothing names the bare Buffer in the browser half', () => {
  for (const { path, text } of files) {
    const code = withoutComments(text)
    if (!['crypto', 'local-kms'].includes(roomOf(path)))
      assert.notMatch(code, /\.subtle\b|\bsubtle\(/, path)
    if (nodeRooms.includes(roomOf(path))) continue
    const emitted = withoutComments(
      readFileSync(join(root, 'dist', path.replace(/ts$/, 'js')), 'utf8'),
    )
    assert.notMatch(emitted.replaceAll("globalThis['Buffer']", ''), /\bBuffer\b/, path)
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
      `${forbidden} await import('./dist/index.js'); await import('./dist/serve.js'); await import('./dist/ml-dsa.js'); await import('./dist/digests.js')`,
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

test('every algorithm has a seal side, an open side, a vector and a row in the README', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  for (const alg of Object.keys(keyWraps)) assert.include(readme, `\`${alg}\``)
  for (const provider of Object.values(dataKeyProviders)) assert.include(readme, `\`${provider}\``)
  assert.sameMembers(
    Object.keys(dataKeyProviders),
    [...new Set(Object.values(keyWraps).map(({ kty }) => kty))],
    'every kind of key that receives values receives streams',
  )
  for (const alg of Object.values(sealAlgorithms))
    assert.property(keyWraps, alg, 'what is sealed can be opened')
  assert.sameMembers(
    Object.keys(signatureKeys),
    Object.keys(signatures),
    'a suite signs and verifies every algorithm',
  )
  for (const alg of Object.keys(signatures)) assert.include(readme, `\`${alg}\``)
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
  for (const row of [...Object.values(keyWraps), ...Object.values(signatures)])
    assert.match(row.spec, /^RFC \d+ §/)
})
