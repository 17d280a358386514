// The parts of `<sealdrop-drop>` that need no page: the queue, receipts, dropped folders, speeds.
import test from 'node:test'
import { assert } from 'chai'
import { droppedFiles } from '#dist/drop/dropped.js'
import { formatsOf } from '#dist/drop/format.js'
import { DropQueue } from '#dist/drop/queue.js'
import { Rate } from '#dist/drop/rate.js'
import { receiptOf, receiptsText } from '#dist/drop/receipts.js'
import { en } from 'sealdrop/drop'
import { wrong } from '../support/types.mjs'

const file = (name, size = 10) => ({ name, size, lastModified: 1, webkitRelativePath: '' })
const key = { thumbprint: 't', alg: 'ECDH-ES+A256KW', use: 'enc' }
const turn = () => new Promise((resolve) => setTimeout(resolve))

/** A promise, and what ends it. */
function deferred() {
  const one = /** @type {any} */ ({})
  one.promise = new Promise((resolve, reject) => Object.assign(one, { resolve, reject }))
  return one
}

/** A queue whose uploads end when a test says so, and a log of what was asked of them. */
function made() {
  const log = []
  const open = new Map()
  const ended = []
  const queue = new DropQueue({
    begin: async (one, onProgress) => {
      const end = deferred()
      open.set(one.name, { ...end, onProgress })
      log.push(`begin ${one.name}`)
      return {
        recipients: wrong([key]),
        done: wrong(end.promise),
        pause: () => void log.push(`pause ${one.name}`),
        resume: () => void log.push(`resume ${one.name}`),
        cancel: async () => {
          log.push(`cancel ${one.name}`)
          end.reject(new Error('cancelled'))
        },
      }
    },
    changed: () => {},
    ended: (item) => void ended.push(`${item.state} ${item.path}`),
    now: () => 1_000,
  })
  const end = async (name, value = { messageId: name }) => {
    open.get(name).resolve(value)
    await turn()
  }
  return { queue, log, open, ended, end }
}

test('three files go side by side, and of large ones one', async () => {
  const { queue, log, end } = made()
  const big = 5 * 2 ** 20
  queue.add([file('a', big), file('b', big), file('c'), file('d'), file('e')])
  assert.deepEqual([queue.state, log], ['ready', []], 'nothing begins by itself')
  queue.send()
  await turn()
  assert.deepEqual(log, ['begin a', 'begin c', 'begin d'])
  await end('a')
  assert.equal(log.at(-1), 'begin b')
  for (const name of ['c', 'b', 'd', 'e']) await end(name)
  assert.equal(queue.state, 'done')
  queue.add([file('later')])
  assert.equal(queue.state, 'ready', 'what comes after the end waits to be sent')
})

test('a file is added once while it waits, and again after it arrived', async () => {
  const { queue, end } = made()
  assert.lengthOf(queue.add([file('a'), file('a')]), 1)
  assert.lengthOf(queue.add([file('a')]), 0)
  assert.lengthOf(queue.add([{ ...file('a'), webkitRelativePath: 'x/a' }]), 1)
  queue.send()
  await turn()
  await end('a')
  assert.include(['sending', 'done'], queue.state)
})

test('a pause holds all, and goes on where it was', async () => {
  const { queue, log, open, end } = made()
  queue.add(['a', 'b', 'c', 'd'].map((name) => file(name)))
  queue.pause()
  assert.equal(queue.state, 'ready', 'nothing is under way yet')
  queue.send()
  await turn()
  open.get('a').onProgress(0.5)
  queue.pause()
  assert.equal(queue.state, 'paused')
  assert.deepEqual(log.slice(3), ['pause a', 'pause b', 'pause c'])
  await end('a')
  assert.notInclude(log, 'begin d', 'no other one begins meanwhile')
  queue.resume()
  await turn()
  assert.includeMembers(log, ['resume b', 'resume c', 'begin d'])
  assert.equal(queue.state, 'sending')
})

test('what fails is told, and can be sent once more; what is removed is cancelled', async () => {
  const { queue, log, open, ended, end } = made()
  queue.add([file('a'), file('b')])
  queue.send()
  await turn()
  open.get('a').reject(new Error('no'))
  await turn()
  await end('b')
  assert.deepEqual([queue.state, ended], ['failed', ['failed a', 'done b']])
  assert.deepEqual(queue.progress, { done: 10, total: 10 }, 'what failed counts in neither')
  queue.retry(queue.items[0]?.id ?? 0)
  await turn()
  assert.equal(queue.state, 'sending')
  await queue.remove(queue.items[0]?.id ?? 0)
  await turn()
  assert.equal(log.at(-1), 'cancel a')
  assert.deepEqual(
    queue.items.map(({ path }) => path),
    ['b'],
  )
  assert.lengthOf(ended, 2, 'nobody is told of what was removed')
})

