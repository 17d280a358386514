// The inventory as files of a folder: its versions, its writers, and what damage does.
import test from 'node:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import { fileInventory } from 'sealdrop/kms'
import { fails } from '../support/host.js'
import { claims, emptyInventory, keyEntry } from '../support/inventories.mjs'
import { inventoryStoreSuite } from '../support/inventory-stores.js'
import { present, wrong } from '../support/types.mjs'

const at = '2030-01-01T00:00:00.000Z'
const empty = emptyInventory(claims)
const full = {
  ...empty,
  counter: 7,
  keys: [keyEntry(1, claims, 'current', { made: at, published: at, starts: at })],
}
const folder = async (t) => {
  const path = await mkdtemp(join(tmpdir(), 'sealdrop-inventory-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

test('the file store begins with nothing, keeps every version, and reads the newest', async (t) => {
  const path = join(await folder(t), 'made')
  const store = fileInventory(path)
  assert.equal(await store.read(), undefined)
  await store.write(empty)
  const first = present(await store.read())
  assert.deepEqual(first.inventory, empty)
  await store.write(full, first.etag)
  assert.deepEqual(present(await store.read()).inventory, full)
  assert.deepEqual(await readdir(path), ['inventory-00000001.json', 'inventory-00000002.json'])
  assert.include(await readFile(join(path, 'inventory-00000002.json'), 'utf8'), '\n  "counter": 7,')
})

inventoryStoreSuite({
  test,
  assert,
  fails,
  name: 'files',
  make: async (t) => {
    const path = join(await folder(t), 'made')
    return [fileInventory(path), fileInventory(new URL(`file://${path}`))]
  },
})

test('what is not an inventory is not written, and a broken file is malformed', async (t) => {
  const path = await folder(t)
  const store = fileInventory(path)
  await fails(assert, store.write({ ...empty, counter: -1 }), 'invalid_argument', /counter/)
  assert.deepEqual(await readdir(path), [])
  await store.write(empty)
  await writeFile(join(path, 'inventory-00000001.json'), '{"version":1')
  await fails(assert, store.read(), 'malformed', /JSON/)
  for (const bad of ['', undefined, 5])
    await fails(assert, () => fileInventory(wrong(bad)), 'invalid_argument', /folder/)
  await writeFile(join(path, 'file'), '')
  await fails(assert, fileInventory(join(path, 'file')).read(), 'source_failed', /ENOTDIR/)
  await fails(assert, fileInventory(join(path, 'file', 'under')).write(empty), 'output_failed')
})

/** Writes version after version, and prints the counter of each that was acknowledged. */
const writer = `
  import { fileInventory } from 'sealdrop/kms'
  const store = fileInventory(process.argv[1])
  for (;;) {
    const found = await store.read()
    const counter = (found?.inventory.counter ?? 0) + 1
    await store.write({ version: 1, counter, purposes: [], keys: [] }, found?.etag).then(
      () => process.stdout.write(counter + '\\n'),
      (error) => { if (error.code !== 'conflict') throw error },
    )
  }`
/** The counters that two writers had acknowledged when they were killed. */
async function killedWriters(path) {
  const children = [1, 2].map(() =>
    spawn(process.execPath, ['--input-type=module', '-e', writer, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  )
  let text = ''
  for (const child of children)
    child.stdout.on('data', (chunk) => {
      text += chunk
    })
  while (text.split('\n').length < 5) await once(children[0].stdout, 'data')
  await new Promise((resolve) => {
    setTimeout(resolve, Math.random() * 30)
  })
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(children.map((child) => once(child, 'close')))
  return text.split('\n').slice(0, -1).map(Number)
}

test('writers in other processes that are killed at any moment leave whole versions in a row, and the next writer goes on', async (t) => {
  const path = await folder(t)
  let acknowledged = 0
  for (let round = 0; round < 10; round++) {
    const counters = await killedWriters(path)
    assert.equal(new Set(counters).size, counters.length, 'one version was acknowledged twice')
    acknowledged = Math.max(acknowledged, ...counters)
    const names = (await readdir(path)).filter((name) => name.endsWith('.json'))
    const versions = names.toSorted((a, b) => a.localeCompare(b))
    for (const [i, name] of versions.entries())
      assert.deepEqual(
        [name, JSON.parse(await readFile(join(path, name), 'utf8')).counter],
        [`inventory-${String(i + 1).padStart(8, '0')}.json`, i + 1],
      )
    assert.isAtLeast(versions.length, acknowledged)
  }
})
