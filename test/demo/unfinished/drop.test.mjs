// `<sealdrop-drop>` in Chromium: files and folders are sealed, sent, paused and taken up again after
// a reload, and the company opens what arrived.
import { after, test } from 'node:test'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { assert } from 'chai'
import { startBoth } from './browser.mjs'
import { canaries, inDrop } from './drop-page.mjs'

const both = await startBoth()
const { dir, browser } = both
after(both.close)

const [nameCanary, contentCanary] = canaries
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** A file whose every piece has the canary. */
async function fileOf(name, size) {
  const path = join(dir, name)
  const bytes = Buffer.alloc(size, `${contentCanary} `)
  await writeFile(path, bytes)
  return { path, name, size, hash: sha256(bytes) }
}

/** What the company read of each file, when it was asked to open all of them. */
const openedAll = async (page) => {
  const found = await page.evaluate(async () => {
    const seen = []
    document.addEventListener('opened', ({ detail }) => seen.push(detail.seen))
    const buttons = [...document.querySelectorAll('#opened button')]
    for (const button of buttons) button.click()
    while (seen.length < buttons.length)
      await new Promise((resolve) => {
        setTimeout(resolve, 50)
      })
    return seen
  })
  return Object.fromEntries(found.map(({ name, size, sha256: hash }) => [name, { size, hash }]))
}

/** Every file that the demo's S3 keeps. */
async function stored() {
  const all = await readdir(join(dir, 'files'), { recursive: true })
  const paths = all.map((name) => join(dir, 'files', name))
  const kinds = await Promise.all(paths.map((path) => stat(path)))
  return Promise.all(paths.filter((_, i) => kinds[i]?.isFile()).map((path) => readFile(path)))
}

const small = await fileOf(`${nameCanary}.jpg`, 300_000)
const empty = await fileOf('empty.txt', 0)
const large = await fileOf(`${nameCanary} large.mp4`, 20 * 2 ** 20)

test('files are sealed and sent, the company opens them, and receipts are kept', () =>
  inDrop(both, {}, async (box, { page }) => {
    const downloads = join(dir, 'downloads')
    const session = await browser.target().createCDPSession()
    const behavior = { behavior: 'allow', downloadPath: downloads, eventsEnabled: true }
    const context = page.browserContext().id
    await session.send('Browser.setDownloadBehavior', { ...behavior, browserContextId: context })
    const ended = new Promise((resolve) => {
      session.on('Browser.downloadProgress', ({ state }) => state === 'completed' && resolve(state))
    })
    assert.match(await box.text('.who-title'), /^Only Example Insurance can open them$/)
    const keys = await box.text('dl')
    assert.match(keys, /[\w-]{43}/)
    assert.include(keys, 'this page came with the thumbprint of the key')
    await page.evaluate(() => {
      globalThis.told = []
      for (const name of ['change', 'done', 'error', 'complete'])
        document.addEventListener(`sealdrop-${name}`, ({ type, detail }) =>
          told.push({ type, ...detail, file: undefined }),
        )
    })
    await box.choose(small.path, empty.path, large.path)
    assert.match(await box.text('.main'), /^Seal and send: 3 files$/)
    await box.click('.main')
    await box.is('done')
    const told = await page.evaluate('told')
    const done = told.filter(({ type }) => type === 'sealdrop-done')
    assert.lengthOf(done, 3)
    assert.deepEqual(
      told.filter(({ type }) => type === 'sealdrop-change').map(({ state }) => state),
      ['ready', 'sending', 'done'],
    )
    assert.lengthOf(
      told.filter(({ type }) => type === 'sealdrop-complete'),
      1,
    )

    const opened = await openedAll(page)
    for (const { name, size, hash } of [small, empty, large])
      assert.deepEqual(opened[name], { size, hash })

    await box.click('.outcome button')
    assert.equal(await ended, 'completed')
    const [name = ''] = await readdir(downloads)
    assert.match(name, /^receipts-\d{4}-\d\d-\d\d\.json$/)
    const text = await readFile(join(downloads, name), 'utf8')
    const kept = JSON.parse(text).files
    assert.deepEqual(
      kept.map((file) => [file.name, file.size, file.digest]).sort(),
      done.map((file) => [file.name, file.size, file.digest]).sort(),
    )
    for (const { session: secret, key, messageId } of done) {
      assert.include(text, key)
      assert.include(text, messageId)
      assert.notInclude(text, secret, 'whoever has a session can act for the sender')
    }
    for (const { trust, recipients } of kept) {
      assert.deepEqual(trust, ['pinned'])
      assert.lengthOf(recipients, 1)
    }
    const objects = await stored()
    assert.isAtLeast(objects.length, 3)
    for (const object of objects)
      for (const canary of canaries) assert.isFalse(object.includes(canary))
  }))

