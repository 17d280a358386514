// A record that was copied, and is put back when more has left: a backup, a snapshot, another device.
import { cp, open, rm, stat, utimes } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { soaks } from '../../support/soak.mjs'
import { mutatedBuild } from '../../support/mutated-build.mjs'
import { nodeLives, profileLives } from './lives.mjs'

const MiB = 2 ** 20
const never = () => new Promise(() => {})

/** Writes over a part of a file, and puts its time back. */
export async function rewrite(path, place, bytes) {
  const { atime, mtime } = await stat(path)
  const handle = await open(path, 'r+')
  await handle.write(bytes, 0, bytes.length, place)
  await handle.close()
  await utimes(path, atime, mtime)
}

/** @param {{ test: any, assert: any, made: any, fresh: () => void, fileOf: any, hashOf: any }} host */
export function copiesSuite({ test, assert, made, fresh, fileOf, hashOf }) {
  const hosts = {
    Node: {
      lives: () => nodeLives(made.world),
      // a file system that keeps no ctime
      o: { partLength: 5 * MiB, inFlight: 1, version: 'always the same' },
    },
    Chromium: { lives: () => profileLives(made.world), o: { partLength: 5 * MiB, inFlight: 1 } },
  }
  const builds = {
    'all begins under a new key': undefined,
    'without the comparison with what is listed the ledger sees two contents': [
      'upload/send-upload.js',
      'if (!record.isRecorded(part))',
      'if (!record.isRecorded(part)) return;\nif (false)',
    ],
  }
  /** Sends until so many parts were stored, and kills the sender then. */
  const until = async (count, lives, file, o) => {
    fresh()
    const { store } = made.world
    let life
    let stored = 0
    store.after = async () => {
      if (++stored !== count) return
      void life.end()
      await never()
    }
    life = await lives.begin(file, o)
    assert.isUndefined(await life.over)
    return store.puts
  }

  for (const [host, { lives: livesOf, o }] of Object.entries(hosts))
    for (const [name, mutation] of Object.entries(builds)) {
      // what it shows is the same in both, and a browser takes long to start
      if (mutation && host === 'Chromium' && !soaks) continue
      test(`${host}: a record was copied, 5 more parts left, the copy was put back, and the file is another: ${name}`, async () => {
        const { world } = made
        const mutated = mutation && (await mutatedBuild(.../** @type {const} */ (mutation)))
        if (mutated) world.pages.build = mutated.build
        const before = [await world.objects(), await world.begun()]
        try {
          const file = await fileOf(46 * MiB)
          const lives = livesOf()
          const [{ key }] = await until(3, lives, file, o)
          await cp(lives.folder, `${lives.folder}-copy`, { recursive: true })
          const more = await until(5, lives, file, o)
          assert.deepEqual([...new Set(more.map((put) => put.key))], [key])
          await rm(lives.folder, { recursive: true })
          await cp(`${lives.folder}-copy`, lives.folder, { recursive: true })
          // what the copy does not know, and what left since
          await rewrite(file.path, 33 * MiB, randomBytes(4 * MiB))
          fresh()
          const outcome = await (await lives.begin(file, o)).over
          const twice = world.ledger.twice()
          for (const one of twice) world.ledger.entries.delete(one)
          if (mutated) {
            assert.isAbove(twice.length, 0)
            return
          }
          assert.deepEqual(twice, [])
          assert.equal(outcome.state, 'done', outcome.error)
          assert.notInclude(
            made.world.store.puts.map((put) => put.key),
            key,
          )
          assert.equal((await world.opened(outcome.key)).hash, await hashOf(file.path))
          assert.sameMembers(await world.objects(), [...before[0], outcome.key])
          assert.deepEqual(await world.begun(), before[1], `${key} and ${outcome.key} are over`)
        } finally {
          world.pages.build = made.build
          await mutated?.close()
        }
      })
    }
}