test('what is removed while it begins is cancelled as soon as it can be', async () => {
  const { queue, log } = made()
  queue.add([file('a')])
  queue.send()
  await queue.remove(1)
  await turn()
  assert.deepEqual(log, ['begin a', 'cancel a'])
  assert.equal(queue.state, 'empty')
})

test('a receipt has what proves the file, and no session', () => {
  const sent = { messageId: 'm', digest: 'd', key: 'k', length: 20, session: 'secret' }
  const item = wrong({
    file: file('a'),
    path: 'x/a',
    state: 'done',
    recipients: [key],
    sent,
    sentAt: new Date(0),
  })
  const receipt = receiptOf(item, ['pinned'])
  assert.deepEqual(receipt, {
    name: 'x/a',
    size: 10,
    sent: new Date(0),
    messageId: 'm',
    digest: 'd',
    key: 'k',
    length: 20,
    recipients: [{ thumbprint: 't', alg: 'ECDH-ES+A256KW' }],
    trust: ['pinned'],
  })
  const text = receiptsText([wrong(receipt)], 'https://a.example/u')
  assert.equal(JSON.parse(text).files[0].sent, '1970-01-01T00:00:00.000Z')
  assert.notInclude(text, 'secret')
  assert.isUndefined(receiptOf({ ...item, sent: undefined }, []))
})

/** Entries as a browser hands them out: 100 of a folder at a time. */
const fileEntry = (fullPath) => ({
  isDirectory: false,
  fullPath,
  file: (resolve) => resolve(new File([fullPath], fullPath.split('/').at(-1))),
})
const folderEntry = (fullPath, entries) => ({
  isDirectory: true,
  fullPath,
  createReader: () => {
    let at = 0
    return { readEntries: (resolve) => resolve(entries.slice(at, (at += 100))) }
  },
})
const item = (entry) => ({ kind: 'file', webkitGetAsEntry: () => entry, getAsFile: () => null })

test('a folder gives all of its files, with their paths', async () => {
  const many = Array.from({ length: 203 }, (_, i) => fileEntry(`/claim/deep/${i}.txt`))
  const folder = folderEntry('/claim', [
    folderEntry('/claim/deep', many),
    fileEntry('/claim/a.txt'),
    folderEntry('/claim/empty', []),
  ])
  const items = [item(folder), item(fileEntry('/b.txt')), { kind: 'string' }]
  const files = await droppedFiles(wrong({ items }))
  assert.lengthOf(files, 205)
  const paths = files.map((one) => one['webkitRelativePath'] ?? '')
  assert.include(paths, 'claim/deep/202.txt')
  assert.include(paths, 'claim/a.txt')
  assert.equal(files.at(-1)?.name, 'b.txt')
})

test('speed and time left are of the last seconds, and what stands still is seen', () => {
  const rate = new Rate()
  for (let s = 0; s <= 10; s++) rate.add(s * 1_000, s < 5 ? s * 1_000_000 : 5_000_000)
  assert.isUndefined(rate.speed)
  assert.isTrue(rate.isStuck)
  rate.add(11_000, 6_000_000)
  assert.isFalse(rate.isStuck)
  assert.isAbove(rate.left(12_000_000) ?? 0, 0)
  rate.clear()
  assert.isUndefined(rate.left(1))
})

test('sizes, speeds, times and shares are written as each language does', () => {
  const [english, german] = [formatsOf('en'), formatsOf('de')]
  assert.equal(english.size(1), '1 byte')
  assert.equal(english.size(999_499), '999 kB')
  assert.equal(english.size(999_500), '1 MB')
  assert.match(german.size(1_540_000_000), /^1,5\sGB$/)
  assert.match(english.speed(0), /^1 kB\/s$/)
  assert.equal(english.percent(0.999), '99%', '100 % only when it is over')
  assert.match(german.percent(1), /^100\s%$/)
  assert.match(english.duration(0.2), /^1 sec$/)
  assert.match(english.duration(61), /^2 min$/)
  assert.match(german.duration(5_400), /^1,5 Std\.$/)
  assert.equal(english.plural(en.files, 1), '1 file')
  assert.equal(english.plural(en.files, 1_200), '1,200 files')
})
