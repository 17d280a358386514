// A file through the demo's page in a real Chromium: sent in parts, interrupted in every way,
// opened to the same bytes.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ListMultipartUploadsCommand, ListPartsCommand } from '@aws-sdk/client-s3'
import { assert } from 'chai'
import { startDemo } from '../../demo/server.mjs'
import { found, tracesOf } from '../support/plaintext.mjs'
import { bucketOf, inTab, openTab, shown, startBoth, textOf, uploadFile } from './browser.mjs'

const { demo, dir, browser, close } = await startBoth()
after(close)

const MiB = 2 ** 20
const marker = 'a marker in the file 5e1f'
const name = 'secret-file-name'

/** A file with a marker at its start and its end, and its SHA-256. */
async function makeFile(size, title = `${name}-${size}.pdf`) {
  const path = join(dir, title)
  const bytes = randomBytes(size)
  for (const at of [9, size - marker.length]) if (size > 100) bytes.write(marker, at)
  if (size > 100) bytes.write('%PDF-1.7 ')
  await writeFile(path, bytes)
  return { path, bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}

async function choose(page, path, key = 'RSA-OAEP-256') {
  await page.click('input[value=file]')
  await page.click(`input[value="${key}"]`)
  await uploadFile(page, path)
}

async function prepare(page, path, key) {
  await choose(page, path, key)
  await page.click('#seal')
  await shown(page, '#send-file')
}

/** Slow enough to be caught in the middle. */
const slowly = (page) =>
  page.emulateNetworkConditions({ upload: 8 * MiB, download: 100 * MiB, latency: 5 })
const atFullSpeed = (page) => page.emulateNetworkConditions(null)
const reached = (page, share) =>
  page.waitForFunction(
    (wanted) =>
      /** @type {HTMLProgressElement} */ (document.querySelector('#progress')).value >= wanted,
    { polling: 20, timeout: 30_000 },
    share,
  )

async function openIt(page) {
  await page.click('#open-file')
  await page.waitForSelector('#sha256', { visible: true, timeout: 30_000 })
  return textOf(page, '#sha256')
}

const progressOf = (page) =>
  page.$eval('#progress', (node) => /** @type {HTMLProgressElement} */ (node).value)
const arrived = (page) => page.waitForSelector('.verified', { visible: true, timeout: 60_000 })
const partsIn = (requests) =>
  requests
    .filter((text) => text.startsWith(`PUT ${demo.s3.origin}/demo/`))
    .map((text) => Number(/[?&]partNumber=(\d+)/.exec(text)?.[1] ?? 1))
/** The uploads of parts that the bucket has, each with the numbers of its parts. */
async function arriving({ s3, bucket: Bucket } = demo.s3) {
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }))
  const numbersOf = async ({ Key, UploadId }) => {
    const { Parts = [] } = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId }))
    return Parts.map(({ PartNumber = 0 }) => PartNumber)
  }
  return Promise.all(Uploads.map(numbersOf))
}
/** Waits until the bucket has so many parts of the only upload, and answers their numbers. */
async function stored(count, place = demo.s3) {
  for (let i = 0; i < 1_500; i++) {
    const [numbers = []] = await arriving(place)
    if (numbers.length >= count) return numbers
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('they did not arrive in 30 s')
}
const files = join(dir, 'files', 'demo')
/** What lies on the company's disk. */
const onDisk = async () => {
  const all = await readdir(files, { recursive: true })
  return all.filter((file) => /^(bytes|objects)\//.test(file)).map((file) => join(files, file))
}
const recordsIn = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        const opening = indexedDB.open('sealdrop')
        opening.onsuccess = () => {
          const db = opening.result
          const counting = db.transaction('records').objectStore('records').count()
          counting.onsuccess = () => {
            db.close()
            resolve(counting.result)
          }
        }
      }),
  )

