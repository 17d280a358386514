// npm run test:peers: the lowest version of every peer range does what the library asks of it, and
// every door loads beside it. The version below it does not, or npm refuses it.
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { before } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { assert } from 'chai'
import { otherNode } from '../support/other-node.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const base = join(root, '.build/peers')
const { peerDependencies, peerDependenciesMeta, exports } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
)
/** The published version before the lowest one, and what goes wrong with it. */
const below = {
  '@aws-sdk/client-kms': '3.1037.0',
  '@aws-sdk/client-s3': '3.726.1',
  '@aws-sdk/s3-request-presigner': '3.726.1',
}

const run = promisify(execFile)
/** @returns {Promise<string>} what it printed; it fails as the process does */
const printed = async (command, args, cwd) => {
  const { stdout, stderr } = await run(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 })
  return stdout + stderr
}

/** The lowest version of a range, as the ranges here are written. */
function lowestOf(range) {
  assert.match(range, /^\^\d+\.\d+\.\d+$/)
  return range.slice(1)
}
const lowest = Object.entries(peerDependencies).map(([name, range]) => `${name}@${lowestOf(range)}`)

let tarball = ''
/** A folder in which the packed package and these packages are installed. */
async function installed(name, packages, ...options) {
  const folder = join(base, name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}')
  cpSync(fileURLToPath(new URL('program.mjs', import.meta.url)), join(folder, 'program.mjs'))
  // `npm run --silent` would silence this npm too, and its errors are looked at
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', ...options]
  await printed('npm', ['install', ...quiet, tarball, ...packages], folder)
  return folder
}

const nodes = [process.execPath, ...(otherNode() ? [otherNode()?.path ?? ''] : [])]
let folder = ''
before(async () => {
  mkdirSync(base, { recursive: true })
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', base]
  const [{ filename }] = JSON.parse((await run('npm', pack, { cwd: root })).stdout)
  tarball = join(base, filename)
  folder = await installed('lowest', lowest)
})

test('every peer is optional, and is installed in its lowest version', () => {
  for (const [name, range] of Object.entries(peerDependencies)) {
    assert.isTrue(peerDependenciesMeta[name].optional, name)
    const path = join(folder, 'node_modules', name, 'package.json')
    assert.equal(JSON.parse(readFileSync(path, 'utf8')).version, lowestOf(range))
  }
  assert.sameMembers(Object.keys(peerDependenciesMeta), Object.keys(peerDependencies))
})

const doors = Object.keys(exports)
  .filter((name) => typeof exports[name] === 'object')
  .map((name) => name.replace('.', 'sealdrop'))
for (const node of nodes)
  for (const door of doors)
    test(`${door} loads with the lowest peers in ${node}`, async () => {
      const code = `console.log(Object.keys(await import('${door}')).length)`
      const found = await printed(
        node,
        ['--no-warnings', '--input-type=module', '-e', code],
        folder,
      )
      assert.isAbove(Number(found), 0)
    })

for (const node of nodes)
  for (const part of ['kms', 's3', 'uploads', 'dynamodb', 'command', 'jose', 'uppy'])
    test(`the lowest peers do what is asked of them, ${part}, in ${node}`, async () => {
      const found = await printed(node, ['--no-warnings', 'program.mjs', part], folder)
      assert.equal(found.trim(), 'done')
    })

test('the types of the lowest peers fit', async () => {
  const lines = [
    "import { DynamoDB } from '@aws-sdk/client-dynamodb'",
    "import { KMSClient } from '@aws-sdk/client-kms'",
    "import { S3 } from '@aws-sdk/client-s3'",
    "import { jwtVerify } from 'jose'",
    "import { importKeySet, inHand } from 'sealdrop'",
    "import { joseKeys } from 'sealdrop/jose'",
    "import { uploadHandler } from 'sealdrop/s3'",
    "import Uppy from '@uppy/core'",
    "import { SealedUploader, type SealedUploaderOptions } from 'sealdrop/uppy'",
    'export const sealed = (o: SealedUploaderOptions) => new Uppy().use(SealedUploader, o)',
    "import { createOpener, dynamoDbInventory, s3Inventory } from 'sealdrop/kms'",
    "export const s3 = s3Inventory({ s3: new S3({}), bucket: 'b', key: 'k' })",
    "const who = { authorize: () => null, origins: [], secrets: ['x'] }",
    "export const handler = uploadHandler({ s3: new S3({}), bucket: 'b', prefix: 'in/', ...who })",
    "export const table = dynamoDbInventory({ dynamoDb: new DynamoDB({}), table: 't' })",
    'export const opener = createOpener({ kms: new KMSClient({}), keys: s3 })',
    "export const verified = jwtVerify('', joseKeys(importKeySet('', { trust: inHand() })))",
  ]
  writeFileSync(join(folder, 'types.ts'), lines.join('\n'))
  const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')]
  const strict = [
    '--strict',
    '--noEmit',
    '--skipLibCheck',
    '--ignoreConfig',
    '--module',
    'nodenext',
    ...types,
  ]
  const tsc = join(root, 'node_modules/.bin/tsc')
  assert.equal(await printed(tsc, [...strict, 'types.ts'], folder), '')
})

test('npm refuses what is below the range, and by force it is told in one sentence', async () => {
  const older = Object.entries(below).map(([name, version]) => `${name}@${version}`)
  for (const one of older) {
    const refusal = await installed('refused', [one]).catch(({ stderr }) => stderr)
    assert.match(String(refusal), /ERESOLVE/, one)
  }
  const forced = await installed('below', older, '--force')
  const found = await printed(process.execPath, ['--no-warnings', 'program.mjs', 'below'], forced)
  assert.match(
    found,
    /^@aws-sdk\/client-kms is not installed, or older than 3\.1038\.0: npm install @aws-sdk\/client-kms\n/,
  )
  // the control of the check of uploads: this client leaves the kind of checksum out without a word
  assert.match(found, /^S3 sent no checksum type$/m)
})
