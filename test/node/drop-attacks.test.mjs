// What could go wrong in `<sealdrop-drop>` with many files.
import test from 'node:test'
import { assert } from 'chai'
import { DropQueue } from '#dist/drop/queue.js'
import { de } from 'sealdrop/drop'
import { wrong } from '../support/types.mjs'

const file = (name, size = 10) => ({ name, size, lastModified: 1, webkitRelativePath: '' })

/** A queue whose uploads never end by themselves, and the names of those that were begun. */
function made() {
  const begun = []
  const queue = new DropQueue({
    begin: async ({ name }) => {
      begun.push(name)
      const end = /** @type {any} */ ({})
      end.promise = new Promise((_, reject) => Object.assign(end, { reject }))
      return wrong({
        recipients: [],
        done: end.promise,
        pause: () => {},
        resume: () => {},
        cancel: async () => end.reject(new Error('cancelled')),
      })
    },
    changed: () => {},
    ended: () => {},
    now: () => 1,
  })
  return { queue, begun }
}

test('cancelling begins none of the files that wait', async () => {
  const { queue, begun } = made()
  queue.add(Array.from({ length: 20 }, (_, i) => file(`${i}`)))
  queue.send()
  await new Promise((resolve) => setTimeout(resolve))
  assert.deepEqual(begun, ['0', '1', '2'])
  await queue.cancel()
  await new Promise((resolve) => setTimeout(resolve))
  assert.deepEqual([begun, queue.state], [['0', '1', '2'], 'empty'])
})

test('each of 10,000 files is looked at a few times, not once for each other', () => {
  const { queue } = made()
  let looks = 0
  const counted = Array.from({ length: 10_000 }, (_, i) => ({
    ...file(''),
    get name() {
      looks++
      return `${i}`
    },
  }))
  assert.lengthOf(queue.add(counted), 10_000)
  assert.lengthOf(queue.add(counted), 0)
  assert.isBelow(looks, 100_000)
})

test('German says of the files that they are sealed, not of the reader', () => {
  assert.notMatch(de.lead, /^Sie /)
})
