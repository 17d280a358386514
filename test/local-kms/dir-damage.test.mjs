// A folder that cannot be used: damaged files, other servers on it, locks of processes that are
// gone.
import { spawn } from 'node:child_process'
import {
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { edit, fileOf, keyFile, locks, region, signing, state, withServer } from './folders.mjs'
import { assertRejects, childServer, failure, portOf } from './helpers.mjs'

const damagedBy = (change) => (key) => edit(key, change)
const without = (name) =>
  damagedBy((record) => {
    delete record[name]
  })
const members = ['id', 'account', 'spec', 'usage', 'description', 'created', 'enabled', 'origin']
const lists = ['policy', 'tags', 'grants', 'materials']
/** What is done to the file of the key, or to that of the aliases. */
const damages = {
  'an empty key file': (key) => truncateSync(key, 0),
  'a cut key file': (key) => truncateSync(key, statSync(key).size - 20),
  'a key file that is not UTF-8': (key) => writeFileSync(key, Buffer.of(0xff, 0xfe)),
  'a key file of zeros': (key) => writeFileSync(key, Buffer.alloc(500)),
  'a key file that is an array': (key) => writeFileSync(key, '[]'),
  ...Object.fromEntries(
    [...members, ...lists].map((name) => [`a key without ${name}`, without(name)]),
  ),
  'a key of another spec than it says': damagedBy((record) => {
    record.spec = 'ECC_NIST_P384'
  }),
  'a usage that does not fit': damagedBy((record) => {
    record.usage = 'ENCRYPT_DECRYPT'
  }),
  'a usage from a prototype': damagedBy((record) => {
    record.usage = 'constructor'
  }),
  'a deletion that is no time': damagedBy((record) => {
    record.deletion = 'soon'
  }),
  'a private key with a changed byte': damagedBy(({ materials: [material] }) => {
    material.key = material.key.replace(/\n(.)/, '\n*')
  }),
  'material without its time': damagedBy((record) => {
    delete record.materials[0].created
  }),
  'tags that are no text': damagedBy((record) => {
    record.tags = { a: 1 }
  }),
  'a grant without an operation': damagedBy((record) => {
    record.grants = [{ id: 'a' }]
  }),
  'a key under another name': (key) =>
    renameSync(key, key.replace(/[0-9a-f-]{36}/, '00000000-0000-4000-8000-000000000000')),
  'aliases that are not JSON': (_key, aliases) => writeFileSync(aliases, '{"aliases": ['),
  'aliases that are no list': (_key, aliases) => writeFileSync(aliases, '{"aliases": {}}'),
  'an alias without a target': (_key, aliases) =>
    edit(aliases, (record) => {
      delete record.aliases[0].keyId
    }),
  'an alias whose key is gone': (key) => unlinkSync(key),
}

for (const [name, damage] of Object.entries(damages)) {
  test(`${name} fails at the start with the path and without content, and frees the folder`, async () => {
    await withServer({ keys: [signing] }, () => undefined)
    const key = keyFile()
    const aliases = fileOf('aliases.json')
    damage(key, aliases)
    const e = await failure(startLocalKms({ dir: state.dir }))
    assert.deepEqual([e.name, e.code], ['SealdropError', 'malformed'], e.stack)
    assert.ok(e.message.includes(join(state.dir, region)) && e.message.includes('.json'), e.message)
    assert.notMatch(`${e.message} ${String(e.cause)}`, /PRIVATE|MIGH|BEGIN/)
    assert.deepEqual(locks(), [])
  })
}

test('a second server on a folder is a conflict, in this process and in another; after close it may start', async () => {
  await withServer({}, async () => {
    const e = await failure(startLocalKms({ dir: state.dir }))
    assert.deepEqual([e.name, e.code], ['SealdropError', 'conflict'])
    assert.match(e.message, new RegExp(`process ${process.pid}`))
    await assertRejects(startLocalKms({ dir: state.dir, region: 'eu-west-1' }), {
      code: 'conflict',
    })
    assert.strictEqual((await childServer(state.dir)).code, 'conflict')
    assert.strictEqual(locks().length, 1)
  })
  assert.deepEqual(locks(), [])
  const other = await childServer(state.dir)
  await assertRejects(startLocalKms({ dir: state.dir }), { code: 'conflict' })
  await other.kill()
  assert.strictEqual(locks().length, 1)
  await withServer({}, () => assert.strictEqual(locks().length, 1))
})

test('of many servers that start on a folder at once at most one runs', async () => {
  for (let round = 0; round < 10; round++) {
    const started = await Promise.allSettled(
      Array.from({ length: 5 }, () => startLocalKms({ dir: state.dir })),
    )
    const running = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    assert.ok(running.length <= 1)
    for (const one of started)
      if (one.status === 'rejected') assert.strictEqual(one.reason.code, 'conflict')
    await Promise.all(running.map((local) => local.close()))
    assert.deepEqual(locks(), [])
  }
})

test('a lock of a process that is gone, or whose id another process has now, is stale', async () => {
  await withServer({}, () => undefined)
  const gone = spawn(process.execPath, ['-e', ''])
  await new Promise((resolve) => gone.once('exit', resolve))
  for (const [pid, start] of [
    [gone.pid, 1],
    [process.pid, 1],
  ]) {
    writeFileSync(join(state.dir, `lock-${pid}-${start}-00000000-0000-4000-8000-000000000000`), '')
    await withServer({}, () => assert.strictEqual(locks().length, 1))
  }
  writeFileSync(join(state.dir, `lock-${process.pid}-0-00000000-0000-4000-8000-000000000000`), '')
  await assertRejects(startLocalKms({ dir: state.dir }), { code: 'conflict' })
})

test(
  'a lock of a killed process that nobody waited for is stale',
  {
    skip: existsSync('/proc/self/stat')
      ? false
      : 'there is no /proc here, which shows such processes',
  },
  async () => {
    // sleep takes the place of the shell and never waits for its child
    const parent = spawn(
      'sh',
      ['-c', `"${process.execPath}" -e "setTimeout(() => {}, 60000)" & echo $!; exec sleep 60`],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    )
    try {
      const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)))
      const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
      await withServer({}, () => undefined)
      writeFileSync(
        join(state.dir, `lock-${pid}-${stat()[19]}-00000000-0000-4000-8000-000000000000`),
        '',
      )
      await assertRejects(startLocalKms({ dir: state.dir }), { code: 'conflict' })
      process.kill(pid, 'SIGKILL')
      while (stat()[0] !== 'Z') await new Promise((resolve) => setTimeout(resolve, 10))
      await withServer({}, () => assert.strictEqual(locks().length, 1))
    } finally {
      parent.kill('SIGKILL')
    }
  },
)

test('a folder that cannot be made is invalid_argument and named', async () => {
  const file = join(state.base, 'file')
  writeFileSync(file, '')
  const error = await failure(startLocalKms({ dir: file }))
  assert.strictEqual(error.code, 'invalid_argument')
  assert.match(error.message, /file.*ENOTDIR/)
})

test('a start that fails later frees the folder', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  await assertRejects(startLocalKms({ dir: state.dir, port: portOf(taken) }), { code: 'conflict' })
  taken.close()
  assert.deepEqual(locks(), [])
})