test('a folder that is dropped is sent with its paths', () =>
  inDrop(both, {}, async (box, { page }) => {
    const folder = join(dir, 'claim')
    await mkdir(join(folder, 'photos', 'deep'), { recursive: true })
    const names = Array.from({ length: 103 }, (_, i) => `${i}.txt`)
    for (const name of names) await writeFile(join(folder, 'photos', 'deep', name), name)
    await writeFile(join(folder, 'letter.txt'), contentCanary)
    const zone = await box.find('.zone')
    const { x = 0, y = 0 } = (await zone.boundingBox()) ?? {}
    const session = await page.createCDPSession()
    const data = { items: [], files: [folder], dragOperationsMask: 1 }
    for (const type of /** @type {const} */ (['dragEnter', 'dragOver', 'drop'])) {
      await session.send('Input.dispatchDragEvent', { type, x: x + 20, y: y + 20, data })
      if (type === 'dragOver') await box.seen('.zone[data-over]')
    }
    await box.is('ready')
    await box.seen('li')
    const shown = await page.$$eval('>>> .name', (all) => all.map((node) => node.textContent))
    assert.sameMembers(shown, [
      'claim/letter.txt',
      ...names.map((name) => `claim/photos/deep/${name}`),
    ])
    await box.click('.main')
    await box.is('done')
    const paths = await page.evaluate(() =>
      document.querySelector('sealdrop-drop').receipts.map(({ name }) => name),
    )
    assert.sameMembers(paths, shown)
  }))

test('it pauses and goes on', () =>
  inDrop(both, {}, async (box, tab) => {
    await box.choose(large.path, small.path)
    await box.click('.main')
    await box.share(0.2)
    await box.click('[part~=pause]')
    await box.is('paused')
    const puts = () => tab.requests.filter((request) => request.startsWith('PUT')).length
    await new Promise((resolve) => setTimeout(resolve, 400))
    const before = puts()
    await new Promise((resolve) => setTimeout(resolve, 600))
    assert.equal(puts(), before, 'nothing leaves meanwhile')
    await box.click('[part~=resume]')
    await box.is('done')
    const opened = await openedAll(tab.page)
    assert.equal(opened[large.name].hash, large.hash)
  }))

test('after a reload the same file is asked for, and goes on', () =>
  inDrop(both, {}, async (box, tab) => {
    const { page } = tab
    page.on('dialog', (dialog) => void dialog.accept())
    await box.choose(large.path)
    await box.click('.main')
    await box.share(0.35)
    await page.reload()
    assert.include(await box.text('.unfinished'), large.name)
    assert.include(await box.text('.unfinished'), 'Choose the same file once more')
    await box.choose(large.path)
    assert.include(await box.text('li[data-state] .state'), 'goes on where it stopped')
    await box.click('.main')
    await box.is('done')
    const begun = tab.requests.filter((request) => request.includes('"op":"begin"'))
    assert.lengthOf(begun, 1)
    assert.isNull(await page.$('>>> .unfinished:not([hidden])'))
    const opened = await openedAll(page)
    assert.equal(opened[large.name].hash, large.hash)
  }))

test('what was interrupted can be forgotten', () =>
  inDrop(both, {}, async (box, { page }) => {
    page.on('dialog', (dialog) => void dialog.accept())
    await box.choose(large.path)
    await box.click('.main')
    await box.share(0.35)
    await page.reload()
    await box.click('.unfinished button')
    await page.waitForSelector('>>> .unfinished', { hidden: true })
    const rows = await page.evaluate(async () =>
      sealdrop.unfinishedUploads(sealdrop.indexedDbRecords()),
    )
    assert.deepEqual(rows, [])
  }))

test('cancelling leaves nothing, here and in the bucket', () =>
  inDrop(both, {}, async (box, { page }) => {
    await box.choose(large.path)
    await box.click('.main')
    await box.share(0.3)
    await box.click('[part~=cancel]')
    await box.is('empty')
    await page.waitForFunction(
      async () => (await sealdrop.unfinishedUploads(sealdrop.indexedDbRecords())).length === 0,
      { polling: 100, timeout: 10_000 },
    )
  }))
