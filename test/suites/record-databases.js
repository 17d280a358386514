// indexedDbRecords and indexedDbSets where something is in their way, in hosts that load a page:
// other connections, other programs, a clock, and what the browser does not allow.
import { databaseSealers } from '../support/database-sealers.js'
import { daysOff } from '../support/days-off.js'
import { fails } from '../support/host.js'
import { deleted, dump, replacing, stubborn, withoutLocks } from '../support/indexed-db.js'
import { same, settle } from '../support/sealed-files.js'
import { present } from '../support/types.mjs'

/** @param {import('../support/host.js').DoorHost} host */
export function recordDatabasesSuite({ test, assert, door }) {
  const { begin, restore, newName, source } = databaseSealers(door)
  const { indexedDbRecords, indexedDbSets } = door

  /** How long the work took in milliseconds. */
  const timed = async (work) => {
    const began = performance.now()
    await work()
    return performance.now() - began
  }
  /** Does the work while a deletion of the database waits for the connection of another program. */
  const blocked = async (name, work) => {
    const connection = await stubborn(name)
    const deletion = deleted(name)
    await settle()
    await work()
    connection.close()
    await deletion
  }

  test('a database that another connection blocks is output_failed after some seconds, and close ends', async () => {
    const first = await begin()
    await first.sealer.slice(0, 10_000)
    const idle = await begin(first.name)
    await idle.sealer.close()
    await blocked(first.name, async () => {
      const late = await Promise.all([
        timed(() => fails(assert, () => begin(first.name), 'output_failed', /another tab/)),
        timed(() =>
          fails(assert, () => first.sealer.slice(10_000, 20_000), 'output_failed', /another tab/),
        ),
        timed(() => fails(assert, () => restore(idle), 'output_failed', /another tab/)),
      ])
      for (const took of late) assert.isBelow(took, 15_000)
      const error = await fails(assert, () => begin(first.name), 'output_failed')
      assert.isTrue(error.retryable)
      assert.isBelow(await timed(() => first.sealer.close().catch(() => {})), 15_000)
    })
    await (await begin(first.name)).sealer.close()
  })

  test('the signal of create, restore and slice ends them at once', async () => {
    const first = await begin()
    await first.sealer.slice(0, 10_000)
    const idle = await begin(first.name)
    await idle.sealer.close()
    await blocked(first.name, async () => {
      const reason = new Error('enough')
      const calls = [
        (signal) => begin(first.name, source(), first.records, { signal }),
        (signal) => first.sealer.slice(10_000, 20_000, { signal }),
        (signal) => restore(idle, first.records, { signal }),
      ]
      for (const call of calls) {
        const stop = new AbortController()
        const took = await timed(async () => {
          setTimeout(() => stop.abort(reason), 200)
          const error = await call(stop.signal).then(
            () => assert.fail('it did not end'),
            (thrown) => thrown,
          )
          assert.equal(error, reason)
        })
        assert.isBelow(took, 3_000)
      }
    })
    await first.sealer.close().catch(() => {})
  })

  test('a database that is deleted under a sealer is expired, and no bytes leave', async () => {
    const { sealer, name } = await begin()
    const piece = await sealer.slice(0, 10_000)
    await deleted(name)
    const error = await fails(assert, () => sealer.slice(10_000, 20_000), 'expired', /gone/)
    assert.isFalse(error.retryable)
    assert.isTrue(same(await sealer.slice(0, 10_000), piece), 'what left can be had again')
    await sealer.close()
    await (await begin(name)).sealer.close()
  })

  test('an upgrade or a deletion by another program does not wait for an idle connection of ours', async () => {
    const { sealer, name } = await begin()
    await sealer.slice(0, 10_000)
    ;(await stubborn(name, 2)).close()
    await fails(assert, () => sealer.slice(10_000, 20_000), 'output_failed', /newer build/)
    await deleted(name)
    await sealer.close()
  })

  test('a database of another program or of a newer build is named as what it is', async () => {
    const [other, newer] = [newName(), newName()]
    ;(await stubborn(other, 1)).close()
    ;(await stubborn(newer, 2)).close()
    for (const [name, words] of /** @type {const} */ ([
      [other, /another program/],
      [newer, /newer build/],
    ])) {
      await fails(assert, () => begin(name), 'output_failed', words)
      for (const verb of /** @type {const} */ (['load', 'remove', 'list']))
        await fails(assert, () => indexedDbRecords(name)[verb]?.('x'), 'output_failed', words)
      await fails(assert, () => indexedDbSets(name).get('x'), 'output_failed', words)
      await fails(assert, () => indexedDbSets(name).put('x', 'y'), 'output_failed', words)
    }
  })

  test('IndexedDB that is not allowed, or has no room, says so', async () => {
    for (const [error, words] of /** @type {const} */ ([
      [new DOMException('opaque origin', 'SecurityError'), /not allowed/],
      [new DOMException('private window', 'InvalidStateError'), /not allowed/],
      [new DOMException('disk', 'QuotaExceededError'), /storage is full/],
      [new DOMException('disk', 'UnknownError'), /it failed/],
      [new ReferenceError('indexedDB is not defined'), /not allowed/],
    ])) {
      const refusing = () => {
        throw error
      }
      await replacing(IDBFactory.prototype, 'open', refusing, async () => {
        const refused = await fails(assert, () => begin(), 'output_failed', words)
        assert.equal(refused.cause, error)
        await fails(assert, () => indexedDbSets(newName()).get('x'), 'output_failed', words)
      })
    }
  })

  test('Web Locks that are not allowed are output_failed: the getter throws, or the request fails', async () => {
    const error = new DOMException('opaque origin', 'SecurityError')
    for (const get of [
      () => {
        throw error
      },
      () => ({ request: () => Promise.reject(error), query: () => Promise.reject(error) }),
    ])
      await withoutLocks(async () => {
        const refused = await fails(assert, () => begin(), 'output_failed', /Web Locks/)
        assert.equal(refused.cause, error)
      }, get)
    await (await begin()).sealer.close()
  })

  test('a clock that is ahead deletes no record that a sealer holds, and the sealer goes on', async () => {
    const first = await begin()
    await first.sealer.slice(0, 10_000)
    for (const days of [8, -8])
      await daysOff(days, async () => (await begin(first.name)).sealer.close())
    assert.equal((await first.sealer.slice(10_000, 20_000)).length, 10_000)
    await first.sealer.close()
    await daysOff(8, () => fails(assert, () => restore(first), 'expired'))
    const again = await restore(first)
    assert.equal((await again.slice(0, 30_000)).length, 30_000)
    await again.close()
  })

  test('a record that was made with the clock ahead is refused, kept by that, and cleaned up some day', async () => {
    const future = await daysOff(3_650, () => begin())
    await future.sealer.close()
    const ids = async () => {
      const { entries, close } = await dump(future.name)
      close()
      return entries.filter(({ store }) => store === 'records').map(({ key }) => key)
    }
    await fails(assert, () => restore(future), 'expired')
    assert.deepEqual(await ids(), [future.sealer.messageId])
    const next = await begin(future.name)
    await next.sealer.close()
    assert.deepEqual(await ids(), [next.sealer.messageId])
    const nearly = await daysOff(6, () => begin(future.name))
    await nearly.sealer.close()
    await (await restore(nearly)).close()
  })

  test('a browser without Web Locks deletes no record for its age', async () => {
    const first = await begin()
    await first.sealer.close()
    await withoutLocks(() => daysOff(8, async () => (await begin(first.name)).sealer.close()))
    await (await restore(first)).close()
  })

  test('who closed a sealer, or whose sealer ended, can restore it at once, also by another store', async () => {
    const first = await begin()
    await first.sealer.slice(0, 10_000)
    void first.sealer.close()
    let { sealer } = first
    for (const records of [first.records, indexedDbRecords(first.name), first.records]) {
      const again = await restore({ ...first, sealer }, records)
      assert.equal((await again.slice(0, 10_000)).length, 10_000)
      void again.close() // nobody waits for it
      sealer = again
    }
    const failing = await begin(first.name, source(), {
      ...first.records,
      append: async () => {
        throw new door.SealdropError('conflict', 'lost')
      },
    })
    await fails(assert, () => failing.sealer.slice(0, 10_000), 'conflict')
    const after = await restore(failing, first.records)
    assert.equal((await after.slice(0, 10_000)).length, 10_000)
    await after.close()
  })

  test('a record that another sealer holds is conflict after a moment, and its lock is not left behind', async () => {
    const first = await begin()
    const took = await timed(() => fails(assert, () => restore(first), 'conflict'))
    assert.isBelow(took, 10_000)
    await first.sealer.close()
    const { held, pending } = await navigator.locks.query()
    const ours = [...present(held), ...present(pending)].filter(({ name }) =>
      name?.includes(first.sealer.messageId),
    )
    assert.deepEqual(ours, [])
  })
}