for (const [key, call] of [
  ['RSA-OAEP-256', 'kms:Decrypt'],
  ['ECDH-ES+A256KW', 'kms:DeriveSharedSecret'],
]) {
  test(`a file is sealed while it is sent, stored sealed, opened on demand with ${call} to the same SHA-256, with two receipts`, async () => {
    const { path, bytes, sha256 } = await makeFile(9 * MiB + 5)
    const before = await onDisk()
    await inTab(browser, demo, { secrets: [marker, name] }, async ({ page, requests, settled }) => {
      await prepare(page, path, key)
      const sealed = await textOf(page, '[data-card=sealed] .result')
      for (const part of [key, 'pinned', 'part: file', '9.00 MiB', 'more bytes'])
        assert.ok(sealed.includes(part), part)
      await settled()
      assert.strictEqual(
        requests.filter((text) => text.includes('/api/')).length,
        0,
        'nothing is sent before it is asked for',
      )
      await page.click('#send-file')
      await arrived(page)
      assert.match(
        await textOf(page, '[data-card=receipt] .result'),
        /signed that it received exactly what you sent/,
      )
      assert.match(await textOf(page, '[data-card=opened] .result'), /sealed as it came/)
      assert.strictEqual(await progressOf(page), 1)
      assert.match(await textOf(page, '#meter'), /100 %[^]*arrived/)
      await settled()
      assert.sameMembers(partsIn(requests), [1, 2])

      assert.strictEqual(await openIt(page), sha256)
      const opened = await textOf(page, '[data-card=opened] .result')
      for (const part of [
        `${name}-${9 * MiB + 5}.pdf`,
        'PDF document, 9.00 MiB',
        'The same as of the file in this tab',
        call,
        'kms:Sign',
        '2 in all',
      ])
        assert.ok(opened.includes(part), part)
      assert.match(
        await textOf(page, '[data-card=receipt] .result'),
        /signed that it opened exactly what you sent[^]*Received[^]*Opened/,
      )

      await page.click('#open-changed')
      assert.match(
        await shown(page, '[data-problems=opened] .refused'),
        /rejected[^]*KMS was asked once/,
      )
      await page.click('#change-receipt')
      assert.match(
        await shown(page, '[data-problems=receipt] .refused'),
        /signature does not verify/,
      )
      assert.strictEqual(await recordsIn(page), 0, 'the record is gone when the file is there')
    })
    for (const file of (await onDisk()).filter((each) => !before.includes(each))) {
      const kept = await readFile(file)
      assert.ok(
        !kept.includes(marker) &&
          !kept.includes(bytes.subarray(1000, 1016)) &&
          !kept.includes(name),
        `${file} holds plaintext`,
      )
      const traces = [...tracesOf(marker), ...tracesOf(name)]
      assert.deepEqual(found(kept.subarray(0, 100_000).toString('latin1'), traces), [])
    }
  })
}

test('an empty file, one of a single byte, and one that ends with a part are sent and opened too', async () => {
  for (const size of [0, 1, 8 * MiB]) {
    const { path, sha256 } = await makeFile(size)
    await inTab(browser, demo, { secrets: [name] }, async ({ page }) => {
      await prepare(page, path)
      await page.click('#send-file')
      await arrived(page)
      assert.strictEqual(await openIt(page), sha256, `${size} bytes`)
    })
  }
})

test('a cancelled file leaves nothing: not at the company, not in this browser; the next one goes', async () => {
  const { path, sha256 } = await makeFile(16 * MiB)
  const before = await onDisk()
  await inTab(browser, demo, { secrets: [marker, name] }, async ({ page }) => {
    await slowly(page)
    await prepare(page, path)
    await page.click('#send-file')
    await reached(page, 0.2)
    assert.strictEqual(
      await page.$eval('#claim', (form) => /** @type {HTMLElement} */ (form).inert),
      true,
      'the form rests while its file is sent',
    )
    await page.click('#cancel')
    await page.waitForSelector('#claim:not([inert])')
    assert.match(await page.$eval('#status', (node) => node.textContent), /Cancelled/)
    await page.waitForSelector('#unfinished[hidden]')
    assert.strictEqual(await recordsIn(page), 0)
    assert.deepEqual([await arriving(), await onDisk()], [[], before])
    await atFullSpeed(page)
    await page.click('#seal')
    await shown(page, '#send-file')
    await page.click('#send-file')
    await arrived(page)
    assert.strictEqual(await openIt(page), sha256)
  })
})

test('a paused file goes on from where it was, by keyboard', async () => {
  const { path, sha256 } = await makeFile(16 * MiB)
  await inTab(browser, demo, { secrets: [marker, name] }, async ({ page }) => {
    await slowly(page)
    await prepare(page, path)
    await page.focus('#send-file')
    await page.keyboard.press('Enter')
    await reached(page, 0.2)
    assert.strictEqual(
      await page.evaluate(() => document.activeElement?.id),
      'pause',
      'the focus is on the button that took its place',
    )
    await page.keyboard.press('Enter')
    await shown(page, '#send-file')
    const share = await progressOf(page)
    await new Promise((resolve) => setTimeout(resolve, 700))
    assert.strictEqual(await progressOf(page), share)
    assert.ok(share < 1)
    assert.deepEqual(
      await page.evaluate(() => [document.activeElement?.id, document.activeElement?.textContent]),
      ['send-file', 'Go on'],
    )
    await atFullSpeed(page)
    await page.keyboard.press('Enter')
    await arrived(page)
    assert.strictEqual(await openIt(page), sha256)
  })
})

