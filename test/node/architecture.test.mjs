// design.md, "Rooms and arrows": every import of src/ is read here, and the tables of algorithms are walked.
import test from 'node:test'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { assert } from 'chai'
import { keyWraps, sealAlgorithms } from '../../dist/algorithms/key-wraps.js'
import { signatures } from '../../dist/algorithms/signatures.js'
import { encryptionKeys, signatureKeys } from '../support/host.js'
import { rfcJws } from '../vectors/rfc-jws.js'

const root = new URL('../../', import.meta.url).pathname
const files = globSync('src/**/*.ts', { cwd: root }).map((path) => ({ path: path.slice(4), text: readFileSync(join(root, path), 'utf8') }))

/** What each room may import: lower rooms and packages. Siblings never look sideways. */
const below = { errors: [], bytes: ['errors'] }
below.algorithms = ['errors', 'bytes']
for (const room of ['crypto', 'formats', 'io']) below[room] = ['errors', 'bytes', 'algorithms']
below.envelope = ['errors', 'bytes', 'algorithms', 'crypto', 'formats', 'io']
below.keys = [...below.envelope, 'envelope']
for (const room of ['trust', 'seal', 'stream', 'verify', 'open']) below[room] = [...below.keys, 'keys']
const doors = [...below.open, 'trust', 'seal', 'stream', 'verify', 'open']
for (const door of ['index', 'serve', 'fs', 'kms']) below[door] = doors
below['local-kms'] = ['errors', 'bytes', 'algorithms', 'formats']

const packages = { crypto: ['jose'] }
const packagesOfFile = { 'kms/port.ts': ['@aws-sdk/client-kms'], 'kms/lru.ts': ['lru-cache'], 'local-kms/ecdsa.ts': ['@noble/curves/nist.js'] }
const nodeRooms = ['fs', 'kms', 'local-kms']

const roomOf = (path) => path.split('/')[0].replace(/\.ts$/, '')
const importsOf = (text) => [...text.matchAll(/(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g)].map((match) => match[1] ?? match[2] ?? match[3])

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
        assert.isTrue(target === room || below[room].includes(target), `${path} imports ${specifier}`)
      } else if (specifier.startsWith('node:')) assert.include(nodeRooms, room, `${path} imports ${specifier}`)
      else assert.include([...(packages[room] ?? []), ...(packagesOfFile[path] ?? [])], specifier, path)
    }
  }
  assert.isAbove(seen, 300)
})

test('only crypto touches crypto.subtle, and nothing names the bare Buffer in the browser half', () => {
  for (const { path, text } of files) {
    const code = withoutComments(text)
    if (!['crypto', 'local-kms'].includes(roomOf(path))) assert.notMatch(code, /\.subtle\b|\bsubtle\(/, path)
    if (nodeRooms.includes(roomOf(path))) continue
    const emitted = withoutComments(readFileSync(join(root, 'dist', path.replace(/ts$/, 'js')), 'utf8'))
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

test('a door loads nothing at module level: no call outside of functions', async () => {
  for (const { path, text } of files.filter(({ path }) => !nodeRooms.includes(roomOf(path)))) {
    assert.notMatch(text, /\n(?:await|void|setTimeout|setInterval|fetch|crypto)\b/, path)
  }
})

test('every algorithm has a seal side, an open side, a vector and a row in the README', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  for (const alg of Object.keys(keyWraps)) assert.include(readme, `\`${alg}\``)
  for (const alg of Object.values(sealAlgorithms)) assert.property(keyWraps, alg, 'what is sealed can be opened')
  assert.sameMembers(Object.keys(signatureKeys), Object.keys(signatures), 'a suite signs and verifies every algorithm')
  for (const alg of Object.keys(signatures)) assert.include(readme, `\`${alg}\``)
  assert.equal(encryptionKeys.length, 6)
  assert.equal(rfcJws.length, 6)
  for (const row of [...Object.values(keyWraps), ...Object.values(signatures)]) assert.match(row.spec, /^RFC \d+ §/)
})
