// Where records of uploads lie: in a folder of the user's own, or nowhere.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { assert } from 'chai'
import { ownFolder, stateFolder } from '#dist/cli/arguments/state-folder.js'
import { fails } from '../support/host.js'

const folder = mkdtempSync(join(tmpdir(), 'sealdrop-state-'))
const before = { cwd: process.cwd(), ...process.env }
const restore = () => {
  process.chdir(before.cwd)
  for (const name of ['HOME', 'XDG_STATE_HOME'])
    if (before[name] === undefined) delete process.env[name]
    else process.env[name] = before[name]
}
beforeEach(() => process.chdir(folder))
after(() => {
  restore()
  rmSync(folder, { recursive: true })
})
const isPosix = process.platform !== 'win32'

test('an empty or relative HOME is no folder: the working folder holds no data key', async () => {
  for (const home of ['', 'here', '.']) {
    Object.assign(process.env, { HOME: home, XDG_STATE_HOME: '' })
    await fails(assert, stateFolder('uploads', '--records'), 'output_failed', /--records names/)
    for (const path of ['.local', 'here']) assert.isFalse(existsSync(path))
  }
})

test('a folder is made for its owner alone', async () => {
  process.env.XDG_STATE_HOME = join(folder, 'state')
  const found = await stateFolder('uploads', '--records')
  assert.equal(found, join(folder, 'state', 'sealdrop', 'uploads'))
  if (isPosix) assert.equal(statSync(found).mode & 0o777, 0o700)
})

test(
  'a folder that others may write to is refused',
  { skip: !isPosix && 'Windows has no such bits' },
  async () => {
    process.env.XDG_STATE_HOME = join(folder, 'open')
    const path = join(folder, 'open', 'sealdrop', 'uploads')
    mkdirSync(path, { recursive: true })
    chmodSync(path, 0o777)
    const why = await stateFolder('uploads', '--records').catch(({ message }) => message)
    assert.match(why, /others may write to it: .*--records names another folder/)
    const named = await ownFolder(path, '--records').catch(({ message }) => message)
    assert.equal(named, why)
    assert.equal(await ownFolder(join(path, 'new'), '--records'), join(path, 'new'))
  },
)