test('after a reload the same file, chosen again, goes on with the parts that are missing', async () => {
  const { path, sha256 } = await makeFile(40 * MiB)
  const { path: other } = await makeFile(1000, 'other.bin')
  await inTab(browser, demo, { secrets: [marker, name] }, async ({ page, requests, settled }) => {
    await slowly(page)
    await prepare(page, path)
    await page.click('#send-file')
    const before = await stored(2)
    await page.reload()
    await atFullSpeed(page)
    const offer = await shown(page, '#unfinished p')
    assert.ok(offer.includes(name), 'the name is known in this browser')
    assert.match(await textOf(page, '#unfinished'), /Begun .* and not finished/)
    await choose(page, other)
    assert.strictEqual(await textOf(page, '#seal'), 'Seal it', 'another file is a new one')
    await choose(page, path)
    assert.strictEqual(await textOf(page, '#seal'), 'Go on')
    await settled()
    requests.length = 0
    await page.click('#seal')
    await arrived(page)
    await settled()
    const more = partsIn(requests)
    assert.ok(more.length >= 1 && more.length <= 4, `${more.length} parts after the reload`)
    for (const part of before) assert.ok(!more.includes(part), 'what arrived is not sent again')
    assert.strictEqual(await openIt(page), sha256)
    assert.match(
      await textOf(page, '[data-card=opened] .result'),
      /Compare it with your file/,
      'a large file is not read whole for its hash',
    )
    assert.strictEqual(await recordsIn(page), 0)
    assert.deepEqual(await arriving(), [])
  })
})

test('what was interrupted can be forgotten, here and at the company, and begins anew then', async () => {
  const { path } = await makeFile(16 * MiB)
  const before = await onDisk()
  await inTab(browser, demo, { secrets: [marker, name] }, async ({ page }) => {
    await slowly(page)
    await prepare(page, path)
    await page.click('#send-file')
    await stored(1)
    await page.reload()
    await shown(page, '#unfinished button')
    await page.click('#unfinished button')
    await page.waitForSelector('#unfinished[hidden]')
    assert.strictEqual(await recordsIn(page), 0)
    assert.deepEqual([await arriving(), await onDisk()], [[], before])
    await choose(page, path)
    assert.strictEqual(await textOf(page, '#seal'), 'Seal it')
  })
})

test('a restart of the companion in the middle is got over without a hand', async () => {
  const { path, sha256 } = await makeFile(40 * MiB)
  const own = await mkdtemp(join(tmpdir(), 'sealdrop-restart-'))
  const first = await startDemo({ dir: own })
  const tab = await openTab(browser, { bucket: bucketOf(first) })
  await tab.page.goto(first.url)
  await slowly(tab.page)
  await prepare(tab.page, path)
  await tab.page.click('#send-file')
  await stored(1, first.s3)
  await first.close()
  const second = await startDemo({ dir: own, port: first.port })
  assert.strictEqual(second.port, first.port)
  assert.strictEqual(second.s3.origin, first.s3.origin)
  await atFullSpeed(tab.page)
  await arrived(tab.page)
  assert.strictEqual(await openIt(tab.page), sha256)
  await tab.close()
  await second.close()
  await rm(own, { recursive: true })
})

test('a network that goes away is said beside the meter, and it goes on by itself', async () => {
  const { path, sha256 } = await makeFile(40 * MiB)
  const tab = await openTab(browser, { bucket: bucketOf(demo) })
  await tab.page.goto(demo.url)
  await slowly(tab.page)
  await prepare(tab.page, path)
  await tab.page.click('#send-file')
  await reached(tab.page, 0.2)
  await tab.page.setOfflineMode(true)
  await tab.page.waitForFunction(
    () => document.querySelector('#speed')?.textContent?.startsWith('no network'),
    { polling: 20, timeout: 10_000 },
  )
  const share = await progressOf(tab.page)
  assert.ok(share < 1)
  await tab.page.setOfflineMode(false)
  await atFullSpeed(tab.page)
  await arrived(tab.page)
  assert.strictEqual(await openIt(tab.page), sha256)
  await tab.close()
})

test('a file that is being sent in one tab is not gone on with in another', async () => {
  const { path } = await makeFile(16 * MiB)
  const tab = await openTab(browser, { bucket: bucketOf(demo) })
  await tab.page.goto(demo.url)
  await slowly(tab.page)
  await prepare(tab.page, path)
  await tab.page.click('#send-file')
  await reached(tab.page, 0.2)
  await tab.page.click('#pause')
  const second = await tab.page.browserContext().newPage()
  await second.goto(demo.url)
  await shown(second, '#unfinished')
  await choose(second, path)
  await second.click('#seal')
  assert.match(await shown(second, '[data-problems=write] .problem'), /conflict/)
  await tab.page.bringToFront()
  await tab.page.click('#send-file')
  await arrived(tab.page)
  await tab.close()
})

for (const scheme of ['light', 'dark']) {
  test(`a file that is sent and opened fits every width (${scheme})`, async () => {
    const { path } = await makeFile(17 * MiB)
    for (const width of [320, 390, 768, 1280]) {
      await inTab(browser, demo, { width, scheme, secrets: [marker, name] }, async ({ page }) => {
        const fits = async (when) =>
          assert.ok(
            await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
            `${when}, ${width} pixels`,
          )
        await prepare(page, path)
        await fits('prepared')
        await page.click('#send-file')
        await arrived(page)
        await fits('stored')
        await openIt(page)
        await page.click('.read summary')
        await page.click('#open-changed')
        await shown(page, '[data-problems=opened] .refused')
        await fits('opened')
      })
    }
  })
}
