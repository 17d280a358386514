// Where a file is written: of a link its target is replaced, and a device is never.
import test from 'node:test'
import { execFileSync } from 'node:child_process'
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import { importKeySet, inHand, sealStream } from 'sealdrop'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { outputPlace } from '#dist/files/output-place.js'
import { writeFileWhole } from '#dist/files/write-file.js'
import { fails } from '../support/host.js'

const folder = await mkdtemp(join(tmpdir(), 'sealdrop-place-'))
test.after(() => rm(folder, { recursive: true }))
const at = (name) => join(folder, name)
const stream = (text) => new Blob([text]).stream()

test('a link is followed to what it leads to, also where nothing is yet', async () => {
  await writeFile(at('file'), 'old')
  await mkdir(at('folder'))
  await symlink(at('file'), at('to-file'))
  await symlink('to-file', at('to-link'))
  await symlink('nothing', at('to-nothing'))
  await symlink('to-nothing', at('to-to-nothing'))
  await symlink(at('folder'), at('to-folder'))
  await symlink('round', at('trip'))
  await symlink('trip', at('round'))
  execFileSync('mkfifo', [at('pipe')])
  for (const [name, path, found] of [
    ['file', 'file', 'file'],
    ['to-file', 'file', 'file'],
    ['to-link', 'file', 'file'],
    ['absent', 'absent', 'nothing'],
    ['to-nothing', 'nothing', 'nothing'],
    ['to-to-nothing', 'nothing', 'nothing'],
    ['folder', 'folder', 'folder'],
    ['to-folder', 'to-folder', 'folder'],
    ['pipe', 'pipe', 'other'],
  ])
    assert.deepEqual(await outputPlace(at(name)), { path: at(path), found }, name)
  const circle = await outputPlace(at('trip'))
  assert.oneOf(circle.path, [at('trip'), at('round')])
  assert.deepEqual(await outputPlace('/dev/null'), { path: '/dev/null', found: 'other' })
})

test('openFile replaces what a link leads to, and leaves a device and a pipe alone', async () => {
  const key = { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }
  const local = await startLocalKms({ keys: [key] })
  const kms = local.clientConfig
  const { jwks } = await createPublisher({ kms, keys: [{ key: 'alias/claims' }] }).documents()
  const keys = importKeySet(jwks, { trust: inHand() })
  const sealed = await sealStream(keys, new Blob(['a claim']), { context: {} })
  await writeFile(at('sealed'), sealed.readable)
  const opener = createOpener({ kms, keys: ['alias/claims'] })
  const open = (name) => opener.openFile(at('sealed'), name, { context: {} })
  await open(at('to-link'))
  assert.equal(await readFile(at('file'), 'utf8'), 'a claim')
  assert.equal(await readlink(at('to-link')), 'to-file')
  const device = await lstat('/dev/null')
  for (const name of ['/dev/null', at('pipe')])
    await fails(assert, open(name), 'invalid_argument', /a device or a pipe/)
  assert.isTrue((await lstat('/dev/null')).isCharacterDevice())
  assert.equal((await lstat('/dev/null')).ino, device.ino)
  assert.isTrue((await lstat(at('pipe'))).isFIFO())
  await opener.close()
  await local.close()
})

test('who may read a file is its owner alone, or what the umask says', async () => {
  const before = process.umask(0o027)
  try {
    await writeFileWhole(at('mine'), stream('1'))
    await writeFileWhole(at('ours'), stream('1'), { mode: 'umask' })
    process.umask(0o777)
    await writeFileWhole(at('mine too'), stream('1'))
  } finally {
    process.umask(before)
  }
  const mode = async (name) => ((await stat(at(name))).mode & 0o777).toString(8)
  assert.deepEqual(
    [await mode('mine'), await mode('ours'), await mode('mine too')],
    ['600', '640', '600'],
  )
})

test('a file that is there is kept where it may not be replaced, and nothing is left', async () => {
  await writeFile(at('kept'), 'old')
  await chmod(at('kept'), 0o640)
  const before = await readdir(folder)
  assert.isFalse(await writeFileWhole(at('kept'), stream('new'), { replace: false }))
  assert.equal(await readFile(at('kept'), 'utf8'), 'old')
  assert.deepEqual(await readdir(folder), before)
  assert.isTrue(await writeFileWhole(at('made'), stream('new'), { replace: false }))
  assert.equal(await readFile(at('made'), 'utf8'), 'new')
  assert.isTrue(await writeFileWhole(at('kept'), stream('new')))
  assert.equal(await readFile(at('kept'), 'utf8'), 'new')
})
