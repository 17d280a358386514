// fileSets in one folder of several processes: of two writers the slower one puts no older set back.
import test from 'node:test'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import fs, { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import { fileSets } from 'sealdrop/fs'
import { fails } from '../support/host.js'

async function newFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), 'sealdrop-sets-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
const nameOf = (id) => createHash('sha256').update(id).digest('base64url')
/** A set store that compares, which this one must be. */
const comparing = (folder) => {
  const sets = fileSets(folder)
  return {
    get: (id) => sets.get(id),
    put: (id, set) => sets.put(id, set),
    swap: async (id, set, held) =>
      sets.swap ? sets.swap(id, set, held) : assert.fail('it does not compare'),
  }
}

test('a set is kept only while the folder still has what was read', async (t) => {
  const sets = comparing(join(await newFolder(t), 'made', 'here'))
  assert.equal(await sets.swap('id', 'one', 'other'), undefined)
  assert.equal(await sets.get('id'), undefined)
  assert.equal(await sets.swap('id', 'one', undefined), 'one')
  assert.equal(await sets.swap('id', 'two', undefined), 'one')
  assert.equal(await sets.swap('id', 'two', 'one'), 'two')
  assert.equal(await sets.swap('id', 'three', 'one'), 'two')
  assert.equal(await sets.get('id'), 'two')
  await sets.put('id', 'four')
  assert.equal(await sets.get('id'), 'four')
  assert.equal(await sets.swap('other', 'x', undefined), 'x')
  assert.equal(await sets.get('id'), 'four')
})

test('of many writers at once one wins, and each is told which set that is', async (t) => {
  const folder = await newFolder(t)
  let held
  for (let round = 0; round < 5; round++) {
    const next = Array.from({ length: 12 }, (_, i) => `set ${round} of ${i}`)
    const before = held
    const told = await Promise.all(next.map((set) => comparing(folder).swap('id', set, before)))
    held = await comparing(folder).get('id')
    assert.deepEqual(new Set(told), new Set([held]))
    assert.include(next, held)
    assert.equal((await readdir(folder)).length, 1, 'older versions and temporary files go')
  }
})

/** Counts in a set, 40 times, and prints the numbers that it was the one to write. */
const counter = `
  import { fileSets } from 'sealdrop/fs'
  const sets = fileSets(process.argv[1])
  let held = await sets.get('id')
  const won = []
  for (let i = 0; i < 40; i++) {
    const number = Number(held?.split(' ')[0] ?? 0) + 1
    const next = \`\${number} \${process.pid} \${i}\`
    const has = await sets.swap('id', next, held)
    if (has === next) won.push(number)
    held = has
  }
  process.stdout.write(JSON.stringify(won))`

test('processes that count in one set lose no step', async (t) => {
  const folder = await newFolder(t)
  const counted = await Promise.all(
    [1, 2, 3].map(async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', counter, folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let text = ''
      child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk))
      const [code] = await once(child, 'close')
      assert.equal(code, 0)
      return JSON.parse(text)
    }),
  )
  const won = counted.flat()
  assert.isAbove(won.length, 40)
  assert.lengthOf(new Set(won), won.length, 'no two were told that they wrote the same step')
  const last = Number((await comparing(folder).get('id'))?.split(' ')[0])
  // who wrote, and was followed at once, is told what came after: of those only the last is known
  assert.isAtLeast(last, Math.max(...won))
  assert.isAtMost(last, 120)
})

test('a set that an earlier build kept is read and replaced, and a version that was left behind is not seen', async (t) => {
  const folder = await newFolder(t)
  const first = join(folder, `${nameOf('id')}.jwt`)
  await writeFile(first, 'kept')
  await writeFile(join(folder, `${nameOf('other')}.9.jwt`), 'of another id')
  await writeFile(join(folder, `${nameOf('id')}.x.jwt`), 'no version')
  const sets = comparing(folder)
  assert.equal(await sets.get('id'), 'kept')
  assert.equal(await sets.swap('id', 'new', 'kept'), 'new')
  await writeFile(first, 'a writer that was stopped for long')
  assert.equal(await sets.get('id'), 'new')
  assert.equal(await sets.swap('id', 'newer', 'new'), 'newer')
  assert.equal(await sets.get('id'), 'newer')
  assert.notInclude(await readdir(folder), `${nameOf('id')}.jwt`)
  assert.equal(await sets.get('other'), 'of another id')
})

test('a writer that makes a deleted version again is told of the newest one', async (t) => {
  const folder = await newFolder(t)
  const sets = comparing(folder)
  await sets.swap('id', 'one', undefined)
  const { link } = fs
  let stopped = false
  fs.link = async (from, to) => {
    if (!stopped) {
      stopped = true
      // meanwhile others write two versions, and the first of them is deleted
      await sets.swap('id', 'two', 'one')
      await sets.swap('id', 'three', 'two')
    }
    return link(from, to)
  }
  syncBuiltinESMExports()
  t.after(() => {
    fs.link = link
    syncBuiltinESMExports()
  })
  assert.equal(await sets.swap('id', 'late', 'one'), 'three')
  assert.isTrue(stopped)
  assert.equal(await sets.get('id'), 'three')
  assert.equal((await readdir(folder)).length, 1)
})

test('a folder without links keeps sets too, and a full one says so', async (t) => {
  const folder = await newFolder(t)
  const sets = comparing(folder)
  const real = { link: fs.link, copyFile: fs.copyFile }
  const failing = (code) => async () => {
    throw Object.assign(new Error(code), { code })
  }
  t.after(() => {
    Object.assign(fs, real)
    syncBuiltinESMExports()
  })
  fs.link = failing('EPERM')
  syncBuiltinESMExports()
  assert.equal(await sets.swap('id', 'one', undefined), 'one')
  assert.equal(await sets.swap('id', 'two', undefined), 'one')
  assert.equal(await sets.swap('id', 'two', 'one'), 'two')
  assert.equal(await readFile(join(folder, `${nameOf('id')}.1.jwt`), 'utf8'), 'two')
  fs.copyFile = failing('ENOSPC')
  syncBuiltinESMExports()
  await fails(assert, sets.swap('id', 'three', 'two'), 'output_failed', /ENOSPC/)
  assert.equal(await sets.get('id'), 'two')
})
